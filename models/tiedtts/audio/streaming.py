"""Sound files as they are made: their bytes come part by part, in every format."""

import io
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from tiedtts.audio import wav
from tiedtts.audio.encoding import Encoding, encoder, resampling

HELD_SECONDS = {".flac": 30.0}
"""Sound that is kept back at the beginning, so that a shorter file tells its length: common readers of FLAC,
such as libsndfile, take no file that does not. A voice makes so much in a tenth of a second."""

Part = tuple[npt.NDArray[np.floating], bool]
"""Mono samples of full scale 1, (S,), and whether they are the last."""


def encoded(parts: Iterable[Part], rate: int, encoding: Encoding) -> Iterator[bytes]:
    """Yield the bytes of a sound file, after each part those that are certain by then; they may be none.

    Put together they are a file that every reader takes, and of one part alone byte for byte the file that
    `files.encoded` returns. Of several, what a header tells of the length is not known when it goes out: it
    says so, as far as the format can, and readers take what there is.

    Args:
        parts: The sound; the last part is marked, so that the end of the file comes with it.
        rate: Their sampling rate, Hz.
        encoding: How they are written.

    Raises:
        AudioError: The format cannot hold this sampling rate.
    """
    outlet = Outlet()
    iterator = iter(parts)
    held = HELD_SECONDS.get(encoding.suffix, 0.0) * rate
    samples, is_last = next(iterator, (np.zeros(0, np.float32), True))
    # `BinaryIO` has a dozen methods that no encoder uses.
    with encoder(outlet, rate, encoding, streamed=not is_last) as add:  # type: ignore[arg-type]
        while True:
            add(samples)
            if is_last:
                break
            held -= len(samples)
            yield outlet.take() if held < 0 else b""
            samples, is_last = next(iterator, (np.zeros(0, np.float32), True))
    yield outlet.take()


def raw(parts: Iterable[Part], rate: int, target: int) -> Iterator[bytes]:
    """Yield the samples of each part as 16-bit numbers, little-endian, without a header.

    Args:
        parts: The sound.
        rate: Their sampling rate, Hz.
        target: Sampling rate that is wanted, Hz.
    """
    outlet = io.BytesIO()

    def taken() -> bytes:
        data = outlet.getvalue()
        outlet.seek(0)
        outlet.truncate()
        return data

    def write(samples: npt.NDArray[np.floating]) -> None:
        outlet.write(wav.quantise(samples, "16"))

    with resampling(write, rate, target) as add:
        for samples, is_last in parts:
            add(samples)
            if is_last:
                break
            yield taken()
    yield taken()


class Outlet:
    """A file whose beginning goes out while its end is written.

    Formats put their header right at the end. What has gone out stays as it is; it is written over only as
    long as it has not.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._gone = self._place = 0

    def write(self, data: bytes) -> int:
        """Take bytes at the place that was sought."""
        written = bytes(data)
        # What would change bytes that have gone is passed over.
        kept = written[max(0, self._gone - self._place) :]
        start = max(self._place, self._gone) - self._gone
        if kept:
            self._data[start : start + len(kept)] = kept
        self._place += len(written)
        return len(written)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._gone + len(self._data)}[whence]
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return nothing: encoders only write."""
        return b""

    def take(self) -> bytes:
        """Return what was written and has not gone, and let it go."""
        data = bytes(self._data)
        self._gone += len(self._data)
        self._data.clear()
        return data
