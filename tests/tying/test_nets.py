"""This project's own nets, tied."""

import copy
import io
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from tests.tying.cases import plan
from tiedtts.nets.acoustic import POSITION_FEATURES, AcousticConfig, AcousticNet
from tiedtts.nets.blocks import ConvNeXtBlock
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import TiePlan, tie, tie_map, untie

ACOUSTIC = AcousticConfig(
    width=8,
    encoder_blocks=2,
    variance_blocks=1,
    decoder_blocks=3,
    n_mels=5,
    dropout=0.0,
    variance_dropout=0.0,
)
VOCODER = VocoderConfig(width=8, blocks=3, knots=4, n_mels=5, n_fft=32, hop=16)


def acoustic() -> AcousticNet:
    torch.manual_seed(8)
    return AcousticNet(ACOUSTIC)


def speak(net: nn.Module) -> Tensor:
    torch.manual_seed(9)
    ids, mask = torch.randint(0, 2, (2, 4, 4)), torch.ones(2, 4)
    index = torch.arange(8)[None].expand(2, -1) // 2
    position, frames = torch.rand(2, 8, POSITION_FEATURES), torch.ones(2, 8)
    variances, targets = net(ids, mask, torch.randn(2, 4), torch.randn(2, 4), index, position, frames)
    return torch.cat([targets.mel.flatten(), variances.pitch.flatten()])


PLAN = TiePlan.from_toml(
    """
    [[tie]]
    layers = "decoder.blocks.*.expand"
    scheme = "share"
    [[tie]]
    layers = "decoder.blocks.*.project"
    scheme = "share"
    """
)


def test_blocks_share_their_matrices_and_keep_the_rest() -> None:
    net, report = tie(acoustic(), PLAN)
    assert tie_map(net) == {
        f"decoder.blocks.0.{name}": [f"decoder.blocks.{at}.{name}" for at in (1, 2)]
        for name in ("expand", "project")
    }
    assert report.parameters_before - report.parameters_after == 2 * 2 * 8 * 16
    torch.testing.assert_close(speak(net), speak(untie(net)))
    kept = {name for name, _ in net.named_parameters() if name.startswith("decoder.blocks.1")}
    assert {name.removeprefix("decoder.blocks.1.") for name in kept} == {
        "depthwise.weight", "depthwise.bias", "norm.weight", "norm.bias", "scale",
        "expand.bias_values", "project.bias_values",
    }  # fmt: skip


def test_a_step_moves_the_one_stored_matrix_and_all_that_see_it() -> None:
    net, _ = tie(acoustic(), PLAN)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    blocks = [block for block in net.decoder.blocks if isinstance(block, ConvNeXtBlock)]  # type: ignore[union-attr]
    before = blocks[0].expand.weight.detach().clone()
    speak(net).square().mean().backward()
    optimizer.step()
    assert not torch.equal(blocks[0].expand.weight, before)
    for block in blocks[1:]:
        assert torch.equal(block.expand.weight, blocks[0].expand.weight)
        assert torch.equal(block.project.weight, blocks[0].project.weight)


def test_a_copy_and_a_state_keep_the_ties() -> None:
    net, _ = tie(acoustic(), PLAN)
    other = copy.deepcopy(net)
    other.load_state_dict({name: value + 0.01 for name, value in net.state_dict().items()}, assign=True)
    net.load_state_dict(other.state_dict())
    assert tie_map(other) == tie_map(net)
    assert torch.equal(speak(other), speak(net))
    plain = acoustic()
    plain.load_state_dict(untie(net).state_dict())
    torch.testing.assert_close(speak(plain), speak(net))


def test_a_net_tied_before_training_learns() -> None:
    net, _ = tie(acoustic(), plan("share", "decoder.blocks.*"), rescale=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = (speak(net) - 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("scheme", "layers"), [("codebook", "*"), ("lowrank", "*.expand"), ("cluster", "*.expand")]
)
def test_every_part_can_be_tied(scheme: str, layers: str) -> None:
    net, report = tie(acoustic(), plan(scheme, layers))
    assert report.parameters_after < report.parameters_before
    torch.testing.assert_close(speak(net), speak(untie(net)))


class FiltersOf(nn.Module):
    """The part of the vocoder that goes into a voice's graph."""

    def __init__(self, vocoder: nn.Module) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel: Tensor, log_f0: Tensor, voiced: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.vocoder.filters(mel, log_f0, voiced))  # type: ignore[operator]


def frames(count: int) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    return torch.randn(1, count, 5), torch.full((1, count), 5.0), torch.ones(1, count)


def graph(net: nn.Module) -> bytes:
    """Return a net as ONNX, made the way `tiedtts.export` does."""
    buffer = io.BytesIO()
    names = ["mel", "log_f0", "voiced"]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            FiltersOf(net).eval(), frames(6), buffer, input_names=names,
            output_names=["size", "phase", "noise"], dynamic_axes={name: {1: "frames"} for name in names}, opset_version=17, dynamo=False,
        )  # fmt: skip
    return buffer.getvalue()


@pytest.mark.parametrize("scheme", ["share", "lowrank", "cluster", "codebook"])
def test_a_tied_vocoder_is_exported(scheme: str) -> None:
    torch.manual_seed(0)
    vocoder = HarmonicVocoder(VOCODER)
    options = {"into": "project"} if scheme == "cluster" else {}
    layers = "body.blocks.*.expand" if scheme == "cluster" else "body.blocks.*"
    layers = "body.blocks.*.[ep]*" if scheme == "lowrank" else layers
    tied, report = tie(vocoder, plan(scheme, layers, **options))
    assert report.parameters_after < report.parameters_before
    data = graph(tied)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    mel, log_f0, voiced = frames(11)
    found = session.run(None, {"mel": mel.numpy(), "log_f0": log_f0.numpy(), "voiced": voiced.numpy()})
    with torch.no_grad():
        wanted = FiltersOf(untie(tied))(mel, log_f0, voiced)
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4, rtol=1e-4)


def test_shared_blocks_are_one_set_in_a_graph() -> None:
    vocoder = HarmonicVocoder(VOCODER)
    tied, _ = tie(vocoder, plan("share", "body.blocks.*"))
    sizes = [
        [int(np.prod(tensor.dims)) for tensor in onnx.load_from_string(graph(net)).graph.initializer]
        for net in (vocoder, tied)
    ]
    matrix = VOCODER.width * VOCODER.width * VOCODER.expansion
    # Two matrices a block; afterwards two for all.
    assert [of.count(matrix) for of in sizes] == [2 * VOCODER.blocks, 2]


def test_a_vocoder_with_shared_blocks_speaks() -> None:
    tied, _ = tie(HarmonicVocoder(VOCODER), plan("share", "body.blocks.*", "share"))
    mel, log_f0, voiced = frames(6)
    samples = torch.randn(1, 6 * VOCODER.hop)
    harmonic, noise = tied(mel, log_f0, voiced, samples, samples)
    assert harmonic.shape == noise.shape == samples.shape
    (harmonic + noise).square().mean().backward()
    assert all(value.grad is not None and bool(value.grad.isfinite().all()) for value in tied.parameters())
