"""Store a trained recogniser in 16 bits, as `eval` finds it: `pack_recognizer.py run/aligner.safetensors`."""

import argparse
from pathlib import Path

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.measure.listener import SHIPPED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="what `tiedtts train --part aligner` wrote")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    loaded = checkpoint.load(arguments.checkpoint)
    net = loaded.part("aligner").half()
    arguments.output.parent.mkdir(exist_ok=True)
    checkpoint.save(arguments.output, Checkpoint({"aligner": net}, loaded.audio, loaded.provenance))


if __name__ == "__main__":
    main()
