"""`tiedtts explain`: how a text is read, token by token."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiedtts.choices import CODE, ENGLISH, KEEP, READ_AS
from tiedtts.quoting import printable
from tiedtts_cli import streams, synth_checks, talk
from tiedtts_cli.document_arguments import Cast, Code, English, Keep, Marks, ReadAs, kept
from tiedtts_cli.options import option

if TYPE_CHECKING:
    from tiedtts.text.explanation import Explanation

HEADINGS = ("written", "spoken", "phones", "source")


def explain(
    written: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]", help="What to explain, best in quotes; `-` reads stdin.", show_default=False
        ),
    ] = None,
    path: Annotated[Path | None, option("--input", "-i", metavar="FILE", help="Explain a file.")] = None,
    ssml: Annotated[bool, option("--ssml", help="The text is SSML: <speak>Hello.</speak>")] = False,
    lexicon: Annotated[
        list[Path] | None, option("--lexicon", metavar="FILE", help="Word, then phones; several: last wins.")
    ] = None,
    read_as: ReadAs = READ_AS[0],
    marks: Marks = False,
    cast: Cast = None,
    english: English = ENGLISH[0],
    code: Code = CODE[0],
    keep: Keep = KEEP[-1],
    as_json: Annotated[bool, option("--json", help="A JSON line a part.")] = False,
    quiet: Annotated[bool, option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Show how a text is read, and why.

    \b
    tiedtts explain "Dr. Smith read 3.5 GB."
    tiedtts explain "kubectl" --lexicon mine.txt
    """  # noqa: D301
    streams.need_stdout()
    text = None if written is None else " ".join(written)
    synth_checks.check_text(
        text, [] if path is None else [path], "there is no text to explain", 'tiedtts explain "Hello there."'
    )
    synth_checks.check_words(written or [], "explain")
    if not quiet and synth_checks.is_file_name(written or []):
        talk.warning(f"`{text}` is read as it stands; to explain what is in the file: -i {text}")
    from tiedtts.batch import origin, readers
    from tiedtts.text import explanation
    from tiedtts.text.frontend import FrontEnd

    warnings: list[str] = []
    settings = synth_checks.made(
        ssml=ssml,
        markup=readers.markup(path, read_as),
        code=code,
        marks=marks,
        english=english,
        cast=cast or (),
        **{name: name in kept(keep) for name in KEEP},
    )
    words = origin.read(text, path, sys.stdin.buffer, warnings.append, settings.markup)
    parts = explanation.explain(
        words, FrontEnd(lexicon or ()), ssml=ssml, settings=settings, warn=warnings.append
    )
    show(parts, as_json=as_json)
    for warning in () if quiet else warnings:
        talk.warning(warning)


def show(parts: Iterable["Explanation"], *, as_json: bool = False) -> None:
    """Print a table on a terminal, elsewhere tab-separated lines; with `as_json` a line of JSON a part."""
    if as_json:
        for part in parts:
            print(json.dumps(as_dict(part)), flush=True)
    elif sys.stdout.isatty():
        _print_table(parts)
    else:
        print("\t".join(HEADINGS))
        for row in _all_rows(parts):
            print("\t".join(row))


def as_dict(part: "Explanation") -> dict[str, object]:
    """Return a part as JSON has it."""
    words = [{"spoken": word.text, "phones": list(word.phones), "source": word.source} for word in part.words]
    row: dict[str, object] = {"written": part.written, "words": words, "after_break": part.is_after_break}
    if part.pause:
        row["pause"] = round(part.pause, 6)
    if part.speaker:
        row["speaker"] = part.speaker
    return row


def _all_rows(parts: Iterable["Explanation"]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of all parts, and one wherever another begins to speak."""
    speaker = ""
    for part in parts:
        if part.speaker != speaker:
            speaker = part.speaker
            yield "", "", "", printable(f"spoken by {speaker or 'the narrator'}")
        yield from rows(part)


def rows(part: "Explanation") -> list[tuple[str, str, str, str]]:
    """Return a row a spoken word, the first with what is written, and before them one of a pause."""
    from tiedtts.text.explanation import BREAK, LEFT_OUT

    if not part.words:
        return [(part.written, "", "", LEFT_OUT)]
    pause = [("", "", ",", BREAK)] if part.is_after_break else []
    if part.pause:
        pause = [("", "", ",", f"pause of {part.pause:g} s")]
    return pause + [
        (part.written if index == 0 else "", word.text, " ".join(word.phones), printable(word.source))
        for index, word in enumerate(part.words)
    ]


def _print_table(parts: Iterable["Explanation"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*HEADINGS)
    for row in _all_rows(parts):
        table.add_row(*map(Text, row))
    Console().print(table)
