"""Arrays in, arrays out: intervals, shrinkage, survival, false discovery, expected counts. Import from the files."""
