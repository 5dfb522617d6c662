"""Whether fewer multiply-accumulates are less time: single blocks in ONNX Runtime on one core."""

import io
import statistics
import time
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.tying import TiePlan, tie

SIZES = ((160, 188), (192, 375), (192, 1500))
"""Channels, and the steps of two or four seconds that a net here runs over."""
ROUNDS = 60
RULES = {
    "untied": None,
    "lowrank, half": ("lowrank", "half"),
    "lowrank, quarter": ("lowrank", "quarter"),
    "cluster into, half": ("cluster", 0.5),
    "cluster into, quarter": ("cluster", 0.25),
    "cluster, half, not folded": ("cluster alone", 0.5),
    "codebook, 256 values": ("codebook", 256),
}


def speed() -> str:
    """Time blocks of the sizes used here and return a Markdown table."""
    lines = [
        "| block | channels x steps | MMACs | ms | share of MACs | share of time |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for width, steps in SIZES:
        sessions, work = {}, {}
        for name, rule in RULES.items():
            net = _tied(width, rule)
            work[name] = _macs(net, width, steps)
            sessions[name] = _session(net, width, steps)
        x = np.random.default_rng(1).standard_normal((1, width, steps)).astype(np.float32)
        times: dict[str, list[float]] = {name: [] for name in RULES}
        for _ in range(ROUNDS):
            # In turn, so that whatever else the machine does meets all of them.
            for name, session in sessions.items():
                begun = time.perf_counter()
                session.run(None, {"x": x})
                times[name].append(time.perf_counter() - begun)
        best = {name: statistics.median(sorted(each)[: ROUNDS // 2]) for name, each in times.items()}
        for name in RULES:
            lines.append(
                f"| {name} | {width} x {steps} | {work[name] / 1e6:.1f} | {best[name] * 1e3:.2f} "
                f"| {work[name] / work['untied']:.2f} | {best[name] / best['untied']:.2f} |"
            )
    return "\n".join(lines)


class _Block(nn.Module):
    """One block over steps, (B, C, F)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stack = ConvNeXtStack(1, width, 7, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.stack(x)
        return out


def _tied(width: int, rule: tuple[str, object] | None) -> nn.Module:
    torch.manual_seed(1)
    net = _Block(width).eval()
    if rule is None:
        return net
    scheme, value = rule
    half = width * 2 * width // (2 * 3 * width)
    both = [{"layers": f"*.{name}"} for name in ("expand", "project")]
    if scheme == "lowrank":
        options: dict[str, object] = {"rank": half if value == "half" else half // 2}
        rules = [{**each, "scheme": "lowrank", "options": options} for each in both]
    elif scheme == "cluster":
        rules = [{**both[0], "scheme": "cluster", "options": {"ratio": value, "into": "project"}}]
    elif scheme == "cluster alone":
        rules = [{**each, "scheme": "cluster", "options": {"ratio": value}} for each in both]
    else:
        rules = [{**each, "scheme": "codebook", "options": {"k": value}} for each in both]
    return tie(net, TiePlan.from_dict({"tie": rules}))[0].eval()


def _macs(net: nn.Module, width: int, steps: int) -> int:
    from tiedtts.measure.macs import macs

    return macs(net, lambda: net(torch.zeros(1, width, steps)))[0]


def _session(net: nn.Module, width: int, steps: int) -> onnxruntime.InferenceSession:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (torch.zeros(1, width, steps),), buffer, input_names=["x"], opset_version=17, dynamo=False
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
