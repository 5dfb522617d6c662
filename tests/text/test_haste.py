"""Text that somebody listens to while it comes is read as the whole of it is, and as soon as can be."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from tiedtts.speech.voice import Voice
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.growing import LONGEST, GrowingText

FRONT_END = FrontEnd()
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
    "page": "<h1>News</h1><p>One&nbsp;&amp;<b>two</b><br>three</p><ul><li>x</li></ul>\nThx, see you. Man Utd won; s/he cheered.",
    "short forms": "J. R. R. Tolkien wrote it. The U.S. army left. See p. 5 of vol. 2. Mr. and Mrs. Jones came on Jan. 5. etc.",
}


def pieces(text: str, sizes: "random.Random | int") -> Iterator[str]:
    place = 0
    while place < len(text):
        size = sizes if isinstance(sizes, int) else sizes.randint(1, 30)
        yield text[place : place + size]
        place += size


def read(text: str, sizes: "random.Random | int") -> list[tuple[int, Sentence]]:
    """Return the sentences of a text, each with the number of characters that had come."""
    growing = GrowingText(FRONT_END, breaks=False, in_haste=True)
    come, found = 0, []
    for piece in pieces(text, sizes):
        come += len(piece)
        growing.append(piece)
        # Whoever asks only when something may be complete misses nothing.
        if growing.may_be_complete:
            found += [(come, sentence) for sentence in growing.complete()]
        else:
            assert not list(growing.complete())
    return [*found, *((come, sentence) for sentence in growing.finish())]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_it_is_read_as_the_whole_is(text: str) -> None:
    whole = FRONT_END(text)
    for sizes in (1, *map(random.Random, range(5)), len(text)):
        found = read(text, sizes)
        assert [sentence.phones for _, sentence in found] == [sentence.phones for sentence in whole]


@pytest.mark.parametrize(
    ("text", "come"),
    [
        ("Hello there. How are you?", ["Hello there. How ", "Hello there. How are you?"]),
        (
            "A line\nand the next. Then more. So",
            ["A line\nand the next. Then ", "A line\nand the next. Then more. So"],
        ),
        (TEXTS["page"], [TEXTS["page"][: TEXTS["page"].index("Thx, ") + 5]] * 3),
    ],
)
def test_a_sentence_waits_for_the_next_word_alone(text: str, come: list[str]) -> None:
    assert [text[:place] for place, _ in read(text, 1)][: len(come)] == come


@pytest.mark.parametrize("name", ["prose", "paragraphs", "list"])
def test_the_sound_is_that_of_the_whole(name: str) -> None:
    voice = Voice.load()
    said = voice.begin(in_haste=True)
    parts = [part.samples for piece in pieces(TEXTS[name], 7) for part in said.add(piece)]
    parts += [part.samples for part in said.finish()]
    assert np.array_equal(np.concatenate(parts), voice.say(TEXTS[name]).samples)


@pytest.mark.parametrize(
    "text", ["word " * 1_000, "A. " * 1_500, "[a. B " * 700, "\n" * 5_000 + "a", " " * 5_000 + "a"]
)
def test_what_never_ends_is_read_in_parts(text: str) -> None:
    found = read(text, 500)
    assert sum(len(sentence.words) for _, sentence in found) == len(text.split())
    if text.startswith("word"):
        assert found[0][0] <= LONGEST + 500


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
    said = voice.begin(in_haste=True)
    parts, heard_at = [], 0
    for place, character in enumerate(text):
        parts += said.add(character)
        if len(said.beginning) >= 80:
            parts += said.first_clauses()
        if parts and not heard_at:
            heard_at = place
    parts += said.finish()
    whole = voice.say(text)
    assert [word.text for part in parts for word in part.words] == [word.text for word in whole.words]
    assert np.array_equal(np.concatenate([part.samples for part in parts]), whole.samples)
    if "," in text:
        assert heard_at < text.index("nobody")
