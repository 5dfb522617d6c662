"""Attention whose maps are layers of their own, so that each can be tied as any other.

torch's `MultiheadAttention` keeps the maps of queries, keys and values as one matrix, and multiplies by the
weights of its layers itself, past their `forward`. While one of them is tied, a `SplitAttention` stands in
its place: `q_proj`, `k_proj`, `v_proj` and `out_proj` are called, with as little work as their ties leave.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MAPS = ("q_proj", "k_proj", "v_proj")
"""Maps of queries, keys and values: layers of a `SplitAttention`."""
TOGETHER = ("in_proj", "in_proj_weight")
"""Names for all three maps, which plans may use as well: those of the one matrix that they are."""
_TOGETHER = ("in_proj_weight", "in_proj_bias")
_APART = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


class SplitAttention(nn.MultiheadAttention):
    """A `MultiheadAttention` that `split` made; Vaswani et al., "Attention is all you need", 2017.

    Letters: B batch, L queries, S keys, E channels, H heads.
    """

    q_proj: nn.Module
    k_proj: nn.Module
    v_proj: nn.Module
    was_together: bool
    """Whether the three maps are one matrix when they are joined."""

    @property
    def in_proj_weight(self) -> Tensor | None:  # type: ignore[override]
        """The three weights as one, (3 E, E), for those who look at it."""
        if not self.was_together:
            return None
        return torch.cat([getattr(self, name).weight for name in MAPS])

    @property
    def in_proj_bias(self) -> Tensor | None:  # type: ignore[override]
        """The three biases as one, (3 E,)."""
        biases = [getattr(self, name).bias for name in MAPS]
        return None if biases[0] is None else torch.cat(biases)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Do what the plain layer does.

        Args:
            query: (B, L, E) with `batch_first`, else (L, B, E); or (L, E).
            key: The same with S.
            value: The same with S.
            key_padding_mask: Keys that are left out, (B, S) or (S,): true, or added to the scores.
            need_weights: Whether weights are returned, too.
            attn_mask: Pairs that are left out, (L, S) or (B * H, L, S).
            average_attn_weights: Whether the weights are the mean over heads, (B, L, S), or (B, H, L, S).
            is_causal: Says of `attn_mask` that it hides what comes later.

        Raises:
            RuntimeError: It is causal, and there is no mask.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        is_batched = query.dim() == 3
        query, key, value = (self._batch_first(x) for x in (query, key, value))
        q, k, v = self.q_proj(query), self.k_proj(key), self.v_proj(value)
        extra = 0
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (
                torch.cat([x, b.expand(len(x), 1, -1)], 1) for x, b in ((k, self.bias_k), (v, self.bias_v))
            )
            extra += 1
        heads = self.num_heads, self.head_dim
        q, k, v = (torch.unflatten(x, -1, heads).transpose(1, 2) for x in (q, k, v))
        if self.add_zero_attn:
            k, v = (F.pad(x, (0, 0, 0, 1)) for x in (k, v))
            extra += 1
        mask = self._mask(attn_mask, key_padding_mask, q, extra)
        dropout = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            scores = q @ k.transpose(-1, -2) * self.head_dim**-0.5
            weights = torch.softmax(scores if mask is None else scores + mask, -1)
            weights = F.dropout(weights, dropout) if dropout else weights
            y = weights @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, mask, dropout)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if not is_batched:
            return y[0], None if weights is None else weights[0]
        return y if self.batch_first else y.transpose(0, 1), weights

    def _batch_first(self, x: Tensor) -> Tensor:
        if x.dim() == 2:
            return x[None]
        return x if self.batch_first else x.transpose(0, 1)

    def _mask(self, pairs: Tensor | None, keys: Tensor | None, q: Tensor, extra: int) -> Tensor | None:
        """Return what is added to the scores, as they are or broadcast to (B, H, L, S)."""
        found = []
        if pairs is not None:
            pairs = torch.unflatten(pairs, 0, (-1, self.num_heads)) if pairs.dim() == 3 else pairs
            found.append(pairs)
        if keys is not None:
            found.append((keys if keys.dim() == 2 else keys[None])[:, None, None])
        added = [_added(mask, q.dtype) for mask in found]
        return F.pad(sum(added[1:], added[0]), (0, extra)) if added else None


def _added(mask: Tensor, dtype: torch.dtype) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, float("-inf"))


def names(name: str, above: nn.Module | None) -> list[str]:
    """Return the names by which plans may name a layer: its own, and those of the matrix that it is part of.

    Args:
        name: Name of the layer.
        above: Module that has it.
    """
    place, _, last = name.rpartition(".")
    if not isinstance(above, SplitAttention) or last not in MAPS:
        return [name]
    return [name, *(f"{place}.{whole}".lstrip(".") for whole in TOGETHER)]


def is_whole(module: nn.Module) -> bool:
    """Return whether a module is torch's own attention, with weights that are parameters."""
    if type(module) is not nn.MultiheadAttention:
        return False
    return type(module.out_proj).__module__ != "torch.ao.nn.quantizable.modules.linear"


