"""Text that arrives bit by bit says what the whole of it says, wherever it was cut."""

import random

import numpy as np
import pytest

from tiedtts.speech.voice import Voice
from tiedtts.text.arriving import LONGEST, Arriving
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.growing import Whole

TEXTS = {
    "prose": 'Hello there. This is Dr. Smith, at 5 p.m. today. It costs 3.50 dollars! Is it 1.5? "Yes." He left.',
    "paragraphs": "A heading\n\nThe first one. It goes on.\n\n\nThe second one.\nNext line, too.",
    "list": "You need:\n- Flour. White is best.\n- Two eggs\n- Milk\n\n1. Mix it. Well.\n2. Bake.\n\nEnjoy your meal!",
    "markdown": "## What it is. And why\n\nIt is **bold. Really.** See [the page. Here](http://a.b/c) for it. Bye now.",
    "table": "See:\n\n| a. One | b. Two |\n|---|---|\n| c. | d. |\n\nThat is all. Bye.",
    "code": "Run it:\n\n```sh\nls. -l\n```\n\nDone. Good luck.",
    "windows": "First line.\r\nSecond line.\r\n\r\nThird. Fourth.",
    "pictures": "Well done! \U0001f600 Keep going. \u201cFine.\u201d She said\u2026 Then it ended.",
    "wrapped": "It was the best of times, it was the worst of times, it was the age of\nwisdom, it was the age of foolishness. It was the epoch of belief, it was\nthe epoch of incredulity. It was the season of Light.",
    "short forms": "J. R. R. Tolkien wrote it. The U.S. army left. See p. 5 of vol. 2. Mr. and Mrs. Jones came on Jan. 5. etc.",
}


def pieces(text: str, sizes: "random.Random | int") -> list[str]:
    arriving, found, place = Arriving(), [], 0
    while place < len(text):
        size = sizes if isinstance(sizes, int) else sizes.randint(1, 30)
        arriving.add(text[place : place + size])
        found += arriving.take()
        place += size
    return [*found, arriving.rest()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_it_is_read_as_the_whole_is(text: str) -> None:
    cut = pieces(text, 1)
    assert "".join(cut) == text
    front_end = FrontEnd()
    said = [sentence for piece in cut if piece.strip() for sentence in front_end(piece)]
    whole = front_end(text)
    assert [each.phones for each in said] == [each.phones for each in whole]
    if text is not TEXTS["table"]:
        assert len(cut) > 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_pieces_depend_on_the_text_alone(text: str) -> None:
    cut = pieces(text, 1)
    for seed in range(10):
        assert pieces(text, random.Random(seed)) == cut
    assert pieces(text, len(text)) == cut


@pytest.mark.parametrize("name", ["prose", "paragraphs", "list"])
def test_the_sound_is_that_of_the_whole(name: str) -> None:
    voice = Voice.load()
    said = voice.begin()
    parts = [part.samples for piece in pieces(TEXTS[name], 7) for part in said.add(Whole(piece))]
    assert np.array_equal(np.concatenate(parts), voice.say(TEXTS[name]).samples)


def test_a_sentence_goes_out_with_the_next_word() -> None:
    arriving = Arriving()
    for chunk, expected in (
        ("Hello", []),
        (" there.", []),
        (" How", []),
        (" are", ["Hello there. "]),
        (" you?", []),
    ):
        arriving.add(chunk)
        assert list(arriving.take()) == expected
    assert arriving.rest() == "How are you?"


def test_half_a_character_waits_for_its_other_half() -> None:
    arriving = Arriving()
    arriving.add("Fine \ud83d")
    arriving.add("\ude00. So am I. Bye")
    assert list(arriving.take()) == ["Fine \U0001f600. "]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("That is it.", True),
        ("Is it?\n", True),
        ("That is", False),
        ("See Dr.", False),
        ("It is 3.", False),
        ("# A.", False),
        ("", False),
    ],
)
def test_what_sounds_whole(text: str, whole: bool) -> None:
    arriving = Arriving()
    arriving.add(text)
    assert arriving.is_whole == whole


@pytest.mark.parametrize("text", ["word " * 5_000, "A. " * 2_000, "[a. B " * 1_000, "\n" * 9_000 + "a"])
def test_what_never_ends_is_handed_on_anyway(text: str) -> None:
    cut = pieces(text, 50)
    assert "".join(cut) == text
    assert max(map(len, cut)) <= max(LONGEST + 50, text.count("\n") + 1)


LONG_FIRST = (
    "After the long and rainy night was over at last, the old fishermen walked down to the harbour, looked at the "
    "grey sea for a while, and decided that nobody would go out that day. They went home."
)


@pytest.mark.parametrize(
    "text",
    [
        LONG_FIRST,
        LONG_FIRST.replace(",", ""),
        "Well, " + LONG_FIRST,
        "In 1,250 cases, of 3 kinds, " + LONG_FIRST,
    ],
)
def test_first_clauses_are_said_before_their_sentence_is_whole(text: str) -> None:
    voice = Voice.load()
    said, arriving = voice.begin(), Arriving()
    parts, heard_at = [], 0
    for place, character in enumerate(text):
        arriving.add(character)
        for piece in arriving.take():
            parts += said.add(Whole(piece))
        if said.is_open and len(arriving.beginning) >= 80:
            parts += said.clauses(arriving.beginning)
        if parts and not heard_at:
            heard_at = place
    parts += said.add(Whole(arriving.rest()))
    whole = voice.say(text)
    assert [word.text for part in parts for word in part.words] == [word.text for word in whole.words]
    assert np.array_equal(np.concatenate([part.samples for part in parts]), whole.samples)
    if "," in text:
        assert heard_at < text.index("nobody")
