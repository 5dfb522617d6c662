"""Programs of the system that play sound, where the package for it is not installed."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files, wav
from tiedtts.audio.encoding import Add
from tiedtts.errors import AudioError

_PIPED = {
    "pw-cat": "--playback --raw --rate {rate} --channels 1 --format s16 -",
    "paplay": "--raw --rate={rate} --channels=1 --format=s16le",
    "aplay": "-q -t raw -f S16_LE -c 1 -r {rate}",
    "ffplay": "-loglevel error -nodisp -autoexit -f s16le -ar {rate} -i -",
    "play": "-q -t raw -e signed -b 16 -c 1 -r {rate} -",
}
"""Players that take raw samples from a pipe, the best first, and what they are told."""
_WHOLE = ("afplay",)
"""Players that take a whole file."""
NAMES = "a player of the system, such as afplay" if sys.platform == "darwin" else "a player such as aplay"
"""Players to look for, in words."""


def player(rate: int) -> AbstractContextManager[Add] | None:
    """Return what plays mono samples, (S,), part by part, or None where there is no such program.

    Leaving it waits for the last sample to be heard.

    Args:
        rate: Hz.
    """
    for name, arguments in _PIPED.items():
        program = shutil.which(name)
        if program is not None and (name != "pw-cat" or _knows_raw(program)):
            return _piped([program, *arguments.format(rate=rate).split()])
    for name in _WHOLE:
        program = shutil.which(name)
        if program is not None:
            return _whole(program, rate)
    return _windows(rate) if sys.platform == "win32" else None


def _knows_raw(program: str) -> bool:
    """Tell whether PipeWire's player takes samples without a header, which older versions do not."""
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    return "--raw" in told.stdout


@contextlib.contextmanager
def _piped(command: list[str]) -> Iterator[Add]:
    """Send samples into a player as they come."""
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:
            stream = process.stdin
            assert stream is not None

            def add(samples: npt.NDArray[np.floating]) -> None:
                try:
                    stream.write(wav.quantise(samples, "16"))
                    stream.flush()
                except OSError as error:
                    raise _failure(command, process.wait(), said.fileno()) from error

            try:
                yield add
                with contextlib.suppress(OSError):
                    stream.close()
                status = process.wait()
            except BaseException:
                # Stops at once when the sound is not wanted any more.
                process.kill()
                with contextlib.suppress(OSError):
                    stream.close()
                raise
        if status:
            raise _failure(command, status, said.fileno())


def _failure(command: list[str], status: int, said: int) -> AudioError:
    """Return what a player's failure means."""
    with open(said, "rb", closefd=False) as file:
        file.seek(0)
        lines = file.read(4000).decode("utf-8", "replace").splitlines()
    reason = next((line.strip() for line in lines if line.strip()), f"it ended with status {status}")
    return AudioError(
        f"cannot play with {Path(command[0]).name}: {reason}", hint="write a file instead of playing"
    )


@contextlib.contextmanager
def _whole(program: str, rate: int) -> Iterator[Add]:
    """Give all samples to a player at the end."""
    parts: list[npt.NDArray[np.floating]] = []
    yield parts.append
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        path.write_bytes(files.encode(np.concatenate([np.zeros(0, np.float32), *parts]), rate))
        done = subprocess.run(
            [program, str(path)], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    if done.returncode:
        raise AudioError(
            f"cannot play with {Path(program).name}: it ended with status {done.returncode}",
            hint="write a file instead of playing",
        )


@contextlib.contextmanager
def _windows(rate: int) -> Iterator[Add]:
    """Play through what Windows has itself, part by part."""
    import winsound

    def add(samples: npt.NDArray[np.floating]) -> None:
        try:
            winsound.PlaySound(files.encode(samples, rate), winsound.SND_MEMORY)  # type: ignore[attr-defined, unused-ignore]
        except RuntimeError as error:
            raise AudioError(f"cannot play: {error}", hint="write a file instead of playing") from error

    yield add
