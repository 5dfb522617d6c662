"""Stand-ins: layers that take the place of those whose weights no scheme can reach, while a model is tied."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from torch import nn

from tiedtts.tying import attention, turned
from tiedtts.tying.attention import SplitAttention
from tiedtts.tying.structure import places, put
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.turned import TurnedLinear


def view(model: nn.Module) -> nn.Module:
    """Return a model that holds the parameters of another, but for layers that something stands for."""
    if not any(attention.is_whole(module) or turned.is_turned(module) for module in model.modules()):
        return model
    memo: dict[int, Any] = {id(value): value for value in (*model.parameters(), *model.buffers())}
    return put_in(copy.deepcopy(model, memo))


def put_in(model: nn.Module, only: Iterable[str] | None = None) -> nn.Module:
    """Put stand-ins in, and let no fused code pass the layers by.

    Args:
        model: It is changed.
        only: Names of layers that need them, those of the stand-ins themselves; all layers, if None.

    Returns:
        The model, or what stands for it if it was such a layer itself.
    """
    memo: dict[Any, Any] = {}
    wanted = None if only is None else set(only)

    def made(names: list[str], module: nn.Module) -> nn.Module | None:
        own = {f"{name}.{of}".lstrip(".") for name in names for of in (*attention.MAPS, "out_proj")}
        if attention.is_whole(module) and (wanted is None or wanted & own):
            assert isinstance(module, nn.MultiheadAttention)
            return attention.split(module, memo)
        if turned.is_turned(module) and (wanted is None or wanted & set(names)):
            return turned.linear(module, memo)
        return None

    return _replaced(model, made)


def take_out(model: nn.Module) -> nn.Module:
    """Put the first layers back where nothing is tied; return the model, which is changed."""
    memo: dict[Any, Any] = {}

    def made(names: list[str], module: nn.Module) -> nn.Module | None:
        if isinstance(module, SplitAttention):
            is_tied = any(isinstance(inner, TiedLayer) for inner in module.children())
            return None if is_tied else attention.joined(module, memo)
        return turned.original(module, memo) if isinstance(module, TurnedLinear) else None

    return _replaced(model, made)


def _replaced(model: nn.Module, made: Callable[[list[str], nn.Module], nn.Module | None]) -> nn.Module:
    for names, module in list(places(model)):
        new = made(names, module)
        if new is not None:
            model = put(model, names, new)
    return model


_FLAGS = {
    nn.TransformerEncoderLayer: ("activation_relu_or_gelu", 0),
    nn.TransformerEncoder: ("use_nested_tensor", False),
}
"""Attributes that let torch's fused code in, and the value that keeps it out."""
_BEFORE = "_before_tying"
"""Attribute with the value of such a flag before."""


def keep_out_fused(model: nn.Module) -> None:
    """Let no encoder multiply by the weights of tied layers past their `forward`.

    What such a net computes at places that `src_key_padding_mask` hides is no longer zero.
    """
    for module in model.modules():
        name, value = _flag(module)
        if name and any(isinstance(inner, TiedLayer) for inner in module.modules()) and getattr(module, name):
            setattr(module, _BEFORE, getattr(module, name))
            setattr(module, name, value)


def let_in_fused(model: nn.Module) -> None:
    """Undo `keep_out_fused` where nothing is tied."""
    for module in model.modules():
        name, _ = _flag(module)
        is_tied = any(isinstance(inner, TiedLayer) for inner in module.modules())
        if name and not is_tied and hasattr(module, _BEFORE):
            setattr(module, name, getattr(module, _BEFORE))
            delattr(module, _BEFORE)


def _flag(module: nn.Module) -> tuple[str, Any]:
    for kind, flag in _FLAGS.items():
        if type(module) is kind and hasattr(module, flag[0]):
            return flag
    return "", None
