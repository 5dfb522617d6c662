"""Tacotron: the names and numbers of Tacotron 2 checkpoints."""

from collections.abc import Mapping
from math import prod

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron

COMMON = TacotronConfig(
    symbols=148,
    encoder_width=512,
    attention_rnn=1024,
    decoder_rnn=1024,
    attention=128,
    location_filters=32,
    prenet=256,
    postnet_width=512,
    reduction=1,
)
"""The sizes of the checkpoints that go round."""


def reference(state: Mapping[str, Tensor], symbols: Tensor, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute Tacotron 2 from its tensors, as the paper has it, without dropout and a symbol at a time.

    Args:
        state: Tensors by their common names.
        symbols: (B, T).
        mel: True frames, (B, F, 80).

    Returns:
        Mel spectrogram (B, F, 80), stop logits (B, F), attention (B, F, T).
    """

    def normalised(x: Tensor, name: str) -> Tensor:
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        x = (x - mean[:, None]) / torch.sqrt(variance[:, None] + 1e-5)
        return x * state[f"{name}.weight"][:, None] + state[f"{name}.bias"][:, None]

    def cell(x: Tensor, h: Tensor, c: Tensor, names: list[str]) -> tuple[Tensor, Tensor]:
        w, u, b, d = (state[name] for name in names)
        i, f, g, o = (x @ w.T + b + h @ u.T + d).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def lstm(x: Tensor, suffix: str) -> Tensor:
        names = [
            f"encoder.lstm.{kind}_l0{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        h = c = x.new_zeros(len(x), state[names[1]].shape[1])
        outputs = []
        for at in x.unbind(1):
            h, c = cell(at, h, c, names)
            outputs.append(h)
        return torch.stack(outputs, 1)

    x = state["embedding.weight"][symbols].transpose(1, 2)
    for at in range(3):
        name = f"encoder.convolutions.{at}"
        x = F.conv1d(x, state[f"{name}.0.conv.weight"], state[f"{name}.0.conv.bias"], padding=2)
        x = torch.relu(normalised(x, f"{name}.1"))
    x = x.transpose(1, 2)
    memory = torch.cat([lstm(x, ""), lstm(x.flip(1), "_reverse").flip(1)], 2)

    d = "decoder."
    a = f"{d}attention_layer."
    batch, length = symbols.shape
    h = c = mel.new_zeros(batch, state[f"{d}attention_rnn.weight_hh"].shape[1])
    h2 = c2 = mel.new_zeros(batch, state[f"{d}decoder_rnn.weight_hh"].shape[1])
    context, last, total = memory.new_zeros(batch, memory.shape[2]), memory.new_zeros(batch, length), 0.0
    frames, stops, looks = [], [], []
    for before in (torch.zeros_like(mel[:, 0]), *mel.unbind(1)[:-1]):
        said = before
        for at in range(2):
            said = torch.relu(said @ state[f"{d}prenet.layers.{at}.linear_layer.weight"].T)
        cells = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        h, c = cell(torch.cat([said, context], 1), h, c, [f"{d}attention_rnn.{kind}" for kind in cells])
        past = torch.stack([last, last * 0 + total], 1)
        kernel = state[f"{a}location_layer.location_conv.conv.weight"]
        where = F.conv1d(past, kernel, padding=kernel.shape[2] // 2).transpose(1, 2)
        energy = torch.tanh(
            (h @ state[f"{a}query_layer.linear_layer.weight"].T)[:, None]
            + where @ state[f"{a}location_layer.location_dense.linear_layer.weight"].T
            + memory @ state[f"{a}memory_layer.linear_layer.weight"].T
        )
        last = torch.softmax((energy @ state[f"{a}v.linear_layer.weight"].T)[..., 0], 1)
        total = total + last
        context = (last[..., None] * memory).sum(1)
        h2, c2 = cell(torch.cat([h, context], 1), h2, c2, [f"{d}decoder_rnn.{kind}" for kind in cells])
        known = torch.cat([h2, context], 1)
        name = f"{d}linear_projection.linear_layer"
        frames.append(known @ state[f"{name}.weight"].T + state[f"{name}.bias"])
        name = f"{d}gate_layer.linear_layer"
        stops.append((known @ state[f"{name}.weight"].T + state[f"{name}.bias"])[:, 0])
        looks.append(last)
    coarse = torch.stack(frames, 1)
    x = coarse.transpose(1, 2)
    for at in range(5):
        name = f"postnet.convolutions.{at}"
        x = F.conv1d(x, state[f"{name}.0.conv.weight"], state[f"{name}.0.conv.bias"], padding=2)
        x = normalised(x, f"{name}.1")
        x = torch.tanh(x) if at < 4 else x
    return coarse + x.transpose(1, 2), torch.stack(stops, 1), torch.stack(looks, 1)


def common_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes as checkpoints have them."""
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (148, 512)}

    def convolution(name: str, inputs: int, outputs: int) -> None:
        shapes[f"{name}.0.conv.weight"], shapes[f"{name}.0.conv.bias"] = (outputs, inputs, 5), (outputs,)
        for kind in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.1.{kind}"] = (outputs,)
        shapes[f"{name}.1.num_batches_tracked"] = ()

    def cell(name: str, inputs: int, width: int, suffix: str = "") -> None:
        shapes[f"{name}.weight_ih{suffix}"], shapes[f"{name}.weight_hh{suffix}"] = (
            (4 * width, inputs),
            (4 * width, width),
        )
        shapes[f"{name}.bias_ih{suffix}"] = shapes[f"{name}.bias_hh{suffix}"] = (4 * width,)

    for at in range(3):
        convolution(f"encoder.convolutions.{at}", 512, 512)
    for suffix in ("_l0", "_l0_reverse"):
        cell("encoder.lstm", 512, 256, suffix)
    shapes["decoder.prenet.layers.0.linear_layer.weight"] = (256, 80)
    shapes["decoder.prenet.layers.1.linear_layer.weight"] = (256, 256)
    cell("decoder.attention_rnn", 768, 1024)
    attention = "decoder.attention_layer"
    shapes[f"{attention}.query_layer.linear_layer.weight"] = (128, 1024)
    shapes[f"{attention}.memory_layer.linear_layer.weight"] = (128, 512)
    shapes[f"{attention}.v.linear_layer.weight"] = (1, 128)
    shapes[f"{attention}.location_layer.location_conv.conv.weight"] = (32, 2, 31)
    shapes[f"{attention}.location_layer.location_dense.linear_layer.weight"] = (128, 32)
    cell("decoder.decoder_rnn", 1536, 1024)
    for name, outputs in (("linear_projection", 80), ("gate_layer", 1)):
        shapes[f"decoder.{name}.linear_layer.weight"] = (outputs, 1536)
        shapes[f"decoder.{name}.linear_layer.bias"] = (outputs,)
    for at, (inputs, outputs) in enumerate([(80, 512), *[(512, 512)] * 3, (512, 80)]):
        convolution(f"postnet.convolutions.{at}", inputs, outputs)
    return shapes


