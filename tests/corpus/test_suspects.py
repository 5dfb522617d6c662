"""Recordings of phones that a recogniser hears with errors; some of them are spoiled."""

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus.test_limits import heard
from tiedtts.corpus import suspects, twins
from tiedtts.corpus.suspects import Case, Judgement, judge
from tiedtts.text.phones import CONSONANTS, VOWELS, Phone

SYMBOLS = (*CONSONANTS, *VOWELS)
WORD = 4
"""Phones of a word."""


def case(number: int, rng: np.random.Generator, errors: float) -> Case:
    length = WORD * int(rng.integers(6, 12))
    ids = rng.integers(0, len(SYMBOLS), length)
    words = tuple(f"w{number}.{index}" for index in range(length // WORD))
    bits = rng.integers(0, 2**32, 8 * length, dtype=np.uint32)
    return Case(
        id=f"r{number}",
        text=" ".join(words),
        prompt=f"p{number}",
        phones=(Phone("sil"), *(Phone(SYMBOLS[i], word=n // WORD) for n, i in enumerate(ids)), Phone(".")),
        durations=(20, *([8] * length), 20),
        words=words,
        score=float(rng.normal(-17, 1)),
        speech=0.1 * length,
        voiced=0.6,
        sound=twins.Print(bits, np.ones(len(bits), bool)),
        heard=tuple(SYMBOLS[i] for i in heard(ids, rng, errors)),
    )


def spoiled(cases: list[Case], rng: np.random.Generator) -> dict[str, str]:
    """Spoil some of the recordings in place, and return what was done to each."""
    middle = [len(each.heard or ()) // 2 for each in cases]
    changes = {
        3: (suspects.OTHER_TEXT, {"heard": cases[22].heard, "speech": cases[22].speech, "score": -27.0}),
        5: (suspects.CUT_END, {"heard": (cases[5].heard or ())[: middle[5]], "score": -24.0}),
        7: (suspects.CUT_START, {"heard": (cases[7].heard or ())[middle[7] :], "score": -24.0}),
        9: (suspects.NO_SPEECH, {"heard": ("S",), "voiced": 0.4, "score": -40.0}),
        11: (suspects.NO_SPEECH, {"voiced": 0.01}),
        13: (suspects.UNHEARD, {"heard": _garbled(cases[13], rng), "score": -21.0}),
        15: (suspects.SAME, {"sound": cases[14].sound, "prompt": cases[14].prompt}),
        17: (suspects.SAME_OTHER_TEXT, {"sound": cases[18].sound}),
        21: (suspects.BEGINS, {"edges": (0.9, 0.1)}),
        23: (suspects.ENDS, {"edges": (0.1, 0.7)}),
        19: (suspects.FAR_OFF, {"score": -60.0, "heard": cases[19].heard}),
    }
    for index, (_, change) in changes.items():
        cases[index] = replace(cases[index], **change)
    reasons = {f"r{index}": reason for index, (reason, _) in changes.items()}
    # Of two that are the same sound, the first one stays.
    reasons["r18"] = reasons.pop("r17")
    return reasons


def _garbled(each: Case, rng: np.random.Generator) -> tuple[str, ...]:
    """Return what is heard where three words are others."""
    known = list(each.heard or ())
    known[8:20] = [SYMBOLS[i] for i in rng.integers(0, len(SYMBOLS), 12)]
    return tuple(known)


def corpus(count: int, errors: float, seed: int = 0) -> tuple[list[Case], dict[str, str]]:
    rng = np.random.default_rng(seed)
    cases = [case(number, rng, errors) for number in range(count)]
    return cases, spoiled(cases, rng)


@pytest.mark.parametrize("errors", [0.1, 0.3])
def test_spoiled_recordings_are_found_and_good_ones_are_not(errors: float) -> None:
    cases, reasons = corpus(150, errors)
    found = judge(cases)
    told = {each.id: str(each.reason) for each in found.suspects}
    assert {name: told.get(name) for name in reasons} == reasons
    assert len(told.keys() - reasons.keys()) <= (2 if errors < 0.2 else 5)
    clear = {each.id for each in found.suspects if each.clear}
    assert {"r3", "r5", "r7", "r9", "r11", "r15"} <= clear <= reasons.keys()
    # Nobody knows which of the two texts is right.
    assert "r18" not in clear
    assert found.notes == ()


def test_the_worst_come_first_and_say_where() -> None:
    cases, _ = corpus(150, 0.1)
    found = judge(cases, shown=40)
    assert len(found.ranked) == 40
    by_name = {each.id: each for each in found.ranked}
    assert found.ranked[0].id == "r9"
    assert [each.doubt for each in found.ranked[-20:]] == sorted(
        (each.doubt for each in found.ranked[-20:]), reverse=True
    )
    assert by_name["r3"].told.startswith("it sounds like the text of r22: w22.0")
    assert by_name["r5"].told.endswith(f'{cases[5].words[-1]}"')
    assert by_name["r7"].told.startswith('"w7.0 w7.1')
    start, end = by_name["r5"].frames
    assert 20 < start < end == sum(cases[5].durations) - 20
    assert by_name["r18"].told == "as r17"


def test_few_recordings_are_judged_by_what_is_usual() -> None:
    cases, reasons = corpus(25, 0.1)
    found = {each.id: str(each.reason) for each in judge(cases).suspects}
    assert {name: found.get(name) for name in ("r5", "r7", "r9", "r11", "r15")} == {
        name: reasons[name] for name in ("r5", "r7", "r9", "r11", "r15")
    }
    assert len(found.keys() - reasons.keys()) <= 1


def test_a_recogniser_that_understands_nothing_is_told_and_judges_nothing() -> None:
    rng = np.random.default_rng(1)
    cases = [replace(each, heard=case(0, rng, 0.1).heard) for each in corpus(60, 0.1)[0]]
    found = judge(cases)
    assert found.notes == (suspects.DEAF,)
    assert not {each.reason for each in found.suspects} & {suspects.OTHER_TEXT, suspects.UNHEARD}


def test_corpora_that_are_cut_close_have_no_abrupt_edges() -> None:
    cases = [replace(each, edges=(0.9, 0.8)) for each in corpus(60, 0.1)[0]]
    assert not {each.reason for each in judge(cases).suspects} & {suspects.BEGINS, suspects.ENDS}


def test_edges() -> None:
    time = np.arange(24_000) / 24_000
    tone = np.sin(2 * np.pi * 200 * time).astype(np.float32)
    hush = (1e-3 * np.random.default_rng(0).standard_normal(6_000)).astype(np.float32)
    for samples, expected in (
        (np.concatenate([hush, tone, hush]), (0, 0)),
        (np.concatenate([tone, hush]), (1, 0)),
        (np.concatenate([hush, tone]), (0, 1)),
    ):
        assert suspects.edges(samples, 24_000) == pytest.approx(expected, abs=0.2)
    assert suspects.edges(hush[:10], 24_000) == (0.0, 0.0)


def test_nobody_listens() -> None:
    cases = [replace(each, heard=None) for each in corpus(60, 0.1)[0]]
    found = {each.id: each.reason for each in judge(cases).suspects}
    assert found["r11"] == suspects.NO_SPEECH
    assert found["r15"] == suspects.SAME
    assert found["r19"] == suspects.FAR_OFF


def test_nothing_to_judge() -> None:
    assert judge([]) == Judgement()
    (alone,) = judge(corpus(25, 0.1)[0][:1]).ranked
    assert alone.reason is None
