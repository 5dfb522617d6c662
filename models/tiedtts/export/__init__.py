"""Export: trained checkpoints become a voice file, or the graphs of a Tacotron's loop."""
