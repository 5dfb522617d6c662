"""Option of the commands that may write several files: how large each is."""

from pathlib import Path
from typing import Annotated

from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least

ShardSize = Annotated[
    int | None,
    at_least(1, "--shard-size", metavar="MB", help="Size of each file, if OUT is an index or a folder."),
]
"""Type of the option."""


def in_bytes(size: int | None, output: Path) -> int | None:
    """Return the size of a file in bytes.

    Args:
        size: Megabytes, if they were given.
        output: What is written.

    Raises:
        UsageError: It is one file.
    """
    if size is not None and not (output.name.endswith(".index.json") or output.is_dir() or not output.suffix):
        raise UsageError(
            "`--shard-size` is for several files, and OUT is one",
            hint=f"write an index of several: -o {output.stem}.safetensors.index.json",
        )
    return None if size is None else size * 10**6
