import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiedtts.text.pronounce.g2p import WEIGHTS, Network, pack, unpack

PREDICTED = Path(__file__).with_name("g2p.tsv")
"""400 made-up words with what the `predict` of g2p-en 2.1.0 gives for them."""


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("zorbik", "Z AO1 R B IH0 K"),
        ("frobnicate", "F R AA1 B N IH0 K AE1 T"),
        ("activationist", "AE2 K T IH0 V EY1 SH AH0 N IH0 S T"),
        ("supercalifragilistic", "S UW2 P ER0 K AH0 L IH1 F S IH0 K EY2 T S"),
    ],
)
def test_well_known_made_up_words(word: str, phones: str) -> None:
    assert Network()(word) == tuple(phones.split())


def test_as_g2p_en_predicted() -> None:
    network = Network()
    rows = [line.split("\t") for line in PREDICTED.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 400
    assert [word for word, phones in rows if " ".join(network(word)) != phones] == []


# It leaves a file to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(importlib.util.find_spec("g2p_en") is None, reason="needs the package g2p-en")
def test_as_the_installed_g2p_en_predicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other imports are not needed for this, and would look for data in the network."""
    nothing = types.SimpleNamespace(find=lambda name: None, dict=dict, tokenize=None)
    for name, names in {
        "nltk": {"data": nothing, "pos_tag": None},
        "nltk.corpus": {"cmudict": nothing},
        "nltk.tokenize": {"TweetTokenizer": lambda: nothing},
        "inflect": {"engine": lambda: None},
    }.items():
        module: Any = types.ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("g2p_en", "g2p_en.g2p", "g2p_en.expand"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from g2p_en.g2p import G2p

    theirs, ours = G2p(), Network()
    rng = np.random.default_rng(11)
    syllables = [
        first + vowel + last for first in "bdfgklmnprstvz" for vowel in "aeiou" for last in " nrstkx"
    ]
    words = ["".join(rng.choice(syllables, rng.integers(1, 5))).replace(" ", "") for _ in range(300)]
    assert [word for word in words if list(ours(word)) != theirs.predict(word)] == []


def test_packed_weights_keep_16_bits_of_each_row() -> None:
    rng = np.random.default_rng(0)
    weights = {
        "matrix": (rng.standard_normal((5, 7)) * 10.0 ** rng.integers(-3, 3, (5, 1))).astype(np.float32),
        "row": rng.standard_normal(7).astype(np.float32),
        "nothing": np.zeros((2, 3), np.float32),
        "empty": np.zeros((1, 0), np.float32),
    }
    again = unpack(pack(weights))
    assert {name: (value.dtype, value.shape) for name, value in again.items()} == {
        name: (value.dtype, value.shape) for name, value in weights.items()
    }
    largest = np.abs(weights["matrix"]).max(1, keepdims=True)
    assert (np.abs(again["matrix"] - weights["matrix"]) <= largest * 2.0**-16 * 1.01).all()
    assert all(np.array_equal(again[name], weights[name]) for name in ("row", "nothing", "empty"))
    assert all(np.array_equal(value, pack(again)[name]) for name, value in pack(weights).items())


def test_size() -> None:
    assert WEIGHTS.stat().st_size < 1_700_000
