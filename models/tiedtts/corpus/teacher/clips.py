"""Clips that a teacher has said, with what is known of each, in a journal that survives a kill."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tiedtts import documents, plain, schema
from tiedtts.errors import ConfigError

JOURNAL = "clips.jsonl"
"""File in the folder `HISTORY` with a line for each clip."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One attempt at one text."""

    id: str
    """Name of the text."""
    text: str
    """Digest of the text."""
    attempt: int = 0
    """Counted from 0; each has a seed of its own."""
    size: int = 0
    """Bytes of the sound file; 0 if there is none."""
    rate: int = 0
    """Sampling rate, Hz."""
    seconds: float = 0.0
    """Length."""
    speech: float = 0.0
    """Seconds from the first to the last loud sample."""
    rejected: str | None = None
    """Why the clip by itself cannot be used."""
    heard: str | None = None
    """Phones that the recogniser hears, separated by spaces; None if it has not listened."""
    ear: str = ""
    """Which recogniser that was."""


class Journal:
    """Clips as they are made, by text and attempt; a later line about one takes the place of an earlier.

    Args:
        path: Path of the file; it is made if need be.

    Raises:
        OSError: It cannot be read or written.
        FolderError: It is no plain file.
    """

    def __init__(self, path: Path) -> None:
        self._file = plain.opened(path, os.O_RDWR | os.O_CREAT)
        self.clips: dict[tuple[str, int], Clip] = {}
        self._file.seek(0)
        line = b"\n"
        for line in self._file:
            # A kill may have cut the last line short, and a bad disk any.
            with contextlib.suppress(ConfigError):
                clip = schema.build(Clip, documents.from_json(line, "the line"), "the line")
                self.clips[clip.id, clip.attempt] = clip
        if not line.endswith(b"\n"):
            self._file.write(b"\n")

    def add(self, clips: Iterable[Clip]) -> None:
        """Keep clips; they are in the file when this returns."""
        for clip in clips:
            self.clips[clip.id, clip.attempt] = clip
            self._file.write(json.dumps(dataclasses.asdict(clip)).encode() + b"\n")
        self._file.flush()

    def of(self, name: str, text: str) -> list[Clip]:
        """Return the attempts at a text in their order.

        Args:
            name: Name of the text.
            text: Its digest; clips of another text under this name do not count.
        """
        found: list[Clip] = []
        while (clip := self.clips.get((name, len(found)))) is not None and clip.text == text:
            found.append(clip)
        return found

    def forget(self, clip: Clip) -> None:
        """Let an attempt count as not made."""
        self.add([Clip(id=clip.id, text="", attempt=clip.attempt)])

    def close(self) -> None:
        """Close the file."""
        self._file.close()
