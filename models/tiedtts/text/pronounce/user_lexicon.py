"""Pronunciations a user writes down for words that come out wrong.

One entry a line: `word  HH AH0 L OW1` gives phones, `word = other words` a respelling. `#` starts a comment.
"""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.quoting import quoted
from tiedtts.text.phones import CONSONANTS, VOWELS, split_stress

LARGEST = 1 << 26
"""Bytes; a lexicon of a million words has fewer."""
PHONE_HINT = f"phones are {' '.join(CONSONANTS)} and, with a stress digit 0, 1 or 2, {' '.join(VOWELS)}"


Files = StrPath | Sequence[StrPath] | None
"""A lexicon, or several, or none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The pronunciation a user wants for a word: phones or other words."""

    phones: tuple[str, ...] = ()
    """ARPAbet labels with stress digits."""
    respelling: str = ""
    """Ordinary words to speak instead."""
    file: str = field(default="", compare=False)
    """The file it was read from."""


def read_labels(text: str) -> tuple[str, ...]:
    """Read phones separated by spaces; a vowel without a digit gets primary stress.

    Raises:
        ValueError: A part is not a phone; its text is the argument.
    """
    labels = []
    for part in text.split():
        symbol, stress = split_stress(part)
        labels.append(f"{symbol}{stress - 1}" if stress else symbol)
    return tuple(labels)


def read_user_lexicon(path: StrPath) -> dict[str, Entry]:
    """Read a lexicon file; of several lines for a word the first wins.

    Args:
        path: A text file in UTF-8.

    Returns:
        Entries by word in lower case.

    Raises:
        TextError: The file cannot be read, or a line is neither phones nor a respelling.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OSError(None, f"it is larger than {LARGEST:,} bytes")
        if b"\0" in data:
            raise OSError(None, "it is no text")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise TextError(
            f"cannot read the lexicon {path}: {(error.strerror or 'unknown reason').lower()}",
            hint="a lexicon has a line a word: the word, then its phones",
        ) from None
    except UnicodeDecodeError as error:
        raise TextError(
            f"the lexicon {path} is not UTF-8, at byte {error.start}", hint="save it as UTF-8"
        ) from None
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = _without_comment(line)
        if not line.strip():
            continue
        try:
            word, entry = _read_line(line)
        except ValueError as error:
            raise TextError(f"{path}:{number}: {error}", hint=PHONE_HINT) from None
        entries.setdefault(word, entry)
    return entries


def read_user_lexicons(files: Files) -> dict[str, Entry]:
    """Read lexicon files; of several entries for a word the last holds.

    Raises:
        TextError: A file cannot be read, or a line is neither phones nor a respelling.
    """
    if files is None:
        return {}
    entries: dict[str, Entry] = {}
    for file in (files,) if isinstance(files, str | os.PathLike) else files:
        found = read_user_lexicon(Path(file))
        entries |= {word: replace(entry, file=str(file)) for word, entry in found.items()}
    return entries


def _without_comment(line: str) -> str:
    # `c# = see sharp` is a word, not a comment: a comment starts the line or follows a space.
    start = 0 if line.lstrip().startswith("#") else line.find(" #")
    return line if start < 0 else line[:start]


def _read_line(line: str) -> tuple[str, Entry]:
    written, equals, respelling = line.partition("=")
    if equals and len(written.split()) == 1:
        if not respelling.strip():
            raise ValueError(f"`{quoted(written.strip())}` has no words after `=`")
        return _key(written), Entry(respelling=respelling.strip())
    word, *phones = line.split(None, 1)
    if not phones:
        raise ValueError(f"`{quoted(word)}` has no phones")
    try:
        return _key(word), Entry(phones=read_labels(phones[0]))
    except ValueError as error:
        raise ValueError(f"`{quoted(str(error))}` is not a phone") from None


def _key(word: str) -> str:
    # CMU style: further pronunciations are written `word(2)`.
    word = unicodedata.normalize("NFC", word.strip().lower())
    return word[:-3] if word[-3:-2] == "(" and word[-1] == ")" and word[-2].isdigit() else word


def longest_first(entries: Mapping[str, Entry]) -> list[str]:
    """Return the words so that none hides a longer one that starts with it."""
    return sorted(entries, key=lambda word: (-len(word), word))
