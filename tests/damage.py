"""Files damaged at random, as a bad disk or whoever means ill leaves them, and what reads them."""

import copy
import dataclasses
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.training.data_folder import write_data_folder
from tiedtts import schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint, tensor_files
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus import extraction
from tiedtts.corpus.manifest import DESCRIPTION, FEATURES, MANIFEST
from tiedtts.errors import TiedTTSError, is_out_of_memory
from tiedtts.export.voice import export
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.speech.metadata import METADATA_KEY
from tiedtts.speech.onnx_renderer import OnnxRenderer
from tiedtts.speech.voice import Voice
from tiedtts.training import corpus, recipe, state
from tiedtts.tying import TiePlan
from tiedtts.tying.parts import tie_parts

LONGEST_ERROR = 2_000
"""Characters."""
PLAN = """\
[[tie]]
layers = "vocoder.body.blocks.*.expand"
scheme = "lowrank"
bias = "keep"
options = { rank = 3 }

[[tie]]
layers = "acoustic.decoder.blocks.*"
scheme = "share"
options = { groups = 1, order = "cycle" }
"""

_NESTED: Any = 0
for _ in range(60):
    _NESTED = [_NESTED]
ODD = (
    None, True, False, -1, 0, 3, 2**16, 10**9, 10**30, 0.5, 1e308, float("inf"), float("nan"),
    "", "x", "\ud800", "\x1b[2J", "a.b", [], {}, [1], [[]], {"a": 1}, _NESTED,
)  # fmt: skip
"""Values that stand where something else is expected."""
ODD_TOML = (
    "true", "-1", "0", "1000000000", "9" * 30, "9" * 5000, "0.5", "nan", "inf", "-inf", '""', '"x"',
    "[]", "{}", "[1]", "[[]]", "{a = 1}", "[" * 2000 + "]" * 2000, "1979-05-27", "=", '"',
)  # fmt: skip

Case = tuple[str, Callable[[], object]]
"""A damaged file: the damage and the file in words, and the call that reads it."""


