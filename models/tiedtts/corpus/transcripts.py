"""Transcripts: the phones of the texts that were read, and the reasons why some texts have none."""

from dataclasses import dataclass, replace
from pathlib import Path

from tiedtts.corpus import checks
from tiedtts.errors import TextError, is_out_of_memory
from tiedtts.text.frontend import FrontEnd, Word
from tiedtts.text.phones import Phone

GUESSED = "g2p-en"
"""Source of words that no dictionary has."""


@dataclass(frozen=True)
class Transcript:
    """The phones of one text."""

    phones: tuple[Phone, ...] = ()
    guessed: tuple[str, ...] = ()
    """Words in no dictionary."""
    rejected: str | None = None
    """Why recordings of the text cannot be used."""
    notes: tuple[str, ...] = ()
    """Remarks on the text, such as parts that were left out."""
    words: tuple[str, ...] = ()
    """Spoken words, which `Phone.word` counts."""


class Transcriber:
    """Transcribes texts; all takes of a text cost one look-up.

    Args:
        lexicon: A user lexicon.
    """

    def __init__(self, lexicon: Path | None) -> None:
        self._front_end = FrontEnd(lexicon)
        self._known: dict[str, Transcript] = {}

    def __call__(self, text: str) -> Transcript:
        """Return the phones of a text, or why it has none."""
        if text not in self._known:
            self._known[text] = self._transcribe(text)
        return self._known[text]

    def _transcribe(self, text: str) -> Transcript:
        try:
            analysis = self._front_end.analyse(text)
        except TextError:
            return Transcript(rejected=checks.UNSPEAKABLE)
        # A text that trips the front end up must not end the corpus with it.
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return Transcript(rejected=checks.UNREAD)
        if analysis.wrong_phones:
            # Nobody knows whether they were said: a voice must not learn from a guess.
            return Transcript(rejected=checks.UNSPEAKABLE)
        phones: list[Phone] = []
        words: list[Word] = []
        for sentence in analysis.sentences:
            # A recording is one stretch of sound: the pause that ends a sentence is enough.
            start = 1 if phones else 0
            shift = len(words)
            phones += [
                replace(phone, word=phone.word + shift) if phone.word >= 0 else phone
                for phone in sentence.phones[start:]
            ]
            words += sentence.words
        if not any(phone.is_speech for phone in phones):
            return Transcript(rejected=checks.UNSAID)
        guessed = tuple(word.text for word in words if word.source == GUESSED)
        notes = (checks.LEFT_OUT,) if analysis.warnings else ()
        return Transcript(tuple(phones), guessed, None, notes, tuple(word.text for word in words))
