"""Phrase breaks against recordings: how many of the predicted are there, and how many of those there are predicted.

    python scripts/phrasing.py listen DATA -o pauses.jsonl
    python -m tests.benchmarks.phrasing pauses.jsonl [--all] [--voice NAME|FILE] [--threshold X]

A boundary counts where no punctuation stands, and where no closure of a stop may be meant. Of a corpus that the model
was fitted to, `--half 0` takes the half of the held-out texts by which the threshold was chosen, `--half 1`, the
usual, the other; `--all` takes every text of any other corpus. Beside the model stand two simpler ways: no break
without punctuation, and one before each function word that is at least seven syllables from the last pause and the
next. With `--voice`, the texts are spoken, and the silence heard there is told beside the recorded.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.benchmarks.places import existing
from tiedtts.audio import mel
from tiedtts.corpus.features import normalise_level
from tiedtts.measure import word_gaps
from tiedtts.speech.voice import Voice
from tiedtts.text import phrasing
from tiedtts.text.frontend import FrontEnd, LeftOut, Reading
from tiedtts.text.phrase_features import shapes, syllables
from tiedtts_cli import boundary

HELD_OUT = 4
"""One text of so many is held out by `scripts/phrasing.py`."""
FAR = 7
"""Syllables between the breaks of the simple rule."""

Predict = Callable[[Reading], Sequence[int]]


@dataclass
class Counts:
    """Breaks that are in the recording and predicted, only predicted, only in the recording."""

    both: int = 0
    wrong: int = 0
    missed: int = 0
    silence: list[int] = field(default_factory=list)
    """Frames recorded at each of the first."""

    def add(self, predicted: set[int], pauses: Sequence[bool | None], silence: Sequence[int]) -> None:
        """Count a text."""
        for word, (is_pause, frames) in enumerate(zip(pauses, silence, strict=True), start=1):
            if is_pause is None:
                continue
            self.both += is_pause and word in predicted
            self.wrong += not is_pause and word in predicted
            self.missed += is_pause and word not in predicted
            if is_pause and word in predicted:
                self.silence.append(frames)

    def row(self, name: str) -> str:
        """Return a line of the table."""
        predicted, there = self.both + self.wrong, self.both + self.missed
        precision = self.both / predicted if predicted else float("nan")
        recall = self.both / there if there else float("nan")
        f1 = 2 * self.both / max(1, predicted + there)
        return (
            f"{name:32} {predicted:5} predicted {precision:6.1%} precision {recall:6.1%} recall {f1:5.2f} F1"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pauses", type=existing, nargs="+")
    parser.add_argument("--all", action="store_true", help="a corpus that the model was not fitted to")
    parser.add_argument("--half", type=int, default=1, choices=(0, 1))
    parser.add_argument("--threshold", type=float, nargs="*", default=[phrasing.THRESHOLD])
    parser.add_argument("--voice", help="speak the texts")
    parser.add_argument("--limit", type=int, default=100, help="of texts to speak")
    arguments = parser.parse_args()
    rows = [json.loads(line) for path in arguments.pauses for line in path.read_text("utf-8").splitlines()]
    if not arguments.all:
        rows = [row for row in rows if _digest(row["text"]) % (2 * HELD_OUT) == HELD_OUT * arguments.half]
    front_end = FrontEnd()
    texts = [(row, list(front_end.readings(row["text"], LeftOut()))) for row in rows]
    punctuated = [unwritten(readings, row["pause"]) for row, readings in texts]
    print(f"{len(rows)} texts, {sum(sum(p is True for p in pauses) for pauses in punctuated)} pauses without")
    for name, predict in ways(arguments.threshold):
        counts = Counts()
        for (row, readings), pauses in zip(texts, punctuated, strict=True):
            counts.add(predicted(readings, predict), pauses, row["silence"])
        print(counts.row(name))
    recorded = [
        frames
        for row, pauses in zip(rows, punctuated, strict=True)
        for frames, is_pause in zip(row["silence"], pauses, strict=True)
        if is_pause
    ]
    print(f"silence recorded at pauses: {seconds(recorded)}")
    takes(rows, punctuated)
    if arguments.voice:
        heard(Voice.load(arguments.voice), list(dict.fromkeys(row["text"] for row in rows)), arguments.limit)


def _digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def unwritten(readings: Sequence[Reading], pauses: Sequence[bool | None]) -> list[bool | None]:
    """Return the pauses of a recording, with None wherever punctuation stands."""
    words = 0
    marks = set()
    for reading in readings:
        for item in (*reading.items, "."):
            if isinstance(item, str):
                marks.add(words)
            else:
                words += 1
    return [None if word in marks else is_pause for word, is_pause in enumerate(pauses, start=1)]


def predicted(readings: Sequence[Reading], predict: Predict) -> set[int]:
    """Return the words of a text before which a break is predicted."""
    found, said = set(), 0
    for reading in readings:
        found |= {said + word for word in predict(reading)}
        said += len(reading.places)
    return found


def ways(thresholds: Sequence[float]) -> Sequence[tuple[str, Predict]]:
    """Return ways to predict breaks, by name."""

    def model(threshold: float) -> Predict:
        return lambda reading: phrasing.breaks(
            reading.items, reading.places, reading.written.text, threshold=threshold
        )

    return [
        ("only at punctuation", lambda reading: ()),
        (f"function words, {FAR} syllables on", simple),
        *((f"the model, from odds of e^{value:g}", model(value)) for value in thresholds),
    ]


def simple(reading: Reading) -> list[int]:
    """Return the function words that are far enough from the pauses beside them."""
    found = []
    for stretch, first in phrasing.stretches(reading.items, reading.places, reading.written.text):
        sizes = [syllables(word) for word in stretch.words]
        kinds = [s.kind for s in shapes(stretch, capitals=False)]
        last = 0
        for index in range(1, len(sizes)):
            opens = kinds[index] not in ("content", "name") and kinds[index - 1] in ("content", "name")
            if opens and sum(sizes[last:index]) >= FAR and sum(sizes[index:]) >= FAR:
                found.append(first + index)
                last = index
    return found


def seconds(frames: Sequence[int]) -> str:
    """Return median and quartiles of silences, in seconds."""
    if not frames:
        return "none"
    low, middle, high = np.percentile(frames, (25, 50, 75)) * 256 / 24_000
    return f"median {middle:.2f} s, half of them {low:.2f} to {high:.2f} s, {len(frames)} of them"


def takes(rows: Sequence[dict[str, object]], pauses: Sequence[Sequence[bool | None]]) -> None:
    """Print how far two recordings of the same text agree: nobody pauses twice alike."""
    by_text: dict[object, list[Sequence[bool | None]]] = {}
    for row, own in zip(rows, pauses, strict=True):
        by_text.setdefault(row["text"], []).append(own)
    both = one = 0
    for own in by_text.values():
        for first in own:
            for second in own:
                if first is not second and len(first) == len(second):
                    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a and b is not None]
                    one += len(pairs)
                    both += sum(b is True for _, b in pairs)
    if one:
        print(f"of the pauses of one take, another take has {both / one:.1%} ({one} compared)")


def heard(voice: Voice, texts: Sequence[str], limit: int) -> None:
    """Print the silence heard at the breaks of a voice, and how far beside it the sound is from silence."""
    frames: list[int] = []
    for text in texts:
        speech = voice.say(text)
        broken = [i for i, phone in enumerate(speech.phones) if phone.is_break]
        if not broken:
            continue
        audio = voice.audio
        spectrum = mel.log_mel(normalise_level(speech.samples, audio), audio)
        durations = np.diff(np.rint(np.cumsum([0, *speech.durations]) / audio.hop).astype(int))
        # Words are counted over all sentences, as pauses are found between words of different numbers.
        found = word_gaps.silences(spectrum, speech.phones, durations.tolist())
        frames += [found[speech.phones[i + 1].word][0] for i in broken if speech.phones[i + 1].word in found]
        if len(frames) >= limit:
            break
    print(f"silence of {voice.name} at breaks: {seconds(frames)}")


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
