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
from tiedtts.audio.player_process import PlayerProcess
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

    Leaving it waits for the last sample to be heard. A program that is installed may yet have nothing to
    play on, such as one for a sound server where none runs: then the next one gets all samples.

    Args:
        rate: Hz.
    """
    commands = [
        [program, *arguments.format(rate=rate).split()]
        for name, arguments in _PIPED.items()
        if (program := shutil.which(name)) is not None and (name != "pw-cat" or _knows_raw(program))
    ]
    if commands:
        return _first_that_plays(commands)
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
def _first_that_plays(commands: list[list[str]]) -> Iterator[Add]:
    """Send samples into the first player that takes them."""
    with contextlib.ExitStack() as stack:
        process: PlayerProcess | None = None
        sent: list[bytes] = []
        failures: list[AudioError] = []

        def play(data: bytes | None) -> None:
            """Send samples, or wait for the end of them; to another player all that came before."""
            nonlocal process
            if data is not None:
                sent.append(data)
            while True:
                try:
                    if process is None:
                        process = stack.enter_context(PlayerProcess(commands[len(failures)]))
                        for piece in sent:
                            process.write(piece)
                    elif data is not None:
                        process.write(data)
                    if process.plays:
                        sent.clear()
                    if data is None:
                        process.finish()
                    return
                except AudioError as error:
                    failures.append(error)
                    if (process is not None and process.plays) or len(failures) == len(commands):
                        reasons = "; ".join(map(str, failures))
                        raise AudioError(reasons, hint=error.hint) from error
                    process = None

        yield lambda samples: play(wav.quantise(samples, "16"))
        play(None)


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
