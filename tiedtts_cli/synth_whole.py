"""`tiedtts synth -o` and `--play`: a text into one file, a pipe or the loudspeaker."""

import json
import re
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiedtts.errors import TextError
from tiedtts_cli import boundary, talk

if TYPE_CHECKING:
    from tiedtts.audio.encoding import Add
    from tiedtts.batch.job import Work
    from tiedtts.errors import TiedTTSError
    from tiedtts.settings import Settings

STDIO = Path("-")
_TITLE = 80


def speak(
    text: str | None,
    path: Path | None,
    output: Path | None,
    work: "Work",
    settings: "Settings",
    *,
    raw: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Say a text of any length, sentence by sentence; without a place to write, aloud.

    Raises:
        TextError: There is nothing to say.
    """
    begin = time.monotonic()
    flows = output is None or output == STDIO
    waits = not flows or settings.ssml or path not in (None, STDIO) or text not in (None, "-")
    bad: list[TiedTTSError] = []
    words = read(text, path) if waits else _incoming(bad)
    voice = work.load()
    said = _Said(len(words) if isinstance(words, str) else 0)
    timeline = _Times(output, work, voice.sample_rate) if work.timestamps else None
    try:
        # Part by part: the samples of a book do not fit in memory.
        parts = iter(voice.stream(words, settings))
        first = next(parts, None)
        if first is None:
            raise TextError("there is nothing to say in the text", hint="give a text with words or numbers")
        whole = isinstance(words, str) and getattr(first, "is_last", False)
        with (
            _opened(output, voice.sample_rate, work, _plain(words, settings), raw=raw, whole=whole) as add,
            talk.progress("synth", quiet=quiet or output is None) as show,
        ):
            part: Any = first
            while part is not None:
                for warning in () if quiet else part.warnings:
                    talk.warning(warning)
                add(part.samples)
                if verbose and not said.seconds:
                    talk.note(f"first sound after {time.monotonic() - begin:.2f} s")
                if timeline is not None:
                    timeline.add(part)
                show(said.add(part), part.text)
                part = next(parts, None)
            # Before the sound appears: where there is one, its times are there, too.
            if timeline is not None:
                timeline.write()
    except OSError as error:
        if output != STDIO or not boundary.has_gone(error):
            raise
        # Whoever listened has heard enough.
        boundary.close_stdout()
        return
    _tell(said, words, output, timeline, as_json=as_json, quiet=quiet)
    if bad:
        count = len(bad)
        raise TextError(f"{count} {'line' if count == 1 else 'lines'} of the text could not be read")
    if verbose:
        talk.note(f"{said.seconds / (time.monotonic() - begin):.0f} x real time")


def read(text: str | None, path: Path | None) -> str:
    """Return the text to say, from wherever it comes.

    Raises:
        TextError: It cannot be read.
    """
    from tiedtts.batch import readers

    if path is not None and path != STDIO:
        readers.check(path)
        try:
            return readers.decode(path.read_bytes(), str(path))
        except OSError as error:
            raise readers.unreadable(path, error) from error
    if text is None or text == "-":
        return readers.decode(sys.stdin.buffer.read(), "stdin")
    return readers.decode(text.encode("utf-8", "surrogateescape"), "the text")


class _Times:
    """The file of times beside the sound."""

    def __init__(self, sound: Path | None, work: "Work", rate: int) -> None:
        from tiedtts.speech import timestamps

        assert sound is not None
        assert work.timestamps is not None
        self.path = timestamps.beside(sound, work.timestamps)
        self._kind = work.timestamps
        self._timeline = timestamps.Timeline(rate)

    def add(self, part: Any) -> None:
        self._timeline.add(part)

    def write(self) -> None:
        from tiedtts import storage

        storage.write_bytes(self.path, self._timeline.encode(self._kind))


class _Said:
    """What has been said so far."""

    def __init__(self, characters: int) -> None:
        self.phones: list[str] = []
        self.warnings: list[str] = []
        self.seconds = 0.0
        self._characters, self._done = characters, 0

    def add(self, part: Any) -> float | None:
        """Count a part and return the share of the text that is said, if that is known."""
        self.phones.extend(phone.label for phone in part.phones)
        self.warnings.extend(part.warnings)
        self.seconds += part.seconds
        self._done += len(part.text)
        return min(self._done / self._characters, 1.0) if self._characters else None


def _incoming(bad: "list[TiedTTSError]") -> str | Iterable[str]:
    """Return what comes through stdin, piece by piece, or all of it if it is a file.

    Args:
        bad: Gets the errors of lines that cannot be read; they are told at once.
    """
    import os

    from tiedtts.text import incoming

    try:
        is_file = stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except OSError:
        is_file = True
    if is_file:
        return read(None, None)

    def report(error: "TiedTTSError") -> None:
        talk.error(f"{error}, which is left out", error.hint)
        bad.append(error)

    return incoming.pieces(sys.stdin.buffer, report=report)


def _plain(words: str | Iterable[str], settings: "Settings") -> str | Iterable[str]:
    """Return a text without its markup, for a title."""
    return re.sub("<[^<>]*>", " ", words) if settings.ssml and isinstance(words, str) else words


def _opened(
    output: Path | None, rate: int, work: "Work", words: str | Iterable[str], *, raw: bool, whole: bool
) -> "AbstractContextManager[Add]":
    """Open the place where the samples go."""
    if output is None:
        from tiedtts.audio import playback

        return playback.player(rate)
    if output == STDIO:
        from tiedtts.audio import pipe

        return pipe.stream_writer(sys.stdout.buffer, rate, work.encoding, raw=raw, whole=whole)
    from tiedtts.audio import files

    title = " ".join(words[: 2 * _TITLE].split())[:_TITLE] if isinstance(words, str) else ""
    return files.writer(output, rate, work.encoding, title=title)


def _tell(
    said: _Said,
    words: str | Iterable[str],
    output: Path | None,
    timeline: _Times | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print what was said: a line of JSON, if that is wanted, and a note."""
    if output is None or output == STDIO:
        return
    if as_json:
        row: dict[str, Any] = {
            "id": output.stem,
            "text": words,
            "file": str(output),
            "seconds": round(said.seconds, 6),
            "phones": said.phones,
            "warnings": said.warnings,
        }
        if timeline is not None:
            row["timestamps"] = str(timeline.path)
        print(json.dumps(row), flush=True)
    if not quiet:
        seconds = said.seconds
        talk.note(f"{output}: {talk.duration(seconds) if seconds >= 60 else f'{seconds:.2f} s'}")
