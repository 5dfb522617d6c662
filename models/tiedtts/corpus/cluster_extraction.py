"""Extraction on a cluster: recordings are sent to its nodes, and their features come back.

Nodes need no folder in common; the process that asked reads the recordings and writes the features.
"""

import stat
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tiedtts.audio.settings import AudioSettings
from tiedtts.cluster import Cluster
from tiedtts.corpus import checks, extraction
from tiedtts.corpus.extraction import CHUNK, MOST_DEADLY, Finding
from tiedtts.errors import CorpusError

MOST_BYTES = 2**26
"""Bytes of a recording that is sent; a larger one, of which few are ever used, is judged here."""
CHUNK_BYTES = 2**24
"""Bytes of recordings that are sent at once, or little more."""


class Sent(NamedTuple):
    """A recording on its way to a node."""

    place: int
    """Its place among all recordings."""
    name: str
    """Its id."""
    file: str
    """Name of its file."""
    sound: bytes
    """The file."""


Piece = Sequence[Sent]
Analysed = tuple[int, Finding, bytes | None]
"""The place of a recording, its finding, and its file of features."""


class ClusterExtraction:
    """Features of recordings that the nodes of a cluster compute.

    Args:
        cluster: A cluster that was joined.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(
        self,
        recordings: Sequence[tuple[str, Path]],
        todo: Sequence[int],
        data: Path,
        settings: AudioSettings,
        denoise: float,
    ) -> Generator[tuple[int, Finding], None, None]:
        """Yield the findings of some recordings as they come, with the recording's index.

        Args:
            recordings: Id and sound file of each.
            todo: Which of them.
            data: The data folder, which gets their features.
            settings: Rate, frames and pitch range.
            denoise: By how much steady noise is taken down, dB.

        Raises:
            CorpusError: Processes are lost one after the other.
            ConfigError: A node has no TiedTTS, another version, or not the extra `train`.
        """
        here: list[int] = []
        values = self._cluster.share((settings, denoise))
        deadly = 0
        for done in self._cluster.run(analyse, _pieces(recordings, todo, here), values, split=_alone):
            if not done.lost:
                for index, finding, features in done.result:
                    if features is not None:
                        extraction.keep(data, finding, features)
                    yield index, finding
                continue
            deadly += 1
            if deadly > MOST_DEADLY:
                raise CorpusError(
                    f"the processes that compute features are lost one after the other: {done.lost}",
                    hint="perhaps memory runs out: run again with fewer workers, what is done is kept",
                )
            for sent in done.piece:
                key = extraction.digest(recordings[sent.place][1], settings, denoise)
                target = extraction.file_name(sent.name, key)
                yield sent.place, Finding(target, key, rejected=checks.DEADLY)
        for index in here:
            yield index, extraction.analyse(*recordings[index], data, settings, denoise)


def analyse(piece: Piece, values: tuple[AudioSettings, float]) -> list[Analysed]:
    """Judge recordings on a node, and compute their features.

    Args:
        piece: The recordings.
        values: Rate, frames and pitch range; by how much steady noise is taken down, dB.
    """
    found: list[Analysed] = []
    with tempfile.TemporaryDirectory(prefix="tiedtts-") as folder:
        for sent in piece:
            path = Path(folder) / f"sound{Path(sent.file).suffix}"
            path.write_bytes(sent.sound)
            found.append((sent.place, *extraction.analysed(sent.name, path, *values)))
    return found


def _pieces(recordings: Sequence[tuple[str, Path]], todo: Sequence[int], here: list[int]) -> Iterator[Piece]:
    """Yield recordings as there is room for them; those that cannot be sent are added to `here`."""
    piece: list[Sent] = []
    for index in todo:
        name, path = recordings[index]
        sound = _read(path)
        if sound is None:
            here.append(index)
            continue
        piece.append(Sent(index, name, path.name, sound))
        if len(piece) == CHUNK or sum(len(each.sound) for each in piece) >= CHUNK_BYTES:
            yield piece
            piece = []
    if piece:
        yield piece


def _read(path: Path) -> bytes | None:
    """Return a sound file; None if it is too large or no file, which is judged without reading it."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
            return None
        return path.read_bytes()
    # A name that no file system takes is a ValueError.
    except (OSError, ValueError):
        return None


def _alone(piece: Piece) -> list[Piece]:
    return [[sent] for sent in piece]
