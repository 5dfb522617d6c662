"""Tables of words: the tab-separated files of `data/`, each read once, when it is first needed.

A line holds the name of a table, a key and, where the table maps keys to something, what it maps to; `#` and
a space begin a comment.
"""

from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def read(file: str) -> dict[str, dict[str, str]]:
    """Return the tables of a file by their names, each in the order of the file."""
    tables: dict[str, dict[str, str]] = {}
    for line in (DATA / f"{file}.tsv").read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            name, key, *values = line.split("\t")
            tables.setdefault(name, {})[key] = "\t".join(values)
    return tables
