"""`tiedtts synth --explain`: how a text is read, token by token."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts.quoting import printable
from tiedtts_cli import talk

if TYPE_CHECKING:
    from tiedtts.text.explanation import Explanation

HEADINGS = ("written", "spoken", "phones", "source")


def show(
    text: str, lexicon: Sequence[Path] = (), *, ssml: bool = False, as_json: bool = False, quiet: bool = False
) -> None:
    """Print a table on a terminal, elsewhere tab-separated lines; with `as_json` a line of JSON a part."""
    from tiedtts.text.explanation import explain
    from tiedtts.text.frontend import FrontEnd

    told: tuple[str, ...] = ()
    if ssml:
        from tiedtts.text.markup.ssml import parse

        told = parse(text).warnings
    front_end = FrontEnd(lexicon)
    parts = explain(text, front_end, ssml=ssml)
    if as_json:
        for part in parts:
            print(json.dumps(as_dict(part)), flush=True)
    elif sys.stdout.isatty():
        _print_table(parts)
    else:
        print("\t".join(HEADINGS))
        for part in parts:
            for row in rows(part):
                print("\t".join(row))
    for warning in () if quiet else (*told, *front_end.analyse(text).warnings):
        talk.warning(warning)


def as_dict(part: "Explanation") -> dict[str, object]:
    """Return a part as JSON has it."""
    words = [{"spoken": word.text, "phones": list(word.phones), "source": word.source} for word in part.words]
    return {"written": part.written, "words": words}


def rows(part: "Explanation") -> list[tuple[str, str, str, str]]:
    """Return a row a spoken word; what is written stands in the first."""
    from tiedtts.text.explanation import LEFT_OUT

    if not part.words:
        return [(part.written, "", "", LEFT_OUT)]
    return [
        (part.written if index == 0 else "", word.text, " ".join(word.phones), printable(word.source))
        for index, word in enumerate(part.words)
    ]


def _print_table(parts: Iterable["Explanation"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*HEADINGS)
    for part in parts:
        for row in rows(part):
            table.add_row(*map(Text, row))
    Console().print(table)
