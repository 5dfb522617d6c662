"""The work of models of ONNX: by hand, and as torch counts the net that was exported."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn
from torch.nn import functional as F

from tests.checkpoints.foreign import plan
from tests.graphs.test_conversion import CASES, branches, numbers, write
from tiedtts.checkpoints.conversion import convert
from tiedtts.errors import ConfigError
from tiedtts.graphs.work import Work
from tiedtts.measure.macs import macs
from tiedtts.measure.statistics import statistics
from tiedtts_cli.main import main

BY_HAND = {
    "matmul": 2 * 3 * 8 * 6,
    "gemm": 3 * 8 * 6,
    "gemm turned": 3 * 8 * 6,
    "left": 6 * 8 * 4,
    "transposed": 2 * 3 * 8 * 6,
    # 20 + 3 steps, less 4 of the kernel, in twos.
    "conv": 10 * 6 * 8 * 3,
    "conv 2d": 25 * 6 * 8 * 3 * 2,
    "groups": 7 * 6 * 4 * 3,
    "up": 7 * 8 * 6 * 4,
    "up groups": 7 * 8 * 3 * 4,
    "table": 0,
    "lstm": 5 * (16 * 8 + 16 * 4),
    "twice": 3 * 3 * 8 * 6,
    "half": 3 * 8 * 6,
    "constant": 3 * 8 * 6,
}


def work(path: Path, **sizes: Any) -> Work:
    found = statistics(path, sizes=sizes).work
    assert found is not None
    return found


@pytest.mark.parametrize("case", BY_HAND)
def test_by_hand(case: str, tmp_path: Path) -> None:
    nodes, stored, x = CASES[case]
    path = write(
        tmp_path / "a.onnx", nodes, stored, (helper.np_dtype_to_tensor_dtype(x.dtype), list(x.shape))
    )
    assert work(path).total == BY_HAND[case]
    assert sum(sum(of.values()) for of in work(path).layers.values()) == BY_HAND[case]


class Net(nn.Module):
    """Something of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(10, 8)
        self.conv = nn.Conv1d(8, 12, 3, padding=1, groups=2)
        self.lstm = nn.LSTM(12, 6, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 6, batch_first=True)
        self.q, self.k = nn.Linear(6, 4), nn.Linear(6, 4, bias=False)
        self.up = nn.ConvTranspose1d(6, 5, 4, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv(self.emb(x).transpose(1, 2))).transpose(1, 2)
        y = self.gru(self.lstm(y)[0])[0]
        y = torch.softmax(self.q(y) @ self.k(y).transpose(1, 2), -1) @ y
        z: Tensor = self.up(y.transpose(1, 2))
        return z


def exported(path: Path, length: int, *, open_axis: bool) -> Net:
    torch.manual_seed(0)
    net, x = Net().eval(), torch.arange(length)[None] % 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (x,),
            path,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {1: "phones"}} if open_axis else None,
            opset_version=15,
            dynamo=False,
        )
    return net


def test_as_torch_counts_it(tmp_path: Path) -> None:
    net = exported(tmp_path / "net.onnx", 7, open_axis=False)
    wanted, rows = macs(net, lambda: net(torch.zeros(1, 7, dtype=torch.long)))
    found = work(tmp_path / "net.onnx")
    assert found.total == wanted
    assert sum(of[()] for name, of in found.layers.items() if name.startswith("lstm")) == rows["lstm"]
    assert found.layers["up"][()] == rows["up"]
    # With an axis that is open, what was counted is that for each position, and for each pair of them.
    exported(tmp_path / "open.onnx", 7, open_axis=True)
    opened = work(tmp_path / "open.onnx")
    assert opened.total is None
    assert opened.words().startswith("multiply-accumulates of a run: ")
    for length in (7, 11):
        assert (
            work(tmp_path / "open.onnx", x=(1, length)).total
            == macs(
                net,
                lambda: net(torch.zeros(1, length, dtype=torch.long)),  # noqa: B023
            )[0]
        )


