"""Set how loud a vocoder's noise is below and above a frequency, without training.

    python scripts/teacher/noise.py joint/step_6000.safetensors clara.safetensors --low 0.45 --high 1.15

The spectral losses ask for noise wherever harmonics are not quite where the recording has them. Low down,
where harmonics are strong, it is heard as roughness: half as much is rated 0.15 higher by Distill-MOS.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.nets.vocoder import HarmonicVocoder, knot_frequencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vocoder", type=Path, help="checkpoint with a vocoder")
    parser.add_argument("output", type=Path)
    parser.add_argument("--low", type=float, default=0.45, help="factor of the noise below the frequency")
    parser.add_argument("--high", type=float, default=1.15, help="factor of the noise an octave above it")
    parser.add_argument("--hertz", type=float, default=1500.0)
    arguments = parser.parse_args()
    loaded = checkpoint.load(arguments.vocoder)
    vocoder = loaded.part("vocoder")
    assert isinstance(vocoder, HarmonicVocoder)
    config = vocoder.config
    hertz = np.maximum(knot_frequencies(config.knots, config.sample_rate), 1.0)
    above = np.clip(np.log2(hertz / arguments.hertz), 0.0, 1.0)
    change = (1 - above) * np.log(arguments.low) + above * np.log(arguments.high)
    with torch.no_grad():
        # Harmonic gain, phase and noise gain, for each substep.
        biases = vocoder.head.bias.view(config.substeps, 3, config.knots)
        biases[:, 2] += torch.from_numpy(change).float()
    checkpoint.save(arguments.output, Checkpoint(loaded.parts, loaded.audio, loaded.provenance, loaded.plans))


if __name__ == "__main__":
    main()
