"""HTTP over an opened release: recommendations for widgets, events back; what is asked for is loaded when it is used."""
