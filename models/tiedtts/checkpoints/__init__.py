"""Weight files: the native format, its conversion by tying, and the formats of other programs."""
