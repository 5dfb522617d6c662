"""The arguments of `tiedtts synth`."""

import os
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from tiedtts.choices import (
    BOOK,
    CODE,
    DECIBELS,
    ENGLISH,
    HURRY,
    KEEP,
    LOCAL,
    MARKUPS,
    NAME_BY,
    READ_AS,
    SAMPLE_RATES,
    SEMITONES,
    SPEEDS,
    TIMESTAMPS,
    VOICE,
)
from tiedtts_cli.document_arguments import Cast, Code, English, Keep, Marks, ReadAs, kept
from tiedtts_cli.options import at_least, bounds, choice, completes, option

STDIO = Path("-")
_TEXT, _SOUND, _VOICE, _TALK = "Text", "Sound", "Voice", "Options"


def _output(path: Path | None) -> Path | None:
    """Return `-` for standard output by whatever name."""
    names = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
    return STDIO if str(path) in names and os.name != "nt" else path


class Arguments(NamedTuple):
    """Arguments of `synth`: the text, the voice, its settings, and where the sound goes."""

    spoken: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]",
            help="What to say, best in quotes; `-` reads stdin.",
            show_default=False,
            rich_help_panel=_TEXT,
        ),
    ] = None
    inputs: Annotated[
        list[Path] | None,
        option("--input", "-i", panel=_TEXT, metavar="FILE", help="Say a file; -d: several, a folder."),
    ] = None
    ssml: Annotated[bool, option("--ssml", panel=_TEXT, help="The text is SSML: <speak>Hello.</speak>")] = (
        False
    )
    lexicon: Annotated[
        list[Path] | None,
        option("--lexicon", panel=_TEXT, metavar="FILE", help="Word, then phones; several: last wins."),
    ] = None
    marks: Marks = False
    cast: Cast = None
    english: English = ENGLISH[0]
    read_as: ReadAs = READ_AS[0]
    code: Code = CODE[0]
    keep: Keep = KEEP[-1]
    titles: Annotated[
        bool,
        option("--titles/--no-titles", panel=_TEXT, help="Announce chapters."),
    ] = True
    output: Annotated[
        Path | None,
        option(
            *("--output", "-o"),
            panel=_SOUND,
            metavar="FILE",
            help="By suffix; `-`: WAV on stdout.",
            callback=_output,
        ),
    ] = None
    folder: Annotated[
        Path | None,
        option("--folder", "-d", panel=_SOUND, metavar="DIR", help="A file for every line, a manifest."),
    ] = None
    name_by: Annotated[
        str, choice("--name-by", NAME_BY, panel=_SOUND, metavar="WHAT", help="With -d: id, index or text.")
    ] = "id"
    skip_existing: Annotated[
        bool, option("--skip-existing", panel=_SOUND, help="Leave files that are there; go on.")
    ] = False
    workers: Annotated[
        int | None,
        at_least(1, "--workers", panel=_SOUND, help="With -d: processes; all cores."),
    ] = None
    engine: Annotated[
        str,
        option("--engine", panel=_SOUND, metavar="NAME", help="With -d: ray is a cluster."),
    ] = LOCAL
    timestamps: Annotated[
        str | None,
        choice(
            *("--timestamps", TIMESTAMPS),
            **{"panel": _SOUND, "metavar": "KIND", "ignore_case": True},
            help=f"Beside it: {', '.join(TIMESTAMPS)}.",
        ),
    ] = None
    play: Annotated[bool, option("--play", panel=_SOUND, help="To the loudspeaker.")] = False
    raw: Annotated[bool, option("--raw", panel=_SOUND, help="With -o -: samples only.")] = False
    file_format: Annotated[
        str | None,
        option(
            "--format",
            panel=_SOUND,
            metavar="NAME",
            help="wav, flac, ogg, opus or mp3.",
            autocompletion=completes("sound_format"),
        ),
    ] = None
    subtype: Annotated[
        str | None,
        option(
            "--subtype",
            panel=_SOUND,
            metavar="NAME",
            help="16, 24, float; ogg: vorbis, opus.",
            autocompletion=completes("subtype"),
        ),
    ] = None
    sample_rate: Annotated[
        int | None,
        choice("--sample-rate", SAMPLE_RATES, panel=_SOUND, metavar="HZ", help="The voice's own by default."),
    ] = None
    normalize: Annotated[
        float | None,
        option("--normalize", panel=_SOUND, metavar="LUFS", help="Loudness of the whole, such as -16."),
    ] = None
    voice: Annotated[
        str | None,
        option(
            "--voice",
            panel=_VOICE,
            metavar="NAME|FILE",
            help="Who speaks.",
            autocompletion=completes("voice"),
            show_default=VOICE,
        ),
    ] = None
    vocoder: Annotated[
        str | None,
        option(
            "--vocoder",
            panel=_VOICE,
            metavar="NAME|CKPT",
            help="harmonic, wavenet, lpc, griffinlim.",
            autocompletion=completes("vocoder"),
        ),
    ] = None
    speed: Annotated[float, option("--speed", panel=_VOICE, help=f"Larger is faster, {bounds(SPEEDS)}.")] = (
        1.0
    )
    pitch: Annotated[float, option("--pitch", panel=_VOICE, help=f"Semitones, {bounds(SEMITONES)}.")] = 0.0
    volume: Annotated[
        float, option("--volume", panel=_VOICE, help=f"Decibels, {bounds(DECIBELS)}, no overload.")
    ] = 0.0
    pause: Annotated[
        float | None, option("--pause", panel=_VOICE, help="Seconds between sentences.", show_default="0.25")
    ] = None
    hurry: Annotated[float, option("--hurry", panel=_VOICE, help="Most for subtitles short of time.")] = HURRY
    breaks: Annotated[
        bool,
        option("--breaks/--no-breaks", panel=_VOICE, help="Pause between phrases, too."),
    ] = True
    seed: Annotated[int, option("--seed", panel=_VOICE, help="Seed of the noise in the voice.")] = 0
    as_json: Annotated[bool, option("--json", panel=_TALK, help="A JSON line an utterance.")] = False
    quiet: Annotated[bool, option("--quiet", "-q", panel=_TALK, help="Say nothing but errors.")] = False
    verbose: Annotated[bool, option("--verbose", "-v", panel=_TALK, help="Say more.")] = False

    @property
    def is_book(self) -> bool:
        """Whether one book is spoken into one place."""
        is_book = bool(self.inputs) and self.inputs is not None and self.inputs[0].suffix.lower() == BOOK
        return self.read_as == "epub" or (is_book and self.read_as in ("auto", "file"))

    @property
    def markup(self) -> str:
        """The markup of the text, by its file or as it is said; of a list, each line's own."""
        from tiedtts.batch import readers

        path = self.inputs[0] if self.inputs else None
        return readers.markup(path, self.read_as) if self.folder is None else MARKUPS[0]

    @property
    def footnotes(self) -> bool:
        """Whether footnotes are spoken."""
        return "footnotes" in kept(self.keep)

    @property
    def citations(self) -> bool:
        """Whether citations are spoken."""
        return "citations" in kept(self.keep)

    @property
    def parentheses(self) -> bool:
        """Whether what stands in parentheses is spoken."""
        return "parentheses" in kept(self.keep)

    @property
    def text(self) -> str | None:
        """The words to say as one text: without quotes, a shell hands them over one by one."""
        return None if self.spoken is None else " ".join(self.spoken)
