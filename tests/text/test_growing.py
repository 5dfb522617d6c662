"""Text that comes in pieces is read as the whole text is, wherever it is cut."""

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.growing import LONGEST, GrowingText

READINGS = Path(__file__).with_name("readings.tsv")
FRONT_END = FrontEnd()


def said(sentences: Iterable[Sentence]) -> list[object]:
    """Return what is heard: phones, where each word stands, and where a paragraph begins."""
    found: list[object] = []
    last = None
    for each in sentences:
        spans = [word.span for word in each.words]
        found.append(([phone.label for phone in each.phones], spans, each.paragraph == last))
        last = each.paragraph
    return found


def grown(pieces: Iterable[str]) -> Iterator[Sentence]:
    growing = GrowingText(FRONT_END, breaks=True)
    for piece in pieces:
        yield from growing.add(piece)
    yield from growing.finish()


def cut(text: str, sizes: random.Random) -> Iterator[str]:
    largest = sizes.choice([1, 6, 60])
    place = 0
    while place < len(text):
        size = sizes.randint(1, largest)
        yield text[place : place + size]
        place += size


def texts(seed: int) -> Iterator[str]:
    lines = [line.split("\t")[1] for line in READINGS.read_text("utf-8").splitlines()[1:] if "\t" in line]
    sizes = random.Random(seed)
    for joint in (" ", "\n", "\n\n", "\r\n \r\n", "\n- "):
        for _ in range(8):
            yield joint.join(sizes.sample(lines, 5)).replace("\\n", "\n")


@pytest.mark.parametrize("seed", range(3))
def test_pieces_are_read_as_the_whole_text_is(seed: int) -> None:
    for number, text in enumerate(texts(seed)):
        pieces = list(cut(text, random.Random(number)))
        assert said(grown(pieces)) == said(FRONT_END.read(text, LeftOut(), breaks=True)), pieces


def completed_by(text: str) -> list[str]:
    """Return the text up to the character that completes each sentence."""
    growing = GrowingText(FRONT_END, breaks=False)
    return [text[: place + 1] for place, character in enumerate(text) for _ in growing.add(character)]


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("One sentence. Two of them.", ["One sentence. Two "]),
        ("One sentence.\n\nTwo.", ["One sentence.\n\n"]),
        ("Ask Dr. Who. He knows St. James Street well.", ["Ask Dr. Who. He "]),
        ('"Why?" he said. "So that', ['"Why?" he said. "So ']),
        (
            "Some things:\n- one thing\n- another\n\n",
            [
                "Some things:\n- ",
                "Some things:\n- one thing\n- another\n",
                "Some things:\n- one thing\n- another\n\n",
            ],
        ),
        ("A line\nand the next. Then more of it.\n\n", ["A line\nand the next. Then more of it.\n\n"] * 2),
        ("3.5 and 4", []),
    ],
)
def test_when_a_sentence_is_complete(text: str, completed: list[str]) -> None:
    assert completed_by(text) == completed


def test_a_paragraph_without_an_end_is_read_in_parts() -> None:
    text = "This is one of many sentences. " * (3 * LONGEST // 31)
    found = list(grown(text[place : place + 7] for place in range(0, len(text), 7)))
    assert len(found) == text.count(".")
    assert found[-1].words[0].span[0] == text.rindex("This")
    assert {sentence.paragraph for sentence in found} == {0}


def test_what_goes_on_after_an_end_is_the_same_paragraph_without_a_blank_line() -> None:
    growing = GrowingText(FRONT_END, breaks=False)
    numbers = []
    for piece in ("One.\n", "Two.\n", "\n", "Three.\n\n", "Four."):
        numbers += [sentence.paragraph for sentence in (*growing.add(piece), *growing.finish())]
    assert [later > earlier for earlier, later in pairwise(numbers)] == [False, True, True]
