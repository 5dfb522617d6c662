"""`tiedtts synth`: text becomes speech."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiedtts.errors import AudioError, TextError
from tiedtts_cli import boundary, lines, talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from tiedtts.base_voice import BaseVoice, Speech

EXAMPLE = 'tiedtts synth "Hello there." -o hello.wav'
STDIO = Path("-")


def synth(
    text: Annotated[
        str | None, typer.Argument(help="What to say; `-` reads stdin.", show_default=False)
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="FILE", help="Say what is in a file.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=".wav, .flac, .ogg, .mp3, or `-`: WAV on stdout.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", "-d", metavar="DIR", help="A WAV file a line: 0001.wav, ...", show_default=False
        ),
    ] = None,
    voice: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Who speaks.", show_default=False)
    ] = None,
    vocoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|CKPT",
            help="harmonic, wavenet, lpc, griffinlim; the voice's own by default.",
            show_default=False,
        ),
    ] = None,
    speed: Annotated[float, typer.Option(help="Larger is faster, 0.25 to 4.")] = 1.0,
    pitch: Annotated[float, typer.Option(help="Semitones, -24 to 24.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise in the voice.")] = 0,
    lexicon: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Own pronunciations: word, then phones.", show_default=False),
    ] = None,
    list_voices: Annotated[
        bool, typer.Option("--list-voices", help="List the voices in the package.")
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave files that are there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line an utterance.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print how each token is read; make no sound.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Say a text.

    \b
    tiedtts synth "Hello there." -o hello.wav
    tiedtts synth -i chapter.txt -o chapter.flac
    tiedtts synth -i lines.txt -d spoken      lines may be `id|text`
    echo "Hello." | tiedtts synth -o - > hello.wav
    """  # noqa: D301
    if list_voices:
        from tiedtts.voice import list_voices as names

        for name in names():
            typer.echo(name)
        return
    if explain:
        if text is None and source is None and sys.stdin.isatty():
            raise UsageError("there is no text to explain", hint='tiedtts synth --explain "Hello there."')
        from tiedtts_cli import explain as explanation

        explanation.show(_read(text, source), lexicon, as_json=as_json, quiet=quiet)
        return
    _check_options(text, source, output, folder, as_json)
    if output is not None:
        _check_output(output)
    if folder is not None:
        _check_folder(folder)
    if skip_existing and output not in (None, STDIO) and output.exists():
        if not quiet:
            talk.note(f"{output} is there already")
        return
    from tiedtts.voice import DEFAULT, SEMITONES, SPEEDS, load

    _check_range("--speed", speed, SPEEDS)
    _check_range("--pitch", pitch, SEMITONES)
    if seed < 0:
        raise UsageError(f"`--seed` must not be negative, got: {seed}")
    words = _read(text, source)
    speaker = _Speaker(
        load(DEFAULT if voice is None else voice, lexicon=lexicon, vocoder=vocoder),
        {"speed": speed, "pitch": pitch, "seed": seed},
        as_json=as_json,
        quiet=quiet,
    )
    if output is not None:
        speaker.whole(words, output)
    elif folder is not None:
        speaker.line_by_line(words, folder, skip_existing=skip_existing)


