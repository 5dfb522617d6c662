"""The phone inventory: what a voice is given instead of letters.

ARPAbet without stress digits, a silence and four pauses named after their punctuation. Stress, the place
in the word and the punctuation that ends the clause travel beside each phone as factors of their own.
The order is part of the checkpoint format: a change of it needs a new `INVENTORY_VERSION`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

INVENTORY_VERSION = 1
"""Written into every checkpoint and voice."""

SILENCE = "sil"
PAUSES = (",", ".", "?", "!")
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
VOWELS = tuple("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
PHONES = ("_", SILENCE, *PAUSES, *CONSONANTS, *VOWELS)
"""Every symbol; its index is its id. `_` pads a batch."""
STRESSES = ("_", "0", "1", "2")
"""None (consonants, pauses), unstressed, primary, secondary."""
POSITIONS = ("_", "begin", "middle", "end", "single")
"""Place of a phone in its word."""
CLAUSES = ("_", *PAUSES)
"""The punctuation that ends the clause a phone stands in."""
FACTORS = (len(PHONES), len(STRESSES), len(POSITIONS), len(CLAUSES))
"""Number of values of each column of `encode`."""

_PHONE_IDS = {symbol: index for index, symbol in enumerate(PHONES)}
SILENCE_ID = _PHONE_IDS[SILENCE]
FIRST_SPEECH_ID = _PHONE_IDS[CONSONANTS[0]]
"""Ids from here on are speech sounds; those below are silence and pauses."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone or pause with its factors."""

    symbol: str
    """A member of `PHONES`."""
    stress: int = 0
    """Index into `STRESSES`."""
    position: int = 0
    """Index into `POSITIONS`."""
    clause: int = 2
    """Index into `CLAUSES`."""
    word: int = -1
    """Index of the word in its sentence; -1 for silence and pauses."""
    is_break: bool = False
    """Whether it is the pause of a phrase break, where nothing is written."""

    @property
    def is_speech(self) -> bool:
        """Whether this is a sound rather than silence or a pause."""
        return _PHONE_IDS[self.symbol] >= FIRST_SPEECH_ID

    @property
    def row(self) -> tuple[str, int, int, int, int]:
        """The fields that a manifest keeps; a recording has no predicted breaks."""
        return self.symbol, self.stress, self.position, self.clause, self.word

    @property
    def label(self) -> str:
        """ARPAbet with its stress digit, `AH0`."""
        return self.symbol + (STRESSES[self.stress] if self.stress else "")


def split_stress(label: str) -> tuple[str, int]:
    """Split `AH0` into its symbol and its index into `STRESSES`.

    A vowel without a digit counts as primary stressed.

    Raises:
        ValueError: `label` is not an ARPAbet phone.
    """
    symbol = label.rstrip("012").upper()
    digit = label[len(symbol) :]
    if symbol not in _PHONE_IDS or _PHONE_IDS[symbol] < FIRST_SPEECH_ID or len(digit) > 1:
        raise ValueError(label)
    if symbol not in VOWELS:
        return symbol, 0
    return symbol, STRESSES.index(digit or "1")


def encode(phones: Sequence[Phone]) -> npt.NDArray[np.int64]:
    """Turn phones into the numbers a net reads.

    Returns:
        Phone, stress, position and clause ids, (T, 4).
    """
    rows = [(_PHONE_IDS[p.symbol], p.stress, p.position, p.clause) for p in phones]
    return np.array(rows, dtype=np.int64).reshape(-1, len(FACTORS))
