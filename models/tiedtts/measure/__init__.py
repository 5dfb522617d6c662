"""Measurements: quality, speed, size."""
