"""Side-by-side measurements with peers; each folder is one command."""
