"""Checks that the configurations of nets have in common."""

import math
from typing import Any

from tiedtts.errors import ConfigError

LARGEST = 2**16
"""Channels, samples, bands: no net of this program comes near it, and all products stay in 64 bits."""
MOST = 128
"""Layers in a row."""


def check_sizes(config: Any, *names: str) -> None:
    """Check widths and lengths.

    Raises:
        ConfigError: A named field is less than one or more than any net has.
    """
    _check_range(config, LARGEST, *names)


def check_counts(config: Any, *names: str) -> None:
    """Check how many layers there are: a net is built layer by layer, so that too many never end.

    Raises:
        ConfigError: A named field is less than one or more than any net has.
    """
    _check_range(config, MOST, *names)


def _check_range(config: Any, most: int, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value < 1:
            raise ConfigError(f"`{name}` must be at least 1, got: {value}")
        if value > most:
            raise ConfigError(f"`{name}` must be at most {most}, got: {value}")


def check_kernels(config: Any, *names: str) -> None:
    """Check lengths of kernels that are centred on their output.

    Raises:
        ConfigError: A named field is even, less than one, or more than any net has.
    """
    for name in names:
        value = getattr(config, name)
        if value < 1 or value % 2 == 0:
            raise ConfigError(f"`{name}` must be odd and at least 1, got: {value}")
    _check_range(config, LARGEST, *names)


def check_shares(config: Any, *names: str) -> None:
    """Check dropout.

    Raises:
        ConfigError: A named field is not in [0, 1).
    """
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise ConfigError(f"`{name}` must be in [0, 1), got: {getattr(config, name)}")


def check_scales(config: Any, *names: str) -> None:
    """Check what is divided by.

    Raises:
        ConfigError: A named field is not a positive number.
    """
    for name in names:
        value = getattr(config, name)
        if not (value > 0 and math.isfinite(value)):
            raise ConfigError(f"`{name}` must be positive, got: {value}")
