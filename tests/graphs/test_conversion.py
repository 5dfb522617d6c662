"""Ties in models of ONNX: what the graph computes is what the tied layers compute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.checkpoints.foreign import plan
from tests.graphs import voices
from tiedtts.checkpoints.conversion import convert, propose, revert
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.measure.statistics import statistics
from tiedtts.tying import TiePlan

Array = npt.NDArray[Any]
RNG = np.random.default_rng(0)


def run(path: Path, *given: Array, optimised: bool = True) -> Array:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    (found,) = session.run(None, dict(zip(names, given, strict=True)))
    return np.asarray(found)


def write(
    path: Path,
    nodes: list[Any],
    stored: dict[str, Array],
    x: Any,
    out: Any = None,
    opset: int = 15,
    **more: Any,
) -> Path:
    """Write a model that reads `x` and gives `y`."""
    tensors = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    kind = next((t.data_type for t in tensors if t.data_type in (1, 10, 11)), TensorProto.FLOAT)
    y = helper.make_tensor_value_info("y", kind, out)
    x = helper.make_tensor_value_info("x", *x)
    graph = helper.make_graph(nodes, "g", [x, *more.get("inputs", ())], [y], tensors)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=more.get("ir", 8)
    )
    onnx.save(model, path)
    return path


def numbers(*shape: int) -> npt.NDArray[np.float32]:
    return RNG.standard_normal(shape, np.float32)


def products() -> Iterator[tuple[str, list[Any], dict[str, Array], Array]]:
    """Yield a name, the nodes, what they store, and an input."""
    node = helper.make_node
    w, b = numbers(8, 6), numbers(6)
    yield "matmul", [node("MatMul", ["x", "w"], ["y"])], {"w": w}, numbers(2, 3, 8)
    yield "gemm", [node("Gemm", ["x", "w", "b"], ["y"], beta=0.5)], {"w": w, "b": b}, numbers(3, 8)
    yield (
        "gemm turned",
        [node("Gemm", ["x", "w", "b"], ["y"], transB=1)],
        {"w": numbers(6, 8), "b": b},
        numbers(3, 8),
    )
    yield "gemm alpha", [node("Gemm", ["x", "w"], ["y"], alpha=0.5)], {"w": w}, numbers(3, 8)
    yield "left", [node("MatMul", ["w", "x"], ["y"])], {"w": w}, numbers(6, 4)
    turned = [node("Transpose", ["w"], ["t"], perm=[1, 0]), node("MatMul", ["x", "t"], ["y"])]
    yield "transposed", turned, {"w": numbers(6, 8)}, numbers(2, 3, 8)
    conv = {"pads": [2, 1], "dilations": [2], "strides": [2]}
    yield (
        "conv",
        [node("Conv", ["x", "w", "b"], ["y"], **conv)],
        {"w": numbers(6, 8, 3), "b": b},
        numbers(1, 8, 20),
    )
    yield (
        "conv 2d",
        [node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER")],
        {"w": numbers(6, 8, 3, 2)},
        numbers(1, 8, 5, 5),
    )
    yield "groups", [node("Conv", ["x", "w"], ["y"], group=2)], {"w": numbers(6, 4, 3)}, numbers(1, 8, 9)
    up = [node("ConvTranspose", ["x", "w", "b"], ["y"], strides=[2], pads=[1, 1], output_padding=[1])]
    yield "up", up, {"w": numbers(8, 6, 4), "b": b}, numbers(1, 8, 7)
    yield (
        "up groups",
        [node("ConvTranspose", ["x", "w"], ["y"], group=2)],
        {"w": numbers(8, 3, 4)},
        numbers(1, 8, 7),
    )
    yield "table", [node("Gather", ["w", "x"], ["y"])], {"w": w}, np.array([[1, 5, 7]])
    lstm = node("LSTM", ["x", "w", "r"], ["y"], hidden_size=4)
    yield "lstm", [lstm], {"w": numbers(1, 16, 8), "r": numbers(1, 16, 4)}, numbers(5, 1, 8)
    yield (
        "half",
        [node("MatMul", ["x", "w"], ["y"])],
        {"w": w.astype(np.float16)},
        numbers(3, 8).astype(np.float16),
    )
    yield (
        "double",
        [node("MatMul", ["x", "w"], ["y"])],
        {"w": w.astype(np.float64)},
        numbers(3, 8).astype(np.float64),
    )
    two = [
        node("MatMul", ["x", "w"], ["a"]),
        node("MatMul", ["a", "v"], ["c"]),
        node("MatMul", ["c", "w"], ["y"]),
    ]
    yield "twice", two, {"w": w, "v": numbers(6, 8)}, numbers(3, 8)
    held = numpy_helper.from_array(w)
    yield (
        "constant",
        [node("Constant", [], ["w"], value=held), node("MatMul", ["x", "w"], ["y"])],
        {},
        numbers(3, 8),
    )


CASES = {name: given for name, *given in products()}
# Each stands for the weights exactly, or all but so.
EXACT = {"codebook": {"k": 4096}, "lowrank": {"ratio": 1.0}, "codebook, runs": {"k": 4096, "dim": 2}}


@pytest.mark.parametrize(
    ("case", "way"),
    [
        *((case, way) for case in CASES for way in ("codebook", "lowrank")),
        *((case, "codebook, runs") for case in ("conv", "up groups")),
    ],
)
def test_exact_ties_change_nothing(case: str, way: str, tmp_path: Path) -> None:
    nodes, stored, x = CASES[case]
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    first = write(tmp_path / "a.onnx", nodes, stored, (kind, list(x.shape)))
    made = convert(first, tmp_path / "b.onnx", plan("*", way.split(",")[0], **EXACT[way]))
    assert made.report.layers
    kept = {tensor.name for tensor in onnx.load(tmp_path / "b.onnx").graph.initializer}
    assert not kept & {"w", "r", "v"}
    close = 2e-2 if case == "half" else 1e-4
    for optimised in (True, False)[: 1 + (way != "lowrank")]:
        given = run(tmp_path / "b.onnx", x, optimised=optimised)
        np.testing.assert_allclose(given, run(first, x), rtol=close, atol=close)


@pytest.mark.parametrize("case", ["matmul", "gemm turned", "transposed", "conv", "up", "table"])
def test_low_rank_is_less_work(case: str, tmp_path: Path) -> None:
    nodes, stored, x = CASES[case]
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    first = write(tmp_path / "a.onnx", nodes, stored, (kind, list(x.shape)))
    convert(first, tmp_path / "b.onnx", plan("*", "lowrank", rank=2))
    graph = onnx.load(tmp_path / "b.onnx").graph
    assert [
        len(tensor.dims) and 2 in tensor.dims
        for tensor in graph.initializer
        if tensor.name.endswith(("up", "down"))
    ] == [True, True]
    assert len(graph.node) == 2


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    *(("codebook", {"k": k}) for k in (2, 16, 100, 256)),
    ("codebook", {"k": 16, "group": 5}),
    ("codebook", {"k": 16, "scales": "none"}),
    ("lowrank", {"rank": 3}),
    ("lowrank", {"rank": 3, "shared": True}),
    ("share", {}),
    ("share", {"rank": 2, "scales": "rows"}),
]


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, voices.Voice]:
    path = tmp_path_factory.mktemp("voice") / "small.onnx"
    return path, voices.export(path)


@pytest.mark.parametrize(("scheme", "options"), OPTIONS)
def test_a_voice_says_what_its_expanded_weights_say(
    scheme: str, options: dict[str, Any], voice: tuple[Path, voices.Voice], tmp_path: Path
) -> None:
    source, _ = voice
    # Small changes would lead to other lengths of phones.
    made = convert(
        source,
        tmp_path / "tied.onnx",
        plan("[!adm]*" if scheme != "codebook" else "[eu]*", scheme, **options),
    )
    assert made.file_bytes_after == (tmp_path / "tied.onnx").stat().st_size
    first, tied = onnx.load(source), onnx.load(tmp_path / "tied.onnx")
    gone = {t.name for t in first.graph.initializer} - {t.name for t in tied.graph.initializer}
    given = [value.numpy() for value in voices.phones()]
    if scheme != "lowrank":
        weights = computed(tied, gone)
        for tensor in first.graph.initializer:
            if tensor.name in weights:
                tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
        onnx.save(first, tmp_path / "whole.onnx")
        wanted = run(tmp_path / "whole.onnx", *given)
        np.testing.assert_allclose(run(tmp_path / "tied.onnx", *given), wanted, atol=1e-4)
    else:
        assert run(tmp_path / "tied.onnx", *given).size > 100
    # Nothing of the tie is left to do when it runs.
    if scheme != "lowrank":
        assert operations(tmp_path / "tied.onnx", tmp_path) == operations(source, tmp_path)
    # Settings come along: Piper looks for them beside the voice.
    assert (tmp_path / "tied.onnx.json").read_bytes() == source.with_name("small.onnx.json").read_bytes()


def computed(model: Any, names: set[str]) -> dict[str, Array]:
    """Return tensors that a graph makes of stored ones."""
    needed, nodes = set(names), []
    for node in reversed(model.graph.node):
        if set(node.output) & needed:
            needed.update(node.input)
            nodes.insert(0, node)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in sorted(names)]
    graph = helper.make_graph(
        nodes, "w", [], outputs, [t for t in model.graph.initializer if t.name in needed]
    )
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(sorted(names), session.run(None, {}), strict=True))


def operations(path: Path, folder: Path) -> list[str]:
    """Return the operations that are left when ONNX Runtime has computed what is known."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return sorted(node.op_type for node in onnx.load(folder / "optimised.onnx").graph.node)


