"""A stand-in for a cluster, without Ray."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tiedtts import cluster


class Nodes:
    """Stands for a cluster, whose nodes get pickled values; some pieces are lost."""

    size = 2

    def __init__(self, lost: Callable[[Any], bool] = lambda piece: False) -> None:
        self.lost, self.tried = lost, 0
        self.pieces: list[Any] = []
        self.vanish: list[Path] = []
        self.away: Callable[[], object] = lambda: None

    def share(self, value: object) -> object:
        return pickle.dumps(value)

    def run(
        self,
        function: Callable[..., object],
        pieces: Iterable[Any],
        *shared: bytes,
        needed: Callable[[Any], Any] = lambda piece: (),
        split: Callable[[Any], Any] = lambda piece: (),
    ) -> Iterator[cluster.Done[Any]]:
        for path in self.vanish:
            path.unlink()
        waiting = [(piece, needed(piece)) for piece in pieces]
        self.pieces = [piece for piece, _ in waiting]
        self.away()
        for piece, _ in waiting:
            parts = split(piece) if self.lost(piece) else ()
            for part in parts if len(parts) > 1 else (piece,):
                self.tried += 1
                if self.lost(part):
                    yield cluster.Done(part, lost="NodeDiedError: gone")
                else:
                    values = map(pickle.loads, (*shared, *needed(part)))
                    result = function(pickle.loads(pickle.dumps(part)), *values)
                    yield cluster.Done(part, pickle.loads(pickle.dumps(result)))
