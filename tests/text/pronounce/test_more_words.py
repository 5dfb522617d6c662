"""Words beyond the CMU dictionary: those of a second one, British spellings, and what rules themselves say."""

import re

import pytest

from tiedtts.text import tables
from tiedtts.text.explanation import explain
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce.lexicon import MORE_WORDS, Lexicon

SAID = (
    "abbreviations",
    "currencies",
    "dates",
    "durations",
    "maths",
    "places",
    "references",
    "roman",
    "symbols",
    "units",
)
"""Tables whose last column is spoken."""


def said(text: str, front_end: FrontEnd) -> tuple[str, set[str]]:
    """Return the phones of a text and where they come from."""
    words = [word for part in explain(text, front_end) for word in part.words]
    return " ".join(phone for word in words for phone in word.phones), {word.source for word in words}


def test_the_second_dictionary_holds_what_the_first_lacks() -> None:
    first, more = Lexicon.open(), Lexicon.open(MORE_WORDS)
    assert MORE_WORDS.stat().st_size < 600_000
    lines = MORE_WORDS.read_bytes().split(b"\n")[1:-1]
    words = [re.match(rb"[a-z]+", line)[0].decode() for line in lines]
    assert len(words) > 20_000
    assert words == sorted(set(words))
    assert min(map(len, words)) >= 4
    assert not any(word in first for word in words)
    assert all(more.get(word) for word in words[::100])


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("nuthouse", "N AH1 T HH AW2 S"),
        ("valeting", "V AE1 L AH0 T IH0 NG"),
        ("meringue", "M ER0 AE1 NG"),
        ("Rouen", "R W AA1 N"),
        ("flavour", "F L EY1 V ER0"),
        # British spellings of words that are known in the American one.
        ("incentivise", "IH2 N S EH1 N T IH0 V AY2 Z"),
        ("analysing", "AE1 N AH0 L AY2 Z IH0 NG"),
        ("anonymisation", "AH0 N AA2 N AH0 M AH0 Z EY1 SH AH0 N"),
        ("glamourous", "G L AE1 M ER0 AH0 S"),
        # Prefixes of units.
        ("gigahertz", "G IH2 G AH0 HH ER1 T S"),
        ("hectopascal", "HH EH2 K T OW0 P AE0 S K AE1 L"),
        ("kilohms", "K IH1 L OW2 M Z"),
    ],
)
def test_word(word: str, phones: str, front_end: FrontEnd) -> None:
    got, sources = said(word, front_end)
    assert got == phones
    assert sources <= {"lexicon", "rule"}


@pytest.mark.parametrize("text", ["Ms. Lee", "Ms Lee", "Messrs. Lee and Roy", "Mx. Lee"])
def test_titles_are_known_words(text: str, front_end: FrontEnd) -> None:
    assert "g2p-en" not in said(text, front_end)[1]


def test_rules_say_only_words_that_are_known(front_end: FrontEnd) -> None:
    guessed = {}
    for name in SAID:
        spoken = " ".join(value for values in tables.read(name).values() for value in values.values())
        for word in sorted(set(re.findall("[A-Za-z']{3,}", spoken))):
            phones, sources = said(word, front_end)
            if "g2p-en" in sources:
                guessed[word] = phones
    # Guessed right.
    for word in ("Lamentations", "Ephesians", "Philippians", "Colossians", "Thessalonians"):
        guessed.pop(word, None)
    assert not guessed
