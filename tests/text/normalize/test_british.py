"""British readings, line by line, and that they change nothing where they are not asked for."""

from pathlib import Path

import pytest

from tiedtts.errors import ConfigError
from tiedtts.settings import Settings
from tiedtts.text import reading
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.markup.say_as import say_as
from tiedtts.text.normalize.normalizer import normalize

ROWS = [
    line.split("\t")
    for line in (Path(__file__).parent / "british.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
FRONT_END = FrontEnd()


@pytest.mark.parametrize(("written", "said"), ROWS)
def test_readings(written: str, said: str) -> None:
    assert normalize(written, "gb") == said


def phones(text: str, english: str = "gb", **settings: object) -> list[str]:
    parsed = reading.parse(text, Settings(english=english, **settings))  # type: ignore[arg-type]
    found = parsed.sentences(FRONT_END, LeftOut(), breaks=False)
    return [" ".join(word.phones) for sentence in found for word in sentence.words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Z", ["Z EH1 D"]),
        ("A-Z", ["EY1", "T AH0", "Z EH1 D"]),
        ("XYZ", ["EH1 K S W AY1 Z EH1 D"]),
        ("two Zs", ["T UW1", "Z EH1 D Z"]),
        ("zoo", ["Z UW1"]),
        ("the lieutenant's schedules", ["DH AH0", "L EH0 F T EH1 N AH0 N T S", "SH EH1 JH UW0 L Z"]),
        ("zebra vases", ["Z EH1 B R AH0", "V AA1 Z IH0 Z"]),
    ],
)
def test_words_and_the_letter_z(text: str, expected: list[str]) -> None:
    assert phones(text) == expected
    assert phones(text, "us") != expected or text == "zoo"
    assert phones(f"<speak>{text}</speak>", ssml=True) == expected
    assert phones(f"[slow]{text}[/slow]", marks=True) == expected


def test_say_as() -> None:
    assert say_as("characters", "AZ", english="gb") == "{EY1} {Z EH1 D}"
    assert say_as("characters", "AZ") == "{EY1} {Z IY1}"
    assert say_as("date", "3/4/2024", english="gb") == "the third of April twenty twenty four"
    assert say_as("date", "3/4/2024", "mdy", "gb") == "the fourth of March twenty twenty four"
    assert say_as("date", "3/4/2024", "dmy", "gb") == "the third of April twenty twenty four"
    assert say_as("date", "2024", "y", "gb") == "twenty twenty four"
    assert say_as("cardinal", "0.5", english="gb") == "nought point five"
    assert say_as("telephone", "020 7700", english="gb") == "oh two oh, double seven double oh"
    assert say_as("digits", "007", english="gb") == "oh oh seven"


def test_spans_point_at_what_was_read() -> None:
    text = "Due 2024-04-03, 0.5 kg, 020 7946 0018."
    parsed = reading.parse(text, Settings(english="gb"))
    for sentence in parsed.sentences(FRONT_END, LeftOut(), breaks=False):
        for word in sentence.words:
            assert text[slice(*word.span)] == word.written
            assert word.written.strip(" ,.") in text


def test_an_own_lexicon_holds_in_both(tmp_path: Path) -> None:
    (tmp_path / "a.lex").write_text("schedule  S K\nz = zee\nabc = 0.5\n")
    front_end = FrontEnd(tmp_path / "a.lex")
    british = front_end.in_english("gb")
    assert british.in_english("us") is front_end
    assert british.in_english("gb") is british is front_end.in_english("gb")
    for text in ("schedule", "Z"):
        assert british(text)[0].words[0].phones == front_end(text)[0].words[0].phones
    assert british("abc")[0].words[0].phones[:3] == ("N", "AO1", "T")
    assert front_end("abc")[0].words[0].phones[:3] == ("Z", "IH1", "R")


def test_there_are_two() -> None:
    with pytest.raises(ConfigError, match="`english` must be one of us, gb, got: au"):
        Settings(english="au")
    assert Settings().changed({"english": " GB "}).english == "gb"
