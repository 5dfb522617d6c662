"""Set how loud a vocoder's noise is below and above a frequency, without training.

    python scripts/teacher/noise.py joint/voice.safetensors clara.safetensors --low 0.45 --high 1.15

The spectral losses ask for noise wherever harmonics are not quite where the recording has them. Low down,
where harmonics are strong, it is heard as roughness: half as much is rated 0.15 higher by Distill-MOS.
The setting `noise` of joint training does the same at its end.
"""

import argparse
from pathlib import Path

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training import noise_level


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
    noise_level.change(vocoder, arguments.low, arguments.high, arguments.hertz)
    checkpoint.save(arguments.output, Checkpoint(loaded.parts, loaded.audio, loaded.provenance, loaded.plans))


if __name__ == "__main__":
    main()
