"""Words that another program's recogniser hears wrong: in recordings and in what voices make of their texts.

    pip install pocketsphinx
    python -m tests.benchmarks.word_errors DATA [--voice NAME|FILE]... [--sentences FILE] [--limit N]

DATA is a folder made by `prepare`; of each held-out text one recording is heard. PocketSphinx is a weak recogniser
with a model of English of its own, that knows nothing of this project: it misses about a fifth of the words of anybody.
So the rows can be compared, and a voice that swallows sounds does worse than the speaker. `--sentences` adds texts that
nobody recorded, one a line.
"""

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from tiedtts.measure.recognition import edits
from tiedtts.text.normalize import spoken
from tiedtts.training import corpus as corpora
from tiedtts.voice import load

RATE = 16_000
"""Of the recogniser's model, Hz."""
EDGE = 0.2
"""Silence around a sentence, seconds: the recogniser expects a room before a word."""

Samples = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--voice", action="append", help="kathleen by default")
    parser.add_argument("--sentences", type=Path, help="more texts, one a line")
    parser.add_argument("--limit", type=int, help="of texts")
    arguments = parser.parse_args()
    hear = recogniser()
    corpus = corpora.load(arguments.data)
    takes = list({u.text: u for u in corpus.heldout}.values())[: arguments.limit]
    rate = corpus.audio.sample_rate
    show("recordings", hear, ((u.text, u.features.samples) for u in takes), rate)
    lists = {"held-out texts": [u.text for u in takes]}
    if arguments.sentences is not None:
        lists[arguments.sentences.name] = arguments.sentences.read_text("utf-8").splitlines()[
            : arguments.limit
        ]
    for name in arguments.voice or ["kathleen"]:
        voice = load(name)
        for title, texts in lists.items():
            said = ((text, voice.say(text).samples) for text in texts)
            show(f"{name}, {title}", hear, said, voice.sample_rate)


def recogniser() -> Callable[[Samples, int], list[str]]:
    """Return what turns samples into words."""
    from pocketsphinx import Decoder

    decoder: Any = Decoder(samprate=RATE, loglevel="FATAL")
    dither = np.random.default_rng(0)

    def hear(samples: Samples, rate: int) -> list[str]:
        edge = np.zeros(round(EDGE * RATE))
        sound = np.concatenate([edge, soxr.resample(samples, rate, RATE), edge])
        # Digital silence has no logarithm.
        sound = sound + dither.standard_normal(len(sound)) * 1e-4
        sound = sound * (0.7 / np.abs(sound).max())
        decoder.start_utt()
        decoder.process_raw((sound * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return [] if found is None else words(re.sub(r"\(\d\)", "", found.hypstr))

    return hear


def words(text: str) -> list[str]:
    """Return the words of a text as the recogniser would write them."""
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("’", "'")).split()


def show(
    title: str, hear: Callable[[Samples, int], list[str]], said: Iterable[tuple[str, Samples]], rate: int
) -> None:
    """Print the words wrong of a set of sounds with their texts."""
    wrong = count = 0
    for text, samples in said:
        expected = words(spoken(text))
        heard = hear(samples, rate)
        number = {word: n for n, word in enumerate({*expected, *heard})}
        wrong += edits([number[word] for word in heard], [number[word] for word in expected]).total
        count += len(expected)
    print(f"{title}: {wrong} of {count} words wrong, {wrong / count:.1%}", flush=True)


if __name__ == "__main__":
    main()
