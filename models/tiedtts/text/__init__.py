"""Written text to phones."""
