"""Shown weights: computed weights that tell who edits them that the edit would be lost."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tiedtts.errors import TiedTTSError

_VIEWS = frozenset(
    {
        *("data", "detach", "view", "view_as", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
        *("transpose", "permute", "t", "T", "mT", "narrow", "select", "chunk", "split", "unbind", "expand"),
        *("__getitem__", "diagonal", "requires_grad_"),
    }
)
"""Operations whose results are seen through to the weight."""
_OPERATORS = frozenset(
    f"__{name}__"
    for name in ("setitem", "iadd", "isub", "imul", "imatmul", "itruediv", "ifloordiv", "imod", "ipow")
)
_NOT_EDITS = frozenset({"requires_grad_", "retain_grad", "__get__", "__set__"})


class ShownWeight(Tensor):
    """The weight of a tied layer, as its attribute shows it: computed at each look, so not to be edited."""

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operation on the plain tensors.

        Raises:
            TiedTTSError: It would change the weight.
        """
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
        if _edits(name, args) or isinstance(kwargs.get("out"), ShownWeight):
            raise TiedTTSError(
                f"`{name}` would change the weight of a tied layer, which is computed at each look",
                hint="change what the layer stores, or `untie` the model, change it and `tie` it again",
            )
        with torch._C.DisableTorchFunctionSubclass():
            found = func(*args, **kwargs)
            found = _plain(found)
        return _shown(found) if name in _VIEWS else found


def show(weight: Tensor) -> Tensor:
    """Return a weight to be looked at; where a graph is made, the very one."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return weight
    return weight.as_subclass(ShownWeight)


def _edits(name: str, args: Sequence[Any]) -> bool:
    if name in _NOT_EDITS or not args or not isinstance(args[0], ShownWeight):
        return False
    return name in _OPERATORS or (name.endswith("_") and not name.endswith("__"))


def _plain(found: Any) -> Any:
    if isinstance(found, ShownWeight):
        return found.as_subclass(Tensor)
    if isinstance(found, (tuple, list)) and any(isinstance(each, ShownWeight) for each in found):
        return type(found)(map(_plain, found))
    return found


def _shown(found: Any) -> Any:
    if type(found) is Tensor:
        return found.as_subclass(ShownWeight)
    if isinstance(found, (tuple, list)):
        return type(found)(map(_shown, found))
    return found
