"""`lowrank`: a map through a narrow middle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from tiedtts.errors import ConfigError
from tiedtts.tying.grouping import GroupOptions
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.options import check_positive, check_share
from tiedtts.tying.recurrent import run_cell, run_recurrent, run_steps
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

_LARGE = 256
"""Columns from which singular values come by the squares of a matrix."""
_HUGE = 1536
"""Columns from which a part of the singular values is found without all of them."""

_POWERS = 4
"""Rounds that sharpen a sketch: with four, the error is within a hundredth of the least possible."""


@dataclass(frozen=True, kw_only=True)
class LowRankOptions(GroupOptions):
    """How narrow the middle is, and who shares the way into it."""

    rank: int | None = None
    """Width of the middle, R."""
    ratio: float | None = None
    """Rank as a share of the layer's own; a quarter if neither is given."""
    shared: bool = False
    """One way into the middle for several layers, each with its own way out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "rank")
        check_share(self, "ratio")
        if self.rank is not None and self.ratio is not None:
            raise ConfigError("`rank` and `ratio` both say how narrow the middle is", hint="give one of them")
        if not self.shared and (self.groups, self.order, self.by) != (1, "sequence", "role"):
            raise ConfigError("`groups`, `order` and `by` are of use only with `shared = true`")


class LowRank(TiedLayer):
    """Ties a weight to the product of two narrow ones, by a singular value decomposition.

    With `shared`, the layers' weights are decomposed as one stack: a basis for all of them, and for each its
    own way out of it (Wang et al., "Basis Sharing", 2024).

    Where data went through a layer, its outputs are projected on the leading directions of their second
    moments, as in Wang et al., "SVD-LLM", 2025, but for layers that share a basis.

    Free values: `down` and `up`. `Linear`: (R, I) and (O, R). Convolution: (g * R, I / g, K axes) and (O, R).
    Transposed: (g * R, I / g) and (g * R, O / g, K axes). `Embedding` of V vectors: (V, R) and (O, R).
    Recurrent layers: as `Linear`, for each of their matrices.
    """

    scheme = "lowrank"
    kind = "structural"
    options_type = LowRankOptions
    shared_values = frozenset({"down"})
    scale_of = "up"

    @classmethod
    def ties_layers(cls, options: LowRankOptions) -> bool:
        """Return whether several layers share values."""
        return options.shared

    @classmethod
    def refusal(cls, spec: LayerSpec, options: LowRankOptions) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if spec.is_recurrent:
            if spec.arguments.get("proj_size"):
                return "it has a projection, `proj_size`"
            parts = [
                LayerSpec.linear(shape[1], shape[0]) for shape in spec.shapes().values() if len(shape) == 2
            ]
            return next((why for why in (cls.refusal(part, options) for part in parts) if why), None)
        if spec.groups > 1 and spec.groups in (spec.inputs, spec.outputs):
            return "each of its filters sees or serves one channel, so its rank is one already"
        outside, inside = _sides(spec)
        limit = min(2 * outside if options.shared else outside, inside)
        if options.rank is not None and options.rank > limit:
            return f"a rank of {options.rank} is above its own, {limit}"
        return None

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: LowRankOptions) -> Values:
        """Keep the largest singular values."""
        return cls.project_group(spec, [weight], options)[0]

    @classmethod
    def project_group(
        cls, spec: LayerSpec, weights: Sequence[Tensor], options: LowRankOptions
    ) -> list[Values]:
        """Keep the largest singular values of the layers' stack."""
        rank = _rank(spec, options)
        matrices = [_matrix(spec, precise(weight)) for weight in weights]
        # (g, n * outside, inside)
        stack = torch.cat(matrices, 1) if len(matrices) > 1 else matrices[0]
        u, s, v = largest(stack, rank)
        s = s.sqrt()
        sign = torch.where(v.gather(-1, v.abs().argmax(-1, keepdim=True)) < 0, -1.0, 1.0).to(v)
        down = v * sign * s[..., None]  # (g, R, inside)
        ups = (u * (s[:, None] * sign.transpose(1, 2))).chunk(len(weights), 1)  # (g, outside, R) each
        return [{"down": _down(spec, down), "up": _up(spec, up)} for up in ups]

    @classmethod
    def project_seen(
        cls,
        spec: LayerSpec,
        weights: Sequence[Tensor],
        options: LowRankOptions,
        seen: Sequence[Moments | None],
    ) -> list[Values]:
        """Keep the directions in which outputs are largest; for the arguments see `TiedLayer.project_seen`.

        Outputs are projected on the leading eigenvectors of their second moments, which is the least-squares
        answer; of a transposed convolution, whose taps overlap, those of each tap are meant.
        """
        if len(weights) > 1 or seen[0] is None:
            return cls.project_group(spec, weights, options)
        rank, matrix = _rank(spec, options), _matrix(spec, precise(weights[0])).double()
        # What stays the same of the outputs a bias can add.
        centred = spec.has_bias
        if spec.is_transposed:
            inner = seen[0].inner(centred=centred)
            if inner is None:
                return cls.project_group(spec, weights, options)
            found, turn = torch.linalg.eigh(inner.to(matrix))
            root = turn * found.clamp(min=0).sqrt()[:, None]
            basis = largest(matrix @ root, rank)[0]
        else:
            outer = seen[0].outer(centred=centred)
            if outer is None:
                return cls.project_group(spec, weights, options)
            basis = torch.linalg.eigh(outer.to(matrix)).eigenvectors[..., -rank:].flip(2)
        down = basis.transpose(1, 2) @ matrix  # (g, R, inside)
        # Both sides of the middle are as large, as training wants them.
        size = down.norm(dim=2, keepdim=True).sqrt()
        size = torch.where(size > 0, size, 1.0)
        sign = torch.where(down.gather(-1, down.abs().argmax(-1, keepdim=True)) < 0, -1.0, 1.0).to(down)
        down, up = down * sign / size, basis * (sign * size).transpose(1, 2)
        like = precise(weights[0])
        return [{"down": _down(spec, down.to(like)), "up": _up(spec, up.to(like))}]

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: LowRankOptions) -> Tensor:
        """Multiply out."""
        down, up = values["down"], values["up"]
        if spec.is_embedding:
            return down @ up.T
        if spec.is_linear:
            return up @ down
        down, up = (torch.unflatten(of, 0, (spec.groups, -1)) for of in (down, up))
        if spec.is_transposed:
            product = torch.einsum("gri,grok->giok", down, up.flatten(3))
        else:
            product = torch.einsum("gor,grik->goik", up, down.flatten(3))
        return torch.unflatten(product.flatten(0, 1), -1, spec.kernel)

    def forward(self, x: Any, hx: Any = None, output_size: Any = None) -> Any:
        """Go into the middle and out again.

        Args:
            x: Input of the plain layer.
            hx: First state of a recurrent layer; of others the same as `output_size`, which comes second.
            output_size: Output size of a transposed convolution.
        """
        if self.spec.is_recurrent:
            return self._recur(x, hx)
        spec = self.spec.sized(x, hx if output_size is None else output_size)
        values = self.values()
        down, up = values["down"], values["up"]
        if spec.is_embedding:
            return F.linear(F.embedding(x, down, spec.arguments["padding_idx"]), up)
        if spec.is_linear:
            return F.linear(F.linear(x, down), up, self.added())
        if spec.is_transposed:
            return spec.convolve(spec.pointwise(x, down, None), up, self.added())
        return spec.pointwise(spec.convolve(x, down, None), up, self.added())

    def _recur(self, x: Any, state: Any) -> Any:
        if self.spec.is_cell:
            return run_cell(self.spec, x, state, self._map)
        # A packed sequence, or a graph that must serve any length, cannot be gone through step by step here.
        is_graph = torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None
        if isinstance(x, PackedSequence) or is_graph:
            return run_recurrent(self.spec, x, state, self.parameters_in_full(), self.training)
        return run_steps(self.spec, x, state, self._map, self.training)

    def _map(self, name: str, suffix: str, x: Tensor) -> Tensor:
        """Apply one of a recurrent layer's maps."""
        values = self.values(f"weight_{name}{suffix}")
        bias = self.full(f"bias_{name}{suffix}") if self.spec.has_bias else None
        return F.linear(F.linear(x, values["down"]), values["up"], bias)


