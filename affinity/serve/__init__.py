"""HTTP over an opened release."""
