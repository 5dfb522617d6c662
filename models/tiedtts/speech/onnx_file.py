"""The check of an ONNX file before it is run as a voice: a look at its bytes, without the package `onnx`.

ONNX Runtime runs whatever a file describes. A voice is straight arithmetic: anything that could go on for
ever, call code of elsewhere or read other files is refused before it is loaded.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from collections.abc import Iterator

from tiedtts.errors import VoiceError

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
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _TENSORS, _SPARSE_TENSOR, _SPARSE_TENSORS = 5, 10, 22, 23
_SUBGRAPH, _SUBGRAPHS = 6, 11
_EXTERNAL, _LOCATION = 13, 14


class _Damaged(Exception):
    """The bytes are no message."""


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
            raise _Damaged
        if found := next(_strange(data), None):
            raise VoiceError(
                f"{name} is no voice of this program: it holds {found}",
                hint="make it again with `tiedtts export`",
            )
    except (_Damaged, IndexError):
        raise VoiceError(
            f"{name} is damaged or is not a voice", hint="make it again with `tiedtts export`"
        ) from None


def _strange(data: bytes) -> Iterator[str]:
    """Yield in words what a voice has no use for."""
    for number, kind, start, end in _fields(data, 0, len(data)):
        if number == _FUNCTIONS:
            yield "functions of its own"
        elif number == _TRAINING:
            yield "a graph for training"
        elif number == _GRAPH and kind == _BYTES:
            yield from _strange_graph(data, start, end)


def _strange_graph(data: bytes, start: int, end: int) -> Iterator[str]:
    for number, kind, begin, stop in _fields(data, start, end):
        if kind != _BYTES:
            continue
        if number == _NODE:
            yield from _strange_node(data, begin, stop)
        elif number == _INITIALIZER:
            yield from _strange_tensor(data, begin, stop)
        elif number == _SPARSE:
            yield "sparse tensors"


def _strange_node(data: bytes, start: int, end: int) -> Iterator[str]:
    operator = domain = b""
    for number, kind, begin, stop in _fields(data, start, end):
        if kind != _BYTES:
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
    for number, kind, begin, stop in _fields(data, start, end):
        if kind != _BYTES:
            continue
        if number in (_SUBGRAPH, _SUBGRAPHS):
            yield "a graph inside the graph"
        elif number in (_TENSOR, _TENSORS):
            yield from _strange_tensor(data, begin, stop)
        elif number in (_SPARSE_TENSOR, _SPARSE_TENSORS):
            yield "sparse tensors"


def _strange_tensor(data: bytes, start: int, end: int) -> Iterator[str]:
    for number, kind, begin, _ in _fields(data, start, end):
        if number == _EXTERNAL or (number == _LOCATION and kind == _VARINT and begin != 0):
            yield "tensors that lie in other files"


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, kind and place of the fields of a message; the value instead of the place of a number."""
    while start < end:
        tag, start = _number(data, start)
        # What readers of this format do: they take no notice of bits beyond.
        tag &= 0xFFFFFFFF
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            size, start = _number(data, start)
            stop = start + size
            if stop > end:
                raise _Damaged
            yield number, kind, start, stop
            start = stop
        elif kind == _VARINT:
            value, start = _number(data, start)
            yield number, kind, value, value
        elif kind in (_FIXED64, _FIXED32):
            start += 8 if kind == _FIXED64 else 4
        else:
            raise _Damaged
    if start > end:
        raise _Damaged


def _number(data: bytes, start: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = data[start]
    if value < 0x80:
        return value, start + 1
    value &= 0x7F
    for at in range(1, 10):
        byte = data[start + at]
        value |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            return value, start + at + 1
    raise _Damaged


def _word(name: bytes) -> str:
    """Return a name as an error shows it."""
    return name[:40].decode("ascii", "backslashreplace") if name[:40].isalnum() else repr(name[:40])[1:]
