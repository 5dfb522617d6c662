"""The check of an ONNX file before it is run as a voice: a look at its bytes, without the package `onnx`.

ONNX Runtime runs whatever a file describes. A voice is straight arithmetic: anything that could go on for
ever, call code of elsewhere or read other files is refused before it is loaded.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from collections.abc import Iterator

from tiedtts.errors import VoiceError
from tiedtts.speech.wire import BYTES, VARINT, NotAMessage, damaged, fields

STANDARD = (b"", b"ai.onnx")
"""Names of the domain whose operators every ONNX Runtime has."""
OPERATORS = frozenset(
    b"Abs Add And Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos CumSum Div "
    b"DequantizeLinear Einsum Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu "
    b"Gemm Greater GreaterOrEqual GroupNormalization HardSigmoid Identity InstanceNormalization "
    b"LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max Mean Min Mod Mul Neg Not "
    b"Or Pad Pow PRelu Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu "
    b"Reshape Round ScatterElements ScatterND Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus "
    b"Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where Xor".split()
)
"""Operators that a voice may use. There are no loops, branches and calls among them, and none is needed."""

_OTHER_FORMAT = b"ORTM"
"""Mark of a format of ONNX Runtime's own, which it would read as well."""
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _TENSORS, _SPARSE_TENSOR, _SPARSE_TENSORS = 5, 10, 22, 23
_SUBGRAPH, _SUBGRAPHS = 6, 11
_EXTERNAL, _LOCATION = 13, 14


def check(data: bytes, name: str) -> None:
    """Refuse a file with anything but straight arithmetic in it.

    Args:
        data: All of the file.
        name: Name in errors.

    Raises:
        VoiceError: It is no ONNX file, or holds what a voice has no use for.
    """
    try:
        if data[4:8] == _OTHER_FORMAT:
            raise NotAMessage
        if found := next(_strange(data), None):
            raise VoiceError(
                f"{name} is no voice of this program: it holds {found}",
                hint="make it again with `tiedtts export`",
            )
    except (NotAMessage, IndexError):
        raise damaged(name) from None


def _strange(data: bytes) -> Iterator[str]:
    """Yield in words what a voice has no use for."""
    for number, kind, start, end in fields(data, 0, len(data)):
        if number == _FUNCTIONS:
            yield "functions of its own"
        elif number == _TRAINING:
            yield "a graph for training"
        elif number == _GRAPH and kind == BYTES:
            yield from _strange_graph(data, start, end)


def _strange_graph(data: bytes, start: int, end: int) -> Iterator[str]:
    for number, kind, begin, stop in fields(data, start, end):
        if kind != BYTES:
            continue
        if number == _NODE:
            yield from _strange_node(data, begin, stop)
        elif number == _INITIALIZER:
            yield from _strange_tensor(data, begin, stop)
        elif number == _SPARSE:
            yield "sparse tensors"


def _strange_node(data: bytes, start: int, end: int) -> Iterator[str]:
    operator = domain = b""
    for number, kind, begin, stop in fields(data, start, end):
        if kind != BYTES:
            continue
        if number == _OPERATOR:
            operator = data[begin:stop]
        elif number == _DOMAIN:
            domain = data[begin:stop]
        elif number == _ATTRIBUTE:
            yield from _strange_attribute(data, begin, stop)
    if domain not in STANDARD:
        yield f"an operator of the domain {_word(domain)}"
    elif operator not in OPERATORS:
        yield f"the operator {_word(operator)}"


def _strange_attribute(data: bytes, start: int, end: int) -> Iterator[str]:
    for number, kind, begin, stop in fields(data, start, end):
        if kind != BYTES:
            continue
        if number in (_SUBGRAPH, _SUBGRAPHS):
            yield "a graph inside the graph"
        elif number in (_TENSOR, _TENSORS):
            yield from _strange_tensor(data, begin, stop)
        elif number in (_SPARSE_TENSOR, _SPARSE_TENSORS):
            yield "sparse tensors"


def _strange_tensor(data: bytes, start: int, end: int) -> Iterator[str]:
    for number, kind, begin, _ in fields(data, start, end):
        if number == _EXTERNAL or (number == _LOCATION and kind == VARINT and begin != 0):
            yield "tensors that lie in other files"


def _word(name: bytes) -> str:
    """Return a name as an error shows it."""
    return name[:40].decode("ascii", "backslashreplace") if name[:40].isalnum() else repr(name[:40])[1:]
