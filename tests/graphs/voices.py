"""A small voice as Piper has them: VITS in one graph, with the inputs and the output that Piper knows."""

import json
import math
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

WIDTH = 16
PHONES = 40
HOP = 16


class Attention(nn.Module):
    """Attention with embeddings of relative places, as VITS has it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(4))
        self.emb_rel_k = nn.Parameter(torch.randn(1, 9, WIDTH // 2))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            conv(x).view(1, 2, WIDTH // 2, -1).transpose(2, 3)
            for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // 2)
        scores = scores + (q @ self.emb_rel_k.transpose(1, 2)).mean(-1, keepdim=True)
        y = torch.softmax(scores, -1) @ v
        return self.conv_o(y.transpose(2, 3).reshape(1, WIDTH, -1))


class Voice(nn.Module):
    """Phones to sound."""

    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(PHONES, WIDTH)
        self.attention = nn.ModuleList(Attention() for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.ffn = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.duration = nn.Conv1d(WIDTH, 1, 3, padding=1)
        self.flow = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 5, padding=2) for _ in range(2))
        self.ups = nn.ModuleList(weight_norm(nn.ConvTranspose1d(WIDTH, WIDTH, 8, 4, 2)) for _ in range(2))
        self.res = nn.ModuleList(
            weight_norm(nn.Conv1d(WIDTH, WIDTH, 3, padding=2, dilation=2)) for _ in range(2)
        )
        self.post = nn.Conv1d(WIDTH, 1, 7, padding=3, bias=False)

    def forward(self, input: Tensor, input_lengths: Tensor, scales: Tensor) -> Tensor:
        x = self.emb(input) * math.sqrt(WIDTH)
        x = x * (torch.arange(input.shape[1])[None, :, None] < input_lengths[:, None, None])
        for attention, norm, ffn in zip(self.attention, self.norms, self.ffn, strict=True):
            x = norm(x + attention(x.transpose(1, 2)).transpose(1, 2))
            x = x + ffn(x).relu()
        frames = torch.ceil(F.softplus(self.duration(x.transpose(1, 2))[0, 0]) * scales[1] + 0.5)
        ends = torch.cumsum(frames, 0)
        path = torch.arange(ends[-1].int())[:, None] < ends
        z = torch.argmax(path.int(), 1)
        y = x[:, z].transpose(1, 2)
        for flow in self.flow:
            y = y + torch.tanh(flow(y))
        for up, res in zip(self.ups, self.res, strict=True):
            y = up(F.leaky_relu(y, 0.1))
            y = y + res(F.leaky_relu(y, 0.1))
        return torch.tanh(self.post(F.leaky_relu(y)))[:, None]


def phones(count: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    ids = torch.arange(3, 3 + count)[None] % PHONES
    return ids, torch.tensor([count]), torch.tensor([0.667, 1.0, 0.8])


def export(path: Path, net: nn.Module | None = None) -> Voice:
    """Write a voice and its settings as Piper's exporter does."""
    torch.manual_seed(0)
    net = Voice().eval() if net is None else net
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            phones(),
            path,
            opset_version=15,
            input_names=["input", "input_lengths", "scales"],
            output_names=["output"],
            dynamic_axes={"input": {1: "phonemes"}, "output": {3: "time"}},
            dynamo=False,
        )
    settings = {"audio": {"sample_rate": 16000}, "espeak": {"voice": "en-us"}, "num_symbols": PHONES}
    path.with_name(path.name + ".json").write_text(json.dumps(settings))
    return net
