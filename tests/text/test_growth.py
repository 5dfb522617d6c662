"""Time grows with the length of a text, and not with its square, on every path that a text can take.

Processor time is measured, which other processes do not add to; what looks quadratic is measured again, larger.
"""

import re

import pytest

from tests.benchmarks import growth

QUADRATIC = 1.6
"""Power of the size; what is linear has 1, and noise may add to it."""
UNITS = (
    *(
        "\u0301\u0327",
        ".",
        " ",
        "a ",
        "1,",
        "{AA1}",
        "a. ",
        "\n",
        "<b>",
        "\u00e9",
        "1 000 ",
        '" ',
        "A. ",
        "(",
        "&",
    ),
    *("a-", "\U0001f642", "No. 1 ", "a|b\n", '"a,', "\ufe0f"),
)


@pytest.mark.parametrize("path", [path for path in growth.PATHS if path != "markup"])
def test_time_grows_with_the_length(path: str) -> None:
    texts = [("a", unit, "a") for unit in UNITS]
    assert list(growth.look([path], texts, 500, QUADRATIC)) == []


def test_time_grows_with_the_length_of_markup() -> None:
    assert list(growth.look(["markup"], growth.markup()[:20], 1_000, QUADRATIC)) == []


def test_what_grows_faster_is_found() -> None:
    # With the third power, so that a machine that is busy with something else does not hide it.
    growth.PATHS["cubic"] = re.compile("a*a*b").search
    try:
        found = list(growth.look(["cubic"], [("", "a", "")], 100, QUADRATIC))
    finally:
        del growth.PATHS["cubic"]
    assert [finding.unit for finding in found] == ["a"]
