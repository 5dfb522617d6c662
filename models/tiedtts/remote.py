"""Files elsewhere, named by URLs such as `s3://bucket/lines.csv`: whatever fsspec reaches, with its settings.

What is read is fetched whole. A folder that is written to has a stand-in here, from which each file goes out
when it is complete; what was sent is kept here as an empty file of its name.
"""

import contextlib
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from tiedtts import extras
from tiedtts.errors import ConfigError, OutputError, TextError
from tiedtts.paths import StrPath

_URL = re.compile(r"([a-z][a-z0-9+.-]+):/{1,3}(.+)", re.IGNORECASE | re.DOTALL)
"""Also as a path has it, with one slash. A letter alone is a drive of Windows."""
_BETWEEN_SECONDS = 15.0
"""Time between two writings of the list of what is there."""


def url(path: StrPath) -> str | None:
    """Return the URL that a path stands for, or None for a path of this machine."""
    found = _URL.fullmatch(path.as_posix() if isinstance(path, PurePath) else str(path))
    if found is None:
        return None
    slashes = ":///" if found[1].lower() in ("file", "local") else "://"
    return f"{found[1]}{slashes}{found[2]}"


@contextlib.contextmanager
def fetched(paths: list[Path]) -> Iterator[list[Path]]:
    """Fetch the files that are elsewhere; others stay as they are.

    Raises:
        TextError: One cannot be read.
        ConfigError: The package that reaches it is not installed.
    """
    if not any(map(url, paths)):
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix="tiedtts-") as name:
        here = []
        for number, path in enumerate(paths):
            place = url(path)
            if place is None:
                here.append(path)
                continue
            system, there = _system(place)
            target = Path(name, str(number), path.name)
            target.parent.mkdir()
            try:
                system.get_file(there, str(target))
            # Each system has errors of its own.
            except Exception as error:
                raise TextError(f"cannot read {place}: {_reason(error)}", hint="check the address") from error
            here.append(target)
        yield here


class Mirror:
    """A folder elsewhere, and its stand-in here; made by `mirrored`."""

    def __init__(self, place: str, local: Path) -> None:
        self.place, self.local = place, local
        self._system, self._there = _system(place)
        self._written = time.monotonic()
        self._files: set[str] = set()

    def begin(self, manifest: str) -> None:
        """Make the folder, and find what is in it.

        Args:
            manifest: Name of the list of what is there, which is fetched.

        Raises:
            OutputError: It cannot be made.
        """
        with self._writing():
            self._system.makedirs(self._there, exist_ok=True)
            for found in self._system.ls(self._there, detail=True):
                name = found["name"].rstrip("/").rpartition("/")[2]
                if found.get("type") != "file" or name.startswith("."):
                    continue
                if name == manifest:
                    self._system.get_file(found["name"], str(self.local / name))
                elif found.get("size"):
                    self._files.add(name)
                    (self.local / name).touch()

    def has(self, name: str) -> bool:
        """Tell whether a file is there whole."""
        return name in self._files

    def send(self, *names: str) -> None:
        """Send files that are complete, and keep empty ones here.

        Raises:
            OutputError: One cannot be written.
        """
        for name in names:
            self._put(name)
            self._files.add(name)
            (self.local / name).write_bytes(b"")

    def keep(self, name: str, data: bytes, *, now: bool = False) -> None:
        """Write a file from time to time.

        Args:
            name: Its name.
            data: Its contents.
            now: Whether it is time.

        Raises:
            OutputError: It cannot be written.
        """
        if now or self.is_time:
            (self.local / f"{name}.sent").write_bytes(data)
            self._put(f"{name}.sent", name)
            self._written = time.monotonic()

    @property
    def is_time(self) -> bool:
        """Whether it is time to write the list of what is there again."""
        return time.monotonic() - self._written > _BETWEEN_SECONDS

    def _put(self, name: str, final: str | None = None) -> None:
        """Let a file appear, whole or not at all."""
        target = f"{self._there}/{final or name}"
        with self._writing():
            if "file" in _protocols(self._system) or "sftp" in _protocols(self._system):
                # Others show an object when all of it is there.
                unfinished = f"{self._there}/.{final or name}.unfinished"
                self._system.put_file(str(self.local / name), unfinished)
                self._system.mv(unfinished, target)
            else:
                self._system.put_file(str(self.local / name), target)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise OutputError(
                f"cannot write to {self.place}: {_reason(error)}", hint="check the address and your rights"
            ) from error


@contextlib.contextmanager
def mirrored(place: str, manifest: str) -> Iterator[Mirror]:
    """Open a folder elsewhere.

    Args:
        place: URL.
        manifest: Name of the list of what is there.

    Raises:
        ConfigError: The package that reaches it is not installed.
        OutputError: It cannot be made or read.
    """
    with tempfile.TemporaryDirectory(prefix="tiedtts-") as name:
        mirror = Mirror(place, Path(name))
        mirror.begin(manifest)
        yield mirror


def _system(place: str) -> tuple[Any, str]:
    """Return the system of files that reaches a URL, and the path in it."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{place} needs the package `fsspec`", hint=extras.install_command("ray")
        ) from error
    try:
        system, path = fsspec.core.url_to_fs(place)
    except (ValueError, ImportError) as error:
        raise ConfigError(f"cannot reach {place}: {_reason(error)}") from error
    return system, str(path).rstrip("/")


def _protocols(system: Any) -> tuple[str, ...]:
    named = system.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0] or type(error).__name__
