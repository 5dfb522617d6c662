"""Untied models of ONNX: whole weights by their first names, and the outputs of the tied model."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.checkpoints.foreign import plan
from tests.graphs import voices
from tests.graphs.test_conversion import CASES, OPTIONS, run, write
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.graphs.described import TIES
from tiedtts_cli.main import main


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "small.onnx"
    voices.export(path)
    return path


def shapes(path: Path) -> list[tuple[str, tuple[int, ...]]]:
    model = onnx.load(path)
    constants = [
        numpy_helper.from_array(numpy_helper.to_array(each.t), node.output[0])
        for node in model.graph.node
        for each in node.attribute
        if node.op_type == "Constant" and each.name == "value"
    ]
    stored = [*model.graph.initializer, *constants]
    return sorted((tensor.name, tuple(tensor.dims)) for tensor in stored if len(tensor.dims) > 1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", ["codebook", "lowrank"])
def test_there_and_back(case: str, scheme: str, tmp_path: Path) -> None:
    nodes, stored, x = CASES[case]
    first = write(
        tmp_path / "a.onnx", nodes, stored, (helper.np_dtype_to_tensor_dtype(x.dtype), list(x.shape))
    )
    # What a graph does not lay out as a matrix may have one column.
    rank = {"ratio": 1.0} if case == "lstm" else {"rank": 2}
    options = {"codebook": {"k": 8}, "lowrank": rank}[scheme]
    convert(first, tmp_path / "b.onnx", plan("*", scheme, **options))
    assert revert(tmp_path / "b.onnx", tmp_path / "c.onnx") > 0
    close = 2e-2 if case == "half" else 1e-4
    wanted = run(tmp_path / "b.onnx", x)
    np.testing.assert_allclose(run(tmp_path / "c.onnx", x), wanted, rtol=close, atol=close)
    if scheme != "lowrank":
        assert shapes(tmp_path / "c.onnx") == shapes(first)
    plain = onnx.load(tmp_path / "c.onnx")
    assert len(plain.graph.node) <= len(onnx.load(first).graph.node)
    assert not any(entry.key == TIES for entry in plain.metadata_props)


@pytest.mark.parametrize(("scheme", "options"), OPTIONS)
def test_a_voice_is_as_large_as_before(
    scheme: str, options: dict[str, Any], voice: Path, tmp_path: Path
) -> None:
    tied, back = tmp_path / "tied.onnx", tmp_path / "back.onnx"
    convert(voice, tied, plan("[!adm]*" if scheme != "codebook" else "*", scheme, **options))
    assert main(["untie", str(tied), "-o", str(back)]) == 0
    given = [value.numpy() for value in voices.phones()]
    np.testing.assert_allclose(run(back, *given), run(tied, *given), atol=1e-4)
    count = sum(int(np.prod(of)) for _, of in shapes(voice))
    assert sum(int(np.prod(of)) for _, of in shapes(back)) == count
    if scheme != "lowrank":
        assert shapes(back) == shapes(voice)
    assert back.with_name("back.onnx.json").read_bytes() == voice.with_name("small.onnx.json").read_bytes()
    # It can be tied again.
    convert(back, tmp_path / "again.onnx", plan("ups*", "codebook"))


def test_two_ties_and_those_in_branches(voice: Path, tmp_path: Path) -> None:
    convert(voice, tmp_path / "one.onnx", plan("*attention*", "codebook"))
    convert(tmp_path / "one.onnx", tmp_path / "two.onnx", plan("ups*", "share"))
    revert(tmp_path / "two.onnx", tmp_path / "plain.onnx")
    given = [value.numpy() for value in voices.phones()]
    np.testing.assert_allclose(
        run(tmp_path / "plain.onnx", *given), run(tmp_path / "two.onnx", *given), atol=1e-4
    )
    assert shapes(tmp_path / "plain.onnx") == shapes(voice)


def test_a_voice_that_was_changed_since(voice: Path, tmp_path: Path, capsys: Any) -> None:
    convert(voice, tmp_path / "tied.onnx", plan("ups*", "codebook"))
    model = onnx.load(tmp_path / "tied.onnx")
    for at in reversed(range(len(model.graph.initializer))):
        if model.graph.initializer[at].name.endswith("scales"):
            model.graph.initializer[at].CopyFrom(
                numpy_helper.from_array(np.zeros(3, np.float32), model.graph.initializer[at].name)
            )
    onnx.save(model, tmp_path / "tied.onnx")
    assert main(["untie", str(tmp_path / "tied.onnx"), "-o", str(tmp_path / "back.onnx")]) == 1
    assert (
        "cannot be computed" in capsys.readouterr().err or "not a readable model" in capsys.readouterr().err
    )
    assert not (tmp_path / "back.onnx").exists()
