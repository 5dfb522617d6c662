import random

import pytest

from tests.benchmarks import words
from tiedtts.text.phones import CONSONANTS, VOWELS

CLASSES = ("sil", *CONSONANTS, *VOWELS)
SENTENCE = "DH AH|K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N"


def phones(text: str) -> list[int]:
    return [CLASSES.index(symbol) for symbol in text.replace("|", " ").split()]


def spell(text: str) -> list[list[int]]:
    return [phones(word) for word in text.split("|")]


@pytest.mark.parametrize(
    ("heard", "dropped", "repeated"),
    [
        ("DH AH|K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N", (), ()),
        ("DH AH|S AE T|AA N|DH AH|M AE T|AH G EH N", (1,), ()),
        ("K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N", (0,), ()),
        ("DH AH|K AE T|S AE T|AA N|DH AH|M AE T", (6,), ()),
        ("DH AH|S AE T|AA N|DH AH|M AE T", (1, 6), ()),
        ("DH AH|K AE T|S AE T|AA N|DH AH|M AE T|M AE T|AH G EH N", (), (5,)),
        ("DH AH|K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N|AH G EH N", (), (6,)),
        # With errors in the repetition.
        ("DH AH|K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N|AH K EH N", (), (6,)),
        # A word heard as another one is wrong, not missing.
        ("DH AH|B IH G|S AE T|AA N|DH AH|M AE T|AH G EH N", (), ()),
        # What is said twice but too short for a verdict.
        ("DH AH|DH AH|K AE T|S AE T|AA N|DH AH|M AE T|AH G EH N", (), ()),
        # Extra sounds that are no word of the sentence.
        ("DH AH|K AE T|S AE T|F UW V|AA N|DH AH|M AE T|AH G EH N", (), ()),
        ("", (0, 1, 2, 3, 4, 5, 6), ()),
    ],
)
def test_verdicts(heard: str, dropped: tuple[int, ...], repeated: tuple[int, ...]) -> None:
    assert words.judge(phones(heard), spell(SENTENCE)) == words.WordErrors(dropped, repeated)


@pytest.mark.parametrize(
    ("said", "heard", "cost"),
    [
        ("K AE T", "K AE T", 0),
        ("K AE T", "K IH T", words.SWAP),
        ("K AE T", "K T", words.GAP),
        ("K AE T", "S K AE T", words.GAP),
        ("K AE T", "K S T", words.MISMATCH),
        ("K AE T", "", 3 * words.GAP),
        ("", "K AE T", 3 * words.GAP),
    ],
)
def test_costs(said: str, heard: str, cost: int) -> None:
    first = [words.GAP * j for j in range(len(phones(heard)) + 1)]
    assert words._extend(first, phones(said), phones(heard))[-1][-1] == cost


def test_finds_planted_errors_through_noise() -> None:
    rng = random.Random(0)
    consonants, vowels = range(1, 1 + len(CONSONANTS)), range(1 + len(CONSONANTS), len(CLASSES))
    dropped = repeated = false = 0
    for _ in range(50):
        sentence = [
            [rng.choice(consonants if i % 2 else vowels) for i in range(size)]
            for size in (3, 4, 5, 3, 6, 4, 3, 5)
        ]
        chosen = rng.randrange(len(sentence))
        for copies in (0, 1, 2):
            heard = []
            for index, word in enumerate(sentence):
                heard += word * (copies if index == chosen else 1)
            # One phone in ten is heard as another one of its kind.
            heard = [
                rng.choice(consonants if p in consonants else vowels) if rng.random() < 0.1 else p
                for p in heard
            ]
            verdict = words.judge(heard, sentence)
            dropped += copies == 0 and chosen in verdict.dropped
            repeated += copies == 2 and chosen in verdict.repeated
            false += len({*verdict.dropped, *verdict.repeated} - {chosen})
            false += copies == 1 and chosen in {*verdict.dropped, *verdict.repeated}
    assert dropped == 50
    assert repeated >= 48
    assert false <= 2
