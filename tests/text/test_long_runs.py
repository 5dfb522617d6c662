"""Runs without a space are cut, and what is one thing stays one thing."""

import random
import unicodedata

import pytest

from tiedtts.text.characters import clean
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.markup.ssml import parse
from tiedtts.text.normalize.normalizer import LONGEST_RUN, normalize

LABELS = ("AA1", "IY1", "UW1", "B", "K", "S")


@pytest.fixture(scope="module")
def front_end() -> FrontEnd:
    return FrontEnd()


def phones(front_end: FrontEnd, text: str) -> list[str]:
    return [phone.label for sentence in front_end(text) for phone in sentence.phones if phone.is_speech]


@pytest.mark.parametrize("before", ["", "x", "{B}" * 9, "ab-", "7" * 395])
def test_phones_in_braces_are_all_said(front_end: FrontEnd, before: str) -> None:
    chance = random.Random(len(before))
    wanted = chance.choices(LABELS, k=900)
    said = phones(front_end, before + "".join(f"{{{label}}}" for label in wanted))
    assert said[-len(wanted) :] == wanted
    assert said[: -len(wanted)] == phones(front_end, before)


@pytest.mark.parametrize("glue", ["", "-", "/", ",", "🙂"])
def test_marks_between_other_things(front_end: FrontEnd, glue: str) -> None:
    wanted = random.Random(1).choices(LABELS, k=500)
    said = phones(front_end, glue.join(f"{{{label}}}" for label in wanted))
    assert [label for label in said if label in LABELS or not glue][-10:] == wanted[-10:]
    assert len(said) >= len(wanted)


def test_phonemes_and_marks_of_ssml_are_all_said(front_end: FrontEnd) -> None:
    wanted = random.Random(2).choices(LABELS, k=300)
    body = "".join(
        f'<mark name="{n}"/><phoneme alphabet="x-arpabet" ph="{label}">x</phoneme>'
        for n, label in enumerate(wanted)
    )
    document = parse(f"<speak>{body}</speak>")
    found = list(front_end.read_spans(document.spans, LeftOut()))
    assert [phone.label for s in found for phone in s.phones if phone.is_speech] == wanted
    named = [place.name for s in found if s.prosody for place in s.prosody.marks]
    assert named == [str(number) for number in range(300)]


@pytest.mark.parametrize("size", [1, 7, 39, 250, 399])
def test_words_and_numbers_stay_whole(size: int) -> None:
    word = "".join(random.Random(size).choices("abcdefghij", k=size))
    parts = normalize("/".join([word] * 60)).replace("/", " ").split()
    assert [part for part in parts if part not in ("slash", word)] == []
    assert parts.count(word) == 60


def test_long_numbers_are_read_as_such() -> None:
    groups = "1,234,567"
    assert normalize("/".join([groups] * 80)).count("one million") == 80


def test_a_unit_that_is_too_long_is_cut() -> None:
    assert normalize("a" * (3 * LONGEST_RUN + 1)).split() == ["a" * LONGEST_RUN] * 3 + ["a"]


def test_very_many_phones_in_braces_are_several_words(front_end: FrontEnd) -> None:
    wanted = random.Random(3).choices(LABELS, k=2_000)
    sentences = front_end("{" + " ".join(wanted) + "} and hello.")
    assert [p.label for s in sentences for p in s.phones if p.is_speech][:2_000] == wanted
    assert max(len(sentence.phones) for sentence in sentences) <= 320


def test_more_marks_than_any_language_has_are_left_out() -> None:
    # What is in the order of Unicode takes no time to be put in that order.
    marked = "a" + "\u0301\u0327" * 20_000 + "b"
    assert len(clean(marked)) < 40
    assert FrontEnd()(marked)[0].words[0].text


@pytest.mark.parametrize(
    "text", ["a\u0301\u0327", "\u0928\u093f\u0902", "\u1100\u1161\u11a8" * 40, "я\u0301" * 100]
)
def test_marks_of_languages_stay(text: str) -> None:
    assert clean(text) == clean(unicodedata.normalize("NFC", text))
