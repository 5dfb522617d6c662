"""The operations of a voice file: what each reads and writes, without the package `onnx`.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tiedtts.speech import wire
from tiedtts.speech.wire import BYTES, VARINT, NotAMessage, damaged

_GRAPH, _NODE, _OUTPUT = 7, 1, 12
_NAME = 1
_READS, _WRITES, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5
_WHOLE_NUMBER = 3


@dataclass
class Node:
    """One operation."""

    operator: str = ""
    """Name, such as `Conv`."""
    inputs: list[str] = field(default_factory=list)
    """Names of the tensors that it reads; empty for those that are left out."""
    outputs: list[str] = field(default_factory=list)
    """Names of the tensors that it writes."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Attributes that are whole numbers, by name."""


def nodes(data: bytes, name: str) -> list[Node]:
    """Return the operations of a voice file, in their order.

    Args:
        data: All of the file.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged.
    """
    try:
        return [_node(data, start, stop) for start, stop in _in_graph(data, _NODE)]
    except (NotAMessage, IndexError, UnicodeDecodeError):
        raise damaged(name) from None


def showing(data: bytes, names: Sequence[str]) -> bytes:
    """Return a voice file whose graph has more outputs: tensors inside it, by their names.

    A reader of this format joins the parts of a message that stands in a file twice.
    """
    there = {_text(data, start, stop, _NAME) for start, stop in _in_graph(data, _OUTPUT)}
    values = (wire.field(_OUTPUT, wire.field(_NAME, name.encode())) for name in names if name not in there)
    return data + wire.field(_GRAPH, b"".join(values))


def _in_graph(data: bytes, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the fields of a kind in the graph."""
    for number, kind, start, stop in wire.fields(data, 0, len(data)):
        if number == _GRAPH and kind == BYTES:
            for inner, inner_kind, first, last in wire.fields(data, start, stop):
                if inner == wanted and inner_kind == BYTES:
                    yield first, last


def _node(data: bytes, start: int, stop: int) -> Node:
    node = Node()
    for number, kind, first, last in wire.fields(data, start, stop):
        if kind != BYTES:
            continue
        if number == _READS:
            node.inputs.append(data[first:last].decode())
        elif number == _WRITES:
            node.outputs.append(data[first:last].decode())
        elif number == _OPERATOR:
            node.operator = data[first:last].decode()
        elif number == _ATTRIBUTE:
            for inner, inner_kind, value, _ in wire.fields(data, first, last):
                if inner == _WHOLE_NUMBER and inner_kind == VARINT:
                    node.numbers[_text(data, first, last, _NAME)] = value
    return node


def _text(data: bytes, start: int, stop: int, wanted: int) -> str:
    found = ""
    for number, kind, first, last in wire.fields(data, start, stop):
        if number == wanted and kind == BYTES:
            found = data[first:last].decode()
    return found