def test_names_are_those_of_the_layers(voice: tuple[Path, voices.Voice]) -> None:
    names = {row.name for row in statistics(voice[0]).parts[0].modules}
    assert {"emb", "attention.1.conv_q", "attention.2.MatMul", "ffn.0", "ups.1", "post"} <= names


def test_what_is_stored_is_counted(voice: tuple[Path, voices.Voice], tmp_path: Path) -> None:
    source, net = voice
    before = statistics(source)
    assert before.kind == "model"
    convert(source, tmp_path / "tied.onnx", plan("*", "codebook", k=16))
    after = statistics(tmp_path / "tied.onnx")
    assert after.total.named_parameters == before.total.unique_parameters
    assert after.total.unique_parameters < before.total.unique_parameters / 8
    assert after.total.unique_bytes is not None
    stored = onnx.load(tmp_path / "tied.onnx").graph
    assert after.total.unique_bytes >= sum(len(t.raw_data) for t in stored.initializer)
    (part,) = after.parts
    assert next(row for row in part.modules if row.name == "ups.0").scheme == "codebook"
    # What is tied is left alone by another tie, and still told.
    with pytest.raises(CheckpointError, match="stores no weights"):
        convert(tmp_path / "tied.onnx", tmp_path / "again.onnx", plan("ups*", "codebook"))