def _rank(spec: LayerSpec, options: LowRankOptions) -> int:
    if options.rank is not None:
        return options.rank
    return max(1, round((0.25 if options.ratio is None else options.ratio) * min(_sides(spec))))


def largest(stack: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the left vectors, (g, rows, R), of the largest singular values, these, (g, R), and the right."""
    columns = stack.shape[2]
    if min(stack.shape[1:]) >= _HUGE and rank <= 0.6 * min(stack.shape[1:]):
        return _sketched(stack, rank)
    if stack.dtype == torch.float64 or not _LARGE <= columns <= stack.shape[1]:
        u, s, v = torch.linalg.svd(stack, full_matrices=False)
        return u[..., :rank], s[:, :rank], v[:, :rank]
    # By the squares, in twice the precision: half the time and a third of the memory for a large matrix.
    squares = stack.new_zeros(len(stack), columns, columns, dtype=torch.float64)
    for rows in torch.split(stack, columns, 1):
        squares += rows.double().transpose(1, 2) @ rows.double()
    values, vectors = torch.linalg.eigh(squares)
    s = values[:, -rank:].flip(1).clamp(min=0).sqrt().to(stack)
    v = vectors[..., -rank:].flip(2).to(stack)
    u = (stack @ v) / s[:, None].clamp(min=torch.finfo(s.dtype).tiny)
    return u, s, v.transpose(1, 2)


def _sketched(stack: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same by powers of a random sketch (Halko et al., 2011): a tenth of the time and memory."""
    width = min(*stack.shape[1:], rank + max(16, rank // 8))
    # The choice is part of what a plan means: the same on every machine, apart from the user's own seed.
    generator = torch.Generator().manual_seed(0)
    sketch = torch.randn(len(stack), stack.shape[2], width, generator=generator).to(stack)
    basis = torch.linalg.qr(stack @ sketch).Q
    del sketch
    for _ in range(_POWERS):
        basis = torch.linalg.qr(stack.transpose(1, 2) @ basis).Q
        basis = torch.linalg.qr(stack @ basis).Q
    small = basis.transpose(1, 2) @ stack  # (g, width, columns)
    values, vectors = torch.linalg.eigh((small @ small.transpose(1, 2)).double())
    s = values[:, -rank:].flip(1).clamp(min=0).sqrt().to(stack)
    turn = vectors[..., -rank:].flip(2).to(stack)
    v = turn.transpose(1, 2) @ small / s[..., None].clamp(min=torch.finfo(s.dtype).tiny)
    return basis @ turn, s, v


def _sides(spec: LayerSpec) -> tuple[int, int]:
    """Return the sizes of `_matrix`."""
    if spec.is_embedding:
        return spec.outputs, spec.inputs
    outside, inside = spec.outputs // spec.groups, spec.inputs // spec.groups
    return (outside * spec.taps, inside) if spec.is_transposed else (outside, inside * spec.taps)


def _matrix(spec: LayerSpec, weight: Tensor) -> Tensor:
    """Lay out a weight as (g, outside, inside), the input side last."""
    if spec.is_embedding:
        return weight.T[None]
    grouped = torch.unflatten(weight, 0, (spec.groups, -1)).flatten(2)
    return grouped.transpose(1, 2) if spec.is_transposed else grouped


def _down(spec: LayerSpec, down: Tensor) -> Tensor:
    # (g, R, inside) -> the layout of the layer that goes into the middle
    if spec.is_embedding:
        return down[0].T
    if spec.is_convolution and not spec.is_transposed:
        return torch.unflatten(down, -1, (-1, *spec.kernel)).flatten(0, 1)
    return down.flatten(0, 1)


def _up(spec: LayerSpec, up: Tensor) -> Tensor:
    # (g, outside, R) -> the layout of the layer that comes out of it
    if spec.is_transposed:
        return torch.unflatten(up.transpose(1, 2), -1, (-1, *spec.kernel)).flatten(0, 1)
    return up.flatten(0, 1)
