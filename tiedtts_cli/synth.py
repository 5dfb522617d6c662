"""`tiedtts synth`: text becomes speech."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiedtts.errors import ConfigError, OutputError
from tiedtts_cli import caches, streams, talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from tiedtts.audio.encoding import Encoding
    from tiedtts.settings import Settings

EXAMPLE = 'tiedtts synth "Hello there." -o hello.wav'
STDIO = Path("-")
READ_AS = ("auto", "lines", "csv", "jsonl", "file")
NAME_BY = ("id", "index", "text")

_TEXT, _SOUND, _VOICE, _TALK = "Text", "Sound", "Voice", "Options"


def _voices(incomplete: str) -> list[str]:
    """Complete the name of a voice."""
    from tiedtts.speech.library import list_voices

    return [name for name in list_voices() if name.startswith(incomplete)]


def _option(*names: str, panel: str, help: str, **settings: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False, **settings)


def synth(
    text: Annotated[
        str | None,
        typer.Argument(help="What to say; `-` reads stdin.", show_default=False, rich_help_panel=_TEXT),
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        _option("--input", "-i", panel=_TEXT, metavar="FILE", help="Say a file; -d: several, a folder."),
    ] = None,
    read_as: Annotated[
        str, _option(panel=_TEXT, metavar="KIND", help="With -d: lines, csv, jsonl, file; auto.")
    ] = "auto",
    ssml: Annotated[
        bool, _option("--ssml", panel=_TEXT, help="The text is SSML: <speak>Hello.</speak>")
    ] = False,
    lexicon: Annotated[
        list[Path] | None, _option(panel=_TEXT, metavar="FILE", help="Word, then phones; several: last wins.")
    ] = None,
    explain: Annotated[
        bool, _option("--explain", panel=_TEXT, help="Print how each token is read; make no sound.")
    ] = False,
    output: Annotated[
        Path | None,
        _option("--output", "-o", panel=_SOUND, metavar="FILE", help="By suffix; `-`: WAV on stdout."),
    ] = None,
    folder: Annotated[
        Path | None,
        _option("--folder", "-d", panel=_SOUND, metavar="DIR", help="A file for every line, a manifest."),
    ] = None,
    name_by: Annotated[str, _option(panel=_SOUND, metavar="WHAT", help="With -d: id, index or text.")] = "id",
    skip_existing: Annotated[
        bool, _option("--skip-existing", panel=_SOUND, help="Leave files that are there; go on.")
    ] = False,
    workers: Annotated[
        int | None, _option(panel=_SOUND, min=1, metavar="N", help="With -d: processes; all cores.")
    ] = None,
    timestamps: Annotated[
        str | None, _option(panel=_SOUND, metavar="KIND", help="Beside it: json, srt, vtt, textgrid.")
    ] = None,
    play: Annotated[bool, _option("--play", panel=_SOUND, help="To the loudspeaker.")] = False,
    raw: Annotated[bool, _option("--raw", panel=_SOUND, help="With -o -: samples only.")] = False,
    file_format: Annotated[
        str | None,
        _option("--format", panel=_SOUND, metavar="NAME", help="wav, flac, ogg, opus or mp3."),
    ] = None,
    subtype: Annotated[
        str | None, _option(panel=_SOUND, metavar="NAME", help="16, 24, float; ogg: vorbis, opus.")
    ] = None,
    sample_rate: Annotated[
        int | None, _option(panel=_SOUND, metavar="HZ", help="The voice's own by default.")
    ] = None,
    voice: Annotated[
        str | None,
        _option(panel=_VOICE, metavar="NAME|FILE", help="Who speaks.", autocompletion=_voices),
    ] = None,
    vocoder: Annotated[
        str | None,
        _option(panel=_VOICE, metavar="NAME|CKPT", help="harmonic, wavenet, lpc, griffinlim."),
    ] = None,
    speed: Annotated[float, _option(panel=_VOICE, help="Larger is faster, 0.25 to 4.")] = 1.0,
    pitch: Annotated[float, _option(panel=_VOICE, help="Semitones, -24 to 24.")] = 0.0,
    volume: Annotated[float, _option(panel=_VOICE, help="Decibels, -96 to 20; never overloads.")] = 0.0,
    pause: Annotated[
        float | None, _option(panel=_VOICE, help="Seconds between sentences; 2x: paragraphs.")
    ] = None,
    seed: Annotated[int, _option(panel=_VOICE, help="Of the noise in the voice.")] = 0,
    list_voices: Annotated[
        bool, _option("--list-voices", panel=_VOICE, help="List the voices in the package.")
    ] = False,
    as_json: Annotated[bool, _option("--json", panel=_TALK, help="A JSON line an utterance.")] = False,
    quiet: Annotated[bool, _option("--quiet", "-q", panel=_TALK, help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, _option("--verbose", "-v", panel=_TALK, help="Say more.")] = False,
) -> None:
    """Say a text.

    \b
    tiedtts synth "Hello there." -o hello.wav
    tiedtts synth -i lines.txt -d spoken      lines may be `id|text`
    """  # noqa: D301
    if list_voices or explain or as_json or output == STDIO:
        streams.need_stdout()
    if list_voices:
        from tiedtts.speech.library import list_voices as names

        for name in names():
            typer.echo(name)
        return
    paths = inputs or []
    if explain:
        if text is None and not paths and not streams.offers_text():
            raise UsageError("there is no text to explain", hint='tiedtts synth --explain "Hello there."')
        from tiedtts_cli import explain as explanation
        from tiedtts_cli import synth_whole

        words = synth_whole.read(text, paths[0] if paths else None)
        explanation.show(words, lexicon or (), ssml=ssml, as_json=as_json, quiet=quiet)
        return
    if _is_stdout(output):
        output = STDIO
    _check_text(text, paths, several=folder is not None)
    _check_sinks(output, folder, play=play, raw=raw, as_json=as_json)
    times = None if timestamps is None else _times(timestamps.lower(), output, folder, paths)
    _check_choice("--read-as", read_as, READ_AS)
    _check_choice("--name-by", name_by, NAME_BY)
    encoding = _encoding(output, file_format, subtype, sample_rate)
    if folder is not None:
        from tiedtts.batch import folder as folders

        folders.check(folder)
    if skip_existing and output not in (None, STDIO) and _is_there(output, times):
        if not quiet:
            talk.note(f"{output} is there already")
        return
    settings = _settings(speed=speed, pitch=pitch, volume=volume, pause=pause, seed=seed, ssml=ssml)
    from tiedtts.batch.job import Work
    from tiedtts.speech.library import CHECKPOINT, DEFAULT

    chosen = DEFAULT if voice is None else voice
    if vocoder is not None or chosen.endswith(CHECKPOINT):
        # These need libraries that keep caches.
        caches.redirect()
    work = Work(
        voice=chosen,
        lexicon=tuple(map(str, lexicon or ())),
        vocoder=vocoder,
        encoding=encoding.told_by(Path(chosen).stem),
        timestamps=None if timestamps is None else timestamps.lower(),
    )
    if folder is None:
        from tiedtts_cli import synth_whole

        path = paths[0] if paths else None
        synth_whole.speak(
            text, path, output, work, settings, raw=raw, as_json=as_json, quiet=quiet, verbose=verbose
        )
        return
    from tiedtts_cli import synth_batch

    synth_batch.speak(
        text,
        paths,
        folder,
        work,
        settings,
        read_as=read_as,
        name_by=name_by,
        skip_existing=skip_existing,
        workers=workers,
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
    )


def _check_text(text: str | None, paths: Sequence[Path], *, several: bool) -> None:
    """Refuse a text that comes from nowhere or from two places."""
    if text is not None and paths:
        raise UsageError("a text and `-i` exclude each other", hint=EXAMPLE)
    if text is None and not paths and not streams.offers_text():
        raise UsageError("there is no text to say", hint=EXAMPLE)
    if not several and len(paths) > 1:
        raise UsageError("`-o` takes one `-i`", hint="`-d DIR` makes a file for each line or each text")


def _check_sinks(output: Path | None, folder: Path | None, *, play: bool, raw: bool, as_json: bool) -> None:
    """Refuse a sound that goes nowhere or to two places."""
    if output is None and folder is None and not play:
        raise UsageError("the sound needs a place to go: `-o FILE` or `-d DIR`", hint=EXAMPLE)
    if output is not None and folder is not None:
        raise UsageError("`-o` and `-d` exclude each other", hint="`-o` is one file, `-d` a file a line")
    if play and (output is not None or folder is not None):
        raise UsageError("`--play` excludes `-o` and `-d`", hint="make a file first, then play it")
    if raw and output != STDIO:
        raise UsageError("`--raw` needs `-o -`", hint="a file tells its rate in its header: -o speech.wav")
    if output == STDIO and as_json:
        raise UsageError("`-o -` and `--json` exclude each other", hint="both would go to stdout")
    if output == STDIO and sys.stdout.isatty():
        raise UsageError(
            "sound is not written to a terminal", hint=f"{EXAMPLE}, or send it on with `|` or `>`"
        )


def _times(kind: str, output: Path | None, folder: Path | None, texts: Sequence[Path]) -> Path | None:
    """Return the file of times that belongs to a sound file, or refuse what cannot be."""
    from tiedtts import storage
    from tiedtts.speech import timestamps

    _check_choice("--timestamps", kind, tuple(timestamps.KINDS))
    if folder is not None:
        return None
    if output in (None, STDIO):
        raise UsageError(
            "`--timestamps` needs `-o FILE` or `-d DIR`", hint="they are written beside the sound"
        )
    path = timestamps.beside(output, kind)
    storage.check_writable(path)
    if any(path.exists() and text.exists() and path.samefile(text) for text in texts):
        raise UsageError(f"the timestamps would replace the text {path}", hint="give the sound another name")
    return path


def _is_there(output: Path, times: Path | None) -> bool:
    """Whether a sound, and its file of times, are there, and neither is but a part of one."""
    if not output.is_file() or (times is not None and not times.is_file()):
        return False
    from tiedtts.audio import wholeness

    # What stands behind a link is what is meant.
    output = output.resolve()
    return not wholeness.is_broken(output) and not (times and wholeness.is_broken_text(times.resolve()))


def _check_choice(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"`{option}` must be one of {', '.join(known)}, got: {value}")


def _encoding(
    output: Path | None, file_format: str | None, subtype: str | None, sample_rate: int | None
) -> "Encoding":
    """Return how the sound is written, or refuse a file that could not be written in the end."""
    from tiedtts import storage
    from tiedtts.audio.encoding import Encoding, of_path
    from tiedtts.audio.resampling import RATES

    suffix = ".wav" if file_format is None else f".{file_format.lower().lstrip('.')}"
    if output is not None and output != STDIO:
        if os.path.isdir(output):
            raise OutputError(f"{output} is a folder", hint=f"name a file in it: -o {output / 'speech.wav'}")
        suffix = of_path(output) if file_format is None else suffix
        storage.check_writable(output)
    if sample_rate is not None and sample_rate not in RATES:
        known = ", ".join(map(str, RATES))
        raise UsageError(f"`--sample-rate` must be one of {known}, got: {sample_rate}")
    return Encoding(suffix=suffix, subtype=subtype, sample_rate=sample_rate)


def _is_stdout(output: Path | None) -> bool:
    """Whether a file is stdout by another name."""
    return str(output) in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") and os.name != "nt"


def _settings(**values: Any) -> "Settings":
    """Return the settings, or what is wrong with the options."""
    from tiedtts.settings import Settings

    try:
        return Settings(**values)
    except ConfigError as error:
        raise UsageError(str(error).replace("`", "`--", 1), hint=error.hint) from error
