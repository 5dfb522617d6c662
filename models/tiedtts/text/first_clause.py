"""Cuts a long first sentence in two: its first clauses are heard while the rest is synthesised."""

from collections.abc import Iterator
from dataclasses import replace

from tiedtts.text import excerpts
from tiedtts.text.frontend import Sentence
from tiedtts.text.phones import Phone

LONGEST = 70
"""A first sentence with more phones, six seconds, is cut if there is a place."""
SHORTEST = 20
"""Phones that must stand before the cut, a second and a half, and after it."""


def cut(sentences: Iterator[Sentence]) -> Iterator[Sentence]:
    """Yield the sentences of a text; of the first, where it is long, its first clauses on their own.

    The cut is at a comma or what is spoken like one, where the voice pauses anyway; a sentence without
    stays whole. It is made in the same place whether the text is streamed or not.
    """
    for sentence in sentences:
        place = _place(sentence)
        if place:
            yield from _halves(sentence, place)
        else:
            yield sentence
        break
    yield from sentences


def _place(sentence: Sentence) -> int:
    """Return how many phones to speak first: the most within `LONGEST`, else the fewest; 0 for all."""
    phones = sentence.phones
    if len(phones) <= LONGEST:
        return 0
    commas = [
        place
        for place in range(SHORTEST, len(phones) - SHORTEST)
        if phones[place].symbol == "," and not phones[place].is_break
    ]
    early = [place for place in commas if place < LONGEST]
    place = early[-1] if early else commas[0] if commas else -1
    return place + 1


def _halves(sentence: Sentence, place: int) -> Iterator[Sentence]:
    first, rest = sentence.phones[:place], sentence.phones[place:]
    said = 1 + max(phone.word for phone in first)
    silence = replace(sentence.phones[0], clause=rest[0].clause)
    shifted = (_shifted(phone, said) for phone in rest)
    whole = sentence.prosody
    spoken = [word.text for word in sentence.words]
    counts = said, len(spoken) - said
    texts = excerpts.cut(sentence.text, spoken, sentence.places, counts)
    for (text, places), words, phones, prosody, (before, after) in zip(
        texts,
        (sentence.words[:said], sentence.words[said:]),
        (first, (silence, *shifted)),
        (None, None) if whole is None else whole.cut(place),
        ((sentence.before, 0.0), (None, sentence.after)),
        strict=True,
    ):
        yield replace(
            sentence,
            text=text,
            words=words,
            phones=phones,
            prosody=prosody,
            before=before,
            after=after,
            places=tuple(places),
        )


def _shifted(phone: Phone, words: int) -> Phone:
    return replace(phone, word=phone.word - words) if phone.word >= 0 else phone
