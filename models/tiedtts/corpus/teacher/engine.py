"""Speech engines, whatever they are: each says a text into a sound file, or fails."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import files
from tiedtts.errors import ConfigError, TiedTTSError

Say = Callable[..., tuple[npt.NDArray[np.floating], int]]
"""Function from a text, and from a `seed` if it has such a parameter, to mono samples, (S,), full scale 1,
and their rate, Hz."""

_LONGEST = 300
"""Characters of what an engine says of its failure."""


class EngineError(TiedTTSError):
    """An engine has not said a text."""


class Engine(Protocol):
    """One engine at work, for one text at a time."""

    def say(self, text: str, seed: int, output: Path) -> None:
        """Say a text into a sound file.

        Raises:
            EngineError: It did not.
        """
        ...

    def stop(self) -> None:
        """End at once what is under way, from another thread."""
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


class Teacher(Protocol):
    """A kind of engine, of which each worker gets one."""

    @property
    def key(self) -> str:
        """Digest of the engine: it changes when another one speaks."""
        ...

    @property
    def settings(self) -> dict[str, str | int | float]:
        """How it is run, for the record."""
        ...

    def open(self) -> Engine:
        """Return an engine for one worker."""
        ...


class FunctionTeacher:
    """A Python function that speaks.

    Args:
        say: Speaks a text, see `Say`. With several workers it is called from several threads.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        try:
            self._seeded = "seed" in inspect.signature(say).parameters
        except (TypeError, ValueError):
            self._seeded = False

    @property
    def key(self) -> str:
        """The same for all functions: they cannot be told apart."""
        return "function"

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Settings that say no more than that the engine is a function."""
        return {"protocol": "function"}

    def open(self) -> Engine:
        """Return the function as an engine."""
        return _FunctionEngine(self._say, self._seeded)


class _FunctionEngine:
    def __init__(self, say: Say, seeded: bool) -> None:
        self._say, self._seeded = say, seeded

    def say(self, text: str, seed: int, output: Path) -> None:
        try:
            samples, rate = self._say(text, seed=seed) if self._seeded else self._say(text)
            mono = np.asarray(samples, np.float32)
            if mono.ndim != 1:
                raise ConfigError(f"samples must have one dimension, got the shape {mono.shape}")
            data = files.encode(mono, int(rate))
        # Whatever an engine of others raises is its failure.
        except Exception as error:
            raise EngineError(f"{type(error).__name__}: {error}"[:_LONGEST]) from error
        storage.write_bytes(output, data, sync=False)

    def stop(self) -> None:
        """Do nothing: a function ends when it returns."""

    def close(self) -> None:
        """Do nothing: nothing was taken."""
