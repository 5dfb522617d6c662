"""Aligned text: every change of a text keeps the spans of its source."""

import re

import pytest

from tiedtts.text.aligned import AlignedText, join


def changed(source: str, pattern: str, new: str) -> AlignedText:
    return AlignedText.of(source).sub(re.compile(pattern), lambda match: match.expand(new))


def read_from(text: AlignedText) -> list[tuple[str, str]]:
    """Return each word and what it was read from."""
    return [
        (match[0], text.source[slice(*text.span(*match.span()))]) for match in re.finditer(r"\w+", text.text)
    ]


@pytest.mark.parametrize(
    ("source", "pattern", "new", "expected"),
    [
        ("a $100 b", r"\$100", "one hundred dollars", "a=a one=$100 hundred=$100 dollars=$100 b=b"),
        ("a 5 b", "5", "five", "a=a five=5 b=b"),
        ("to 5-6", "5-", "5 to ", "to=to 5=5 to=- 6=6"),
        ("in 1999.", "in 1999", "in nineteen ninety", "in=in nineteen=1999 ninety=1999"),
        ("May 4, 2020", ".+", "May fourth, twenty twenty", "May=May fourth=4 twenty=2020 twenty=2020"),
        ("Jan. 4", ".+", "January fourth", "January=Jan. fourth=4"),
        ("JAN 4", ".+", "January fourth", "January=JAN fourth=4"),
        ("$5 million", ".+", "five million dollars", "five=$5_million million=$5_million dollars=$5_million"),
        ("x  y", " +", " ", "x=x y=y"),
        ("MP3", r"(?<=P)(?=\d)", " ", "MP=MP 3=3"),
        ("a b", "b", "", "a=a"),
    ],
)
def test_words_keep_what_they_were_read_from(source: str, pattern: str, new: str, expected: str) -> None:
    found = read_from(changed(source, pattern, new))
    assert " ".join(f"{word}={written.replace(' ', '_')}" for word, written in found) == expected


def test_what_does_not_change_stays_the_same_object() -> None:
    text = AlignedText.of("abc")
    assert text.sub(re.compile("x"), lambda match: "y") is text
    assert text.sub(re.compile("b"), lambda match: "b") is text


def test_changes_follow_one_another() -> None:
    text = AlignedText.of("  one\n\n2  three ")[1:].with_single_spaces()
    text = text.sub(re.compile("2"), lambda match: "two").sub(re.compile("two three"), lambda match: "two")
    assert (text.text, read_from(text)) == ("one two", [("one", "one"), ("two", "2")])
    assert text.span(0, 7) == (2, 8)


def test_a_text_within_another() -> None:
    outer = changed("a-b c", "-", " dash ")
    inner = AlignedText.of(outer.text)[2:].sub(re.compile("dash"), lambda match: "minus")
    assert inner.within(outer).text == "minus b c"
    assert read_from(inner.within(outer)) == [("minus", "-"), ("b", "b"), ("c", "c")]
    assert read_from(AlignedText.of(outer.text)[7:].within(outer)) == [("b", "b"), ("c", "c")]


def test_joined() -> None:
    source = AlignedText.of("ab cd ef")
    text = join([source[:2], source[6:]], " ")
    assert (text.text, read_from(text)) == ("ab ef", [("ab", "ab"), ("ef", "ef")])
    assert join([], " ").text == ""


def test_an_empty_span_has_a_place() -> None:
    text = AlignedText.of("abc")
    assert (text.span(1, 1), text.span(3, 3), text[:0].span(0, 0)) == ((1, 1), (3, 3), (0, 0))
