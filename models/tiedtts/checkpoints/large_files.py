"""Checkpoints in several files, tied and untied without all of them in memory."""

from pathlib import Path

from tiedtts.checkpoints import back_in_pieces, checkpoint, in_pieces, other_formats, shards
from tiedtts.checkpoints.contents import Contents
from tiedtts.checkpoints.converted import Conversion
from tiedtts.checkpoints.header import KEY, PART
from tiedtts.checkpoints.shard_writer import LARGEST, ShardWriter
from tiedtts.checkpoints.sources import Source
from tiedtts.tying import TiePlan


def tie(source: Path, target: Path, plan: TiePlan, largest: int | None) -> Conversion | None:
    """Tie a checkpoint in several files, or into several.

    Args:
        source: The checkpoint, or its index or folder.
        target: File, or index of files, to write.
        plan: Which layers to tie, and how.
        largest: Bytes of each file; by default those of the largest of the source.

    Returns:
        What it did; nothing where a checkpoint is one file, or must be read as a whole.

    Raises:
        CheckpointError: The source cannot be read.
        ConfigError: The plan does not fit.
        OutputError: The target cannot be written.
    """
    if not source.exists():
        return None
    path = shards.locate(source)
    if not (shards.is_index(path) or shards.is_index(target)) or checkpoint.is_checkpoint(path):
        return None
    opened = Source.open(path)
    if opened is None or not in_pieces.fits(opened):
        return None
    other_formats.check_names_only(plan)
    contents = Contents({}, opened.kind, metadata=opened.metadata)
    provenance = {PART: {"origin": other_formats.origin_of(path, contents)}}
    with ShardWriter(target, largest or opened.largest, tuple(shards.files(path))) as writer:
        report, part = in_pieces.tie(opened, plan, lambda name, value: writer.add(f"{PART}.{name}", value))
        size = writer.finish({KEY: checkpoint.made_header({PART: part}, {}, None, provenance)})
    count = len(shards.files(path)) - shards.is_index(path)
    return Conversion(
        report=report,
        file_bytes_before=shards.size(path),
        file_bytes_after=size,
        notes=(f"read from {count} files",) if count > 1 else (),
    )


def untie(source: Path, target: Path, largest: int | None) -> int | None:
    """Untie a checkpoint in several files, or into several.

    Args:
        source: The tied checkpoint, or its index.
        target: File, or index of files, to write.
        largest: Bytes of each file.

    Returns:
        The number of parameters; nothing where a checkpoint is one file, or must be read as a whole.

    Raises:
        CheckpointError: The source cannot be read.
        OutputError: The target cannot be written.
    """
    if not checkpoint.is_checkpoint(source):
        return None
    opened = Source.open(source)
    header = None if opened is None else back_in_pieces.header_of(opened)
    if opened is None or header is None or not back_in_pieces.fits(header):
        return None
    if not shards.is_index(target) and target.suffix.lower() != ".safetensors":
        return None
    origin = header.provenance[PART]["origin"]
    count = 0
    # Untied, files are larger: what they were before is not known.
    with ShardWriter(target, largest or LARGEST, tuple(shards.files(source))) as writer:
        for key, value in back_in_pieces.plain(opened, header):
            count += value.numel() if value.is_floating_point() else 0
            writer.add(key, value)
        writer.finish({} if shards.is_index(target) else dict(origin.get("metadata", {})))
    return count
