"""WaveNet: the net, its conditioning, and sampling from it one sample at a time."""
