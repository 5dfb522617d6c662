"""Letters to phones for words no dictionary knows: the network of the package g2p-en.

A GRU encoder and a GRU decoder (Park & Kim, "g2pE", 2019) run here in numpy. Their weights come with this
package, see `scripts/pack_g2p.py`; g2p-en itself, which brings code under the GPL, is not needed to speak.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.text.phones import CONSONANTS, VOWELS
from tiedtts.text.pronounce.lexicon import Pronunciation

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "data" / "g2p.npz"
"""The packed weights."""
SCALE = ".scale"
"""End of the names of the scales of a matrix."""
MAX_PHONES = 20
"""The network was trained to stop by then."""

_MOST, _TINY = 32_767, 1e-30
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST_LETTER = 3  # after <pad>, <unk>, </s>
_END_OF_WORD = 2
_START, _STOP, _FIRST_PHONE = 2, 3, 4


def pack(weights: Mapping[str, Array]) -> dict[str, npt.NDArray[Any]]:
    """Return weights as they are stored: matrices in 16 bits, with a scale for each row.

    Args:
        weights: Matrices, (R, C), and rows, (C,), by name.

    Returns:
        Rows as they are; of a matrix its integers, as a plane of their upper bytes and one of their lower
        bytes, (2, R, C), which are compressed better, and under `NAME.scale` a step of each row, (R, 1).
    """
    packed: dict[str, npt.NDArray[Any]] = {}
    for name, values in weights.items():
        if values.ndim < 2:
            packed[name] = values.astype(np.float32)
            continue
        scale = np.maximum(np.abs(values).max(1, keepdims=True, initial=0.0), _TINY) / _MOST
        steps = np.rint(values / scale).astype(np.int16)
        packed[name] = np.stack([(steps >> 8).astype(np.int8).view(np.uint8), steps.astype(np.uint8)])
        packed[name + SCALE] = scale.astype(np.float32)
    return packed


def unpack(packed: Mapping[str, npt.NDArray[Any]]) -> dict[str, Array]:
    """Return the weights that `pack` stored."""
    weights: dict[str, Array] = {}
    for name, values in packed.items():
        if name.endswith(SCALE):
            continue
        if values.dtype == np.uint8:
            steps = values[0].view(np.int8).astype(np.int16) * 256 + values[1]
            weights[name] = steps.astype(np.float32) * packed[name + SCALE]
        else:
            weights[name] = values
    return weights


def _labels() -> tuple[str, ...]:
    vowels = [vowel + digit for vowel in VOWELS for digit in "012"]
    return tuple(sorted([*CONSONANTS, *vowels, "UW"]))


class Network:
    """Predicts the phones of a word; the weights are read at the first word."""

    @cached_property
    def _weights(self) -> dict[str, Array]:
        with np.load(WEIGHTS, allow_pickle=False) as arrays:
            return unpack({name: arrays[name] for name in arrays.files})

    def __call__(self, word: str) -> Pronunciation:
        """Return the phones of one word of the letters a to z, at most `MAX_PHONES`."""
        weights, labels = self._weights, _labels()
        hidden = np.zeros(weights["enc_w_hh"].shape[1], np.float32)
        for index in [*(_FIRST_LETTER + _LETTERS.index(c) for c in word), _END_OF_WORD]:
            hidden = self._step("enc", index, hidden)
        phones: list[str] = []
        index = _START
        for _ in range(MAX_PHONES):
            hidden = self._step("dec", index, hidden)
            index = int((weights["fc_w"] @ hidden + weights["fc_b"]).argmax())
            if index == _STOP:
                break
            if index >= _FIRST_PHONE:
                label = labels[index - _FIRST_PHONE]
                phones.append("UW1" if label == "UW" else label)
        return tuple(phones)

    def _step(self, part: str, index: int, hidden: Array) -> Array:
        weights = self._weights
        x = weights[f"{part}_w_ih"] @ weights[f"{part}_emb"][index] + weights[f"{part}_b_ih"]
        h = weights[f"{part}_w_hh"] @ hidden + weights[f"{part}_b_hh"]
        size = len(hidden)
        reset, update = np.split(1 / (1 + np.exp(-(x + h)[: 2 * size])), 2)
        candidate = np.tanh(x[2 * size :] + reset * h[2 * size :])
        new: Array = (1 - update) * candidate + update * hidden
        return new
