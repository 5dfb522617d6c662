"""Words in capitals: which are spelled, which are words, and which are only shouted."""

import re
from collections.abc import Callable, Sequence

from tiedtts.text import tables

_TABLES = tables.read("initialisms")
ALWAYS = frozenset(_TABLES["spelled"])
"""Spelled wherever they stand in capitals."""
ALONE = frozenset(_TABLES["alone"])
"""Spelled unless the words around are shouted."""
AFTER_THE = frozenset(_TABLES["after the"])
"""Words that are initialisms only after `LEADS`."""
LEADS = frozenset(_TABLES["determiner"])
_OF_WHO = frozenset(_TABLES["of who"])
WORDS = frozenset(_TABLES["emphasised"])
"""Words of two or three letters that are emphasised in capitals, not spelled."""
_SHORT = 3
"""Letters of a word in capitals that is spelled unless it is in `WORDS`."""
_BASE = re.compile("([A-Z]{2,6})('?s)?")


def base(text: str) -> tuple[str, str]:
    """Return the capitals of a word in lower case and its ending, `ceo` and `s` for `CEOs`, if it has any."""
    match = _BASE.fullmatch(text)
    return (match[1].lower(), match[2] or "") if match else ("", "")


def is_spelled(name: str, before: str, after: str, *, shouted: bool) -> bool:
    """Return whether a word in capitals is spelled.

    Args:
        name: The word in lower case.
        before: The word before in lower case.
        after: The word after.
        shouted: The words around are in capitals, too.
    """
    if name in ALWAYS:
        return True
    if name in AFTER_THE and not shouted:
        if before in LEADS or before.endswith("'s"):
            return True
        if name == "who" and after in _OF_WHO:
            return True
    if name == "am" and before == "i":
        return False
    if name in ALONE:
        return not shouted
    return not shouted and len(name) <= _SHORT and name not in WORDS


def shouted(words: Sequence[str], is_known: Callable[[str], bool]) -> list[bool]:
    """Return for each word of a sentence whether it is shouted: it stands among words in capitals.

    Args:
        words: The words; others than words are empty.
        is_known: Tells whether a word in lower case is in the dictionary.
    """
    result = [False] * len(words)
    start = 0
    while start < len(words):
        if not words[start].isupper():
            start += 1
            continue
        end = start
        while end < len(words) and (words[end].isupper() or not words[end]):
            end += 1
        run = [word.lower() for word in words[start:end] if len(word) > 1]
        plain = [
            word for word in run if word not in ALWAYS and word not in ALONE and _is_plain(word, is_known)
        ]
        # `STOP IT` is shouted, `US ARMY` and `NASA FBI` are not.
        pair = len(run) == 2 and plain == run[:1] and run[1] in ("it", "us", "me")
        if pair or (len(run) > 2 and 2 * len(plain) >= len(run)) or (len(run) == 2 == len(plain)):
            result[start:end] = [True] * (end - start)
        start = end
    return result


def _is_plain(word: str, is_known: Callable[[str], bool]) -> bool:
    return word in WORDS if len(word) <= _SHORT else is_known(word.strip("'"))
