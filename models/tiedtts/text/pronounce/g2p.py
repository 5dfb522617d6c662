"""Letters to phones for words no dictionary knows: the network of the package g2p-en.

A GRU encoder and a GRU decoder (Park & Kim, "g2pE", 2019) run here in numpy. Their weights come with this
package, see `scripts/pack_g2p.py`; g2p-en itself, which brings code under the GPL, is not needed to speak.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.text.phones import CONSONANTS, VOWELS
from tiedtts.text.pronounce.lexicon import Pronunciation

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "data" / "g2p.npz"
"""The packed weights."""
MAX_PHONES = 20
"""The network was trained to stop by then."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST_LETTER = 3  # after <pad>, <unk>, </s>
_END_OF_WORD = 2
_START, _STOP, _FIRST_PHONE = 2, 3, 4


def pack(weights: Array) -> npt.NDArray[np.uint8]:
    """Return weights with their lowest 8 of 32 bits rounded away, as 3 planes of bytes, (3, ...)."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32).astype(np.uint64) + 0x80
    return np.stack([(bits >> shift).astype(np.uint8) for shift in (24, 16, 8)])


def unpack(planes: npt.NDArray[np.uint8]) -> Array:
    """Return the weights that `pack` stored."""
    bits = np.zeros((*planes.shape[1:], 4), np.uint8)
    bits[..., 3], bits[..., 2], bits[..., 1] = planes
    return bits.view("<f4")[..., 0].astype(np.float32, copy=False)


def _labels() -> tuple[str, ...]:
    vowels = [vowel + digit for vowel in VOWELS for digit in "012"]
    return tuple(sorted([*CONSONANTS, *vowels, "UW"]))


class Network:
    """Predicts the phones of a word; the weights are read at the first word."""

    @cached_property
    def _weights(self) -> dict[str, Array]:
        with np.load(WEIGHTS, allow_pickle=False) as arrays:
            return {name: unpack(arrays[name]) for name in arrays.files}

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
