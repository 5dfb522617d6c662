"""`tiedtts synth`: text becomes speech."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiedtts.errors import AudioError, ConfigError, TextError
from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from tiedtts.base_voice import BaseVoice, Speech
    from tiedtts.speaking import Settings

EXAMPLE = 'tiedtts synth "Hello there." -o hello.wav'
STDIO = Path("-")


def synth(
    text: Annotated[
        str | None, typer.Argument(help="What to say; `-` reads stdin.", show_default=False)
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE",
            help="Say what is in a file; with -d several, or a folder.",
            show_default=False,
        ),
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
    read_as: Annotated[
        str, typer.Option(metavar="KIND", help="lines, csv, jsonl, file; auto: by suffix.")
    ] = "auto",
    name_by: Annotated[str, typer.Option(metavar="WHAT", help="id, index or text.")] = "id",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; all cores for much text.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line an utterance.")] = False,
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
    sources = inputs or []
    _check_options(text, sources, output, folder, as_json)
    if output is not None:
        _check_output(output)
    if folder is not None:
        from tiedtts.batch import folder as folders

        folders.check(folder)
    if skip_existing and output not in (None, STDIO) and output.exists():
        if not quiet:
            talk.note(f"{output} is there already")
        return
    settings = _settings(speed=speed, pitch=pitch, seed=seed)
    from tiedtts.batch.job import Work
    from tiedtts.voice import DEFAULT

    work = Work(
        voice=DEFAULT if voice is None else voice,
        lexicon=None if lexicon is None else str(lexicon),
        vocoder=vocoder,
    )
    if folder is not None:
        from tiedtts_cli import synth_batch

        synth_batch.speak(
            text,
            sources,
            folder,
            work,
            settings,
            read_as=read_as,
            name_by=name_by,
            skip_existing=skip_existing,
            workers=workers,
            as_json=as_json,
            quiet=quiet,
        )
    elif output is not None:
        words = _read(text, sources[0] if sources else None)
        speaker = _Speaker(work.load(), settings.keywords(), as_json=as_json, quiet=quiet)
        speaker.whole(words, output)


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
    text: str | None, sources: Sequence[Path], output: Path | None, folder: Path | None, as_json: bool
) -> None:
    """Refuse arguments that do not go together."""
    if output is None and folder is None:
        raise UsageError("the sound needs a place to go: `-o FILE` or `-d DIR`", hint=EXAMPLE)
    if output is not None and folder is not None:
        raise UsageError("`-o` and `-d` exclude each other", hint="`-o` is one file, `-d` a file a line")
    if text is not None and sources:
        raise UsageError("a text and `-i` exclude each other", hint=EXAMPLE)
    if text is None and not sources and sys.stdin.isatty():
        raise UsageError("there is no text to say", hint=EXAMPLE)
    if output is not None and len(sources) > 1:
        raise UsageError("`-o` takes one `-i`", hint="`-d DIR` makes a file for each line or each text")
    if output == STDIO and as_json:
        raise UsageError("`-o -` and `--json` exclude each other", hint="both would go to stdout")
    if output == STDIO and sys.stdout.isatty():
        raise UsageError(
            "sound is not written to a terminal", hint=f"{EXAMPLE}, or send it on with `|` or `>`"
        )


def _settings(**values: Any) -> "Settings":
    """Return the settings, or what is wrong with the options."""
    from tiedtts.speaking import Settings

    try:
        return Settings(**values)
    except ConfigError as error:
        raise UsageError(str(error).replace("`", "`--", 1)) from error


def _check_output(path: Path) -> None:
    """Refuse a file that could not be written in the end, before any work is done."""
    from tiedtts.audio import files

    if path == STDIO:
        return
    if path.is_dir():
        raise AudioError(f"{path} is a folder", hint=f"name a file in it: -o {path / 'speech.wav'}")
    files.of_path(path)
    files.check_place(path)


def _read(text: str | None, source: Path | None) -> str:
    """Return the text to say, from wherever it comes."""
    from tiedtts.batch import readers

    if source is not None and source != STDIO:
        try:
            return readers.decode(source.read_bytes(), str(source))
        except OSError as error:
            raise TextError(f"cannot read {source}: {(error.strerror or '').lower()}") from error
    if text is None or text == "-":
        return readers.decode(sys.stdin.buffer.read(), "stdin")
    return readers.decode(text.encode("utf-8", "surrogateescape"), "the text")
