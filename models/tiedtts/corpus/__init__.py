"""Recordings and texts to a data folder: `prepare` and its readers, checks, features and alignment."""
