"""Training tasks, a file for each kind of net: its batches, its losses, its evaluation and its pictures."""
