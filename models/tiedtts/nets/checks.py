"""Checks that the configurations of nets have in common."""

import math
from typing import Any

from tiedtts.errors import ConfigError


def check_sizes(config: Any, *names: str) -> None:
    """Check counts.

    Raises:
        ConfigError: A named field is less than one.
    """
    for name in names:
        if getattr(config, name) < 1:
            raise ConfigError(f"`{name}` must be at least 1, got: {getattr(config, name)}")


def check_kernels(config: Any, *names: str) -> None:
    """Check lengths of kernels that are centred on their output.

    Raises:
        ConfigError: A named field is even or less than one.
    """
    for name in names:
        value = getattr(config, name)
        if value < 1 or value % 2 == 0:
            raise ConfigError(f"`{name}` must be odd and at least 1, got: {value}")


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
