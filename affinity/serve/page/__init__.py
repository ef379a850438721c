"""The page that marketing opens: a shell, a registry of addresses, one view a file."""
