"""How a text is to be spoken: the settings that `say`, `stream` and a batch have in common."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tiedtts.errors import ConfigError

SPEEDS = (0.25, 4.0)
"""Slowest and fastest."""
SEMITONES = (-24.0, 24.0)
"""Lowest and highest shift of the pitch."""
RANGES = {"speed": SPEEDS, "pitch": SEMITONES}
"""Smallest and largest value of the settings that have both."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What can be chosen for every utterance; the names are those of `say` and of a line's own options."""

    speed: float = 1.0
    """Larger is faster."""
    pitch: float = 0.0
    """Shift in semitones."""
    seed: int = 0
    """Of the noise in the voice."""

    def __post_init__(self) -> None:
        for name, (smallest, largest) in RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"`{name}` must be a number, got: {value}")
            if not smallest <= value <= largest:
                raise ConfigError(f"`{name}` must be {smallest:g} to {largest:g}, got: {value:g}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise ConfigError(f"`seed` must be a whole number, got: {self.seed}")
        if self.seed < 0:
            raise ConfigError(f"`seed` must not be negative, got: {self.seed}")

    def keywords(self) -> dict[str, Any]:
        """Return the settings as `say` takes them."""
        return asdict(self)

    def changed(self, options: Mapping[str, object]) -> "Settings":
        """Return the settings with some of them replaced, as one line of a batch wants it.

        Args:
            options: Values by name; text, as it stands in a CSV file, is read as a number.

        Raises:
            ConfigError: There is no such setting, or its value does not fit.
        """
        if not options:
            return self
        for name in options:
            if name not in NAMES:
                raise ConfigError(f"no such option: {name}", hint=f"options of a line: {', '.join(NAMES)}")
        return replace(self, **{name: _number(name, value) for name, value in options.items()})


NAMES = tuple(field.name for field in fields(Settings))
"""Of the settings."""


def _number(name: str, value: object) -> Any:
    """Return what a setting's text says; whatever is no text is left to the checks."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if name == "seed" else float(value)
    except ValueError:
        raise ConfigError(f"`{name}` must be a number, got: {value}") from None
