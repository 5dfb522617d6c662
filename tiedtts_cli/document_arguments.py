"""The options of commands that read texts: their kind, marks and roles, and what of a document is spoken."""

from typing import Annotated

from tiedtts.choices import CODE, ENGLISH, KEEP, READ_AS
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import choice, completes, option

PANEL = "Text"


def _keep(written: str) -> str:
    """Check what of a document is kept: names with commas between them, `all` or `none`."""
    unknown = [name for name in kept(written) if name not in KEEP]
    if unknown:
        raise UsageError(f"`--keep` takes {', '.join(KEEP)}, all or none, got: {unknown[0]}")
    return written


def kept(written: str) -> frozenset[str]:
    """Return what of a document is kept."""
    names = {name.strip().lower() for name in written.split(",") if name.strip()} - {"none"}
    return frozenset(KEEP) if "all" in names else frozenset(names)


Marks = Annotated[bool, option("--marks", panel=PANEL, help="Follow [pause 1s], [slow]...[/slow].")]
Cast = Annotated[
    list[str] | None,
    option("--cast", panel=PANEL, metavar="NAME=VOICE", help="Who says NAME's lines, `NAME: line`."),
]
English = Annotated[
    str, choice("--english", ENGLISH, panel=PANEL, metavar="us|gb", help="American or British readings.")
]
ReadAs = Annotated[
    str,
    choice("--read-as", READ_AS, panel=PANEL, metavar="KIND", help="markdown, html, csv."),
]
Code = Annotated[str, choice("--code", CODE, panel=PANEL, metavar="HOW", help="announce, read or skip.")]
Keep = Annotated[
    str,
    option(
        "--keep",
        panel=PANEL,
        metavar="WHAT",
        help="footnotes, all, none.",
        callback=_keep,
        autocompletion=completes((*KEEP, "all", "none")),
    ),
]
