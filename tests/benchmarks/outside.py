"""Judgements of other programs: words misheard and naturalness, of recordings and of voices.

    pip install pocketsphinx distillmos
    python -m tests.benchmarks.outside DATA [--voice NAME|FILE]... [--copy CKPT]... [--sentences FILE]

DATA is a folder made by `prepare`; of each held-out text one recording is heard, then copy-synthesis of it by each
`--copy`, then the text as each `--voice` says it; `--sentences` adds texts that nobody recorded, one a line. PocketSphinx
is a weak recogniser with a model of English of its own, which misses about a fifth of anybody's words; Distill-MOS
(Stahl and Gamper, 2025) predicts a rating from 1 to 5. Neither knows anything of this project, and neither is an ear:
compare rows. What is not installed is left out.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
import torch

from tests.benchmarks.places import existing
from tiedtts.audio.frames import Frames
from tiedtts.measure.recognition import edits
from tiedtts.speech import vocoders
from tiedtts.speech.voice import Voice
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.training import corpus as corpora
from tiedtts_cli import boundary

RATE = 16_000
"""Sampling rate of both judges, Hz."""
EDGE = 0.2
"""Silence around a sentence, seconds: the recogniser expects a room before a word."""

Samples = npt.NDArray[np.float32]
Hear = Callable[[Samples], list[str]]
Rate = Callable[[Samples], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing)
    parser.add_argument("--voice", action="append", help="kathleen by default")
    parser.add_argument("--copy", action="append", default=[], help="of `synth --vocoder`")
    parser.add_argument("--sentences", type=existing, help="more texts, one a line")
    parser.add_argument("--limit", type=int, help="of texts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    hear, rate = recogniser(), predictor()
    corpus = corpora.load(arguments.data)
    takes = list({u.text: u for u in corpus.heldout}.values())[: arguments.limit]
    hertz = corpus.audio.sample_rate
    show("recordings", ((u.text, u.features.samples) for u in takes), hertz, hear, rate)
    for name in arguments.copy:
        make = vocoders.choose(name, corpus.audio, None, name)

        def copies(make: vocoders.Generator = make) -> Iterator[tuple[str, Samples]]:
            for number, u in enumerate(takes):
                f = u.features
                yield u.text, make(Frames(f.mel, f.log_f0, f.voiced.astype(np.float32)), [0, number])

        show(f"{name}, copy-synthesis", copies(), hertz, hear, rate)
    lists = {"held-out texts": [u.text for u in takes]}
    if arguments.sentences is not None:
        lists[arguments.sentences.name] = arguments.sentences.read_text("utf-8").splitlines()[
            : arguments.limit
        ]
    for name in arguments.voice or ["kathleen"]:
        voice = Voice.load(name)
        for title, texts in lists.items():
            said = ((text, voice.say(text).samples) for text in texts)
            show(f"{name}, {title}", said, voice.sample_rate, hear, rate)


def recogniser() -> Hear | None:
    """Return what turns samples at 16 kHz into words."""
    try:
        from pocketsphinx import Decoder
    except ImportError:
        return None
    decoder: Any = Decoder(samprate=RATE, loglevel="FATAL")
    dither = np.random.default_rng(0)

    def hear(samples: Samples) -> list[str]:
        edge = np.zeros(round(EDGE * RATE))
        sound = np.concatenate([edge, samples, edge])
        # Digital silence has no logarithm.
        sound = sound + dither.standard_normal(len(sound)) * 1e-4
        sound = sound * (0.7 / np.abs(sound).max())
        decoder.start_utt()
        decoder.process_raw((sound * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return [] if found is None else words(re.sub(r"\(\d\)", "", found.hypstr))

    return hear


def predictor() -> Rate | None:
    """Return what rates samples at 16 kHz."""
    try:
        import distillmos
    except ImportError:
        return None
    net = distillmos.ConvTransformerSQAModel().eval()

    @torch.no_grad()
    def rate(samples: Samples) -> float:
        return float(net(torch.from_numpy(samples)[None]))

    return rate


def words(text: str) -> list[str]:
    """Return the words of a text as the recogniser would write them."""
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("’", "'")).split()


def show(
    title: str, said: Iterable[tuple[str, Samples]], hertz: int, hear: Hear | None, rate: Rate | None
) -> None:
    """Print what the judges say of a set of sounds with their texts."""
    found = judge(((text, samples, hertz) for text, samples in said), hear, rate)
    parts = []
    if "words_wrong" in found:
        parts.append(f"{found['words_wrong']:.1%} of {found['words']} words wrong")
    if "rated" in found:
        parts.append(f"rated {found['rated']:.2f} (standard error {found['rated_error']:.2f})")
    print(f"{title}: {', '.join(parts)}", flush=True)


def judge(
    said: Iterable[tuple[str, Samples, int]], hear: Hear | None, rate: Rate | None
) -> dict[str, float | int]:
    """Return what the judges say of sounds, each with its text and its rate in Hz."""
    wrong = count = 0
    ratings = []
    for text, samples, hertz in said:
        sound = samples if hertz == RATE else soxr.resample(samples, hertz, RATE)
        if rate is not None:
            ratings.append(rate(sound))
        if hear is not None:
            expected, heard = words(normalize(text)), hear(sound)
            number = {word: n for n, word in enumerate({*expected, *heard})}
            wrong += edits([number[word] for word in heard], [number[word] for word in expected]).total
            count += len(expected)
    found: dict[str, float | int] = {}
    if count:
        found |= {"words_wrong": wrong / count, "words": count}
    if ratings:
        error = float(np.std(ratings) / len(ratings) ** 0.5)
        found |= {"rated": float(np.mean(ratings)), "rated_error": error}
    return found


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
