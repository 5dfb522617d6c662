"""The tables of words are whole: no row is cut, doubled or run together."""

import re
from pathlib import Path

import pytest

from tiedtts.text import tables
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.normalize import abbreviations, places
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.text.phones import split_stress

FILES = sorted(tables.DATA.glob("*.tsv"))
PHONES = ("accents", "additions", "affixes", "corrections", "homographs")
LISTS = {
    "capitalised",
    "roman",
    "weekday",
    "compared",
    "hidden",
    "per",
    "no plural",
    "top level",
    "file ending",
    "spelled",
    "ruler",
}
LISTS |= {"numbered", "initialism", "before a letter", "short part", "starter", "month"}
LISTS |= {
    "letters",
    "after",
    "before",
    "block",
    "cell",
    "inline",
    "silent",
    "section",
    "one letter",
    "no stammer",
}
LISTS |= {
    "always",
    "alone",
    "after the",
    "leads",
    "of who",
    "word",
    "goes on",
    "never ends",
    "counted",
    "after words",
}
LISTS |= {"after the pronoun", "after a letter", "determiner", "emphasised"}
LISTS |= {"described", "unsure", "further", "void", "saying"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rows(path: Path) -> None:
    seen = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        table, key, *values = line.split("\t")
        assert (table, key) not in seen, line
        seen.add((table, key))
        assert all(cell and cell == " ".join(cell.split()) for cell in (table, key, *values)), line
        assert '"' not in line, line
        assert len(values) == 2 if path.stem == "homographs" else len(values) == 1 or table in LISTS, line
    assert seen
    assert sum(len(table) for table in tables.read(path.stem).values()) == len(seen)


@pytest.mark.parametrize("file", PHONES)
def test_phones(file: str) -> None:
    for table in tables.read(file).values():
        for phones in filter(None, table.values()):
            assert all(split_stress(label) for label in phones.split())


def test_states_are_all_there_and_whole() -> None:
    assert len(places.STATES) == 51
    assert places.STATES["SD"] == "South Dakota"
    assert places.STATES["LA"] == "Louisiana"
    assert all(re.fullmatch("[A-Z]{2}", code) for code in places.STATES)
    assert normalize("Pierre, SD 57501").startswith("Pierre, South Dakota five seven")


@pytest.mark.parametrize("word", sorted(abbreviations.LEADS))
def test_every_title_is_expanded(word: str) -> None:
    written = f"{word.capitalize()}. Smith"
    (sentence,) = FrontEnd()(f"It was {written} who came.")
    assert sentence.words[2].text.lower() == abbreviations.LEADS[word].split()[0]
    assert sentence.words[2].written.lower() == f"{word}."


def test_a_table_is_read_once() -> None:
    assert tables.read("units") is tables.read("units")