def test_another_tie_is_added(voice: tuple[Path, voices.Voice], tmp_path: Path) -> None:
    convert(voice[0], tmp_path / "one.onnx", plan("*attention*", "codebook"))
    convert(tmp_path / "one.onnx", tmp_path / "two.onnx", plan("ups*", "share"))
    rows = statistics(tmp_path / "two.onnx").parts[0].modules
    schemes = {row.name: row.scheme for row in rows}
    assert schemes["attention.0.conv_q"] == "codebook"
    assert schemes["ups.0"] == schemes["ups.1"] == "share"
    given = [value.numpy() for value in voices.phones()]
    assert np.isfinite(run(tmp_path / "two.onnx", *given)).all()


def branches() -> list[Any]:
    """Return an `If` whose branches hold weights with the same names, and inside one of them another."""
    node, value = helper.make_node, helper.make_tensor_value_info

    def branch(seed: int, inner: list[Any]) -> Any:
        weight = numpy_helper.from_array(np.random.default_rng(seed).standard_normal((8, 8), np.float32), "w")
        nodes = [node("Constant", [], ["w"], value=weight), node("MatMul", ["x", "w"], ["z"]), *inner]
        return helper.make_graph(nodes, "b", [], [value("out", TensorProto.FLOAT, None)])

    plain = [node("Identity", ["z"], ["out"])]
    weight = numpy_helper.from_array(np.random.default_rng(9).standard_normal((8, 8), np.float32), "deep")
    deep = [
        helper.make_graph(
            [node("MatMul", ["z", name], ["o"])], "d", [], [value("o", TensorProto.FLOAT, None)], tensors
        )
        for name, tensors in (("deep", [weight]), ("w", []))
    ]
    nested = node("If", ["c"], ["out"], then_branch=deep[0], else_branch=deep[1])
    return [node("If", ["c"], ["y"], then_branch=branch(1, [nested]), else_branch=branch(2, plain))]


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("codebook", {"k": 4096}), ("lowrank", {"ratio": 1.0}), ("share", {"by": "shape", "rank": 8})],
)
def test_branches(scheme: str, options: dict[str, Any], tmp_path: Path) -> None:
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    first = write(tmp_path / "a.onnx", branches(), {}, (TensorProto.FLOAT, [3, 8]), inputs=[condition])
    made = convert(first, tmp_path / "b.onnx", plan("*", scheme, **options))
    assert len(made.report.layers) == 3
    for way in (True, False):
        given = numbers(3, 8), np.array(way)
        np.testing.assert_allclose(run(tmp_path / "b.onnx", *given), run(first, *given), rtol=1e-3, atol=1e-3)


