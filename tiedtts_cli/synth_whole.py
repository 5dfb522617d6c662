"""`tiedtts synth -o` and `--play`: a text into one file, a pipe or the loudspeaker."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tiedtts.errors import TextError
from tiedtts_cli import boundary, synth_book, talk
from tiedtts_cli.synth_arguments import STDIO, Arguments

if TYPE_CHECKING:
    from tiedtts.audio.encoding import Add
    from tiedtts.batch.job import BatchSpec
    from tiedtts.errors import TiedTTSError
    from tiedtts.settings import Settings
    from tiedtts.speech.recording import Recording, Speaker
    from tiedtts.speech.speech import Speech
    from tiedtts.speech.voice import Voice
    from tiedtts.text.books.epub import Book


def speak(given: Arguments, spec: "BatchSpec", settings: "Settings", times: Path | None) -> None:
    """Say a text of any length, sentence by sentence; without a place to write, aloud.

    Raises:
        TextError: There is nothing to say, or lines could not be read.
    """
    from tiedtts.batch import origin

    begin = time.monotonic()
    bad: list[TiedTTSError] = []

    def leave_out(error: "TiedTTSError") -> None:
        talk.error(f"{error}, which is left out", error.hint)
        bad.append(error)

    def note(line: str) -> None:
        if not given.quiet:
            talk.warning(line)

    path = given.inputs[0] if given.inputs else None
    # A file is written at the end, and SSML is one document: only other sound flows as the text comes.
    flows = given.output in (None, STDIO) and not settings.ssml and settings.markup == "text"
    stdin = sys.stdin.buffer
    if given.is_book:
        with synth_book.opened(given.inputs) as book:
            _record(given, spec, settings, times, book.title, begin, bad, book)
        return
    ready: list[Voice] = []

    def warm_up() -> None:
        for voice in ready:
            voice.warm_up()
        if spec.encoding.suffix != ".wav":
            import soundfile  # noqa: F401

    words = (
        origin.read_or_follow(given.text, path, stdin, leave_out, note, warm_up)
        if flows
        else origin.read(given.text, path, stdin, note, settings.markup)
    )
    _record(given, spec, settings, times, words, begin, bad, ready=ready)


def _record(
    given: Arguments,
    spec: "BatchSpec",
    settings: "Settings",
    times: Path | None,
    words: "str | Iterable[str]",
    begin: float,
    bad: "list[TiedTTSError]",
    book: "Book | None" = None,
    ready: "list[Voice] | None" = None,
) -> None:
    """Say a text or a book.

    Args:
        given: The arguments of the command.
        spec: The voice, and how the sound is written.
        settings: How it is spoken.
        times: File of timestamps.
        words: The text, or its pieces as they come; of a book, its title.
        begin: When the command began.
        bad: Errors of the text that were told.
        book: The book.
        ready: Gets the voice, once it is loaded.
    """
    from tiedtts import storage
    from tiedtts.audio import sink
    from tiedtts.speech import recording

    loaded = spec.load()
    if ready is not None:
        ready.append(loaded)
    audiobook = None if book is None else synth_book.speaker(loaded, book, titles=given.titles)
    voice: Speaker = loaded if audiobook is None else audiobook
    suffix = spec.encoding.suffix
    nothing: Callable[[BinaryIO], object] = lambda file: None  # noqa: E731
    finish = nothing if audiobook is None or book is None else synth_book.finish(audiobook, book, suffix)
    target = sys.stdout.buffer if given.output == STDIO else given.output
    title = recording.title(words, ssml=settings.ssml)
    done = 0

    def opened(whole: bool) -> "AbstractContextManager[Add]":
        return sink.opened(
            target,
            voice.sample_rate,
            spec.encoding,
            title=title,
            raw=given.raw,
            whole=whole,
            live=not isinstance(words, str),
            finish=finish,
        )

    def keep(data: bytes) -> None:
        if times is not None:
            storage.write_bytes(times, data)

    def report(part: "Speech", said: "Recording") -> None:
        nonlocal done
        for warning in () if given.quiet else part.warnings:
            talk.warning(warning)
        if given.verbose and part.phones and len(said.phones) == len(part.phones):
            talk.note(f"first sound after {time.monotonic() - begin:.2f} s")
        for cue in part.cues if given.verbose else ():
            if cue.factor > 1:
                talk.note(f"cue {cue.number} was spoken at {cue.factor:.2f} x")
        done += len(part.text)
        if audiobook is not None:
            show(*synth_book.progress(audiobook))
            return
        show(min(done / len(words), 1.0) if isinstance(words, str) else None, part.text)

    try:
        with talk.progress("synth", quiet=given.quiet or given.output is None) as show:
            said = recording.record(
                voice,
                words,
                settings,
                opened,
                timestamps=spec.timestamps,
                keep=keep,
                report=report,
            )
    except OSError as error:
        if given.output != STDIO or not boundary.has_gone(error):
            raise
        # Whoever listened has heard enough.
        boundary.close_stdout()
        return
    if given.output not in (None, STDIO):
        _tell(given, given.output, said, words, times)
    if bad:
        count = len(bad)
        raise TextError(f"{count} {'line' if count == 1 else 'lines'} of the text could not be read")
    if given.verbose:
        talk.note(f"{said.seconds / (time.monotonic() - begin):.0f} x real time")


def _tell(given: Arguments, output: Path, said: "Recording", words: object, times: Path | None) -> None:
    """Print what was said: a line of JSON, if that is wanted, and a note."""
    if given.as_json:
        row: dict[str, Any] = {
            "id": output.stem,
            "text": words,
            "file": str(output),
            "seconds": round(said.seconds, 6),
            "phones": said.phones,
            "warnings": said.warnings,
        }
        if times is not None:
            row["timestamps"] = str(times)
        if said.cues:
            row["cues"] = [
                {"number": cue.number, "start": cue.start_s, "end": cue.end_s, "speed": round(cue.factor, 3)}
                for cue in said.cues
            ]
        print(json.dumps(row), flush=True)
    if not given.quiet:
        seconds = said.seconds
        talk.note(f"{output}: {talk.duration(seconds) if seconds >= 60 else f'{seconds:.2f} s'}")
