"""A checkpoint to a small change of a voice: what `tiedtts export --base` writes."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.calibration import Run, seen_by
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.export import voice
from tiedtts.export.inputs import Inputs
from tiedtts.export.low_rank import low_rank
from tiedtts.export.packing import quantise
from tiedtts.paths import StrPath, several
from tiedtts.speech import difference, library, onnx_tensors, weight_names
from tiedtts.speech.difference import SUFFIX, LowRank, Matrix
from tiedtts.speech.weight_names import WeightNames
from tiedtts.tying import untie
from tiedtts.tying.moments import Moments, Seen

_WHOLE = ("weight", "shared")
"""Names of what is all of a layer's weight, or what it has in common with others."""
_ADAPT = "train them from it, stored in 8 bits: tiedtts train DATA -o RUN --recipe adapt --init-from {}"
_CUT = "keep its strongest terms alone: --rank 64; or train with adapters: --recipe adapt"


def export(
    checkpoints: Sequence[StrPath],
    target: StrPath,
    *,
    base: StrPath,
    name: str | None = None,
    rank: int | None = None,
    run: Run | None = None,
) -> dict[str, Any]:
    """Write the nets of checkpoints as a change of a voice that they were trained from.

    Nets that learnt with adapters are kept whole. Of others, in which all weights learnt, the best difference
    of a low rank is kept: the first terms of its singular value decomposition (Eckart and Young, 1936),
    or, where inputs of the nets are known, those with which outputs are nearest, see `tiedtts.export.inputs`.

    Args:
        checkpoints: One with acoustic net and vocoder, or one each.
        target: The `.voice` file.
        base: Name of a voice of the package or an `.onnx` file, stored in 8 bits. Whoever loads the change
            needs it: it is looked for beside the change, then in the package.
        name: Name of the voice; the file's without its suffix if None.
        rank: Most terms of the difference of a matrix; all that there are if None.
        run: Runs the nets on recordings, so that the terms are those that matter for them.

    Returns:
        The voice's metadata, with `file_bytes`, and `left_out`, the norm of what is left out over that of all
        differences, or of what these change of the outputs of layers; `numbers` of its `change` are its own.

    Raises:
        CheckpointError: The nets are not a change of the base, or more than a small one and no rank is given.
        ConfigError: The suffix is another one, or the rank is less than 1, or what was run uses other nets.
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
    seen = {} if run is None else _seen(loaded, run, Path(checkpoints[0]))
    found = _changes(shared, whole, names, loaded, str(base), rank, seen)
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
    """Energy of the difference of each matrix, and of what is left out of it; see `Inputs`."""

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
    seen: Seen,
) -> _Changes:
    """Compare a voice with its base.

    Args:
        shared: The base, as a file.
        whole: The voice, as a file.
        names: Names of its weights.
        loaded: The voice's nets, before their weights were rounded to 8 bits.
        base: What errors call the base.
        rank: Most terms of a difference, if not all.
        seen: Moments of weights that store all of a layer's, by the names of these.
    """
    old, new = onnx_tensors.places(shared, base), onnx_tensors.places(whole, "the voice")
    if {k: (p.dtype, p.shape) for k, p in old.items()} != {k: (p.dtype, p.shape) for k, p in new.items()}:
        raise CheckpointError(f"these nets are not those of {base}", hint=_ADAPT.format(base))
    stored, scales = names.stored, names.scales
    trained = {
        stored[name]: (values.numpy(), seen.get(name))
        for one in loaded
        for part, net in one.parts.items()
        for key, values in net.state_dict().items()
        if (name := f"{part}.{key}") in stored
    }
    found = _Changes({}, {}, [])
    for key, place in new.items():
        before: Any = old[key].read(shared)
        if key in scales:
            before = before * old[scales[key]].read(shared).astype(np.float64)
            values, moments = trained[key]
            wanted = values - before
            heard = Inputs.of(moments, wanted.shape)
            low = low_rank(wanted if rank is None else heard.nearest(wanted, rank), rank)
            if low is None:
                raise CheckpointError(f"these nets are more than a small change of {base}", hint=_CUT)
            kept = low.product.reshape(before.shape) if low.factors.size else np.zeros_like(before)
            found.squares.append((heard.energy(wanted), heard.energy(wanted - kept)))
            if low.factors.size:
                matrix = Matrix(name=key, scale=scales[key], rank=low.factors.size)
                found.matrices[matrix] = low
                found.values[scales[key]] = quantise((before + kept).astype(np.float32))[1]
        elif key not in scales.values() and not np.array_equal(before, place.read(whole)):
            found.values[key] = place.read(whole)
    return found


def _seen(loaded: Sequence[Checkpoint], run: Run, path: Path) -> dict[str, Moments]:
    """Return the moments of stored weights, by their names, such as `acoustic.head.weight`."""
    parts = {part: net for one in loaded for part, net in one.parts.items()}
    found, _ = seen_by(run, {part: untie(net) for part, net in parts.items()}, path)
    # Layers that share a weight have the same numbers, so that each has the moments of all.
    names = {
        f"{part}.{key}": f"{part}.{key.rpartition('.')[0]}.weight"
        for part, net in parts.items()
        for key in net.state_dict()
        if key.rpartition(".")[2] in _WHOLE
    }
    return {name: found[layer] for name, layer in names.items() if layer in found}
