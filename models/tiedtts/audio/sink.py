"""The place that sound goes to: a file, a stream, or the loudspeaker."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from tiedtts.audio.encoding import Add, Encoding, leveling


def opened(
    target: Path | BinaryIO | None,
    rate: int,
    encoding: Encoding,
    *,
    title: str = "",
    raw: bool = False,
    whole: bool = False,
    live: bool = False,
    finish: Callable[[BinaryIO], object] = lambda file: None,
) -> AbstractContextManager[Add]:
    """Open a place for mono samples, (S,), in parts.

    Args:
        target: File, which appears when all of it is there; open stream; or the loudspeaker if None.
        rate: Sampling rate of the samples, Hz.
        encoding: How they are written.
        title: Told in a file, where the format has a place for it.
        raw: Send samples to the stream without a header.
        whole: There is one part only.
        live: The text comes while it is spoken, so that somebody waits for each part.
        finish: Called with a whole file before it appears.

    Raises:
        AudioError: The format cannot hold the sound, or there is nothing to play on.
        OutputError: The file cannot be written.
    """
    if target is None:
        from tiedtts.audio import playback

        return _heard(playback.player(rate), rate, encoding)
    if isinstance(target, Path):
        from tiedtts.audio import files

        return files.writer(target, rate, encoding, title=title, finish=finish)
    from tiedtts.audio import pipe

    return pipe.stream_writer(target, rate, encoding, raw=raw, whole=whole, live=live)


@contextmanager
def _heard(player: AbstractContextManager[Add], rate: int, encoding: Encoding) -> Iterator[Add]:
    """Play a sound at the loudness that is asked for."""
    with player as play, leveling(play, rate, encoding) as add:
        yield add
