"""A book spoken as one sound: chapter after chapter, with the places where they begin."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tiedtts.errors import TextError
from tiedtts.settings import Settings
from tiedtts.speech import pauses
from tiedtts.speech.speech import Speech
from tiedtts.speech.timing import Mark
from tiedtts.text.left_out import NOTHING

if TYPE_CHECKING:
    from tiedtts.speech.recording import Speaker
    from tiedtts.text.books.epub import Book

GAP = 8.0
"""Silence between two chapters, in that between sentences."""


class Audiobook:
    """Speaks a book, as a voice speaks a text.

    Args:
        voice: Who speaks.
        book: The book.
        titles: Whether a chapter that does not begin with its title is announced by it.
    """

    def __init__(self, voice: "Speaker", book: "Book", *, titles: bool = True) -> None:
        self.sample_rate = voice.sample_rate
        self.chapters: list[tuple[float, str]] = []
        """Where each chapter that was begun begins, seconds, and its title."""
        self.share = 0.0
        """Part of the book that was spoken, 0 to 1."""
        self.seconds = 0.0
        """Length of what was spoken."""
        self._voice, self._book, self._titles = voice, book, titles

    def stream(self, text: str | Iterable[str], settings: Settings) -> Iterator[Speech]:
        """Yield the speech of the book sentence by sentence.

        Args:
            text: The title of the book, which is not spoken.
            settings: How it is spoken.
        """
        settings = replace(settings, markup="html")
        samples = 0
        warnings: list[str] = []
        before = 0.0
        for chapter in self._book.chapters(titles=self._titles):
            if samples:
                gap = pauses.still(
                    round(settings.silence(paragraph=False) * GAP * self.sample_rate), self.sample_rate
                )
                samples += len(gap.samples)
                yield gap
            begin, said = samples, 0
            try:
                for part in self._voice.stream(chapter.text, settings):
                    if not said:
                        self.chapters.append((begin / self.sample_rate, chapter.title))
                        part = replace(part, marks=(Mark(chapter.title, 0, self.sample_rate), *part.marks))
                    said += len(part.text)
                    samples += len(part.samples)
                    self.seconds = samples / self.sample_rate
                    reached = min(said / max(len(chapter.plain), 1), 1.0)
                    self.share = before + (chapter.share - before) * reached
                    yield replace(part, is_last=False)
            except TextError as error:
                warnings.append(f"chapter {chapter.number}: {error}")
            before = self.share = chapter.share
        if not self.chapters:
            raise TextError("; ".join((NOTHING, *warnings[:1])))
        yield replace(pauses.still(0, self.sample_rate), warnings=tuple(warnings), is_last=True)