def test_a_weight_that_is_an_input_as_well(tmp_path: Path) -> None:
    nodes, stored, x = CASES["matmul"]
    more = [helper.make_tensor_value_info("w", TensorProto.FLOAT, [8, 6])]
    first = write(tmp_path / "a.onnx", nodes, stored, (TensorProto.FLOAT, list(x.shape)), ir=3, inputs=more)
    convert(first, tmp_path / "b.onnx", plan("*", "codebook", k=4096))
    np.testing.assert_allclose(run(tmp_path / "b.onnx", x), x @ stored["w"], rtol=1e-4, atol=1e-4)


def test_data_beside_the_model(tmp_path: Path) -> None:
    nodes, stored, x = CASES["matmul"]
    first = write(tmp_path / "a.onnx", nodes, stored, (TensorProto.FLOAT, list(x.shape)))
    model = onnx.load(first)
    onnx.save_model(model, first, save_as_external_data=True, location="a.data", size_threshold=0)
    assert statistics(first).file_bytes == first.stat().st_size + (tmp_path / "a.data").stat().st_size
    convert(first, tmp_path / "b.onnx", plan("*", "codebook", k=4096))
    np.testing.assert_allclose(run(tmp_path / "b.onnx", x), x @ stored["w"], rtol=1e-4, atol=1e-4)
    (tmp_path / "a.data").unlink()
    for read in (
        lambda: statistics(first),
        lambda: convert(first, tmp_path / "c.onnx", plan("*", "codebook")),
    ):
        with pytest.raises(CheckpointError, match="not a readable model of ONNX"):
            read()


def test_functions_of_the_model_itself(tmp_path: Path) -> None:
    body = [helper.make_node("MatMul", ["a", "b"], ["c"])]
    function = helper.make_function("own", "Layer", ["a", "b"], ["c"], body, [helper.make_opsetid("", 15)])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    w = numbers(8, 6)
    node = helper.make_node("Layer", ["x", "w"], ["y"], domain="own")
    graph = helper.make_graph([node], "g", [x], [y], [numpy_helper.from_array(w, "w")])
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("own", 1)]
    onnx.save(
        helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=8),
        tmp_path / "a.onnx",
    )
    convert(tmp_path / "a.onnx", tmp_path / "b.onnx", plan("*", "codebook", k=4096))
    given = numbers(3, 8)
    np.testing.assert_allclose(run(tmp_path / "b.onnx", given), given @ w, rtol=1e-4, atol=1e-4)


def test_what_is_refused(voice: tuple[Path, voices.Voice], tmp_path: Path) -> None:
    source = voice[0]
    out = tmp_path / "out.onnx"
    own = Path(statistics("kathleen").file)
    nothing = write(
        tmp_path / "n.onnx", [helper.make_node("Neg", ["x"], ["y"])], {}, (TensorProto.FLOAT, [3])
    )
    nodes, stored, _ = CASES["matmul"]
    old = write(tmp_path / "o.onnx", nodes, stored, (TensorProto.FLOAT, [3, 8]), opset=9, ir=8)
    (tmp_path / "cut.onnx").write_bytes(source.read_bytes()[:-900])
    ties: TiePlan = plan("*", "codebook")
    cases: list[tuple[Any, str]] = [
        (lambda: convert(source, tmp_path / "out.safetensors", ties), r"name ends in \.onnx"),
        (lambda: convert(source, out, plan("*", "cluster")), "`cluster` cannot tie a graph of ONNX"),
        (lambda: convert(source, out, ties, architecture="hifigan"), "is a model of ONNX"),
        (lambda: convert(source, out, plan("nothing*", "codebook")), "no layer matches `nothing"),
        (lambda: convert(own, out, ties), "is a voice of this program"),
        (lambda: convert(nothing, out, ties), "stores no weights"),
        (lambda: convert(old, out, ties), "version 9 of ONNX, and ties need 11"),
        (lambda: convert(tmp_path / "cut.onnx", out, ties), "not a readable model of ONNX"),
        (lambda: convert(source, source, ties), "is the checkpoint itself"),
        (lambda: revert(source, out), "is not tied"),
        (lambda: revert(source, tmp_path / "out.pt"), r"name ends in \.onnx"),
        (lambda: propose(source), "is a model of ONNX"),
    ]
    for call, message in cases:
        with pytest.raises((CheckpointError, ConfigError), match=message):
            call()
    assert not out.exists()
