"""Pack the network of g2p-en: `pack_g2p.py checkpoint20.npz -o g2p.npz`.

Its weights have 32 bits. Kept are 16, with a scale for each row: 2 of 3,000 words get another phone than
with all of them, where the network itself is between two.
Without an argument, the file is taken from the installed package g2p-en (the extra `test` brings it).
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np

from tiedtts.text.pronounce.g2p import WEIGHTS, pack


def installed() -> Path:
    """Find the file without importing the package, which would reach for the network."""
    spec = importlib.util.find_spec("g2p_en")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        return Path(folder, "checkpoint20.npz")
    raise SystemExit("error: the package `g2p-en` is not installed\nhint: pip install g2p-en")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, nargs="?", help="checkpoint20.npz of g2p-en 2.1.0")
    parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    with np.load(arguments.weights or installed()) as arrays:
        packed = pack({name: arrays[name] for name in arrays.files})
    with arguments.output.open("wb") as file:
        np.savez(file, **packed)


if __name__ == "__main__":
    main()
