"""The documentation site: `pages/` is written by hand, `pages/reference/` is made from the code by `make_reference.py`."""