@torch.no_grad()
def split(whole: nn.MultiheadAttention, memo: dict[Any, Any]) -> SplitAttention:
    """Return attention with the parameters of torch's own, each map in memory of its own.

    Args:
        whole: Its layers become those of the new one.
        memo: Parameters made so far, so that what several modules hold stays one; it is added to.
    """
    made = SplitAttention.__new__(SplitAttention)
    made.__dict__.update(vars(whole))
    for table in ("_parameters", "_buffers", "_modules"):
        made.__dict__[table] = dict(vars(whole)[table])
    made.was_together = whole._qkv_same_embed_dim
    # torch's encoder layers, which would multiply by the weights themselves, leave such attention alone.
    made._qkv_same_embed_dim = False
    if made.was_together:
        weights = _pieces(whole.in_proj_weight, memo)
    else:
        weights = [getattr(whole, name) for name in _APART]
    biases = [None] * 3 if whole.in_proj_bias is None else _pieces(whole.in_proj_bias, memo)
    for name in (*_TOGETHER, *_APART):
        made._parameters.pop(name, None)
    for name, weight, bias in zip(MAPS, weights, biases, strict=True):
        layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta").train(whole.training)
        layer.weight, layer.bias = weight, bias
        made.add_module(name, layer)
    return made


@torch.no_grad()
def joined(apart: SplitAttention, memo: dict[Any, Any]) -> nn.MultiheadAttention:
    """Return torch's own attention again; see `split`. Its maps must be plain."""
    made = nn.MultiheadAttention.__new__(nn.MultiheadAttention)
    made.__dict__.update({key: value for key, value in vars(apart).items() if key != "was_together"})
    for table in ("_parameters", "_buffers", "_modules"):
        made.__dict__[table] = dict(vars(apart)[table])
    maps: list[Any] = [made._modules.pop(name) for name in MAPS]
    made._qkv_same_embed_dim = apart.was_together
    own = dict.fromkeys((*_TOGETHER, *_APART))
    if apart.was_together:
        own["in_proj_weight"] = _whole([of.weight for of in maps], memo)
    else:
        own |= dict(zip(_APART, (of.weight for of in maps), strict=True))
    own["in_proj_bias"] = None if maps[0].bias is None else _whole([of.bias for of in maps], memo)
    # In the order of a fresh one, with the parameters that only some have at the end.
    order = ("in_proj_weight", *_APART, "in_proj_bias")
    made.__dict__["_parameters"] = {**{name: own[name] for name in order}, **made._parameters}
    return made


def _pieces(whole: nn.Parameter, memo: dict[Any, Any]) -> list[nn.Parameter]:
    """Return the three parts of a parameter as parameters, the same ones each time."""
    # What they are made of is kept, so that its identity stays its own.
    if id(whole) not in memo:
        parts = [nn.Parameter(part.clone(), whole.requires_grad) for part in whole.detach().chunk(3)]
        memo[id(whole)] = (whole, parts)
    found: list[nn.Parameter] = memo[id(whole)][1]
    return found


def _whole(parts: list[nn.Parameter], memo: dict[Any, Any]) -> nn.Parameter:
    """Return one parameter of three, the same one each time."""
    key = tuple(map(id, parts))
    if key not in memo:
        memo[key] = (parts, nn.Parameter(torch.cat([*parts]), any(part.requires_grad for part in parts)))
    found: nn.Parameter = memo[key][1]
    return found
