"""Small corpora of sounds that are long and loud enough to pass for speech."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 24_000
TEXTS = ("Mama knows.", "A red moon, low.", "We lose a row.", "No man may know her name.")


def voice(seed: int, seconds: float = 1.2, rate: int = RATE) -> npt.NDArray[np.float64]:
    """A buzz whose colour changes, with 0.1 s of near silence at the edges, (S,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = 150 + 20 * np.sin(2 * np.pi * 1.5 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    strengths = np.repeat(rng.uniform(0, 1, (8, 10)), -(-len(time) // 8), axis=0)[: len(time)]
    sound = sum(np.sin((k + 1) * phase) * strengths[:, k] / (k + 1) for k in range(10))
    loud = (time > 0.1) & (time < seconds - 0.1)
    return 0.1 * sound * loud + 0.0005 * rng.standard_normal(len(time))


def write(path: Path, samples: npt.NDArray[np.float64], rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


def ljspeech(root: Path, count: int = 8, suffix: str = ".wav") -> Path:
    """`count` recordings in the LJSpeech layout; two takes of each of the texts."""
    lines = []
    for number in range(count):
        write(root / "wavs" / f"r{number}{suffix}", voice(number))
        lines.append(f"r{number}|{TEXTS[number // 2 % len(TEXTS)]}\n")
    (root / "metadata.csv").write_text("".join(lines))
    return root
