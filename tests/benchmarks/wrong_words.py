"""How many clips with wrong words `distil` finds, and how many good ones it throws away.

    python -m tests.benchmarks.wrong_words sentences.txt --command 'flite -voice slt -t {text} -o {output}'

The engine is given other words for one text in fifteen: two are skipped, three said twice, or two are others.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from tests.benchmarks.places import existing
from tiedtts.corpus.teacher.command import CommandTeacher
from tiedtts.corpus.teacher.distil import distil
from tiedtts.corpus.teacher.texts import named
from tiedtts.measure.ear import CheckpointEar
from tiedtts_cli import boundary

EVERY = 15
LEAST_WORDS = 6
OTHERS = ["umbrella", "station"]


def changed(text: str, seed: int) -> str:
    """Return the text, or for some texts one with wrong words."""
    rng, words = random.Random(f"{seed} {text}"), text.split()
    if len(words) < LEAST_WORDS or rng.randrange(EVERY):
        return text
    start = rng.randrange(1, len(words) - 3)
    skipped, repeated = words[:start] + words[start + 2 :], words[: start + 3] + words[start:]
    return " ".join(rng.choice([skipped, repeated, words[:start] + OTHERS + words[start + 2 :]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=existing, help="a sentence a line")
    parser.add_argument("--command", required=True, help="see `tiedtts distil`")
    parser.add_argument("--skip", type=int, default=300, help="texts at the beginning that are left out")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    lines = arguments.texts.read_text("utf-8").splitlines()
    texts = lines[arguments.skip : arguments.skip + arguments.count]
    engine = CommandTeacher(arguments.command, timeout=60).open()
    with tempfile.TemporaryDirectory() as folder:

        def say(text: str) -> tuple[np.ndarray, int]:
            output = Path(folder, "clip.wav")
            engine.say(changed(text, arguments.seed), 0, output)
            samples, rate = soundfile.read(output)
            return samples, rate

        given = [(None, text) for text in texts]
        report = distil(given, Path(folder, "corpus"), say, name="changed", retries=0, ear=CheckpointEar())
    cleaned = {text.id: text.text for text in named(given)[0]}
    wrong = {name for name, text in cleaned.items() if changed(text, arguments.seed) != text}
    thrown = {name for names in report.rejected.values() for name in names}
    print(f"phones heard as they are: {report.heard_right:.0%}")
    print(f"clips with wrong words: {len(wrong)}, found: {len(wrong & thrown)}")
    print(f"good clips: {len(cleaned) - len(wrong)}, thrown away: {len(thrown - wrong)}")


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
