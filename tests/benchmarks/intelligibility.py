"""Whether every word of a voice is heard: phones, dropped and repeated words in 200 sentences.

    python tests/benchmarks/intelligibility.py [--voice VOICE] [--aligner CKPT] [--data DATA]

A phone recogniser listens. With a data folder it also listens to the held-out recordings, in which
nothing is dropped or repeated: what it finds there are its own errors. Then one word is cut out of
each recording, and one is doubled: how many of these it finds is what it can be trusted to find in
the voice.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.benchmarks import words
from tests.benchmarks.places import existing
from tests.benchmarks.words import WordErrors, spoken_words
from tiedtts.audio import mel
from tiedtts.corpus.features import Features, normalise_level
from tiedtts.corpus.manifest import Entry, read_manifest
from tiedtts.measure import listener, recognition
from tiedtts.measure.listener import Listener
from tiedtts.nets.recognizer import CLASSES
from tiedtts.speech.voice import Voice
from tiedtts.text.phones import Phone
from tiedtts_cli import boundary

SENTENCES = Path(__file__).with_name("sentences.txt")
LONG = 3
"""Words of at least so many phones are also counted apart: `a` and `of` are easily missed."""
FAR = 0.2
"""A sentence is counted whose number of phones is further than this from what was said."""


@dataclass(frozen=True)
class Heard:
    """One sentence."""

    text: str
    said: list[list[int]]
    """Phones of each word."""
    heard: list[int]
    errors: WordErrors

    @property
    def phones(self) -> list[int]:
        return [phone for word in self.said for phone in word]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="kathleen", help="name or file of a voice")
    parser.add_argument(
        "--aligner", type=existing, default=listener.SHIPPED, help="checkpoint of a recogniser"
    )
    parser.add_argument("--data", type=existing, help="data folder whose held-out recordings calibrate")
    parser.add_argument("--sentences", type=existing, default=SENTENCES, help="one a line")
    parser.add_argument("--limit", type=int, help="of sentences and of recordings")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    ear = Listener.load(options.aligner)
    voice = Voice.load(options.voice)
    if not ear.understands(voice.audio):
        raise SystemExit("the voice and the recogniser have different audio settings")
    texts = options.sentences.read_text("utf-8").splitlines()[: options.limit]
    result: dict[str, Any] = {"voice": summary([speak(voice, ear, text) for text in texts])}
    if options.data is not None:
        result |= calibration(ear, options.data, options.limit)
    print(json.dumps(result, indent=2) if options.json else table(result))


def speak(voice: Voice, ear: Listener, text: str) -> Heard:
    """Let a voice say a text and listen to it."""
    speech = voice.say(text)
    levelled = normalise_level(speech.samples, voice.audio)
    return listen(ear, text, speech.phones, mel.log_mel(levelled, voice.audio))


def listen(ear: Listener, text: str, phones: Iterable[Phone], spectrum: npt.NDArray[np.float32]) -> Heard:
    """Compare what is heard in a mel spectrogram, (F, M), with what was said."""
    said = spoken_words(phones)
    heard = ear.hear(spectrum)
    return Heard(text, said, heard, words.judge(heard, said))


def calibration(ear: Listener, data: Path, limit: int | None) -> dict[str, Any]:
    """Listen to the held-out recordings: whole, with a word cut out, and with a word doubled."""
    entries = [entry for entry in read_manifest(data) if entry.split == "heldout"][:limit]
    rng = np.random.default_rng(0)
    natural, cut, doubled = [], [], []
    for entry in entries:
        spectrum = Features.load(data / "features" / entry.features).mel
        phones = [Phone(*row) for row in entry.phones]
        natural.append(listen(ear, entry.text, phones, spectrum))
        places = word_frames(entry)
        lengths = [len(word) for word in natural[-1].said]
        chosen = int(rng.integers(len(places)))
        start, end = places[chosen]
        without = np.concatenate([spectrum[:start], spectrum[end:]])
        found = chosen in listen(ear, entry.text, phones, without).errors.dropped
        cut.append((lengths[chosen], found))
        if any(length >= words.SHORTEST_REPEATED for length in lengths):
            candidates = np.flatnonzero(np.array(lengths) >= words.SHORTEST_REPEATED)
            chosen = int(rng.choice(candidates))
            start, end = places[chosen]
            twice = np.concatenate([spectrum[:end], spectrum[start:]])
            found = chosen in listen(ear, entry.text, phones, twice).errors.repeated
            doubled.append((lengths[chosen], found))
    return {"natural": summary(natural), "one_cut": hits(cut), "one_doubled": hits(doubled)}


def word_frames(entry: Entry) -> list[tuple[int, int]]:
    """Return the first frame of each word of a recording and the one after its last."""
    places, frame = [], 0
    rows = zip((Phone(*row) for row in entry.phones), entry.durations, strict=True)
    for word, group in groupby(rows, lambda row: row[0].word):
        length = sum(duration for _, duration in group)
        if word >= 0:
            places.append((frame, frame + length))
        frame += length
    return places


def summary(sentences: list[Heard]) -> dict[str, Any]:
    """Count over sentences."""
    said = sum(len(s.phones) for s in sentences)
    errors = sum(recognition.edits(s.heard, s.phones).total for s in sentences)
    ratios = [len(s.heard) / len(s.phones) for s in sentences]
    return {
        "sentences": len(sentences),
        "phones": said,
        "phone_error_rate": errors / said,
        "heard_per_said": sum(len(s.heard) for s in sentences) / said,
        "heard_per_said_range": [min(ratios), max(ratios)],
        "sentences_far_off": sum(abs(ratio - 1) > FAR for ratio in ratios),
        "dropped": findings(sentences, lambda errors: errors.dropped),
        "repeated": findings(sentences, lambda errors: errors.repeated),
    }


def findings(sentences: list[Heard], which: Callable[[WordErrors], tuple[int, ...]]) -> dict[str, Any]:
    """Count one kind of finding, among all words and among the long ones."""
    lengths = [len(word) for s in sentences for word in s.said]
    found = [len(s.said[index]) for s in sentences for index in which(s.errors)]
    long, found_long = (sum(n >= LONG for n in values) for values in (lengths, found))
    return {
        "words": len(lengths),
        "found": len(found),
        "rate": len(found) / len(lengths),
        "long_words": long,
        "found_long": found_long,
        "long_rate": found_long / max(long, 1),
        "where": [
            {"text": s.text, "word": index + 1, "phones": [CLASSES[p] for p in s.said[index]]}
            for s in sentences
            for index in which(s.errors)
        ],
    }


def hits(trials: list[tuple[int, bool]]) -> dict[str, Any]:
    """Count how often a planted error was found; each trial has the length of the word."""
    long = [found for length, found in trials if length >= LONG]
    return {
        "planted": len(trials),
        "found": sum(found for _, found in trials),
        "planted_long": len(long),
        "found_long": sum(long),
    }


def table(result: dict[str, Any]) -> str:
    """Lay the numbers out for reading."""
    lines = []
    for name in ("voice", "natural"):
        if name not in result:
            continue
        values = result[name]
        lines.append(
            f"{name:8} {values['sentences']} sentences, {values['phones']} phones, "
            f"phone error rate {values['phone_error_rate']:.1%}, "
            f"heard per said {values['heard_per_said']:.3f}, "
            f"{values['sentences_far_off']} far off"
        )
        for kind in ("dropped", "repeated"):
            count = values[kind]
            lines.append(
                f"  {kind:10} {count['found']} of {count['words']} words ({count['rate']:.2%}), "
                f"{count['found_long']} of {count['long_words']} long ones "
                f"({count['long_rate']:.2%})"
            )
            lines += [
                f"    word {where['word']} ({' '.join(where['phones'])}): {where['text']}"
                for where in count["where"]
            ]
    for name in ("one_cut", "one_doubled"):
        if name in result:
            count = result[name]
            lines.append(
                f"{name:12} found {count['found']} of {count['planted']}, "
                f"long ones {count['found_long']} of {count['planted_long']}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
