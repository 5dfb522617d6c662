"""Amounts as users write them: `300k`, `1.5M`, `25%`."""

import re
from typing import Any, NamedTuple

from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import option

_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)\s*(%|[kKMG]?)")
_UNITS = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}


class Amount(NamedTuple):
    """A number, or a share of something."""

    value: float
    """Share of one for percents."""
    is_share: bool


def amount(name: str, *, only_share: bool = False, **settings: Any) -> Any:
    """Describe an option that takes an amount.

    Args:
        name: Its name.
        only_share: Whether it takes percents alone.
        settings: Those of `tiedtts_cli.options.option`.
    """

    def check(text: str | None) -> str | None:
        if text is not None:
            parse(name, text, only_share=only_share)
        return text

    return option(name, callback=check, **settings)


def parse(name: str, text: str, *, only_share: bool = False) -> Amount:
    """Return the amount that a text stands for.

    Raises:
        UsageError: It is none, or is not above zero.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or (only_share and found[2] != "%"):
        example = "1%" if only_share else "300k, 1.5M or 25%"
        raise UsageError(f"`{name}` must be an amount such as {example}, got: {text}")
    value = float(found[1]) * (0.01 if found[2] == "%" else _UNITS[found[2]])
    if value <= 0:
        raise UsageError(f"`{name}` must be above zero, got: {text}")
    return Amount(value, found[2] == "%")
