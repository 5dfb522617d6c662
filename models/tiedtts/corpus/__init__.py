"""Recordings to training data."""
