"""A long first sentence is cut once, where the voice pauses anyway, and nothing else changes."""

import pytest

from tiedtts.text import first_clause
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import CLAUSES, SILENCE

CLAUSE = "the people of the valley came down from the hills"
"""Some 38 phones."""


def cut(text: str, front_end: FrontEnd) -> list[Sentence]:
    return list(first_clause.cut(iter(front_end(text))))


@pytest.mark.parametrize("mark", [",", ";", ":", " -", " \u2014", ")"])
def test_the_opening_ends_at_a_pause(mark: str, front_end: FrontEnd) -> None:
    text = f"When the heavy rain had stopped{mark} {CLAUSE} and {CLAUSE}. {CLAUSE}, {CLAUSE}, {CLAUSE}."
    whole, second = front_end(text)
    first, rest, last = cut(text, front_end)
    assert first.text.rstrip(mark) == "When the heavy rain had stopped"
    assert f"{first.text} {rest.text}" == whole.text, "both as they are written"
    assert (first.goes_on, rest.goes_on, last) == (True, False, second)
    assert first.words + rest.words == whole.words
    assert [p.symbol for p in first.phones][-1] == ","
    assert rest.phones[0].symbol == SILENCE
    assert CLAUSES[rest.phones[0].clause] == "."
    joined = [*first.phones, *rest.phones[1:]]
    assert [(p.label, p.position, p.clause) for p in joined] == [
        (p.label, p.position, p.clause) for p in whole.phones
    ]


def test_words_are_counted_from_the_cut(front_end: FrontEnd) -> None:
    for part in cut(f"{CLAUSE}, {CLAUSE}, {CLAUSE}.", front_end):
        assert {p.word for p in part.phones if p.is_speech} == set(range(len(part.words)))


@pytest.mark.parametrize(
    "text",
    [
        "Short, and sweet, and that is all there is to it.",
        f"{CLAUSE} and {CLAUSE} and {CLAUSE}.",
        f"Well, {CLAUSE} and {CLAUSE} and {CLAUSE}, too.",
        "",
    ],
    ids=["short", "no pause", "pauses at the ends only", "nothing"],
)
def test_what_stays_whole(text: str, front_end: FrontEnd) -> None:
    assert cut(text, front_end) == front_end(text)


def test_the_cut_is_the_last_that_is_early_enough(front_end: FrontEnd) -> None:
    first, _ = cut(
        f"When it rained, they stayed, as ever, in the hills, and waited, {CLAUSE}, {CLAUSE}.", front_end
    )
    assert first.text == "When it rained, they stayed, as ever, in the hills, and waited,"
    first, _ = cut(f"{CLAUSE} and {CLAUSE} again, {CLAUSE}, {CLAUSE}.", front_end)
    assert first.text == f"{CLAUSE} and {CLAUSE} again,"


def test_the_parts_are_told_as_they_are_written(front_end: FrontEnd) -> None:
    text = f"At 5 p.m. on Jan. 5, 1999, {CLAUSE} \u2014 with $45 (each), {CLAUSE}."
    first, rest = cut(text, front_end)
    assert f"{first.text} {rest.text}" == text
    assert first.words[1].text == "five"


def test_nothing_is_read_ahead() -> None:
    sentence = FrontEnd()(f"{CLAUSE}, {CLAUSE}, {CLAUSE}.")[0]
    source = iter([sentence, sentence])
    parts = first_clause.cut(source)
    next(parts), next(parts)
    assert next(source) is sentence
