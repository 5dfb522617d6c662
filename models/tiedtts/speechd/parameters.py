"""Parameters of speech, as the server sets them before a message."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from tiedtts.speechd.curves import limited

PUNCTUATION = ("none", "some", "most", "all")
"""Levels of punctuation, the fewest names of marks first."""
CAPITALS = ("none", "spell", "icon")
"""Ways to tell a capital letter: nothing, a word, or a short tone."""

_NUMBERS = ("rate", "pitch", "pitch_range", "volume")
_CHOICES: dict[str, tuple[str, ...]] = {
    "punctuation_mode": PUNCTUATION,
    "spelling_mode": ("off", "on"),
    "cap_let_recogn": CAPITALS,
}
NOTHING = "NULL"
"""Value that the server writes for one that is not set."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of the messages to come; the names are those of the protocol."""

    rate: int = 0
    """-100 to 100, as all numbers here."""
    pitch: int = 0
    pitch_range: int = 0
    volume: int = 100
    punctuation_mode: str = "none"
    spelling_mode: str = "off"
    cap_let_recogn: str = "none"
    voice: str = ""
    """Kind of voice: `male1`, `female2`, `child_female`."""
    language: str = ""
    synthesis_voice: str = ""
    """Name of a voice."""
    punctuation_some: str = ""

    def changed(self, lines: Iterable[str]) -> "Parameters":
        """Return the parameters with those replaced that lines set, `name=value` each.

        What is not set (`NULL`) gets its default back; names that a newer server may have are passed over.

        Raises:
            ValueError: A line is none, or its value is unknown; it names the line.
        """
        values: dict[str, Any] = {}
        for line in lines:
            name, equals, value = line.strip().partition("=")
            if not name:
                continue
            if not equals:
                raise ValueError(line)
            if name not in _DEFAULTS:
                continue
            if value == NOTHING:
                values[name] = _DEFAULTS[name]
            elif name in _NUMBERS:
                values[name] = limited(_whole(value, line))
            elif name in _CHOICES:
                if value.lower() not in _CHOICES[name]:
                    raise ValueError(line)
                values[name] = value.lower()
            else:
                values[name] = value
        return replace(self, **values)


_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Parameters)}


def _whole(value: str, line: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(line) from None
