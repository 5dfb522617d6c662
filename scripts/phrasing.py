"""Fit the model of phrase breaks to recordings, and write its weights beside the words it knows.

    python scripts/phrasing.py listen DATA -o pauses.jsonl
    python scripts/phrasing.py fit pauses.jsonl

DATA is a folder made by `prepare` or by `scripts/teacher/corpus.py`. `listen` writes a line for each
recording: its text, and for each word but the first the frames of silence before it and whether they are a
pause. `fit` leaves out a quarter of the texts, drawn by a digest of each, on which
`python -m tests.benchmarks.phrasing` reports.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import read_manifest
from tiedtts.measure import word_gaps
from tiedtts.text import phrasing, tables
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.phones import Phone
from tiedtts.text.phrase_features import features, shapes

TABLE = tables.DATA / "phrasing.tsv"
HELD_OUT = 4
"""One text of so many is left out."""
RIDGE = 3.0
"""Half of it times the square of each weight is added to the loss: few recordings, many features."""
RARE, FREQUENT = 5, 150
"""Boundaries that a feature must stand at; so many, or else two pauses among them."""
LEAST = 25
"""Hundredths; smaller weights are left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    listen_ = commands.add_parser("listen", help="find the pauses of recordings")
    listen_.add_argument("data", type=Path, nargs="+")
    listen_.add_argument("-o", "--output", type=Path, required=True)
    listen_.set_defaults(run=listen)
    fit_ = commands.add_parser("fit", help="fit the model to pauses that were found")
    fit_.add_argument("pauses", type=Path, nargs="+")
    fit_.add_argument("-o", "--output", type=Path, default=TABLE)
    fit_.set_defaults(run=fit)
    arguments = parser.parse_args()
    arguments.run(arguments)


def listen(arguments: argparse.Namespace) -> None:
    """Write where recordings pause."""
    with arguments.output.open("w", encoding="utf-8") as out:
        for data in arguments.data:
            for entry in read_manifest(data):
                mel = Features.load(data / "features" / entry.features).mel
                phones = [Phone(*row) for row in entry.phones]
                found = word_gaps.silences(mel, phones, entry.durations)
                count = 1 + max(phone.word for phone in phones)
                # A word without phones, or one that is not there, is no place for a pause.
                rows = [found.get(word, (0, None)) for word in range(1, count)]
                line = {
                    "text": entry.text,
                    "silence": [frames for frames, _ in rows],
                    "pause": [is_pause for _, is_pause in rows],
                }
                out.write(json.dumps(line) + "\n")


def boundaries(paths: Sequence[Path]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the features of the boundaries of all texts but those held out, and whether there is a pause."""
    front_end = FrontEnd()
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if int(hashlib.sha256(row["text"].encode()).hexdigest(), 16) % HELD_OUT == 0:
                continue
            said = 0
            for reading in front_end.readings(row["text"], LeftOut()):
                written = reading.written.text
                capitals = not any(map(str.islower, written))
                for stretch, first in phrasing.stretches(reading.items, reading.places, written):
                    pauses = row["pause"][said + first : said + first + len(stretch.words) - 1]
                    for own, is_pause in zip(
                        features(stretch, shapes(stretch, capitals=capitals)), pauses, strict=False
                    ):
                        if is_pause is not None:
                            yield own, is_pause
                said += len(reading.places)


def fit(arguments: argparse.Namespace) -> None:
    """Fit a logistic regression and write its weights, in hundredths."""
    rows, pauses = zip(*boundaries(arguments.pauses), strict=True)
    met = Counter(name for row in rows for name in row)
    paused = Counter(name for row, pause in zip(rows, pauses, strict=True) if pause for name in row)
    names = sorted(n for n in met if met[n] >= FREQUENT or (met[n] >= RARE and paused[n] > 1))
    index = {name: number for number, name in enumerate(names)}
    found = [[index[name] for name in row if name in index] for row in rows]
    matrix = csr_matrix(
        (
            np.ones(sum(map(len, found))),
            [number for row in found for number in row],
            np.cumsum([0, *map(len, found)]),
        ),
        shape=(len(rows), len(names)),
    )
    target = np.array(pauses, np.float64)
    ridge = np.full(len(names), RIDGE)
    ridge[index["bias"]] = 0.0

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        odds = matrix @ weights
        value = np.logaddexp(0, odds) - target * odds
        slope = matrix.T @ (1 / (1 + np.exp(-odds)) - target)
        return float(value.sum() + (ridge * weights**2).sum() / 2), slope + ridge * weights

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    weights = {name: round(100 * value) for name, value in zip(names, best.x, strict=True)}
    kept = [f"odds\t{name}\t{value}" for name, value in weights.items() if abs(value) >= LEAST]
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("odds\t")]
    arguments.output.write_text("\n".join([*lines, *kept, ""]), "utf-8")
    print(f"{len(rows)} boundaries, {int(target.sum())} pauses, {len(kept)} weights")


if __name__ == "__main__":
    main()
