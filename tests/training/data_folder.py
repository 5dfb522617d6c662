"""A data folder of synthetic recordings, small enough to train on in a second."""

import math
from pathlib import Path

import numpy as np

from tiedtts.audio import excitation
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import extract
from tiedtts.corpus.manifest import FEATURES, Entry, write_description, write_manifest

AUDIO = AudioSettings()
WORDS = ("M AA1", "N IY1", "L UW1", "R EH1")


def write_data_folder(data: Path) -> Path:
    """Write ten recordings of two words each, a buzz per vowel; two of them held out."""
    (data / FEATURES).mkdir(parents=True)
    entries = []
    for number in range(10):
        rng = np.random.default_rng(number)
        words = [WORDS[number % 4], WORDS[(number // 2) % 4]]
        phones = [("sil", 0, 0, 2, -1)]
        for place, word in enumerate(words):
            consonant, vowel = word.split()
            phones += [(consonant, 0, 1, 2, place), (vowel[:-1], 2, 3, 2, place)]
        phones.append((".", 0, 0, 2, -1))
        durations = [8, *(int(n) for n in rng.integers(6, 14, 4)), 12]
        frames = sum(durations)
        log_f0 = (math.log(190) + 0.1 * np.sin(np.arange(frames) / 7)).astype(np.float32)
        voiced = np.repeat([0, 1, 1, 1, 1, 0], durations).astype(np.float32)
        sound = excitation.pulse_train(log_f0, voiced, AUDIO.hop, AUDIO.sample_rate)
        sound += 0.001 * rng.standard_normal(len(sound)).astype(np.float32)
        features = extract(sound, AUDIO)
        features.save(data / FEATURES / f"r{number}.npz")
        entries.append(
            Entry(
                f"r{number}",
                f"Recording {number}.",
                f"wavs/r{number}.wav",
                f"recording {number}",
                "heldout" if number >= 8 else "train",
                frames * AUDIO.hop / AUDIO.sample_rate,
                frames,
                tuple(phones),
                tuple(durations),
                -float(number),
                f"r{number}.npz",
                "",
            )
        )
    write_manifest(data, entries)
    write_description(data, AUDIO, corpus="synthetic", licence="CC0-1.0")
    return data
