"""Known export formats, one a file."""