class Whole:
    """Whole files of every kind, small.

    Args:
        folder: Where they are made.
    """

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        acoustic = AcousticNet(
            AcousticConfig(
                width=8, encoder_blocks=1, variance_width=8, variance_blocks=1, decoder_blocks=2, stride=1
            )
        )
        torch.nn.init.constant_(acoustic.variance.head.bias, 1.5)
        nets = {"acoustic": acoustic, "vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=2))}
        parts, plans, _ = tie_parts(nets, TiePlan.from_toml(PLAN))
        self.folder = folder
        self.checkpoint = folder / "whole.safetensors"
        checkpoint.save(
            self.checkpoint, Checkpoint(parts, AudioSettings(), {"acoustic": {"steps": 3}}, plans)
        )
        export([self.checkpoint], folder / "whole.onnx", precision="fp32")
        self.voice = (folder / "whole.onnx").read_bytes()
        self.data = write_data_folder(folder / "data")
        self.recipe = recipe.read_text("default")


def problem(read: Callable[[], object]) -> str | None:
    """Return what is wrong with how a file is refused, if something is; a file may also be as good as new."""
    try:
        read()
    except TiedTTSError as error:
        text = f"{error}{error.hint}"
        if not schema.is_text(text) or len(text) > LONGEST_ERROR or "\x1b" in text:
            return f"an error that cannot be shown: {text[:200]!r}"
    except Exception as error:
        return None if is_out_of_memory(error) else f"{type(error).__name__}: {str(error)[:300]}"
    return None


def cases(whole: Whole, rng: random.Random) -> Iterator[Case]:
    """Yield damaged files of all kinds without end."""
    kinds = (voice_metadata, voice_graph, voice_bytes, header, tensors, checkpoint_bytes)
    kinds += (recipes, plans, manifests, features, states, sounds)
    while True:
        for kind in kinds:
            yield kind(whole, rng)


def spoiled(values: Any, rng: random.Random) -> tuple[str, Any]:
    """Return nested values with one of them changed, and which."""
    values = copy.deepcopy(values)
    holders: list[tuple[Any, Any, str]] = []

    def walk(value: Any, path: str) -> None:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in list(items)[:40]:
            holders.append((value, key, f"{path}.{key}"))
            if isinstance(below, (dict, list)):
                walk(below, f"{path}.{key}")

    walk(values, "")
    # The top is as likely as all that is below it.
    top = [each for each in holders if each[0] is values]
    holder, key, path = rng.choice(top if rng.random() < 0.3 else holders)
    what = rng.choice(("replaced", "replaced", "removed", "added"))
    if what == "replaced":
        holder[key] = odd = rng.choice(ODD)
        return f"{path} replaced by {str(odd)[:30]!r}", values
    if what == "removed":
        del holder[key]
    elif isinstance(holder, dict):
        holder[rng.choice(("strange", "\ud800", ""))] = rng.choice(ODD)
    else:
        holder.insert(key, rng.choice(ODD))
    return f"{path} {what}", values


def _flipped(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Return bytes with some changed, cut or doubled."""
    changed = bytearray(data)
    # Headers are at the start, and what is told of a voice is at its end.
    near = rng.choice((len(data), min(len(data), 2_000)))
    for _ in range(rng.choice((1, 3, 20))):
        at = rng.randrange(near) if rng.random() < 0.7 else len(data) - 1 - rng.randrange(near)
        changed[at] = rng.randrange(256)
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    return "bytes", bytes(changed)


def speaks(data: bytes) -> Callable[[], object]:
    """Return the speaking of a voice file."""
    return lambda: Voice(OnnxRenderer(data, "damaged")).say("Hi.")


def voice_metadata(whole: Whole, rng: random.Random) -> Case:
    import onnx

    model = onnx.load_from_string(whole.voice)
    entry = next(entry for entry in model.metadata_props if entry.key == METADATA_KEY)
    what, values = spoiled(json.loads(entry.value), rng)
    entry.value = "[" * 100_000 if rng.random() < 0.05 else json.dumps(values)
    return f"voice, metadata: {what}", speaks(model.SerializeToString())


def voice_graph(whole: Whole, rng: random.Random) -> Case:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(whole.voice)
    graph = model.graph
    what = rng.choice(
        ("no output", "no input", "nan", "huge", "node gone", "loop", "domain", "external", "type", "rank")
    )
    if what == "no output":
        del graph.output[rng.randrange(len(graph.output))]
    elif what == "no input":
        del graph.input[rng.randrange(len(graph.input))]
    elif what in ("nan", "huge"):
        weights = [each for each in graph.initializer if each.data_type == TensorProto.FLOAT]
        tensor = rng.choice(weights)
        values = np.full_like(numpy_helper.to_array(tensor), np.nan if what == "nan" else 1e30)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    elif what == "node gone":
        del graph.node[rng.randrange(len(graph.node))]
    elif what == "loop":
        node = rng.choice(graph.node)
        node.op_type = rng.choice(("Loop", "If", "Scan", "SequenceMap"))
    elif what == "domain":
        rng.choice(graph.node).domain = rng.choice(("com.microsoft", "evil"))
    elif what == "external":
        tensor = rng.choice(graph.initializer)
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "/etc/hostname"
    elif what == "type":
        rng.choice(graph.output).type.tensor_type.elem_type = TensorProto.INT8
    else:
        value = rng.choice((*graph.input, *graph.output))
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, [1, 2, 3, 4]))
    return f"voice, graph: {what}", speaks(model.SerializeToString())


def voice_bytes(whole: Whole, rng: random.Random) -> Case:
    what, data = _flipped(whole.voice, rng)
    return f"voice, {what}", speaks(data)


def heard(path: Path) -> Callable[[], object]:
    """Return the speaking of a checkpoint."""
    return lambda: Voice.load(path).say("Hi.")


def header(whole: Whole, rng: random.Random) -> Case:
    values, metadata = tensor_files.read(whole.checkpoint)
    path = whole.folder / "header.safetensors"
    what, metadata["tiedtts"] = spoiled(metadata["tiedtts"], rng)
    tensor_files.write(path, values, metadata)
    return f"checkpoint, header: {what}", heard(path)


def tensors(whole: Whole, rng: random.Random) -> Case:
    values, metadata = tensor_files.read(whole.checkpoint)
    path = whole.folder / "tensors.safetensors"
    name = rng.choice(sorted(values))
    what = rng.choice(("gone", "nan", "huge", "flat", "empty", "whole numbers", "more"))
    value = values[name]
    values[name] = {
        "nan": value * float("nan") if value.is_floating_point() else value,
        "huge": value * 1e30 if value.is_floating_point() else value * 0 - 1,
        "flat": value.flatten(),
        "empty": value[:0] if value.dim() else value,
        "whole numbers": value.long(),
        "gone": value,
        "more": value,
    }[what].contiguous()
    if what == "gone":
        del values[name]
    elif what == "more":
        values[f"vocoder.{'a.' * rng.choice((1, 2_000))}b"] = torch.ones(2)
    tensor_files.write(path, values, metadata)
    return f"checkpoint, tensor {name}: {what}", heard(path)


def checkpoint_bytes(whole: Whole, rng: random.Random) -> Case:
    path = whole.folder / "bytes.safetensors"
    what, data = _flipped(whole.checkpoint.read_bytes(), rng)
    path.write_bytes(data)
    return f"checkpoint, {what}", heard(path)


def _spoiled_toml(text: str, rng: random.Random) -> tuple[str, str]:
    lines = text.splitlines()
    at = rng.choice([n for n, line in enumerate(lines) if line.strip()])
    key, equals, _ = lines[at].partition("=")
    what = rng.choice(("replaced", "replaced", "removed", "doubled", "table"))
    if what == "replaced" and equals:
        lines[at] = f"{key}= {rng.choice(ODD_TOML)}"
    elif what == "doubled":
        lines.insert(at, lines[at])
    elif what == "table":
        lines.insert(at, rng.choice(("[a]", "[acoustic.net]", "[[tie]]", "tie = 3", "[[acoustic]]")))
    else:
        del lines[at]
    return f"line {at + 1} {what}: {lines[at][:60] if at < len(lines) else ''}", "\n".join(lines)


def recipes(whole: Whole, rng: random.Random) -> Case:
    what, text = _spoiled_toml(whole.recipe, rng)
    return f"recipe, {what}", lambda: recipe.parse(text, "x.toml")


def plans(whole: Whole, rng: random.Random) -> Case:
    what, text = _spoiled_toml(PLAN, rng)
    return f"plan, {what}", lambda: TiePlan.from_toml(text)


def _folder(whole: Whole, name: str, data: bytes) -> Callable[[], object]:
    """Return the reading of the data folder with other contents of a file."""

    def read() -> None:
        path = whole.data / name
        before = path.read_bytes()
        path.write_bytes(data)
        try:
            corpus.load(whole.data)
        finally:
            path.write_bytes(before)

    return read


def manifests(whole: Whole, rng: random.Random) -> Case:
    if rng.random() < 0.3:
        what, values = spoiled(json.loads((whole.data / DESCRIPTION).read_bytes()), rng)
        return f"description: {what}", _folder(whole, DESCRIPTION, json.dumps(values).encode())
    first, _, rest = (whole.data / MANIFEST).read_bytes().partition(b"\n")
    what, values = spoiled(json.loads(first), rng)
    line = b"[" * 100_000 if rng.random() < 0.05 else json.dumps(values).encode()
    return f"manifest: {what}", _folder(whole, MANIFEST, line + b"\n" + rest)


def features(whole: Whole, rng: random.Random) -> Case:
    import io

    name = f"{FEATURES}/r0.npz"
    with np.load(whole.data / name) as file:
        arrays = dict(file)
    key = rng.choice(sorted(arrays))
    value = arrays[key]
    what = rng.choice(("gone", "nan", "flat", "short", "other type", "objects", "bytes", "text"))
    if what == "bytes":
        return "features, bytes", _folder(whole, name, _flipped((whole.data / name).read_bytes(), rng)[1])
    arrays[key] = {
        "nan": (value * np.nan).astype(value.dtype) if value.dtype.kind == "f" else value,
        "flat": value[None],
        "short": value[:-1],
        "other type": value.astype(np.complex64),
        "objects": np.array([{}], object),
        "text": np.array("x"),
        "gone": value,
    }[what]
    if what == "gone":
        del arrays[key]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return f"features, {key}: {what}", _folder(whole, name, buffer.getvalue())


def states(whole: Whole, rng: random.Random) -> Case:
    values = {"kind": state.KIND, "step": 3, "mean_steps": 3, "recipe": {"seed": 1}}
    what, values = spoiled(values, rng)
    path = whole.folder / "last.safetensors"
    tensor_files.write(path, {"a": torch.ones(1)}, {"state": values})
    return f"state: {what}", lambda: dataclasses.asdict(state.read_header(path))


def sounds(whole: Whole, rng: random.Random) -> Case:
    import soundfile

    suffix, subtype = rng.choice((("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("ogg", "VORBIS")))
    path = whole.folder / f"sound.{suffix}"
    tone = np.sin(np.arange(12_000) / 9) * np.hanning(12_000) / 2
    soundfile.write(path, tone, rng.choice((8_000, 24_000, 48_000)), subtype)
    data = path.read_bytes()
    # The header is what decides how much is read.
    head, rest = data[:64], data[64:]
    _, head = _flipped(head, rng)
    path.write_bytes(head + rest)
    (whole.folder / FEATURES).mkdir(exist_ok=True)
    return f"sound, {suffix}", lambda: extraction.analyse("s", path, whole.folder, AudioSettings())
