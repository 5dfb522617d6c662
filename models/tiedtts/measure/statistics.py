"""Statistics: the parameters, bytes and work of a checkpoint or a voice, part by part."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiedtts.errors import VoiceError
from tiedtts.measure.pace import PHONES_PER_SECOND
from tiedtts.paths import StrPath

if TYPE_CHECKING:
    from tiedtts.graphs.work import Work
    from tiedtts.tying.report import ModuleCount

FRONT_END = Path(__file__).parents[1] / "text" / "data"
"""Files that `synth` reads beside the voice: the lexicon."""


@dataclass(frozen=True, kw_only=True)
class PartStatistics:
    """One net."""

    name: str
    """`acoustic`, `vocoder`, ..., or `total`."""
    unique_parameters: int
    """Numbers stored, by storage: tied ones once."""
    named_parameters: int
    """Number of parameters if nothing were tied."""
    unique_bytes: int | None
    """Size of everything stored, indices included; none for the parts of a voice, which are one graph."""
    buffers: int | None
    """Numbers that training does not change, such as the indices of a codebook."""
    macs_per_second: float | None
    """Multiply-accumulates for a second of audio; nothing where it is not known how the net is run."""
    modules: "tuple[ModuleCount, ...]" = ()
    """Layers of a checkpoint, without the part's name."""
    module_macs: dict[str, float] = dataclasses.field(default_factory=dict)
    """Multiply-accumulates of modules for a second of audio, with what is inside them."""

    @property
    def tying_ratio(self) -> float:
        """Named over unique parameters."""
        return self.named_parameters / max(1, self.unique_parameters)

    @property
    def bits_per_weight(self) -> float | None:
        """Bits that are stored for each number of the untied net, indices and scales included."""
        if self.unique_bytes is None or not self.named_parameters:
            return None
        return 8 * self.unique_bytes / self.named_parameters

    def macs_of(self, module: str) -> float | None:
        """Return the multiply-accumulates of a module; those of what is in it, if it only holds others."""
        known = self.module_macs
        if module in known:
            return known[module]
        inside = [each for each in known if each.startswith(f"{module}.")]
        outermost = [each for each in inside if not any(each.startswith(f"{other}.") for other in inside)]
        return sum(known[each] for each in outermost) if outermost else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        work = self.macs_per_second
        return {
            "unique_parameters": self.unique_parameters,
            "named_parameters": self.named_parameters,
            "tying_ratio": self.tying_ratio,
            "unique_bytes": self.unique_bytes,
            "bits_per_weight": self.bits_per_weight,
            "buffers": self.buffers,
            "macs_per_second": work,
            "flops_per_second": None if work is None else 2 * work,
            "modules": [
                {**dataclasses.asdict(row), "macs_per_second": self.module_macs.get(row.name)}
                for row in self.modules
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """One file."""

    file: Path
    """File as it was named, or the voice in the package."""
    kind: str
    """`checkpoint`, `voice`, or `weights` or `model`, ONNX, of another program."""
    file_bytes: int
    """On disk."""
    parts: tuple[PartStatistics, ...]
    """In the file's order."""
    total: PartStatistics
    """All parts together; work only if it is known of each."""
    front_end_bytes: int = 0
    """Size of the files that `synth` reads beside a voice."""
    base: str | None = None
    """Voice that this one is a small change of."""
    own_numbers: int | None = None
    """Numbers that such a voice stores; the others are its base's."""
    notes: tuple[str, ...] = ()
    """Remarks on how another program's file was read, one sentence each."""
    work: "Work | None" = None
    """Multiply-accumulates of a model of another program, as far as they are known before it runs."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        total = self.total.to_dict()
        del total["modules"]
        return {
            "file": str(self.file),
            "kind": self.kind,
            "file_bytes": self.file_bytes,
            "front_end_bytes": self.front_end_bytes,
            "base": self.base,
            "own_numbers": self.own_numbers,
            "notes": list(self.notes),
            **({} if self.work is None else {"work": self.work.to_dict()}),
            "phones_per_second": PHONES_PER_SECOND,
            **total,
            "parts": {part.name: part.to_dict() for part in self.parts},
        }


REDUCED = ("unique_parameters", "unique_bytes", "file_bytes", "macs_per_second", "flops_per_second")
"""Numbers of two files that are compared."""


def to_dict(counted: Sequence[Statistics]) -> dict[str, Any]:
    """Return plain values of one file, or of two with how much the second saves, for JSON."""
    found = [each.to_dict() for each in counted]
    if len(found) == 1:
        return found[0]
    before, after = found
    saved = {key: before[key] / after[key] for key in REDUCED if before[key] and after[key]}
    return {"before": before, "after": after, "reductions": saved}


def statistics(
    file: StrPath, architecture: str = "auto", sizes: Mapping[str, Sequence[int]] | None = None
) -> Statistics:
    """Count what is in a file.

    Args:
        file: Voice, name of a voice in the package, or checkpoint of this or another program.
        architecture: Kind of a foreign checkpoint.
        sizes: Shapes of inputs that a model of ONNX leaves open, for its work.

    Raises:
        VoiceError: There is no such voice, or the file is damaged.
        CheckpointError: The file is no checkpoint.
        ConfigError: The model has no inputs of these names, or of other shapes.
    """
    from tiedtts.speech.library import SUFFIXES, find, own_file

    path = Path(file)
    # A folder may have the name of a voice.
    is_weights = path.is_file() or (path.is_dir() and not own_file(file))
    if path.suffix not in SUFFIXES and is_weights:
        return _checkpoint(path, architecture)
    if path.suffix not in ("", *SUFFIXES):
        raise VoiceError(f"no such file: {path}", hint="name a voice or a checkpoint")
    found = find(file)
    return _graph(found, sizes) if _is_of_others(found) else _voice(found)


def _is_of_others(path: Path) -> bool:
    """Return whether a file is a model of ONNX that is no voice of this program."""
    from tiedtts.speech import library, onnx_tensors

    if path.suffix.lower() != library.WHOLE:
        return False
    data = path.read_bytes()
    return data.startswith(b"\x08") and onnx_tensors.metadata(data, str(path)) is None


def _graph(path: Path, sizes: Mapping[str, Sequence[int]] | None) -> Statistics:
    """Count a model of another program."""
    from tiedtts.graphs import counting as graph_counting

    counted = graph_counting.count(path, sizes)
    part = PartStatistics(
        name="model",
        unique_parameters=counted.unique_parameters,
        named_parameters=counted.named_parameters,
        unique_bytes=counted.unique_bytes,
        buffers=counted.buffers,
        macs_per_second=None,
        modules=counted.modules,
    )
    return Statistics(
        file=path,
        kind="model",
        file_bytes=counted.file_bytes,
        parts=(part,),
        total=dataclasses.replace(part, name="total", modules=()),
        work=counted.work,
    )


def _checkpoint(path: Path, architecture: str) -> Statistics:
    from tiedtts.checkpoints import checkpoint, shards
    from tiedtts.checkpoints.conversion import read_with_notes
    from tiedtts.measure import counting, learned_ties, macs

    path = shards.locate(path)
    kind = "checkpoint" if checkpoint.is_checkpoint(path) else "weights"
    parts = []
    loaded, notes = read_with_notes(path, architecture)
    for name, net in loaded.parts.items():
        facts = loaded.provenance.get(name)
        notes = (*notes, *learned_ties.told(name, facts if isinstance(facts, dict) else {}))
        counted, work = counting.count(net), macs.speech(net)
        parts.append(
            PartStatistics(
                name=name,
                unique_parameters=counted.unique_parameters,
                named_parameters=counted.named_parameters,
                unique_bytes=counted.unique_bytes,
                buffers=counted.buffers,
                macs_per_second=None if work is None else work[0],
                modules=counted.modules,
                module_macs={} if work is None else work[1],
            )
        )
    work_of = [part.macs_per_second for part in parts]
    total = PartStatistics(
        name="total",
        unique_parameters=sum(part.unique_parameters for part in parts),
        named_parameters=sum(part.named_parameters for part in parts),
        unique_bytes=sum(part.unique_bytes or 0 for part in parts),
        buffers=sum(part.buffers or 0 for part in parts),
        macs_per_second=None if None in work_of else sum(each for each in work_of if each is not None),
    )
    size = shards.size(path)
    return Statistics(
        file=path, kind=kind, file_bytes=size, parts=tuple(parts), total=total, notes=tuple(notes)
    )


def _voice(path: Path) -> Statistics:
    from tiedtts.measure import onnx_counting

    counted = onnx_counting.count(path)
    own, change = counted.metadata, counted.metadata.change
    if not own.parameters:
        raise VoiceError(f"{path} does not say what it stores", hint="make it again with `tiedtts export`")
    named = own.named_parameters or own.parameters
    parts = [
        PartStatistics(
            name=name,
            unique_parameters=unique,
            named_parameters=named[name],
            unique_bytes=None,
            buffers=None,
            macs_per_second=(own.macs_per_second or {}).get(name),
        )
        for name, unique in own.parameters.items()
    ]
    total = PartStatistics(
        name="total",
        unique_parameters=sum(own.parameters.values()),
        named_parameters=sum(named.values()),
        unique_bytes=counted.unique_bytes,
        buffers=counted.buffers,
        macs_per_second=counted.macs_per_second,
    )
    return Statistics(
        file=path,
        kind="voice",
        file_bytes=path.stat().st_size,
        parts=tuple(parts),
        total=total,
        front_end_bytes=sum(each.stat().st_size for each in FRONT_END.iterdir() if each.is_file()),
        base=None if change is None else change.base,
        own_numbers=None if change is None else change.numbers,
    )
