"""Columns of a table of recordings: which names the sound, which has the text, which tells who speaks."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tiedtts.corpus.recordings import prompt_of

SOUND_NAMES = (
    *("audio", "audio_file", "audio_path", "audio_filepath", "audio_name", "path", "file", "file_name"),
    *("filename", "file_path", "filepath", "wav", "wav_file", "wav_path", "wav_filename", "clip", "sound"),
    *("recording", "id", "utt_id", "utterance_id", "utterance", "name"),
)
TEXT_NAMES = (
    *("normalized_text", "normalised_text", "normalized", "normalised", "normalized_transcription"),
    *("text", "sentence", "transcript", "transcription", "prompt", "raw_text", "raw_transcription", "words"),
)
"""The first that is there and not empty is what was said."""
SPEAKER_NAMES = ("speaker", "speaker_id", "speaker_name", "spk", "spk_id", "sid", "client_id", "reader")
LANGUAGE_NAMES = ("language", "lang", "locale", "language_id", "lang_code", "lang_id")

_LANGUAGE = re.compile(r"[a-z]{2}([-_][A-Za-z]{2,4})?|[A-Z]{2}")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_FRACTION = re.compile(r"[-+]?\d+[.,]\d+")
_IPA = frozenset("ˈˌəɪʊɛɔæɑʌθðʃʒŋɹɾɡːɝɚɐ")
_ARPABET = re.compile(r"[A-Z]{1,2}[0-2]?")
_FEW_WORDS, _MORE_WORDS = 1.5, 2.0
"""Words that a label has at most, and a text at least, on average."""
_ALIKE = 0.3
"""Share of words that a text and its normalised form have in common."""
_ENOUGH = 5
"""Rows from which that can be told."""

Row = Sequence[str]


@dataclass(frozen=True)
class Columns:
    """Places of what a table says of a recording, counted from 0."""

    sound: int
    texts: tuple[int, ...]
    """The first that is not empty is what was said."""
    speaker: int | None = None
    language: int | None = None

    def text(self, row: Row) -> str:
        """Return what was said in a recording."""
        return next((said for index in self.texts if (said := self._cell(row, index)).strip()), "")

    def named(self, row: Row) -> dict[str, str]:
        """Return who speaks, and in which language, as far as the table says so."""
        places = {"speaker": self.speaker, "language": self.language}
        return {name: self._cell(row, place) for name, place in places.items() if place is not None}

    @staticmethod
    def _cell(row: Row, index: int) -> str:
        return row[index] if index < len(row) else ""

    def __str__(self) -> str:
        told = [f"column {self.sound + 1} names the recording", f"{self.texts[0] + 1} is the text"]
        told += [f"{self.speaker + 1} the speaker"] if self.speaker is not None else []
        told += [f"{self.language + 1} the language"] if self.language is not None else []
        return ", ".join(told)


def of_header(header: Row, rows: Sequence[Row], is_sound: Callable[[str], bool]) -> Columns | None:
    """Return the columns that a header names; None if it names none of recordings and texts.

    Args:
        header: First row of a table.
        rows: The others.
        is_sound: Tells whether a cell names a sound file.
    """
    names = [re.sub(r"[\s-]+", "_", cell.strip().strip('"').casefold()) for cell in header]
    places = {name: index for index, name in reversed(list(enumerate(names)))}
    sounds = [places[name] for name in SOUND_NAMES if name in places]
    texts = tuple(places[name] for name in TEXT_NAMES if name in places)
    if not sounds or not texts:
        return None
    sound = max(sounds, key=lambda place: sum(place < len(row) and is_sound(row[place]) for row in rows))
    speaker = next((places[name] for name in SPEAKER_NAMES if name in places), None)
    return Columns(sound, texts, speaker, next((places[n] for n in LANGUAGE_NAMES if n in places), None))


def of_content(rows: Sequence[Row], is_sound: Callable[[str], bool]) -> Columns:
    """Return the columns of a table without a header, by what is in them.

    Args:
        rows: Rows of the table.
        is_sound: Tells whether a cell names a sound file.
    """
    width = Counter(map(len, rows)).most_common(1)[0][0]
    usual = [row for row in rows if len(row) == width]
    cells = [[row[place].strip() for row in usual] for place in range(width)]
    sound = max(range(width), key=lambda place: sum(map(is_sound, cells[place])))
    others = [place for place in range(width) if place != sound and any(cells[place])]
    labels = _labels({place: cells[place] for place in others})
    texts = [place for place in others if place not in labels and not _is_phonetic(cells[place])] or others
    language = next((p for p in labels if all(map(_LANGUAGE.fullmatch, filter(None, cells[p])))), None)
    few = max(1, len(usual) // 3)
    names = [p for p in labels if p != language and not any(map(_FRACTION.fullmatch, cells[p]))]
    speaker = next((p for p in names if len(set(cells[p])) <= few), None)
    return Columns(sound, _preferred(texts, cells) or (1,), speaker, language)


def _labels(cells: dict[int, list[str]]) -> list[int]:
    """Return the columns of one word a row, the same few words or numbers, where another has texts."""
    words = {place: _mean([len(cell.split()) for cell in column]) for place, column in cells.items()}
    longest = max(words.values(), default=0.0)
    if longest < _MORE_WORDS:
        return []
    found = []
    for place, column in cells.items():
        few = len(set(column)) <= max(1, len(column) // 3)
        numbers = all(_NUMBER.fullmatch(cell) for cell in column if cell)
        if words[place] <= _FEW_WORDS and (few or numbers) and longest >= 2 * words[place]:
            found.append(place)
    return found


def _is_phonetic(column: Sequence[str]) -> bool:
    """Return whether a column has phones, in IPA or as CMUdict writes them."""
    text = " ".join(column)
    tokens = text.split()
    arpabet = sum(bool(_ARPABET.fullmatch(token)) for token in tokens)
    return sum(char in _IPA for char in text) > 0.05 * len(text) or arpabet > 0.8 * len(tokens) > 3


def _preferred(texts: Sequence[int], cells: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return columns of texts, the one that says best what was said first.

    LJSpeech writes a text and then its normalised form; a second text with other words is something else.
    """
    if len(texts) < 2:
        return tuple(texts)
    first, second = texts[:2]
    pairs = [
        (set(prompt_of(a).split()), set(prompt_of(b).split()))
        for a, b in zip(cells[first], cells[second], strict=True)
    ]
    alike = _mean([len(a & b) / max(len(a | b), 1) for a, b in pairs if b])
    return (second, first) if len(pairs) < _ENOUGH or alike >= _ALIKE else (first,)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
