"""Built-in methods to compare with, one family a file: Landmark -> Scorer."""