class _Speaker:
    """A voice with its settings, and how to talk about what it does."""

    def __init__(self, voice: "BaseVoice", settings: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
        self.voice, self.settings, self.as_json, self.quiet = voice, settings, as_json, quiet

    def whole(self, text: str, output: Path) -> None:
        """Say a text of any length into one file."""
        from tiedtts.audio import files

        phones: list[str] = []
        warnings: list[str] = []
        seconds = done = 0.0
        rate = self.voice.sample_rate
        with (
            (
                files.stream_writer(sys.stdout.buffer, rate)
                if output == STDIO
                else files.writer(output, rate)
            ) as add,
            talk.progress("synth", quiet=self.quiet) as show,
        ):
            # Part by part: the samples of a book do not fit in memory.
            for part in self.voice.stream(text, **self.settings):
                self._warn("", part)
                add(part.samples)
                phones.extend(phone.label for phone in part.phones)
                warnings.extend(part.warnings)
                seconds += part.seconds
                done += len(part.text)
                show(min(done / len(text), 1.0), part.text)
        self._print(output.stem, text, output, seconds, phones, warnings)
        if not self.quiet and output != STDIO:
            talk.note(f"{output}: {talk.duration(seconds) if seconds >= 60 else f'{seconds:.2f} s'}")

    def line_by_line(self, text: str, folder: Path, *, skip_existing: bool) -> None:
        """Say every line into a file of its own; a bad line does not keep the others from being said.

        Raises:
            TextError: There are no lines, or some could not be said.
        """
        from tiedtts.audio import files

        utterances = list(lines.parse(text))
        if not utterances:
            raise TextError("there is nothing to say in the text", hint="give a line of text an utterance")
        folder.mkdir(parents=True, exist_ok=True)
        failed = skipped = 0
        seconds = 0.0
        with talk.progress("synth", quiet=self.quiet) as show:
            for index, line in enumerate(utterances):
                show(index / len(utterances), line.text)
                path = lines.path_of(line, folder)
                try:
                    if line.error is not None:
                        raise line.error
                    if line.warning is not None and not self.quiet:
                        talk.warning(f"line {line.number}: {line.warning}")
                    if skip_existing and path.exists():
                        skipped += 1
                        continue
                    speech = self.voice.say(line.text, **self.settings)
                    self._warn(f"line {line.number}: ", speech)
                    files.write(path, speech.samples, speech.sample_rate)
                except Exception as error:
                    # Of whatever kind: a night's work does not end at one line.
                    failed += 1
                    boundary.show_traceback()
                    message, hint, _ = boundary.describe(error, "synth")
                    talk.error(f"line {line.number}: {message}", hint)
                    continue
                seconds += speech.seconds
                phones = [phone.label for phone in speech.phones]
                self._print(line.id, line.text, path, speech.seconds, phones, speech.warnings)
        made = len(utterances) - failed - skipped
        if not self.quiet:
            there = f", {skipped} there already" if skipped else ""
            talk.note(f"{folder}: {made} file{'' if made == 1 else 's'}, {talk.duration(seconds)}{there}")
        if failed:
            raise TextError(f"{failed} of {len(utterances)} lines could not be said")

    def _warn(self, place: str, speech: "Speech") -> None:
        for warning in () if self.quiet else speech.warnings:
            talk.warning(place + warning)

    def _print(
        self,
        name: str,
        text: str,
        path: Path,
        seconds: float,
        phones: Sequence[str],
        warnings: Sequence[str],
    ) -> None:
        """Print what was said as a line of JSON, if that is wanted."""
        if self.as_json:
            said = {
                "id": name,
                "text": text,
                "file": str(path),
                "seconds": round(seconds, 6),
                "phones": list(phones),
                "warnings": list(warnings),
            }
            print(json.dumps(said), flush=True)


def _check_options(
    text: str | None, source: Path | None, output: Path | None, folder: Path | None, as_json: bool
) -> None:
    """Refuse arguments that do not go together."""
    if output is None and folder is None:
        raise UsageError("the sound needs a place to go: `-o FILE` or `-d DIR`", hint=EXAMPLE)
    if output is not None and folder is not None:
        raise UsageError("`-o` and `-d` exclude each other", hint="`-o` is one file, `-d` a file a line")
    if text is not None and source is not None:
        raise UsageError("a text and `-i` exclude each other", hint=EXAMPLE)
    if text is None and source is None and sys.stdin.isatty():
        raise UsageError("there is no text to say", hint=EXAMPLE)
    if output == STDIO and as_json:
        raise UsageError("`-o -` and `--json` exclude each other", hint="both would go to stdout")
    if output == STDIO and sys.stdout.isatty():
        raise UsageError(
            "sound is not written to a terminal", hint=f"{EXAMPLE}, or send it on with `|` or `>`"
        )


def _check_range(option: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise UsageError(f"`{option}` must be {bounds[0]:g} to {bounds[1]:g}, got: {value:g}")


def _check_output(path: Path) -> None:
    """Refuse a file that could not be written in the end, before any work is done."""
    from tiedtts.audio import files

    if path == STDIO:
        return
    if path.is_dir():
        raise AudioError(f"{path} is a folder", hint=f"name a file in it: -o {path / 'speech.wav'}")
    files.check_suffix(path)
    files.check_place(path)


def _check_folder(path: Path) -> None:
    """Refuse a folder that could not be made or written to."""
    if path.exists() and not path.is_dir():
        raise AudioError(f"{path} is not a folder", hint="`-d` takes a folder, `-o` a file")
    there = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise AudioError(f"cannot write to {there}", hint="choose a folder you may write to")


def _read(text: str | None, source: Path | None) -> str:
    """Return the text to say, from wherever it comes."""
    if source is not None and source != STDIO:
        try:
            return lines.decode(source.read_bytes(), str(source))
        except OSError as error:
            raise TextError(f"cannot read {source}: {(error.strerror or '').lower()}") from error
    if text is None or text == "-":
        return lines.decode(sys.stdin.buffer.read(), "stdin")
    return lines.decode(text.encode("utf-8", "surrogateescape"), "the text")
