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

from tiedtts.audio import wav
from tiedtts.audio.encoding import Add, Encoding, encoder, resampling


@contextlib.contextmanager
def stream_writer(
    stream: BinaryIO, rate: int, encoding: Encoding | None = None, *, raw: bool = False, whole: bool = False
) -> Iterator[Add]:
    """Take mono samples, (S,), in parts, and send them on.

    Raw samples and WAV go out part by part; the header of WAV then has no length, which readers take
    for "to the end". Into a regular file, and in other formats, all is written at the end.

    Args:
        stream: For bytes.
        rate: Sampling rate, Hz.
        encoding: How they are written; WAV of 16 bits by default.
        raw: Write no header.
        whole: Write all at the end; the header of WAV tells the length.
    """
    # Nobody looks into a pipe for a title.
    encoding = (encoding or Encoding()).told_by("")
    target = encoding.rate(rate)
    if raw:

        def write(samples: npt.NDArray[np.floating]) -> None:
            stream.write(wav.quantise(samples, encoding.numbers))
            stream.flush()

        with resampling(write, rate, target) as add:
            yield add
    elif encoding.suffix == ".wav" and not whole and _is_pipe(stream):
        with _sending(stream, rate, target, encoding.numbers) as send:
            yield send
    else:
        with tempfile.TemporaryFile() as file:
            with encoder(file, rate, encoding) as add:
                yield add
            file.seek(0)
            shutil.copyfileobj(file, stream)
    stream.flush()


@contextlib.contextmanager
def _sending(stream: BinaryIO, rate: int, target: int, subtype: str) -> Iterator[Add]:
    writer: wav.Writer | None = None

    def write(samples: npt.NDArray[np.floating]) -> None:
        nonlocal writer
        if writer is None:
            writer = wav.Writer(stream.write, None, target, subtype)
        writer.write(samples)
        stream.flush()

    with resampling(write, rate, target) as add:
        yield add
    if writer is None:
        writer = wav.Writer(stream.write, None, target, subtype, size=0)
    writer.close()


def _is_pipe(stream: BinaryIO) -> bool:
    """Whether what is written has gone: not so in a file, nor in a buffer without a descriptor."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, AttributeError):
        return False
