"""Sound into a pipe, as it is made."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts.audio import streaming, wav
from tiedtts.audio.encoding import Add, Encoding, encoder, leveling, resampling

_STEPS = 4
"""Steps in which a second of sound is encoded."""


@contextlib.contextmanager
def stream_writer(
    stream: BinaryIO,
    rate: int,
    encoding: Encoding | None = None,
    *,
    raw: bool = False,
    whole: bool = False,
    live: bool = False,
) -> Iterator[Add]:
    """Take mono samples, (S,), in parts, and send them on.

    They go out part by part, as far as the format can; the header then has no length, which readers take for
    "to the end". Into a regular file, all but raw samples is written at the end.

    Args:
        stream: For bytes.
        rate: Sampling rate, Hz.
        encoding: How they are written; WAV of 16 bits by default.
        raw: Write no header.
        whole: Write all at the end; the header tells the length.
        live: Somebody listens: nothing is held back so that the header of a short sound tells its length.
    """
    # Nobody looks into a pipe for a title.
    encoding = (encoding or Encoding()).told_by("")
    target = encoding.rate(rate)
    if raw:

        def write(samples: npt.NDArray[np.floating]) -> None:
            stream.write(wav.quantise(samples, encoding.numbers))
            stream.flush()

        with leveling(write, target, encoding) as leveled, resampling(leveled, rate, target) as add:
            yield add
    elif encoding.suffix == ".wav" and not whole and _is_pipe(stream):
        with _sending(stream, rate, target, encoding) as send:
            yield send
    elif not whole and _is_pipe(stream):
        with _encoding(stream, rate, encoding, live=live) as send:
            yield send
    else:
        with tempfile.TemporaryFile() as file:
            with encoder(file, rate, encoding) as add:
                yield add
            file.seek(0)
            shutil.copyfileobj(file, stream)
    stream.flush()


@contextlib.contextmanager
def _sending(stream: BinaryIO, rate: int, target: int, encoding: Encoding) -> Iterator[Add]:
    writer: wav.Writer | None = None

    def write(samples: npt.NDArray[np.floating]) -> None:
        nonlocal writer
        if writer is None:
            writer = wav.Writer(stream.write, None, target, encoding.numbers)
        writer.write(samples)
        stream.flush()

    with leveling(write, target, encoding) as leveled, resampling(leveled, rate, target) as add:
        yield add
    if writer is None:
        writer = wav.Writer(stream.write, None, target, encoding.numbers, size=0)
    writer.close()


@contextlib.contextmanager
def _encoding(stream: BinaryIO, rate: int, encoding: Encoding, *, live: bool) -> Iterator[Add]:
    outlet = streaming.Outlet()
    held = 0.0 if live else streaming.HELD_SECONDS.get(encoding.suffix, 0.0) * rate
    # `BinaryIO` has a dozen methods that no encoder uses.
    with encoder(outlet, rate, encoding, streamed=True) as add:  # type: ignore[arg-type]

        def send(samples: npt.NDArray[np.floating]) -> None:
            nonlocal held
            # Encoders take their time: the first of it is heard while the rest is encoded.
            for start in range(0, len(samples), rate // _STEPS):
                step = samples[start : start + rate // _STEPS]
                add(step)
                held -= len(step)
                if held < 0:
                    stream.write(outlet.take())
                    stream.flush()

        yield send
    stream.write(outlet.take())


def _is_pipe(stream: BinaryIO) -> bool:
    """Whether what is written has gone: not so in a file, nor in a buffer without a descriptor."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, AttributeError):
        return False
