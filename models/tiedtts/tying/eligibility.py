"""Eligibility: the reasons why a layer cannot be tied by any scheme."""

from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from tiedtts.tying.layers import LayerSpec, plain_type
from tiedtts.tying.tied_layer import TiedLayer


def refusal(layer: nn.Module) -> str | None:
    """Return why no scheme can tie a layer, or nothing."""
    kind = plain_type(layer)
    if kind is None:
        return f"{an(type(layer).__name__)} has no weight that can be tied"
    if kind is not type(layer) and not nn.utils.parametrize.is_parametrized(layer):
        return f"{an(type(layer).__name__)} may do more than {an(kind.__name__)}"
    if not nn.utils.parametrize.is_parametrized(layer):
        own = {name for name, _ in layer.named_parameters()}
        if others := sorted(own - set(LayerSpec.of(layer).shapes())):
            return f"its weights are computed from `{'`, `'.join(others)}`"
    if any(value.is_floating_point() and value.itemsize == 1 for value in layer.parameters(recurse=False)):
        return "its numbers have 8 bits already"
    for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"):
        if getattr(layer, hooks):
            return "it has hooks, which would be lost"
    if isinstance(layer, nn.Embedding):
        for name in ("max_norm", "scale_grad_by_freq", "sparse"):
            if getattr(layer, name):
                return f"an Embedding with `{name}` changes its weights in its own way"
    return None


def holds_matrices(module: nn.Module) -> bool:
    """Return whether the parameters of a module, if any are matrices, are such as no scheme knows."""
    return plain_type(module) is None and not isinstance(
        module, (TiedLayer, nn.LayerNorm, ParametrizationList)
    )


def is_matrix(value: Tensor) -> bool:
    """Return whether a parameter is more than a row of numbers."""
    return value.dim() > 1 and value.numel() > max(value.shape)


def called(name: str) -> str:
    """Return a module's name as messages have it."""
    return f"`{name}`" if name else "the model itself"


def an(title: str) -> str:
    """Return what a kind of layer is called, with its article."""
    return f"{'an' if title[0] in 'AEIO' else 'a'} {title}"
