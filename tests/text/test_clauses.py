"""Clauses of a sentence that is still coming, for somebody who waits for them."""

import pytest

from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.growing import GrowingText

FRONT_END = FrontEnd()
LONG = (
    "The people who had been waiting for the bus since early in the morning began to walk along the road "
    "in the rain because nobody believed that it would come at all before the evening"
)


def words(sentence: Sentence | None) -> list[str]:
    return [] if sentence is None else [word.text for word in sentence.words]


def clauses(text: str, *, ended: bool = True) -> list[str]:
    growing = GrowingText(FRONT_END, breaks=True, in_haste=True)
    growing.append(text)
    list(growing.complete())
    return words(growing.next_clauses(ended=ended))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("After the night,", "After the night"),
        ("After the night, we", "After the night"),
        ("After the night, which was long, we", "After the night which was long"),
        ("Done. After the night, we", "After the night"),
        ("He said:", "He said"),
        ("Yes; no", "Yes"),
        ("It is late \u2014 ", "It is late"),
        ("It is (as it was)", "It is as it was"),
        ("\u201cWell,\u201d he said", "Well"),
        # A number may go on, an hour, an abbreviation and a word, too.
        ("It is 1,", ""),
        ("It is 1, or", "It is one"),
        ("At 10:", ""),
        ("After the nig", ""),
        ("After the night", ""),
        ("He saw Dr.", ""),
        ("It is 3.", ""),
        # What these are is known when they end.
        ("# A heading, and", ""),
        ("See [the page, and", ""),
        ("Say {HH AH0, ", ""),
        ("One line\nand another, with", ""),
        (",", ""),
        ("", ""),
    ],
)
def test_what_is_complete(text: str, said: str) -> None:
    assert clauses(text) == said.split()


def test_a_mark_at_the_end_counts_when_nothing_follows() -> None:
    assert clauses("After the night,", ended=False) == []
    assert clauses("After the night, ", ended=False) == ["After", "the", "night"]
    assert clauses("At 3, ", ended=False) == ["At", "three"]


def test_a_long_stretch_without_marks_ends_at_a_phrase_break() -> None:
    said = clauses(LONG)
    assert 5 < len(said) < len(LONG.split()) - 3
    assert said == LONG.split()[: len(said)]


@pytest.mark.parametrize(
    "text",
    [
        "After the night, which was long, we left. It rained, and so on.",
        "On May 5, 2020, at 3, he paid $1,000, or so, for 2, 3, or 4 km, and left.",
        "Well, Dr. Smith, e.g., came at 5 p.m., I think: it was late; nobody, not one (of us), knew.",
        f"{LONG}, of course. Then, it did.",
        "First, a heading,\n\nthen, a paragraph.",
    ],
)
def test_every_word_is_said_once(text: str) -> None:
    """Typed character by character by somebody who always pauses."""
    growing = GrowingText(FRONT_END, breaks=True, in_haste=True)
    said: list[Sentence] = []
    for character in text:
        growing.append(character)
        said += growing.complete()
        if growing.may_have_clauses(ended=True):
            first = growing.next_clauses(ended=True)
            said += [] if first is None else [first]
    said += growing.finish()
    whole = FRONT_END(text)
    assert [word.text for each in said for word in each.words] == [
        word.text for each in whole for word in each.words
    ]
    assert [word.span for each in said for word in each.words] == [
        word.span for each in whole for word in each.words
    ]
    assert len(said) > len(whole)
    # Each begins with silence, and none but the last of a sentence ends with anything else than a comma.
    assert all(each.phones[0].symbol == "sil" and each.phones[1].is_speech for each in said)
    assert sum(each.phones[-1].symbol != "," for each in said) <= len(whole)
