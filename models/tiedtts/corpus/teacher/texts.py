"""Texts that a teacher is to say, each with a name and the phones that it comes to."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tiedtts.corpus import checks
from tiedtts.corpus.transcripts import Transcriber, Transcript
from tiedtts.errors import ConfigError

REPEATED = "text that stands in the list before"
"""Why a text is not said again."""

_DIGITS = 12
"""Hexadecimal digits of a name: no two of a million texts are likely to share one."""
_SEPARATOR = "|"
"""Separates the columns of `metadata.csv`, and so cannot stand in a text."""


@dataclass(frozen=True)
class Text:
    """One text, cleaned."""

    id: str
    """Name of its clip."""
    text: str
    """One line."""

    @property
    def key(self) -> str:
        """Digest of the text, which a clip of it is kept under."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def named(texts: Iterable[tuple[str | None, str]]) -> tuple[list[Text], dict[str, list[str]]]:
    """Clean texts, and name those that have no name by what they say.

    A name does not depend on the place in the list: with more texts, or in another order, the clips that are
    there already are found again.

    Args:
        texts: Name, if it has one, and text of each.

    Returns:
        The texts, and the names of those that were left out, by reason.

    Raises:
        ConfigError: A name is no name of a file.
    """
    found: dict[str, Text] = {}
    left_out: dict[str, list[str]] = {}
    for name, text in texts:
        clean = " ".join(text.replace(_SEPARATOR, " ").split())
        own = name if name is not None else f"t{hashlib.sha256(clean.encode()).hexdigest()[:_DIGITS]}"
        if own != checks.safe_name(own):
            raise ConfigError(f"`{own}` is no name for a clip", hint="use letters, digits, `-` and `_`")
        # Some systems know no capitals in the names of files.
        earlier = found.get(own.lower())
        if earlier is None:
            found[own.lower()] = Text(own, clean)
        else:
            reason = REPEATED if earlier.text == clean else checks.DUPLICATE
            left_out.setdefault(reason, []).append(own)
    return list(found.values()), left_out


def digest(texts: Iterable[Text]) -> str:
    """Return what changes when one of the texts or its name changes; their order does not count."""
    value = hashlib.sha256()
    for line in sorted(f"{text.id}\t{text.text}\n" for text in texts):
        value.update(line.encode())
    return value.hexdigest()


def read(texts: Iterable[Text], lexicon: Path | None, tell: Callable[[int], None]) -> list[Transcript]:
    """Return the phones of each text.

    Args:
        texts: In any order.
        lexicon: A user lexicon.
        tell: Told how many texts are done.

    Raises:
        TextError: The lexicon cannot be read.
    """
    transcribe = Transcriber(lexicon)
    made = []
    for number, text in enumerate(texts):
        if number % 100 == 0:
            tell(number)
        made.append(_unfit(text.text) or transcribe(text.text))
    return made


def _unfit(text: str) -> Transcript | None:
    if len(text) > checks.MOST_CHARACTERS:
        return Transcript(rejected=checks.LONG_TEXT)
    # No argument of a program can hold it.
    return Transcript(rejected=checks.UNREAD) if "\0" in text else None
