"""Pronunciations a user writes down for words that come out wrong; see `lexicon_lines` for their lines."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.text.pronounce import lexicon_lines
from tiedtts.text.pronounce.lexicon_lines import PHONE_HINT, Entry, Pattern, read_labels

__all__ = ["PHONE_HINT", "Entry", "Files", "Pattern", "UserLexicon", "longest_first", "read", "read_labels"]

LARGEST = 1 << 26
"""Bytes; a lexicon of a million words has fewer."""

Files = StrPath | Sequence[StrPath] | None
"""A lexicon, or several, or none."""


@dataclass(frozen=True)
class UserLexicon:
    """Words and patterns of a user, put together from files."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    """Entries by word or phrase, in lower case."""
    patterns: Sequence[Pattern] = ()
    """Patterns in the order in which they are tried, within a priority."""

    @property
    def priorities(self) -> list[int]:
        """Priorities that there are, the highest first."""
        found = {entry.priority for entry in self.entries.values()}
        return sorted(found | {pattern.priority for pattern in self.patterns}, reverse=True)


def read(files: Files) -> UserLexicon:
    """Read lexicon files.

    Of several entries for a word, that of the highest priority holds, then that of the last file, then that
    of the first line.

    Args:
        files: Text files in UTF-8.

    Raises:
        TextError: A file cannot be read, or a line of it; the message tells its number.
    """
    entries: dict[str, Entry] = {}
    patterns: list[Pattern] = []
    for file in () if files is None else (files,) if isinstance(files, str | os.PathLike) else files:
        own: dict[str, Entry] = {}
        found: list[Pattern] = []
        for line in _lines(Path(file)):
            if isinstance(line, Pattern):
                found.append(replace(line, file=str(file)))
                continue
            word, entry = line
            if word not in own or own[word].priority < entry.priority:
                own[word] = replace(entry, file=str(file))
        for word, entry in own.items():
            if word not in entries or entries[word].priority <= entry.priority:
                entries[word] = entry
        patterns = found + patterns
    return UserLexicon(entries, patterns)


def _lines(path: Path) -> Iterator[tuple[str, Entry] | Pattern]:
    """Yield what the lines of a file say."""
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
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found = lexicon_lines.read(line)
        except lexicon_lines.Wrong as error:
            raise TextError(f"{path}:{number}: {error}", hint=error.hint) from None
        if isinstance(found, Pattern):
            yield replace(found, line=number)
        elif found is not None:
            yield found


def longest_first(entries: Iterable[str]) -> list[str]:
    """Return the words so that none hides a longer one that starts with it."""
    return sorted(entries, key=lambda word: (-len(word), word))
