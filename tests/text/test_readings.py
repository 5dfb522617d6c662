"""Texts as people feed them, and what is heard: `readings.tsv`; ` | ` parts readings that are equally right."""

import csv
import re
from pathlib import Path

import pytest

from tiedtts.text.frontend import FrontEnd

with Path(__file__).with_name("readings.tsv").open(encoding="utf-8") as file:
    CASES = [tuple(row.values()) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def phones(text: str, front_end: FrontEnd) -> str:
    """Return the phones of a text without stress and pauses."""
    labels = (phone.symbol for sentence in front_end(text) for phone in sentence.phones if phone.is_speech)
    return " ".join(labels).replace("AO", "AA")


@pytest.mark.parametrize(("kind", "written", "said"), CASES, ids=lambda cell: re.sub(r"\W+", "-", cell)[:40])
def test_reading(kind: str, written: str, said: str, front_end: FrontEnd) -> None:
    got = phones(written.replace("\\n", "\n"), front_end)
    wanted = [phones(reading, front_end) for reading in said.split(" | ")]
    assert got in wanted, kind
