"""Options of schemes: the empty table, and checks that the tables have in common."""

from dataclasses import dataclass
from typing import Any

from tiedtts.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """A scheme has nothing to choose."""


def check_positive(options: Any, *names: str) -> None:
    """Raise if a number of an option table is below one.

    Raises:
        ConfigError: Names the option.
    """
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ConfigError(f"`{name}` must be at least 1, got: {value}")


def check_share(options: Any, *names: str) -> None:
    """Raise if a share of an option table is not above zero and at most one.

    Raises:
        ConfigError: Names the option.
    """
    for name in names:
        value = getattr(options, name)
        if value is not None and not 0 < value <= 1:
            raise ConfigError(f"`{name}` must be above 0 and at most 1, got: {value}")