@pytest.fixture(scope="module")
def common() -> Tacotron:
    torch.manual_seed(3)
    net = Tacotron(COMMON).eval()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.3, 0.3)
            nn.init.uniform_(layer.running_mean, -0.3, 0.3)  # type: ignore[arg-type]
            nn.init.uniform_(layer.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return net


def test_names_and_shapes_are_the_common_ones(common: Tacotron) -> None:
    assert {name: tuple(value.shape) for name, value in common.state_dict().items()} == common_shapes()


@torch.no_grad()
def test_tensors_of_others_say_the_same(common: Tacotron) -> None:
    """Both ways: what was made by names and shapes alone, in ours; ours, read as any file is."""
    torch.manual_seed(4)
    foreign = {
        name: torch.tensor(7)
        if not shape
        else torch.rand(shape) + 0.5
        if name.endswith(("running_var", ".1.weight"))
        else torch.randn(shape) * (prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1)
        for name, shape in common_shapes().items()
    }
    ours = Tacotron(COMMON).eval()
    ours.load_state_dict(foreign)
    symbols, mel = torch.randint(148, (2, 9)), torch.randn(2, 6, 80)
    for net, state in ((ours, foreign), (common, common.state_dict())):
        expected = reference(state, symbols, mel)
        out = net(symbols, mel)
        for made, wanted in zip((out.mel, out.stop, out.attention), expected, strict=True):
            torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-4)
