"""Speak generated texts: samples that are numbers within full scale, and time that grows with the length only.

    python -m tests.benchmarks.fuzz_audio [--inputs 2000] [--seed 0] [--voice VOICE] [--json]

The texts are those of `fuzz_text`, each with settings drawn from all that are allowed. Some are said as a
stream and at once, which must be the same. Nothing but a text that says nothing, or whose braces hold no
phones, may be refused.
"""

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.benchmarks.fuzz_text import inputs
from tiedtts.choices import SEMITONES, SPEEDS
from tiedtts.errors import TextError
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice
from tiedtts_cli import boundary

REFUSED = ("nothing to say", "is not a phone")
"""Messages of errors that are expected."""
COUNTED = 20
"""Characters of the shortest text whose pace is counted."""
MOST_MILLISECONDS = 50.0
"""A character at speed 1, on one core. Digits and signs are said as several words each: 2 seconds."""


@dataclass
class Result:
    inputs: int = 0
    characters: int = 0
    refused: int = 0
    """Texts that said nothing."""
    failures: list[str] = field(default_factory=list)
    audio: float = 0.0
    """Seconds of sound."""
    seconds: float = 0.0
    """Seconds of computing."""
    slowest: float = 0.0
    """Milliseconds a character at speed 1."""
    slowest_input: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the generator")
    parser.add_argument("--voice", default="kathleen", help="name or file of a voice")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    result = fuzz(Voice.load(options.voice), options.inputs, options.seed)
    print(
        json.dumps(vars(result))
        if options.json
        else "\n".join(f"{k:14} {v}" for k, v in vars(result).items())
    )
    raise SystemExit(1 if result.failures else 0)


def fuzz(voice: Voice, count: int, seed: int) -> Result:
    """Say generated texts with a voice."""
    result, chance = Result(), random.Random(seed)
    start = time.process_time()
    # The data that are read at the first word belong to no text.
    voice.say("Hello.")
    for index, text in enumerate(inputs(count, seed)):
        settings = drawn(chance)
        result.inputs += 1
        result.characters += len(text)
        begin = time.process_time()
        try:
            parts = list(voice.stream(text, **settings))
        except Exception as error:
            if isinstance(error, TextError) and any(words in str(error) for words in REFUSED):
                result.refused += 1
            else:
                result.failures.append(f"{type(error).__name__}: {error}: {settings} {text[:200]!r}")
            continue
        pace = 1e3 * (time.process_time() - begin) * settings["speed"] / max(len(text), 1)
        result.audio += sum(part.seconds for part in parts)
        wrong = [*filter(None, map(wrong_with, parts))]
        if index % 10 == 0 and not same(parts, voice.say(text, **settings)):
            wrong.append("a stream that is not what is said at once")
        if len(text) >= COUNTED and pace > result.slowest:
            result.slowest, result.slowest_input = pace, f"{settings} {text[:80]!r}"
            if pace > MOST_MILLISECONDS:
                wrong.append(f"{pace:.0f} ms a character")
        result.failures += [f"{what}: {settings} {text[:200]!r}" for what in wrong]
    result.seconds = time.process_time() - start
    return result


def drawn(chance: random.Random) -> dict[str, Any]:
    """Return settings: the usual ones, the smallest and largest, or any between."""
    settings: dict[str, Any] = {"speed": 1.0, "pitch": 0.0, "seed": chance.randrange(2**32)}
    for name, (smallest, largest) in {"speed": SPEEDS, "pitch": SEMITONES}.items():
        way = chance.random()
        if way < 0.1:
            settings[name] = chance.choice((smallest, largest))
        elif way < 0.5:
            settings[name] = chance.uniform(smallest, largest)
    return settings


def wrong_with(part: Speech) -> str:
    """Return what a part of a speech must not be, if it is."""
    if part.samples.dtype != np.float32 or part.samples.ndim != 1:
        return f"samples of kind {part.samples.dtype}, {part.samples.ndim} dimensions"
    if not np.isfinite(part.samples).all():
        return "samples that are no numbers"
    if np.abs(part.samples).max(initial=0.0) > 1:
        return "samples beyond full scale"
    if sum(part.durations) != len(part.samples) or len(part.durations) != len(part.phones):
        return "durations that are not those of the samples"
    return ""


def same(parts: list[Speech], whole: Speech) -> bool:
    """Whether the parts of a stream are what was said at once."""
    return (
        np.array_equal(np.concatenate([part.samples for part in parts]), whole.samples)
        and tuple(n for part in parts for n in part.durations) == whole.durations
    )


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
