"""Capital letters, told by a word or by a short tone before them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from tiedtts.text.markup.spans import Span

TONE = "\0capital"
"""Name of the marks at which a tone is heard; no message can have one of this name."""
_CAPITAL = re.compile(r"(?<![^\W_])(?:[^\W\d_]\w*)")


def spelled(text: str) -> str:
    """Return a text with "capital" before each word that begins with one, "all caps" before whole words."""
    return _CAPITAL.sub(_announced, text)


def _announced(match: re.Match[str]) -> str:
    word = match[0]
    if not word[0].isupper():
        return word
    return f"{'all caps' if len(word) > 1 and word.isupper() else 'capital'} {word}"


def marked(span: Span) -> Iterator[Span]:
    """Yield a span in parts, with a mark for a tone before each word that begins with a capital letter."""
    starts = [match.start() for match in _CAPITAL.finditer(span.text) if match[0][0].isupper()]
    cuts = [0, *starts, len(span.text)]
    for number, (start, end) in enumerate(pairwise(cuts)):
        if number:
            yield Span("", mark=TONE)
        if part := span.text[start:end].strip():
            last = end == len(span.text)
            yield replace(
                span,
                text=part,
                pause=span.pause if last else 0.0,
                boundary=span.boundary if last else "",
                source=None,
            )
