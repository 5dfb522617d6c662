"""A checkpoint to a small change of a voice: what `tiedtts export --base` writes."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.export import voice
from tiedtts.export.packing import quantise
from tiedtts.paths import StrPath, several
from tiedtts.speech import difference, library, onnx_tensors, weight_names
from tiedtts.speech.difference import SUFFIX, LowRank, Matrix
from tiedtts.speech.weight_names import WeightNames

ENOUGH = 1e-3
"""Share of a difference's norm that may be left out: what training with adapters leaves is rounding."""
TINY = 1e-6
"""Norm of a difference that is none."""
SMALL = 2048
"""Values of a matrix that may have a difference of any rank: it weighs nothing."""
MOST_LEVELS = 127
"""Largest number of the strongest term of a difference: of fewer, the voice is rated lower."""
FEWEST_LEVELS = 15
"""Largest number of the weakest term: with fewer, it would be another one."""
_ADAPT = "train them from it, stored in 8 bits: tiedtts train DATA -o RUN --recipe adapt --init-from {}"
_CUT = "keep its strongest terms alone: --rank 64; or train with adapters: --recipe adapt"


def export(
    checkpoints: Sequence[StrPath],
    target: StrPath,
    *,
    base: StrPath,
    name: str | None = None,
    rank: int | None = None,
) -> dict[str, Any]:
    """Write the nets of checkpoints as a change of a voice that they were trained from.

    Nets that learnt with adapters are kept whole. Of others, in which all weights learnt, the best difference
    of a low rank is kept: the first terms of its singular value decomposition (Eckart and Young, 1936).

    Args:
        checkpoints: One with acoustic net and vocoder, or one each.
        target: The `.voice` file.
        base: Name of a voice of the package or an `.onnx` file, stored in 8 bits. Whoever loads the change
            needs it: it is looked for beside the change, then in the package.
        name: Name of the voice; the file's without its suffix if None.
        rank: Most terms of the difference of a matrix; all that there are if None.

    Returns:
        The voice's metadata, with `file_bytes`, and `left_out`, the norm of what is left out over that of all
        differences; `numbers` of its `change` are those that are its own.

    Raises:
        CheckpointError: The nets are not a change of the base, or more than a small one and no rank is given.
        ConfigError: The suffix is another one, or the rank is less than 1.
        VoiceError: There is no such base.
        OutputError: The file cannot be written.
    """
    checkpoints, target = several(checkpoints), Path(target)
    if target.suffix != SUFFIX:
        raise ConfigError(f"the name of a change of a voice ends in {SUFFIX}, got: {target}")
    if rank is not None and rank < 1:
        raise ConfigError(f"the rank must be at least 1, got: {rank}", hint="such as 16 or 64")
    storage.check_writable(target)
    shared = library.read(base)
    loaded = [checkpoint.load(path) for path in checkpoints]
    whole, about = voice.made(checkpoints, loaded, name or target.stem, "int8")
    names = weight_names.unpack(about[weight_names.KEY], "the voice")
    found = _changes(shared, whole, names, loaded, str(base), rank)
    described = difference.About(
        format=difference.FORMAT,
        base=library.plain_name(base),
        base_sha256=difference.fingerprint(shared, str(base)),
        matrices=tuple(found.matrices),
        values=tuple(found.values),
        voice={**about, "change": {"base": library.plain_name(base), "numbers": found.size}},
    )
    data = difference.pack(described, list(found.values.values()), list(found.matrices.values()))
    # It is kept only if it can be put together, and speaks.
    composed = difference.compose(shared, *difference.unpack(data, str(target)), str(target))
    voice.check_speaks(composed, target.stem)
    storage.write_bytes(target, data)
    return {**described.voice, "file_bytes": len(data), "left_out": found.left_out}


