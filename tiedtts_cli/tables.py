"""Tables on stdout."""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def console(width: int) -> "Console":
    """Return where tables are printed.

    Args:
        width: Columns where no terminal says how many there are; names of layers are long.
    """
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else width)


def table(*columns: str, left: Collection[str] = ()) -> "Table":
    """Return an empty table.

    Args:
        columns: Headings.
        left: Headings of columns that are words; the others are numbers.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="left" if column in left else "right", overflow="fold")
    return made


def size(count: int) -> str:
    """Write a number of bytes in a unit that fits it."""
    return f"{count / 1e6:,.2f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"
