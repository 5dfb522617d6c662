"""Voices that a text asks for by name."""

from collections.abc import Callable

FindVoice = Callable[[str, str], str | None]
"""Returns the own name of a voice for what a text calls it and for a gender, either of which may be empty;
None if there is none."""


def by_name(name: str, gender: str) -> str | None:
    """Return any name as it is; where nobody speaks, all names are as good."""
    return name or gender or None
