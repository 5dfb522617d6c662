"""The layout of what `torch.save` wrote: everything in it but the tensors, as a line of JSON.

From it a file is written again that its own program takes for its own: settings, histories, lists of names,
in the types that they had.
"""

import base64
import json
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from tiedtts.errors import CheckpointError

DEEPEST = 100
"""Lists and tables inside each other."""
_DAMAGED = "the layout of the first file is damaged"
_TABLES: dict[str, type[Any]] = {"dict": dict, "ordered": OrderedDict, "counter": Counter}
_LISTS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "size": torch.Size,
}


class Layout:
    """Takes the contents of a file apart.

    Args:
        nets: Keys that lead to a table of tensors that a net is, to the name with which its tensors begin;
            of one net alone, it is empty.
    """

    def __init__(self, nets: Mapping[tuple[str, ...], str]) -> None:
        self.tensors: dict[str, Tensor] = {}
        """Tensors beside the net, by the keys that lead to them."""
        self.left_out: list[str] = []
        """Keys of what is not kept: the state of an optimizer, and what is no plain value and no tensor."""
        self._nets = dict(nets)

    def text(self, value: Any) -> str:
        """Return the layout as JSON.

        Raises:
            CheckpointError: Lists and tables are nested too deeply.
        """
        return json.dumps(self._taken(value, ()), separators=(",", ":"))

    def _taken(self, value: Any, path: tuple[str, ...]) -> Any:
        """Return what JSON can hold: numbers and texts as they are, else a list that begins with a kind."""
        if len(path) > DEEPEST:
            raise CheckpointError(f"`{path[0]}` holds lists or tables that are nested too deeply")
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else ["float", repr(value)]
        if isinstance(value, Tensor):
            return ["tensor", self._kept(value, path)] if _is_plain(value) else self._left(path)
        for kind, table in _TABLES.items():
            if type(value) is table:
                return [kind, self._rows(value, path)]
        for kind, of in _LISTS.items():
            if type(value) is of:
                rows = (self._taken(each, (*path, str(at))) for at, each in enumerate(value))
                return [kind, [row for row in rows if row is not _NOTHING]]
        if isinstance(value, bytes):
            return ["bytes", base64.b64encode(value).decode()]
        if isinstance(value, complex):
            return ["complex", [repr(value.real), repr(value.imag)]]
        if isinstance(value, (torch.dtype, torch.device)):
            return [type(value).__name__, str(value).removeprefix("torch.")]
        return self._left(path)

    def _rows(self, table: Mapping[Any, Any], path: tuple[str, ...]) -> list[Any]:
        rows = []
        for key, value in table.items():
            inner = (*path, str(key))
            if is_optimizer(key, value):
                self._left(inner)
                continue
            if path in self._nets and isinstance(value, Tensor) and isinstance(key, str):
                continue
            taken = self._taken(value, inner)
            if taken is not _NOTHING:
                rows.append([self._taken(key, inner), taken])
        if path not in self._nets:
            return rows
        # A net's tensors come first, as in most files; they are in no layout.
        name = self._nets[path]
        return [[["net", name]] if name else ["net"], *rows]

    def _kept(self, value: Tensor, path: tuple[str, ...]) -> str:
        name = ".".join(path) or "tensor"
        while name in self.tensors:
            name += "_"
        self.tensors[name] = value
        return name

    def _left(self, path: tuple[str, ...]) -> Any:
        self.left_out.append(".".join(path))
        return _NOTHING


_NOTHING = object()


def put_together(text: str, net: Mapping[str, Tensor], beside: Mapping[str, Tensor]) -> Any:
    """Return the contents of a file from its layout.

    Args:
        text: The layout.
        net: Tensors of the net, by key.
        beside: Tensors beside it, by the names that `Layout.tensors` had.

    Raises:
        CheckpointError: It is no layout.
    """
    try:
        return _made(json.loads(text), net, beside)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise CheckpointError(_DAMAGED) from error


def _made(value: Any, net: Mapping[str, Tensor], beside: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, list):
        return value
    kind, of = value
    if kind == "tensor":
        return beside[of]
    if kind in _TABLES:
        table = _TABLES[kind]()
        for row in of:
            if row == ["net"]:
                table.update(net)
            elif len(row) == 1:
                start = f"{row[0][1]}."
                own = {key.removeprefix(start): each for key, each in net.items() if key.startswith(start)}
                table.update(own)
            else:
                table[_made(row[0], net, beside)] = _made(row[1], net, beside)
        return table
    if kind in _LISTS:
        return _LISTS[kind]([_made(each, net, beside) for each in of])
    if kind == "float":
        return float(of)
    if kind == "bytes":
        return base64.b64decode(of, validate=True)
    if kind == "complex":
        return complex(*map(float, of))
    if kind == "device":
        return torch.device(of)
    if kind == "dtype" and isinstance(found := getattr(torch, of), torch.dtype):
        return found
    raise ValueError(kind)


def _is_plain(value: Tensor) -> bool:
    return value.layout == torch.strided and not (value.is_quantized or value.is_complex() or value.is_meta)


def is_optimizer(key: Any, value: Any) -> bool:
    """Return whether something is the state of an optimizer, by its name and by what is in it."""
    if isinstance(value, Mapping) and {"state", "param_groups"} <= set(value):
        return True
    return isinstance(key, str) and "optim" in key.lower() and _has_state(value)


def _has_state(value: Any) -> bool:
    """Return whether there is something to go on with in it, and not only settings."""
    if isinstance(value, Mapping):
        return bool({"state", "param_groups"} & set(value)) or any(map(_has_state, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_state, value))
    return isinstance(value, Tensor)
