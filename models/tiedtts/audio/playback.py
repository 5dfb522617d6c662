"""Sound to the loudspeaker, while more is made."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts import extras
from tiedtts.audio import system_players
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
        AudioError: There is neither `sounddevice` nor a player of the system, or nothing to play on.
    """
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        opened = system_players.player(rate)
        if opened is None:
            raise AudioError(
                f"playing needs the package `sounddevice`, or {system_players.NAMES}",
                hint=extras.install_command("play"),
            ) from error
    except OSError as error:
        opened = system_players.player(rate)
        if opened is None:
            raise AudioError(
                f"cannot play: {error}", hint=f"install PortAudio or {system_players.NAMES}, or write a file"
            ) from error
    else:
        opened = _device(sounddevice, rate)
    with opened as add:
        yield add


def _device(sounddevice: ModuleType, rate: int) -> AbstractContextManager[Add]:
    """Play through PortAudio, or through a player of the system where it finds nothing to play on."""
    try:
        device = sounddevice.OutputStream(samplerate=rate, channels=1, dtype="float32")
        device.start()
    except sounddevice.PortAudioError as error:
        # It knows fewer sound servers than the system's own players.
        other = system_players.player(rate)
        if other is not None:
            return other
        raise AudioError(f"cannot play: {error}", hint="write a file instead of playing") from error
    return _playing(device)


@contextlib.contextmanager
def _playing(device: Any) -> Iterator[Add]:
    """Play on an open device."""
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
