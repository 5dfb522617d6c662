"""How well fast speech is understood: phone errors over speed, of a voice and of espeak-ng.

    python -m tests.benchmarks.fast_speech [--voice VOICE] [--limit N] [--speeds 1 2 3 4]

A recogniser listens to each sentence at each speed. It knows no fast speech, so that it hears the spectrum
at the pace of the same voice at its own speed: what is counted is what is lost of the sounds, not how fast
they come. At each speed the voice speaks in two ways: hurried, by its own setting of the speed, and drawn
together, as the module of Speech Dispatcher speaks; and espeak-ng, where it is installed, at as many times
its usual 175 words a minute.
"""

import argparse
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from tests.benchmarks.places import existing
from tests.benchmarks.words import spoken_words
from tiedtts.audio import mel
from tiedtts.corpus.features import normalise_level
from tiedtts.measure import listener, recognition
from tiedtts.measure.listener import Listener
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice
from tiedtts.speechd import pace
from tiedtts_cli import boundary

SENTENCES = Path(__file__).with_name("sentences.txt")
ESPEAK = "espeak-ng"
WORDS_A_MINUTE = 175
"""Usual speed of espeak-ng."""
QUIET = 0.01
"""Share of the highest amplitude below which the ends of espeak-ng's sound are silent."""

Samples = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="kathleen", help="name or file of a voice")
    parser.add_argument(
        "--aligner", type=existing, default=listener.SHIPPED, help="checkpoint of a recogniser"
    )
    parser.add_argument("--sentences", type=existing, default=SENTENCES, help="one a line")
    parser.add_argument("--limit", type=int, help="of sentences")
    parser.add_argument("--speeds", type=float, nargs="+", default=[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0])
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    texts = options.sentences.read_text("utf-8").splitlines()[: options.limit]
    result = measure(options.voice, options.aligner, texts, options.speeds)
    print(json.dumps(result, indent=2) if options.json else table(result))


def measure(voice: str, aligner: Path, texts: list[str], speeds: list[float]) -> list[dict[str, Any]]:
    """Return a row for each way to speak at each speed."""
    loaded, ear = Voice.load(voice), Listener.load(aligner)
    usual = {text: loaded.say(text) for text in texts}
    ways: dict[str, Callable[[str, float], Samples]] = {
        "drawn together": lambda text, speed: drawn_together(loaded, text, speed),
        "hurried": lambda text, speed: loaded.say(text, speed=speed).samples,
    }
    if shutil.which(ESPEAK):
        ways["espeak-ng"] = lambda text, speed: espeak(text, speed, loaded.sample_rate)
    slow = {name: {text: len(make(text, 1.0)) for text in texts} for name, make in ways.items()}
    rows = []
    for speed in speeds:
        for name, make in ways.items():
            errors = phones = samples = 0
            for text in texts:
                made = make(text, speed)
                wrong, said = heard(ear, made, usual[text], slow[name][text] / max(len(made), 1))
                errors, phones, samples = errors + wrong, phones + said, samples + len(made)
            rows.append(
                {
                    "way": name,
                    "asked": speed,
                    "speed": sum(slow[name].values()) / samples,
                    "phones_a_second": phones / samples * loaded.sample_rate,
                    "phone_error_rate": errors / phones,
                }
            )
            print(f"{speed:g} {name}", file=sys.stderr)
    return rows


def drawn_together(voice: Voice, text: str, speed: float) -> Samples:
    """Speak as the module of Speech Dispatcher does."""
    speech = voice.say(text, speed=pace.own_speed(speed))
    return np.concatenate([part.samples for part in pace.parts(speech, speed)])


def espeak(text: str, speed: float, sample_rate: int) -> Samples:
    """Let espeak-ng speak, and take the silence at both ends off."""
    command = [ESPEAK, "-v", "en-us", "-s", str(round(WORDS_A_MINUTE * speed)), "--stdout", "--", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    samples, rate = soundfile.read(io.BytesIO(made), dtype="float32")
    found: Samples = soxr.resample(samples, rate, sample_rate)
    loud = np.flatnonzero(np.abs(found) > QUIET * np.abs(found).max())
    return found[loud[0] : loud[-1] + 1]


def heard(ear: Listener, samples: Samples, usual: Speech, stretch: float) -> tuple[int, int]:
    """Return how many phones are heard wrong, and how many there are, at the pace of slow speech."""
    hop = max(1, round(ear.audio.hop / stretch))
    spectrum = mel.log_mel(normalise_level(samples, ear.audio), replace(ear.audio, hop=hop))
    said = [phone for word in spoken_words(usual.phones) for phone in word]
    return recognition.edits(ear.hear(spectrum), said).total, len(said)


def table(rows: list[dict[str, Any]]) -> str:
    """Lay the numbers out for reading."""
    lines = [f"{'':16}{'asked':>7}{'speed':>7}{'phones/s':>10}{'phone errors':>14}"]
    lines += [
        f"{row['way']:16}{row['asked']:7.1f}{row['speed']:7.2f}{row['phones_a_second']:10.1f}"
        f"{row['phone_error_rate']:14.1%}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
