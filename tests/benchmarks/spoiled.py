"""How many spoiled recordings `prepare` finds in a corpus, and how many good ones it suspects.

    python -m tests.benchmarks.spoiled ../shared/corpus/kathleen --count 150 --seed 0

So many recordings are drawn, and some of them spoiled, each kind at other places with another seed: texts that belong
to other recordings, a text with two words changed, recordings cut in half or at the start, noise, the same recording
twice, once as it is and once louder, shifted and resampled. `--clean` spoils none.
"""

import argparse
import csv
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from tests.benchmarks.places import existing
from tiedtts.corpus.prepare import prepare
from tiedtts.measure.ear import CheckpointEar
from tiedtts_cli import boundary

Samples = npt.NDArray[np.float64]
OTHERS = ("umbrella", "station", "yesterday", "seven", "window", "carefully")
LEAST_WORDS = 6
COPY = "_b"
"""Ending of the name of a recording that is there twice."""


def speech(samples: Samples, rate: int) -> tuple[int, int]:
    """Return the first loud sample and the one after the last."""
    frames = samples[: len(samples) // 240 * 240].reshape(-1, 240)
    level = np.abs(frames).max(1)
    loud = np.flatnonzero(level > 0.08 * level.max())
    return int(loud[0]) * 240, int(loud[-1] + 1) * 240


def halved(samples: Samples, rate: int, rng: random.Random) -> Samples:
    """Return the first half of what is said."""
    start, end = speech(samples, rate)
    return samples[: start + round(rng.uniform(0.45, 0.6) * (end - start))]


def headless(samples: Samples, rate: int, rng: random.Random) -> Samples:
    """Return what is said without its start: a word or two."""
    start, end = speech(samples, rate)
    return samples[start + round(rng.uniform(0.25, 0.4) * (end - start)) :]


def noise(samples: Samples, rate: int, rng: random.Random) -> Samples:
    """Return noise as long and as loud."""
    generator = np.random.default_rng(rng.randrange(2**31))
    return np.asarray(generator.standard_normal(len(samples)) * samples.std(), np.float64)


def again(samples: Samples, rate: int, rng: random.Random) -> Samples:
    """Return the same recording louder, shifted by a part of a frame, with a little noise."""
    generator = np.random.default_rng(rng.randrange(2**31))
    shifted = np.concatenate([np.zeros(rng.randrange(400, 4_000)), samples])
    louder = shifted * rng.uniform(0.5, 1.1)
    return np.asarray(louder + 0.0005 * generator.standard_normal(len(louder)), np.float64)


def similar(text: str, rng: random.Random) -> str:
    """Return a text with two words that are others."""
    words = text.split()
    start = rng.randrange(1, len(words) - 2)
    return " ".join(words[:start] + rng.sample(OTHERS, 2) + words[start + 2 :])


class Trial:
    """A corpus in the LJSpeech layout, some of it spoiled.

    Args:
        source: A corpus in the same layout.
        target: Folder to write.
        count: Number of recordings drawn.
        seed: Seed of the draw and of what is spoiled.
    """

    def __init__(self, source: Path, target: Path, count: int, seed: int) -> None:
        self.rng = random.Random(seed)
        with (source / "metadata.csv").open(encoding="utf-8") as file:
            rows = {row[0]: row[1] for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE)}
        self.sounds = {path.stem: path for path in (source / "wavs").iterdir()}
        names = sorted(self.rng.sample(sorted(rows), count))
        self.texts = {name: rows[name] for name in names}
        self.target = target
        self.spoiled: dict[str, str] = {}
        """Kind of each recording that is spoiled."""
        (target / "wavs").mkdir(parents=True)

    def spoil(self) -> None:
        """Spoil some recordings of each kind."""
        left = [name for name, text in self.texts.items() if len(text.split()) >= LEAST_WORDS]
        self.rng.shuffle(left)
        changes: dict[str, tuple[Callable[[Samples, int, random.Random], Samples], int]] = {
            "cut in half": (halved, 2),
            "without its start": (headless, 1),
            "noise": (noise, 1),
        }
        for name in [left.pop() for _ in range(3)]:
            others = [text for text in self.texts.values() if text != self.texts[name]]
            self.texts[name] = self.rng.choice(others)
            self.spoiled[name] = "wrong text"
        name = left.pop()
        self.texts[name] = similar(self.texts[name], self.rng)
        self.spoiled[name] = "similar text"
        for kind, (change, times) in changes.items():
            for name in [left.pop() for _ in range(times)]:
                self._write(name, self.sounds[name], change)
                self.spoiled[name] = kind
        for kind, change in (("the same", lambda samples, rate, rng: samples), ("nearly the same", again)):
            original = left.pop()
            name = original + COPY
            self._write(name, self.sounds[original], change)
            self.texts[name] = self.texts[original]
            self.spoiled[name] = kind

    def _write(self, name: str, path: Path, change: Callable[[Samples, int, random.Random], Samples]) -> None:
        samples, rate = soundfile.read(path)
        soundfile.write(self._path(name), change(samples, rate, self.rng), rate)

    def _path(self, name: str) -> Path:
        return self.target / "wavs" / f"{name}{self.sounds[name.removesuffix(COPY)].suffix}"

    def write(self) -> None:
        """Write the list, and the recordings that are as they were."""
        for name in self.texts:
            path = self._path(name)
            if not path.exists():
                path.write_bytes(self.sounds[name].read_bytes())
        lines = [f"{name}|{text}|{text}\n" for name, text in sorted(self.texts.items())]
        (self.target / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def judged(source: Path, count: int, seed: int, clean: bool) -> Counter[tuple[str, str]]:
    """Prepare a trial and count its recordings by kind and by what became of them."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(source, Path(folder, "corpus"), count, seed)
        if not clean:
            trial.spoil()
        trial.write()
        report = prepare(trial.target, Path(folder, "data"), ear=CheckpointEar())
    reasons = {each.id: each.reason for each in report.judgement.suspects}
    outcomes: Counter[tuple[str, str]] = Counter()
    for name in trial.texts:
        found = "left out" if name in report.left_out else "noted" if name in reasons else "not suspected"
        kind = trial.spoiled.get(name, "good")
        outcomes[kind, found] += 1
        if kind != "good" or found != "not suspected":
            print(f"  seed {seed}: {kind}: {found}: {reasons.get(name, '')} ({name})")
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=existing, help="a corpus as LJSpeech has it")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--clean", action="store_true", help="spoil nothing")
    arguments = parser.parse_args()
    total: Counter[tuple[str, str]] = Counter()
    for seed in arguments.seed:
        total += judged(arguments.corpus, arguments.count, seed, arguments.clean)
    kinds = dict.fromkeys(kind for kind, _ in total)
    print("| recordings | left out | noted | not suspected |\n|---|---:|---:|---:|")
    for kind in kinds:
        counts = [total[kind, found] for found in ("left out", "noted", "not suspected")]
        print(f"| {kind} | {' | '.join(map(str, counts))} |")


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
