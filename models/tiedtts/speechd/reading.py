"""Reading of messages: SSML, characters and names of keys become spans of text, as parameters want it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

from tiedtts.errors import TextError
from tiedtts.speechd import capitals, characters, keys, punctuation
from tiedtts.speechd.parameters import Parameters
from tiedtts.text.markup import ssml
from tiedtts.text.markup.spans import Span

_TAG = re.compile(r"<[^<>]*>")
_ROOT = re.compile(r"\s*<(?:\?xml|speak\b)")


def message(text: str, parameters: Parameters) -> tuple[Span, ...]:
    """Return the spans of a message in SSML; its tags are left out if it is not well-formed."""
    found: list[Span] = []
    for span in _parsed(text):
        if span.mark is not None or not span.text:
            found.append(span)
        elif parameters.spelling_mode == "on":
            found.append(replace(span, text=spelling(span.text, parameters), source=None))
        else:
            named = punctuation.named(span.text, parameters.punctuation_mode, parameters.punctuation_some)
            if named != span.text:
                span = replace(span, text=named, source=None)
            found += _with_capitals(span, parameters)
    return tuple(found)


def _parsed(text: str) -> tuple[Span, ...]:
    # A client's own SSML may come without its root.
    whole = text if _ROOT.match(text) else f"<speak>{text}</speak>"
    try:
        return ssml.parse(whole).spans
    except TextError:
        return (Span(unescape(_TAG.sub(" ", text))),)


def _with_capitals(span: Span, parameters: Parameters) -> Iterator[Span]:
    if parameters.cap_let_recogn == "icon":
        yield from capitals.marked(span)
    elif parameters.cap_let_recogn == "spell":
        yield replace(span, text=capitals.spelled(span.text), source=None)
    else:
        yield span


def spelling(text: str, parameters: Parameters) -> str:
    """Return a text character by character, with a pause after each and a longer one after each word."""
    words = (
        ", ".join(filter(None, (_character(one, parameters) for one in characters.clusters(word))))
        for word in text.split()
    )
    return "; ".join(filter(None, words))


def character(text: str, parameters: Parameters) -> tuple[Span, ...]:
    """Return the spans of a single character; a space may come as the word."""
    # A line of data has lost the space that is all of it.
    text = " " if text in ("space", "") else text
    found = characters.clusters(text)
    if len(found) > 1:
        # The server has put the name of a sign in the place of the sign.
        return (Span(text),)
    tone = parameters.cap_let_recogn == "icon" and text.isupper()
    return (*([Span("", mark=capitals.TONE)] if tone else ()), Span(_character(text, parameters)))


def _character(text: str, parameters: Parameters) -> str:
    said = characters.spoken(text)
    return f"capital {said}" if parameters.cap_let_recogn == "spell" and text.isupper() else said


def key(name: str, parameters: Parameters) -> tuple[Span, ...]:
    """Return the spans of the name of a key."""
    name = name.strip()
    return character(name, parameters) if len(name) == 1 else (Span(keys.spoken(name)),)