@dataclasses.dataclass
class _Changes:
    """Numbers that a voice does not have in common with its base."""

    values: dict[str, npt.NDArray[Any]]
    """Values of tensors, by name."""
    matrices: dict[Matrix, LowRank]
    """Differences of matrices."""
    squares: list[tuple[float, float]]
    """Squared norm of the difference of each matrix, and of what is left out of it."""

    @property
    def left_out(self) -> float:
        """Norm of what is left out, over that of all differences."""
        whole, lost = np.sum(self.squares, 0) if self.squares else (0.0, 0.0)
        return float(np.sqrt(lost / whole)) if whole else 0.0

    @property
    def size(self) -> int:
        """Count of the numbers."""
        factors = sum(low.up.size + low.down.size + low.factors.size for low in self.matrices.values())
        return factors + sum(values.size for values in self.values.values())


def _changes(
    shared: bytes,
    whole: bytes,
    names: WeightNames,
    loaded: Sequence[Checkpoint],
    base: str,
    rank: int | None,
) -> _Changes:
    """Compare a voice with its base.

    Args:
        shared: The base, as a file.
        whole: The voice, as a file.
        names: Names of its weights.
        loaded: The voice's nets, before their weights were rounded to 8 bits.
        base: What errors call the base.
        rank: Most terms of a difference, if not all.
    """
    old, new = onnx_tensors.places(shared, base), onnx_tensors.places(whole, "the voice")
    if {k: (p.dtype, p.shape) for k, p in old.items()} != {k: (p.dtype, p.shape) for k, p in new.items()}:
        raise CheckpointError(f"these nets are not those of {base}", hint=_ADAPT.format(base))
    stored, scales = names.stored, names.scales
    trained = {
        stored[f"{part}.{name}"]: values.numpy()
        for one in loaded
        for part, net in one.parts.items()
        for name, values in net.state_dict().items()
        if f"{part}.{name}" in stored
    }
    found = _Changes({}, {}, [])
    for key, place in new.items():
        before: Any = old[key].read(shared)
        if key in scales:
            before = before * old[scales[key]].read(shared).astype(np.float64)
            wanted = trained[key] - before
            low = low_rank(wanted, rank)
            if low is None:
                raise CheckpointError(f"these nets are more than a small change of {base}", hint=_CUT)
            kept = low.product.reshape(before.shape) if low.factors.size else np.zeros_like(before)
            found.squares.append((float(np.square(wanted).sum()), float(np.square(wanted - kept).sum())))
            if low.factors.size:
                matrix = Matrix(name=key, scale=scales[key], rank=low.factors.size)
                found.matrices[matrix] = low
                found.values[scales[key]] = quantise((before + kept).astype(np.float32))[1]
        elif key not in scales.values() and not np.array_equal(before, place.read(whole)):
            found.values[key] = place.read(whole)
    return found


def low_rank(matrix: npt.NDArray[Any], most: int | None = None) -> LowRank | None:
    """Split a matrix of low rank; nothing if its rank is high.

    Args:
        matrix: (O, ...), with I values in each row.
        most: Most terms, fewer where they would be more numbers than the matrix; the rest is left out.
    """
    u, sizes, v = np.linalg.svd(matrix.reshape(len(matrix), -1).astype(np.float64), full_matrices=False)
    left = np.sqrt(np.cumsum(sizes[::-1] ** 2)[::-1])
    rank = int((left > ENOUGH * left[0]).sum()) if left[0] > TINY else 0
    if matrix.size >= SMALL:
        if most is not None:
            rank = min(rank, most, (matrix.size - 1) // (u.shape[0] + v.shape[1]))
        elif rank * (u.shape[0] + v.shape[1]) >= matrix.size:
            return None
    # The size of each term is spread over both its sides, so that neither loses more than the other.
    up, down = u[:, :rank], v[:rank]
    tops = np.abs(up).max(0), np.abs(down).max(1)
    # A weak term needs fewer levels to be as exact as a strong one; small numbers are compressed well.
    steps = np.clip(np.ceil(MOST_LEVELS * sizes[:rank] / sizes[0]), FEWEST_LEVELS, MOST_LEVELS)
    levels = [np.rint(steps * of / top).astype(np.int8) for of, top in ((up, tops[0]), (down.T, tops[1]))]
    factors = (sizes[:rank] * tops[0] * tops[1] / steps**2).astype(np.float32)
    return LowRank(levels[0], factors, np.ascontiguousarray(levels[1].T))
