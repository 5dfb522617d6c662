"""A module of Speech Dispatcher: what screen readers such as Orca speak through on Linux."""