def test_ties_that_save_work(tmp_path: Path) -> None:
    exported(tmp_path / "net.onnx", 7, open_axis=False)
    whole = work(tmp_path / "net.onnx")
    convert(tmp_path / "net.onnx", tmp_path / "book.onnx", plan("*", "codebook"))
    book = work(tmp_path / "book.onnx")
    assert book.total == whole.total
    assert book.layers == whole.layers
    convert(tmp_path / "net.onnx", tmp_path / "low.onnx", plan("q", "lowrank", rank=1))
    low = work(tmp_path / "low.onnx")
    assert low.layers["q"][()] == 7 * (6 + 4)
    assert low.total == (whole.total or 0) - 7 * 6 * 4 + 7 * (6 + 4)


def test_axes_that_are_open_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = write(tmp_path / "a.onnx", nodes, {"w": numbers(8, 6)}, (TensorProto.FLOAT, [2, "frames", 8]))
    assert work(path).by_axes == {("frames",): 2 * 8 * 6}
    assert main(["stats", str(path)]) == 0
    assert "0.000 M for each position of `frames`" in capsys.readouterr().out
    assert main(["stats", str(path), "--size", "x=2x5x8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["work"]["total"] == 5 * 2 * 8 * 6
    for word, error in (
        ("x=2x5x9", "cannot have the shape 2x5x9"),
        ("z=1", "has no input `z`"),
        ("x", "--size"),
    ):
        assert main(["stats", str(path), "--size", word]) in (1, 2)
        assert error in capsys.readouterr().err
    with pytest.raises(ConfigError, match="cannot have the shape"):
        work(path, x=(2, 5))


def test_what_only_a_run_tells(tmp_path: Path) -> None:
    chosen = work(
        write(
            tmp_path / "if.onnx",
            branches(),
            {},
            (TensorProto.FLOAT, [4, 8]),
            inputs=[helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        )
    )
    # One branch is run: the one that costs more has two products.
    assert chosen.total == 2 * 4 * 8 * 8
    body = helper.make_graph(
        [helper.make_node("MatMul", ["s", "w"], ["t"]), helper.make_node("Identity", ["c"], ["d"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("s", TensorProto.FLOAT, [4, 8]),
        ],
        [
            helper.make_tensor_value_info("d", TensorProto.BOOL, []),
            helper.make_tensor_value_info("t", TensorProto.FLOAT, [4, 8]),
        ],
    )
    loop = work(
        write(
            tmp_path / "loop.onnx",
            [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)],
            {"w": numbers(8, 8)},
            (TensorProto.FLOAT, [4, 8]),
            inputs=[helper.make_tensor_value_info("n", TensorProto.INT64, [])],
        )
    )
    assert loop.total is None
    assert loop.repeated == 1
    assert loop.by_axes == {(): 4 * 8 * 8}
    assert "run as often as the input says" in loop.words()
    cut = [
        helper.make_node("NonZero", ["x"], ["z"]),
        helper.make_node("Cast", ["z"], ["f"], to=1),
        helper.make_node("MatMul", ["w", "f"], ["y"]),
    ]
    unknown = work(write(tmp_path / "cut.onnx", cut, {"w": numbers(5, 2)}, (TensorProto.FLOAT, [4, 8])))
    assert unknown.by_axes == {("?",): 10}
    assert "an axis that only a run tells" in unknown.words()


@pytest.mark.parametrize("equation", ["bij,bjk->bik", "bij,bkj->bik"])
def test_sums_by_letters(equation: str, tmp_path: Path) -> None:
    shape = (2, 8, 6) if equation.startswith("bij,bj") else (2, 6, 8)
    path = write(
        tmp_path / "a.onnx",
        [helper.make_node("Einsum", ["x", "w"], ["y"], equation=equation)],
        {"w": np.ones(shape, np.float32)},
        (TensorProto.FLOAT, [2, 5, 8]),
    )
    assert work(path).total == 2 * 5 * 8 * 6
