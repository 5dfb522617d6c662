"""Subtitles as people have them: what is said, and when."""

import pytest

from tiedtts.errors import TextError
from tiedtts.settings import Settings
from tiedtts.text.structure import cues

SUBTITLES = Settings(markup="subtitles")


def read(source: str, **changes: object) -> list[tuple[float, float, list[str]]]:
    found = cues.read(source, Settings(markup="subtitles", **changes))  # type: ignore[arg-type]
    return [(cue.start, cue.end, [line.text for line in cue.lines]) for cue in found.cues]


TWO = [(1.0, 2.5, ["One two."]), (3.0, 4.0, ["Three."])]


@pytest.mark.parametrize(
    "source",
    [
        "1\n00:00:01,000 --> 00:00:02,500\nOne two.\n\n2\n00:00:03,000 --> 00:00:04,000\nThree.\n",
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nOne\r\ntwo.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nThree.",
        "00:00:01.0 --> 00:00:02.5\nOne two.\n00:00:03,000-->00:00:04\nThree.",
        "1\n00:01,000 -> 00:02,500 X1:0 X2:9\n<i>One</i> <font color='#f00'>two</font>.\n2\n0:0:3,0 --> 0:0:4,0\n{\\an8}Three.",
        "1\n00:00:01,000 --> 00:00:02,500\nOne\n\ntwo.\n\n2\n00:00:03,000 --> 00:00:04,000\nThree.\n\n\n",
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE one\ntwo\n\nintro\n00:01.000 --> 00:02.500 "
        "line:0 align:start\n<v Roger Bingham>One <c.red>two</c>.\n\nNOTE\n\n3\n00:03.000 --> 00:04.000\n<00:03.500>Three.",
        "2\n00:00:03,000 --> 00:00:04,000\nThree.\n\n1\n00:00:01,000 --> 00:00:02,500\n[MUSIC] One two. ♪",
    ],
)
def test_all_ways_to_write_them(source: str) -> None:
    assert read(source) == TWO


def test_entities_speakers_and_parentheses() -> None:
    source = "00:00:01,000 --> 00:00:02,000\n- Fish &amp; chips?\n- No (laughs).\n"
    assert read(source) == [(1.0, 2.0, ["Fish & chips?", "No (laughs)."])]
    assert read(source, parentheses=False) == [(1.0, 2.0, ["Fish & chips?", "No."])]


def test_what_goes_on_and_what_is_told() -> None:
    source = (
        "00:00:05,000 --> 00:00:04,000\nand so we\n\n00:00:06,000 --> 00:00:07,000\nwent. [door]\n\n"
        "00:00:01,000 --> 00:00:02,000\nFirst."
    )
    found = cues.read(source, SUBTITLES)
    assert [(cue.number, cue.goes_on, cue.end) for cue in found.cues] == [
        *((3, False, 2.0), (1, True, 5.0), (2, False, 7.0))
    ]
    assert found.warnings == (
        "1 cue would end before they begin",
        "the cues are not in the order of their times, in which they are said",
        "left out 1 sound in brackets",
    )
    lines = [line for cue in found.cues for line in cue.lines]
    assert [source[slice(*line.span(0, len(line)))] for line in lines] == ["First.", "and so we", "went."]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "there are no cues"),
        ("Hello.\n\nNo times.", "there are no cues"),
        ("00:00:01,000 --> 00:00:02,000\n♪\n", "there are no cues"),
        ("99:00:01,000 --> 99:00:02,000\nHi.\n", "cue 1 is at 99:00:02,000: a day is the most"),
    ],
)
def test_what_are_none(source: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        cues.read(source, SUBTITLES)
