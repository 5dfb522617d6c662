"""Give a vocoder its harmonics back in a band that it leaves to the noise.

    python scripts/teacher/harmonics.py clara.safetensors data start.safetensors --low 2300 --high 4200

A complex spectral loss above 1 kHz drives harmonics to silence, because their phases cannot be foretold
there; no other loss brings them back from so far down. In the band their gains are set to follow the noise's,
which knows the spectrum, as loud as harmonics are on both sides of the band. Joint training goes on from
there.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.manifest import read_manifest
from tiedtts.nets.vocoder import NOISE_OFFSET, HarmonicVocoder, knot_frequencies

SENTENCES = 12
"""Sentences that levels are measured on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vocoder", type=Path, help="checkpoint with a vocoder")
    parser.add_argument("data", type=Path, help="data folder of its voice")
    parser.add_argument("output", type=Path)
    parser.add_argument("--low", type=float, default=2300.0, help="lower end of the band, Hz")
    parser.add_argument("--high", type=float, default=4200.0, help="upper end of the band, Hz")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    loaded = checkpoint.load(arguments.vocoder)
    vocoder = loaded.part("vocoder")
    assert isinstance(vocoder, HarmonicVocoder)
    config = vocoder.config
    hertz = knot_frequencies(config.knots, config.sample_rate)
    band = np.flatnonzero((hertz >= arguments.low) & (hertz <= arguments.high))
    if not len(band) or band[0] == 0 or band[-1] == config.knots - 1:
        parser.error("the band must hold a knot and leave one on each side")
    harmonic, noise = levels(vocoder.eval(), arguments.data)
    sides = [band[0] - 1, band[-1] + 1]
    wanted = np.interp(band, sides, harmonic[sides])
    # Harmonic gain, phase and noise gain, for each substep.
    weights = vocoder.head.weight.data.view(config.substeps, 3, config.knots, -1)
    biases = vocoder.head.bias.data.view(config.substeps, 3, config.knots)
    for knot, level in zip(band, wanted, strict=True):
        weights[:, 0, knot] = weights[:, 2, knot]
        biases[:, 0, knot] = biases[:, 2, knot] - NOISE_OFFSET + float(level - noise[knot])
    checkpoint.save(arguments.output, Checkpoint(loaded.parts, loaded.audio, loaded.provenance, loaded.plans))


@torch.no_grad()
def levels(vocoder: HarmonicVocoder, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean log gain of harmonics and of noise in voiced frames, (K,) each."""
    config, kept = vocoder.config, vocoder.interpolation
    vocoder.interpolation = torch.eye(config.knots)
    sums: list[list[np.ndarray]] = [[], []]
    for entry in read_manifest(data)[:SENTENCES]:
        with np.load(data / "features" / entry.features) as features:
            inputs = [np.asarray(features[name], np.float32) for name in ("mel", "log_f0", "voiced")]
        filters = vocoder.filters(*(torch.from_numpy(values)[None] for values in inputs))
        voiced = np.repeat(inputs[2] > 0.5, config.substeps)
        for values, gains in zip(sums, (filters.harmonic, filters.noise), strict=True):
            values.append(gains[0].numpy()[voiced])
    vocoder.interpolation = kept
    return np.concatenate(sums[0]).mean(0), np.concatenate(sums[1]).mean(0)


if __name__ == "__main__":
    main()
