from itertools import pairwise

import pytest

from tiedtts.text import assembly, phrasing, tables
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.markup.ssml import parse
from tiedtts.text.phones import Phone

FRONT_END = FrontEnd()
LONG = "Her face wore the tenderness which comes from affectionate reminiscence."
RUN_ON = " ".join(["we walked along the river and saw that the boats were coming back to the harbour"] * 32)


def broken(text: str, *, ssml: bool = False) -> str:
    """Return the words of a text with a bar at each break."""
    if ssml:
        found = list(FRONT_END.read_spans(parse(text).spans, LeftOut(), breaks=True))
    else:
        found = list(FRONT_END.read(text, LeftOut(), breaks=True))
    return " / ".join(_shown(sentence) for sentence in found)


def _shown(sentence: Sentence) -> str:
    shown: list[str] = []
    for phone in sentence.phones:
        if phone.is_break:
            shown.append("|")
        elif phone.word >= 0 and phone.position in (1, 4):
            shown.append(sentence.words[phone.word].text)
    return " ".join(shown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LONG, "Her face wore the tenderness | which comes from affectionate reminiscence"),
        (
            "They couldn't finish the investigation because they were not able to find the evidence.",
            "They couldn't finish the investigation | because they were not able to find the evidence",
        ),
        (LONG.upper(), "HER FACE WORE THE TENDERNESS | WHICH COMES FROM AFFECTIONATE REMINISCENCE"),
    ],
)
def test_a_pause_stands_where_a_phrase_ends(text: str, expected: str) -> None:
    assert broken(text) == expected
    assert broken(f"<speak>{text}</speak>", ssml=True) == expected


@pytest.mark.parametrize("text", ["Hello.", "Yes", "The cat sat on the mat.", "milk", "?", "A b c d e."])
def test_short_sentences_have_none(text: str) -> None:
    assert "|" not in broken(text)


def test_a_break_changes_no_other_phone() -> None:
    (plain,) = FRONT_END.read(LONG, LeftOut())
    (with_break,) = FRONT_END.read(LONG, LeftOut(), breaks=True)
    assert [phone for phone in with_break.phones if not phone.is_break] == list(plain.phones)
    (pause,) = (phone for phone in with_break.phones if phone.is_break)
    assert (pause.symbol, pause.word, pause.clause) == (",", -1, plain.phones[0].clause)
    assert with_break.words == plain.words


def test_transcripts_have_none() -> None:
    assert not any(phone.is_break for sentence in FRONT_END(LONG) for phone in sentence.phones)


@pytest.mark.parametrize("text", [RUN_ON, RUN_ON.upper(), "word " * 500, f'He said "{RUN_ON}"'])
def test_nothing_runs_on(text: str) -> None:
    phrases = [len(phrase.split()) for phrase in broken(text).replace("/", "|").split("|")]
    assert sum(phrases) >= 500
    assert max(phrases) <= phrasing.LONGEST + 4
    assert phrases.count(1) == 0


@pytest.mark.parametrize(
    "text",
    [
        "It costs one hundred twenty three thousand four hundred fifty six million dollars and 99 cents " * 4,
        "San Francisco New York Los Angeles Salt Lake City New Orleans Santa Barbara Kansas City " * 4,
        "1234567 23456789 $1234567.89 3.14159265 12:34:56 1999999 2345678 9876543 12345678 " * 4,
        "{HH AH0 L OW1 HH AH0 L OW1 HH AH0 L OW1 HH AH0 L OW1 HH AH0 L OW1 HH AH0 L OW1}",
    ],
)
def test_names_and_numbers_stay_whole(text: str) -> None:
    for sentence in FRONT_END.read(text, LeftOut(), breaks=True):
        before: dict[int, bool] = {}
        word = 0
        for phone in sentence.phones:
            before[word] = before.get(word, False) or phone.is_break
            word = phone.word + 1 if phone.word >= 0 else word
        for index, (left, right) in enumerate(pairwise(sentence.words), start=1):
            if left.span == right.span or (left.text.istitle() and right.text.istitle()):
                assert not before.get(index), (left, right)


def test_say_as_stays_whole() -> None:
    digits = '<say-as interpret-as="characters">ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUV</say-as>'
    shown = broken(f"<speak>It was written as {digits} on the back of the old photograph.</speak>", ssml=True)
    letters = shown[shown.index("{EY1}") : shown.rindex("{V IY1}")]
    assert "|" not in letters


def test_a_break_of_markup_takes_the_place_of_a_predicted_one() -> None:
    text = LONG.replace(" which", ' <break time="1s"/> which')
    assert "|" not in broken(f"<speak>{text}</speak>", ssml=True)


def test_a_long_sentence_may_be_cut_at_a_break() -> None:
    found = list(FRONT_END.read(RUN_ON, LeftOut(), breaks=True))
    assert len(found) > 1
    assert all(sentence.phones[-1].symbol == "," for sentence in found[:-1])
    assert not any(sentence.phones[-1].is_break for sentence in found)


def test_breaks_are_the_weakest_pauses() -> None:
    (reading,) = FRONT_END.readings("One, two.", LeftOut())
    items = assembly.with_breaks(reading.items, [1])
    (part,) = assembly.parts(items)
    assert [item for item in part if isinstance(item, str)] == [",", "."]


def test_the_table_is_small() -> None:
    assert (tables.DATA / "phrasing.tsv").stat().st_size <= 30_000


def test_a_break_is_no_part_of_a_manifest() -> None:
    (sentence,) = FRONT_END.read(LONG, LeftOut(), breaks=True)
    assert {len(phone.row) for phone in sentence.phones} == {5}
    assert [Phone(*phone.row).row for phone in sentence.phones] == [phone.row for phone in sentence.phones]
