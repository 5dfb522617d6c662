"""Sound to the loudspeaker, while more is made."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts import extras
from tiedtts.audio.encoding import Add
from tiedtts.errors import AudioError

_AHEAD = 4
"""Parts made ahead of the one that is heard."""


@contextlib.contextmanager
def player(rate: int) -> Iterator[Add]:
    """Play mono samples, (S,), part by part; leaving waits for the last of them to be heard.

    Args:
        rate: Hz.

    Raises:
        AudioError: There is no `sounddevice`, or nothing to play on.
    """
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise AudioError(
            "playing needs the package `sounddevice`", hint=extras.install_command("play")
        ) from error
    except OSError as error:
        raise AudioError(f"cannot play: {error}", hint="install PortAudio, or write a file") from error
    try:
        device = sounddevice.OutputStream(samplerate=rate, channels=1, dtype="float32")
        device.start()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"cannot play: {error}", hint="write a file with `-o`") from error
    parts: queue.Queue[npt.NDArray[np.floating] | None] = queue.Queue(_AHEAD)
    thread = threading.Thread(target=_play, args=(device, parts), daemon=True)
    thread.start()
    try:
        yield parts.put
        parts.put(None)
        thread.join()
        device.stop()
    finally:
        # Stops at once when the sound is not wanted any more.
        device.close()


def _play(device: Any, parts: "queue.Queue[npt.NDArray[np.floating] | None]") -> None:
    while (part := parts.get()) is not None:
        with contextlib.suppress(Exception):
            # A device that goes away must not leave the other side waiting.
            device.write(np.ascontiguousarray(part[:, None], np.float32))
