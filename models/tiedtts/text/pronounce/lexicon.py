"""The pronunciation dictionary, packed so that a look-up needs no parsing.

A packed file is one header line (a magic word, a version, the phone labels in the order of their codes) and
one line a word, sorted by its bytes: the word in ASCII, a byte of 128 and up for each phone, and the byte 255
between one pronunciation and the next. A look-up is a binary search over the bytes of the file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.text.phones import CONSONANTS, VOWELS

__all__ = [
    "CMUDICT",
    "LABELS",
    "MORE_WORDS",
    "Lexicon",
    "Pronunciation",
    "pack",
    "read_cmudict",
]

Pronunciation = tuple[str, ...]
"""ARPAbet labels with stress digits: `("HH", "AH0", "L", "OW1")`."""

LABELS = (*CONSONANTS, *(vowel + digit for vowel in VOWELS for digit in "012"))
"""Every label a pronunciation may hold."""

CMUDICT = Path(__file__).parents[1] / "data" / "cmudict.bin"
"""The packed CMU Pronouncing Dictionary."""
MORE_WORDS = CMUDICT.with_name("more_words.bin")
"""Words that it lacks and that would be guessed wrong, from misaki's dictionary; packed, too."""

_MAGIC = b"tiedtts-lexicon 1"
_FIRST_CODE = 128
_VARIANT = 255


class Lexicon:
    """A packed dictionary in memory.

    Args:
        packed: The bytes of a packed file, as `pack` yields them.
    """

    def __init__(self, packed: bytes) -> None:
        header, _, _ = packed.partition(b"\n")
        if not header.startswith(_MAGIC):
            raise TextError("not a packed lexicon", hint="build one with scripts/pack_lexicon.py")
        self._packed = packed
        self._first = len(header) + 1
        self._labels = header[len(_MAGIC) :].decode("ascii").split()

    @classmethod
    def open(cls, path: StrPath = CMUDICT) -> "Lexicon":
        """Read a packed file."""
        path = Path(path)
        return cls(path.read_bytes())

    def __contains__(self, word: str) -> bool:
        return self._find(word) is not None

    def get(self, word: str) -> tuple[Pronunciation, ...]:
        """Return all pronunciations of a word in lower case, the usual one first; none if unknown."""
        codes = self._find(word)
        if codes is None:
            return ()
        variants = codes.split(bytes([_VARIANT]))
        return tuple(tuple(self._labels[c - _FIRST_CODE] for c in codes) for codes in variants)

    def _find(self, word: str) -> bytes | None:
        try:
            key = word.encode("ascii")
        except UnicodeEncodeError:
            return None
        low, high = self._first, len(self._packed)
        while low < high:
            start = self._packed.rfind(b"\n", self._first - 1, (low + high) // 2) + 1
            end = self._packed.find(b"\n", start)
            line = self._packed[start:end]
            found = line[: _word_length(line)]
            if found == key:
                return line[len(found) :]
            if found < key:
                low = end + 1
            else:
                high = start
        return None


def _word_length(line: bytes) -> int:
    return next((i for i, byte in enumerate(line) if byte >= _FIRST_CODE), len(line))


def read_cmudict(lines: Iterable[str]) -> dict[str, list[Pronunciation]]:
    """Read the text form of the CMU dictionary: `word PH PH`, further variants as `word(2) PH PH`.

    Returns:
        Pronunciations by word, variants in the order of the file.
    """
    words: dict[str, list[Pronunciation]] = {}
    for line in lines:
        word, *phones = line.partition(" #")[0].split() or [""]
        if not word or word.startswith(";;;"):
            continue
        words.setdefault(word.partition("(")[0].lower(), []).append(tuple(phones))
    return words


def pack(words: Mapping[str, Iterable[Pronunciation]]) -> bytes:
    """Pack a dictionary into the bytes `Lexicon` reads.

    Raises:
        TextError: A word is not ASCII or a phone is unknown.
    """
    codes = {label: bytes([_FIRST_CODE + index]) for index, label in enumerate(LABELS)}
    lines = []
    for word, variants in words.items():
        if not word.isascii() or "\n" in word:
            raise TextError(f"a packed word must be ASCII, got: {word!r}")
        try:
            coded = [b"".join(codes[phone] for phone in phones) for phones in variants]
        except KeyError as error:
            raise TextError(f"unknown phone `{error.args[0]}` in `{word}`") from None
        lines.append((word.encode(), bytes([_VARIANT]).join(dict.fromkeys(coded))))
    header = _MAGIC + b" " + " ".join(LABELS).encode()
    return b"".join([header, b"\n", *(word + coded + b"\n" for word, coded in sorted(lines))])
