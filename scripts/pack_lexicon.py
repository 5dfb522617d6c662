"""Pack the text form of the CMU Pronouncing Dictionary: `pack_lexicon.py cmudict.dict -o cmudict.bin`."""

import argparse
from pathlib import Path

from tiedtts.text.pronounce.lexicon import CMUDICT, pack, read_cmudict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dictionary", type=Path, help="cmudict.dict of cmusphinx/cmudict")
    parser.add_argument("-o", "--output", type=Path, default=CMUDICT)
    arguments = parser.parse_args()
    with arguments.dictionary.open(encoding="utf-8") as lines:
        arguments.output.write_bytes(pack(read_cmudict(lines)))


if __name__ == "__main__":
    main()
