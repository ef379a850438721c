"""Pages of the reference, one kind a file; each returns path -> text."""
