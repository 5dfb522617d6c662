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
            yield from halves(sentence, place)
        else:
            yield sentence
        break
    yield from sentences


def certain(sentence: Sentence) -> tuple[Sentence | None, bool]:
    """Return the first clauses of a sentence of which only the beginning is known.

    Args:
        sentence: Its beginning, so far as its words are whole.

    Returns:
        What `cut` will yield first once all of it is known, if that is certain; and whether more words can
        still change that.
    """
    # Its last phone is the mark of an end that is none.
    if len(sentence.phones) - 1 < LONGEST + SHORTEST:
        return None, True
    place = _place(sentence)
    return (halves(sentence, place)[0] if 0 < place <= LONGEST else None), False


def without(sentence: Sentence, words: int) -> Sentence | None:
    """Return a sentence without its first words, which were said already; nothing if there are no others."""
    if not words:
        return sentence
    ends = [place for place, phone in enumerate(sentence.phones) if 0 <= phone.word < words]
    place = max(ends, default=-1) + 1
    # The comma belongs to the words before it.
    while place < len(sentence.phones) and sentence.phones[place].word < 0:
        place += 1
    return halves(sentence, place)[1] if place < len(sentence.phones) else None


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


def halves(sentence: Sentence, place: int) -> tuple[Sentence, Sentence]:
    """Return a sentence in two: what stands before a phone, which is not the first, and what follows."""
    first, rest = sentence.phones[:place], sentence.phones[place:]
    said = 1 + max(phone.word for phone in first)
    silence = replace(sentence.phones[0], clause=rest[0].clause)
    shifted = (_shifted(phone, said) for phone in rest)
    whole = sentence.prosody
    spoken = [word.text for word in sentence.words]
    counts = said, len(spoken) - said
    texts = excerpts.cut(sentence.text, spoken, sentence.places, counts)
    one, other = (
        replace(
            sentence,
            text=text,
            words=words,
            phones=phones,
            prosody=prosody,
            before=before,
            after=after,
            gap=gap,
            places=tuple(places),
        )
        for (text, places), words, phones, prosody, (before, after, gap) in zip(
            texts,
            (sentence.words[:said], sentence.words[said:]),
            (first, (silence, *shifted)),
            (None, None) if whole is None else whole.cut(place),
            ((sentence.before, 0.0, sentence.gap), (None, sentence.after, None)),
            strict=True,
        )
    )
    return one, other


def _shifted(phone: Phone, words: int) -> Phone:
    return replace(phone, word=phone.word - words) if phone.word >= 0 else phone
