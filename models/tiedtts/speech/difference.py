"""Differences: one voice as a small change of another, from which its whole file is put together.

Voices with the same nets have the same graph and differ in the numbers of its tensors only. Of a large
matrix a low-rank difference is kept, in 8 bits; of everything else the voice's own values. Put together, it
is a file like any other, and speaks as fast as the one that it is a change of.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tiedtts import compression, documents, schema
from tiedtts.errors import ConfigError, VoiceError
from tiedtts.speech import onnx_tensors
from tiedtts.speech.onnx_tensors import Place

SUFFIX = ".voice"
"""Suffix of files with differences."""
FORMAT = 1
"""Format of these files; a reader refuses newer ones."""
MARK = b"tiedtts difference\n"
"""First bytes of such a file. What follows is compressed: a line of JSON, see `About`, then all numbers."""
MOST_BYTES = 2**26
"""Largest size of what is compressed, bytes."""
MOST_RANK = 256
"""Highest rank of a difference."""

_HINT = "make it again with `tiedtts export --base`"


class LowRank(NamedTuple):
    """A matrix of low rank in 8 bits: the sum of R terms."""

    up: npt.NDArray[np.int8]
    """(O, R)."""
    factors: npt.NDArray[np.float32]
    """Scale of each term, (R,)."""
    down: npt.NDArray[np.int8]
    """(R, I)."""

    @property
    def product(self) -> npt.NDArray[np.float64]:
        """The matrix, (O, I)."""
        # Products of whole numbers, added up in 64 bits: rounded later, they are the same on every machine.
        found: npt.NDArray[np.float64] = (self.up * self.factors.astype(np.float64)) @ self.down.astype(float)
        return found


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """One matrix of 8 bits that a voice has another one of."""

    name: str
    """Name of its tensor."""
    scale: str
    """Name of the tensor with the scale of each row."""
    rank: int
    """Rank of the difference, R."""

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= MOST_RANK:
            raise ConfigError(f"`rank` must be 1 to {MOST_RANK}, got: {self.rank}")


@dataclass(frozen=True, kw_only=True)
class About:
    """Description of a difference."""

    format: int
    base: str
    """Name of the voice it is a change of."""
    base_sha256: str
    """Hash of that voice's tensors, see `fingerprint`."""
    matrices: tuple[Matrix, ...] = ()
    """Matrices with a low-rank difference, in the order of their numbers."""
    values: tuple[str, ...] = ()
    """Tensors whose values are the voice's own, in the order of their numbers, which come first."""
    voice: dict[str, Any] = field(default_factory=dict)
    """Metadata of the voice."""


@dataclass(frozen=True, kw_only=True)
class _Format:
    """Description that every version has."""

    format: int


def fingerprint(data: bytes, name: str) -> str:
    """Return a hash of the tensors of a voice file, whatever it says of itself.

    Args:
        data: All of the file.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged.
    """
    return _fingerprint(data, onnx_tensors.places(data, name))


def _fingerprint(data: bytes, places: Mapping[str, Place]) -> str:
    digest = hashlib.sha256()
    for key, place in sorted(places.items()):
        digest.update(f"{key} {place.dtype.str} {place.shape}\n".encode())
        digest.update(data[place.start : place.stop])
    return digest.hexdigest()


def pack(about: About, values: Sequence[npt.NDArray[Any]], matrices: Sequence[LowRank]) -> bytes:
    """Return a file with a difference; the same input gives the same bytes.

    Args:
        about: Its description.
        values: Own values of the tensors it names.
        matrices: Differences of the matrices it names.
    """
    text = json.dumps(asdict(about), sort_keys=True, separators=(",", ":"))
    parts = [text.encode(), b"\n", *(of.tobytes() for of in values)]
    for low in matrices:
        parts += (low.factors.tobytes(), low.up.tobytes(), low.down.tobytes())
    return MARK + zlib.compress(b"".join(parts), 9)


def unpack(data: bytes, name: str) -> tuple[About, bytes]:
    """Read a file with a difference: its description, and all its numbers.

    Args:
        data: All of the file.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged or newer than this program.
    """
    try:
        if not data.startswith(MARK):
            raise ConfigError("it has no mark")
        plain = compression.unpack(data[len(MARK) :], MOST_BYTES)
        text, _, numbers = plain.partition(b"\n")
        described = documents.from_json(text.decode(), "its description")
        if schema.build(_Format, described, "its description", open_ended=True).format > FORMAT:
            raise VoiceError(f"{name} is newer than this program", hint="install a newer tiedtts")
        return schema.build(About, described, "its description"), numbers
    except (UnicodeDecodeError, ConfigError) as error:
        raise VoiceError(f"{name} is damaged or is not a voice: {error}", hint=_HINT) from error


def compose(base: bytes, about: About, numbers: bytes, name: str) -> bytes:
    """Put a whole voice file together.

    Args:
        base: The voice file that it is a change of.
        about: Description of the difference.
        numbers: Its numbers.
        name: What errors call it.

    Raises:
        VoiceError: The difference is damaged, or of another base.
    """
    places = onnx_tensors.places(base, about.base)
    if _fingerprint(base, places) != about.base_sha256:
        raise VoiceError(
            f"{name} is a change of another voice than the `{about.base}` that is here",
            hint=f"put the {about.base}.onnx that it was made with beside it, or make it again",
        )
    changed = bytearray(base)
    given = _Numbers(numbers)
    try:
        for key in about.values:
            place = places[key]
            changed[place.start : place.stop] = given.take(place.dtype, place.shape).tobytes()
        for matrix in about.matrices:
            place, scale = places[matrix.name], places[matrix.scale]
            low = given.low_rank(place, matrix.rank)
            shared = place.read(base) * scale.read(base).astype(np.float64)
            levels = requantised(shared, low, scale.read(bytes(changed)))
            changed[place.start : place.stop] = levels.tobytes()
        if given.rest:
            raise ValueError("numbers are left")
    except (KeyError, ValueError, TypeError) as error:
        raise VoiceError(f"{name} is damaged: it does not fit {about.base}", hint=_HINT) from error
    return onnx_tensors.with_metadata(bytes(changed), json.dumps(about.voice, sort_keys=True))


class _Numbers:
    """Numbers that are taken one array after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def rest(self) -> int:
        """Bytes that nobody has taken."""
        return len(self._data) - self._at

    def take(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the next array.

        Raises:
            ValueError: So many bytes are not left.
        """
        size = math.prod(shape)
        found = np.frombuffer(self._data, dtype, size, self._at).reshape(shape)
        self._at += size * dtype.itemsize
        return found

    def low_rank(self, place: Place, rank: int) -> LowRank:
        """Return the next difference, of a matrix at a place."""
        rows = place.shape[0]
        byte = np.dtype(np.int8)
        factors = self.take(np.dtype("<f4"), (rank,))
        up = self.take(byte, (rows, rank))
        return LowRank(up, factors, self.take(byte, (rank, math.prod(place.shape) // max(rows, 1))))


def requantised(
    shared: npt.NDArray[np.float64], low: LowRank, scale: npt.NDArray[Any]
) -> npt.NDArray[np.int8]:
    """Add a low-rank difference to a matrix and return levels of 8 bits.

    Args:
        shared: The base's matrix, (O, ...), I values in each row.
        low: The difference.
        scale: The voice's own scale of each row, (O, 1, ...).
    """
    values = (shared + low.product.reshape(shared.shape)) / scale.astype(np.float64)
    levels: npt.NDArray[np.int8] = np.clip(np.rint(values), -127, 127).astype(np.int8)
    return levels
