"""`tiedtts untie`: a tied checkpoint becomes the plain one that it came from."""

from pathlib import Path
from typing import Annotated

import typer

from tiedtts_cli import shard_size, talk
from tiedtts_cli.options import option
from tiedtts_cli.shard_size import ShardSize


def untie(
    source: Annotated[Path, typer.Argument(metavar="CKPT", help="Tied checkpoint.")],
    output: Annotated[
        Path, option("--output", "-o", metavar="OUT", help="Checkpoint to write, or index of files.")
    ],
    size: ShardSize = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Write a tied checkpoint as the plain one it came from.

    A checkpoint of another program gets the names back that this program loads.

    \b
    tiedtts untie tied.safetensors -o plain.safetensors
    tiedtts untie tied.safetensors -o generator_v2_tied.pt
    """  # noqa: D301
    from tiedtts.checkpoints.conversion import revert

    parameters = revert(source, output, largest=shard_size.in_bytes(size, output))
    if not quiet:
        talk.note(f"{output}: {parameters:,} parameters, untied")
