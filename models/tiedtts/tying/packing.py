"""Packing: whole numbers below 2, 4, ... 256 in as few bits as they need.

A number of 3, 5, 6 or 7 bits is split into pieces of 4, 2 and 1 bits, lowest first. Pieces of one size
fill bytes by themselves, so that each byte holds whole pieces and nothing reaches from one into the next:
byte n of M has pieces n, n + M, n + 2 M, ... from its lowest bit up.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

MOST_BITS = 8
"""Bits of the largest numbers that are packed."""


def bits(k: int) -> int:
    """Return the bits that numbers below `k` need."""
    return max(1, (k - 1).bit_length())


def size(count: int, width: int) -> int:
    """Return the bytes of packed numbers.

    Args:
        count: How many.
        width: Bits of each.
    """
    return sum(_bytes(count, piece) for piece, _ in _pieces(width))


def pack(numbers: Tensor, width: int) -> Tensor:
    """Pack numbers, (N,), into bytes, (M,).

    Args:
        numbers: Whole and below `2 ** width`.
        width: Bits of each, 1 to 8.
    """
    found = []
    for piece, below in _pieces(width):
        each = 8 // piece
        planes = numbers.new_zeros(each, _bytes(len(numbers), piece), dtype=torch.uint8)
        planes.view(-1)[: len(numbers)] = ((numbers.int() >> below) & ((1 << piece) - 1)).to(torch.uint8)
        packed = planes[0].clone()
        for at in range(1, each):
            packed |= planes[at] << (at * piece)
        found.append(packed)
    return torch.cat(found)


def unpack(packed: Tensor, width: int, count: int) -> Tensor:
    """Return packed numbers, (N,), as bytes, or as 32-bit numbers where a graph is traced.

    Args:
        packed: Bytes, (M,).
        width: Bits of each.
        count: N.
    """
    # Graphs of ONNX have no operations on bits before version 18.
    is_traced = torch._C._get_tracing_state() is not None
    data = packed.int() if is_traced else packed
    found: Tensor | None = None
    start = 0
    for piece, below in _pieces(width):
        length = _bytes(count, piece)
        # Nothing that is not needed: each operation is a node of a traced graph.
        part = data if piece == width else data[start : start + length]
        start += length
        planes = [_piece(part, at * piece, piece) for at in range(8 // piece)]
        numbers = planes[0] if len(planes) == 1 else torch.cat(planes)
        numbers = numbers if length * len(planes) == count else numbers[:count]
        if below:
            numbers = numbers * (1 << below)
        found = numbers if found is None else found + numbers
    assert found is not None
    return found


def _piece(data: Tensor, below: int, width: int) -> Tensor:
    """Return `width` bits of each number, above the lowest `below`."""
    if data.dtype == torch.uint8:
        return (data >> below) & ((1 << width) - 1)
    shifted = torch.div(data, 1 << below, rounding_mode="trunc") if below else data
    # The highest ones have nothing above them.
    return shifted if below + width == 8 else torch.remainder(shifted, 1 << width)


def _pieces(width: int) -> Iterator[tuple[int, int]]:
    """Yield the bits of each piece of a number, and how many bits are below it."""
    below = 0
    for piece in (8, 4, 2, 1):
        if width & piece:
            yield piece, below
            below += piece


def _bytes(count: int, piece: int) -> int:
    return -(-count * piece // 8)
