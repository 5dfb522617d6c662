"""Comparing values that hold arrays, which NumPy compares number by number."""

from dataclasses import fields
from typing import Any


class ByContent:
    """Equality and hash of a dataclass that holds arrays; the class is made with `eq=False`.

    Two of a class are equal if all of their fields are, arrays down to each number. Arrays take no part in
    the hash, since they can be changed in place.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return all(map(_same, _values(self), _values(other)))

    def __hash__(self) -> int:
        return hash(tuple(value for value in _values(self) if not _is_array(value)))


def _values(record: Any) -> list[Any]:
    return [getattr(record, field.name) for field in fields(record) if field.compare]


def _is_array(value: object) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _same(first: Any, second: Any) -> bool:
    if not (_is_array(first) and _is_array(second)):
        # Of an array and something else, `==` would be an array.
        return not _is_array(first) and not _is_array(second) and bool(first == second)
    import numpy as np

    return np.array_equal(first, second)
