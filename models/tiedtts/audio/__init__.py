"""Samples to features and back: files, mel, pitch, excitation."""
