"""Tied nets in files: what is saved is what is loaded, tied, and no larger than what it stores."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from tests.tying.cases import assert_alike, plan
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint, tensor_files
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.export.voice import export
from tiedtts.export.voice_net import VoiceNet
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import TiedLayer, count_parameters, tie, tie_map, untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.parts import tie_parts

AUDIO = AudioSettings()
PLANS: dict[str, tuple[str, dict[str, Any]]] = {
    "share": ("acoustic.decoder.blocks.*", {"groups": 2}),
    "lowrank": ("*.expand", {"rank": 3}),
    "lowrank shared": ("*.decoder.*.expand", {"rank": 3, "shared": True}),
    "cluster": ("*.project", {"k": 5}),
    "cluster into": ("*.expand", {"ratio": 0.5, "into": "project"}),
    "codebook": ("*", {"k": 16}),
    "separable": ("vocoder.stem", {}),
    "identity": ("*.depthwise", {}),
}


def nets() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    sizes = {"encoder_blocks": 1, "variance_blocks": 1, "decoder_blocks": 3}
    made = {
        "acoustic": AcousticNet(AcousticConfig(width=8, **sizes)),
        "vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=2)),
    }
    for net in made.values():
        for value in net.parameters():
            nn.init.normal_(value, std=0.1)
    return made


def tied_checkpoint(name: str, bias: str = "keep") -> Checkpoint:
    layers, options = PLANS[name]
    parts, plans, _ = tie_parts(nets(), plan(name.split()[0], layers, bias, **options))
    return Checkpoint({part: net.eval() for part, net in parts.items()}, AUDIO, {}, plans)


@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
@pytest.mark.parametrize("name", PLANS)
def test_a_tied_checkpoint_stays_tied(name: str, bias: str, tmp_path: Path) -> None:
    made = tied_checkpoint(name, bias)
    path, again = tmp_path / "tied.safetensors", tmp_path / "again.safetensors"
    checkpoint.save(path, made)
    loaded = checkpoint.load(path)
    assert loaded.plans == made.plans
    for part, net in made.parts.items():
        other = loaded.part(part)
        assert tie_map(other) == tie_map(net)
        assert describe(other) == describe(net)
        assert count_parameters(other) == count_parameters(net)
        for key, value in net.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key
    checkpoint.save(again, loaded)
    assert again.read_bytes() == path.read_bytes()
    stores = {v.untyped_storage().data_ptr(): v.nbytes for net in made.parts.values() for v in stored(net)}
    assert path.stat().st_size <= sum(stores.values()) + 65_536


def stored(net: nn.Module) -> list[torch.Tensor]:
    return list(net.state_dict().values())


def exported(made: Checkpoint, folder: Path) -> tuple[Path, int]:
    """Return a voice and the number of its parameters."""
    checkpoint.save(folder / "a.safetensors", made)
    report = export([folder / "a.safetensors"], folder / "a.onnx", precision="fp32")
    return folder / "a.onnx", sum(report["parameters"].values())


@pytest.fixture(scope="module")
def plain_voice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    return exported(Checkpoint(nets(), AUDIO), tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", PLANS)
def test_a_tied_voice_speaks_as_its_nets_and_stores_once_what_is_tied(
    name: str, tmp_path: Path, plain_voice: tuple[Path, int]
) -> None:
    made = tied_checkpoint(name)
    voice, after = exported(made, tmp_path)
    session = onnxruntime.InferenceSession(str(voice), providers=["CPUExecutionProvider"])
    ids = np.stack([np.r_[1, 6:20], *(np.zeros(15, int) for _ in range(3))], 1)[None].astype(np.int64)
    one = np.ones((1, 15), np.float32)
    found = session.run(None, {"ids": ids, "speed": one, "shift": 0 * one})
    with torch.no_grad():
        wanted = VoiceNet(made.parts["acoustic"], made.parts["vocoder"])(  # type: ignore[arg-type]
            *(torch.from_numpy(a) for a in (ids, one, 0 * one))
        )
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4, rtol=1e-4)
    plain, before = plain_voice
    assert after < before
    # Beside weights there are a few constants, such as windows and the numbers in the graph itself.
    assert abs((floats(plain) - floats(voice)) - (before - after)) <= 0.01 * before


def floats(path: Path) -> int:
    """Count the floating-point numbers that a voice stores."""
    graph = onnx.load(path).graph
    constants = [node.attribute[0].t for node in graph.node if node.op_type == "Constant"]
    return sum(
        int(np.prod(tensor.dims))
        for tensor in (*graph.initializer, *constants)
        if tensor.data_type == onnx.TensorProto.FLOAT
    )


def test_the_plan_is_in_the_file(tmp_path: Path) -> None:
    made = tied_checkpoint("cluster into")
    checkpoint.save(tmp_path / "a.safetensors", made)
    _, metadata = tensor_files.read(tmp_path / "a.safetensors")
    header = metadata["tiedtts"]["parts"]["vocoder"]
    assert header["plan"]["tie"] == [
        {
            "layers": "*.expand",
            "scheme": "cluster",
            "bias": "keep",
            "options": {"ratio": 0.5, "into": "project"},
        }
    ]
    assert header["tied"]["body.blocks.0.expand"]["kind"] == "cluster-output"
    assert header["tied"]["body.blocks.0.project"]["kind"] == "cluster-input"


def test_names_with_and_without_the_part() -> None:
    parts = nets()
    both, plans, report = tie_parts(parts, plan("lowrank", "body.blocks.0.expand", rank=2))
    assert [row.layer for row in report.layers] == ["vocoder.body.blocks.0.expand"]
    assert both["acoustic"] is parts["acoustic"]
    assert list(plans) == ["vocoder"]
    assert report.parameters_before == sum(count_parameters(net) for net in parts.values())
    assert report.parameters_after == sum(count_parameters(net) for net in both.values())
    with pytest.raises(ConfigError, match=r"no layer matches `body\.blocks\.7") as error:
        tie_parts(parts, plan("lowrank", "body.blocks.7.*"))
    assert "acoustic.encoder" in str(error.value.hint)


def test_layers_of_two_nets_share_nothing() -> None:
    one = nets()["vocoder"]
    parts, _, _ = tie_parts({"a": one, "b": copy.deepcopy(one)}, plan("share", "*.expand"))
    assert all(list(tie_map(net)) == ["body.blocks.0.expand"] for net in parts.values())


def edited(change: Any) -> None:
    net, _ = tie(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), plan("codebook", "0", k=3))
    described, tensors = describe(net), dict(net.state_dict())
    change(described, tensors)
    rebuild(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), described, tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, t: d.update({"9": d.pop("0")}), "there is no layer `9`"),
        (lambda d, t: d["0"].update(kind="magic"), "in a way this version does not know: magic"),
        (lambda d, t: d["0"].update(bias="free"), "does not know: codebook, bias free"),
        (lambda d, t: d["0"].pop("options"), "description of tied layer `0` lacks a key: `options`"),
        (lambda d, t: d.update({"0": 7}), "description of tied layer `0` must be a table, got: 7"),
        (lambda d, t: d["0"]["options"].update(magic=1), "unknown keys in the options of `0`: magic"),
        (lambda d, t: d["0"].update(owner="1"), "shares weights with `1`, which is not tied"),
        (lambda d, t: t.pop("0.codebook"), "tensor `0.codebook` of a tied layer is missing"),
        (lambda d, t: t.update({"0.codebook": t["0.codebook"][:1]}), "tensors of tied layer `0` do not fit"),
        (lambda d, t: t.update({"0.packed": t["0.packed"][:1]}), "`0` (stands for|do not fit)|do not fit"),
        (lambda d, t: t.update({"0.bias_values": torch.ones(3)}), "tensors of tied layer `0` do not fit"),
    ],
)
def test_a_damaged_description(change: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        edited(change)


def test_a_damaged_tied_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, tied_checkpoint("codebook"))
    tensors, metadata = tensor_files.read(path)
    for change, message in (
        (lambda h: h.update(tied={}), "tensors do not fit part `acoustic`"),
        (lambda h: h.update(tied=[1]), "`parts.acoustic.tied` must be a table"),
        (lambda h: h["tied"]["head"].update(kind="share"), "cannot tie part `acoustic`|do not fit"),
        (lambda h: h.update(plan={"tie": 1}), "damaged header"),
    ):
        header = copy.deepcopy(metadata)
        change(header["tiedtts"]["parts"]["acoustic"])
        tensor_files.write(tmp_path / "b.safetensors", tensors, header)
        with pytest.raises(CheckpointError, match=message):
            checkpoint.load(tmp_path / "b.safetensors")


def test_a_model_that_is_one_layer() -> None:
    layer = nn.Linear(6, 6)
    tied, _ = tie(layer, plan("lowrank", "*", rank=2))
    other = rebuild(nn.Linear(6, 6), describe(tied), dict(tied.state_dict()))
    assert isinstance(other, TiedLayer)
    x = torch.randn(3, 6)
    assert_alike(tied(x), other(x))
    assert_alike(untie(other)(x), other(x))


def test_half_precision_in_the_file(tmp_path: Path) -> None:
    made = tied_checkpoint("codebook")
    for net in made.parts.values():
        net.half()
    checkpoint.save(tmp_path / "half.safetensors", made)
    loaded = checkpoint.load(tmp_path / "half.safetensors")
    kinds = {v.dtype for net in loaded.parts.values() for v in net.parameters()}
    assert kinds == {torch.float32}
