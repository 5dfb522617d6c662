"""Losses, recipes and the training loop; nothing outside imports it."""
