"""Listening: the moments of layers, taken while any program runs with their weights."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tiedtts.tying import eligibility, layers
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.tied_layer import TiedLayer

MOST = 4096
"""Positions that are taken of one call, at even distances."""
_CLOSE = 1e-4
"""Share of a weight's largest number by which the same weight may differ, as after weight norm."""
_SAMPLE = 8
"""Numbers of a weight by which it is known again."""


def listen(parts: Mapping[str, nn.Module], run: Callable[[], Any]) -> tuple[dict[str, Moments], Any]:
    """Run a program, and take the moments of the layers of nets whose weights it uses.

    A weight is known by its numbers: what runs need not be these nets, nor name its weights as they do, and
    attention may hold three maps in one matrix. Recurrent layers count each of their matrices.

    Args:
        parts: Part name to net, with plain layers.
        run: Runs a program of torch with the same weights.

    Returns:
        The moments of each weight by its name, which begins with the part, such as `model.rnn.weight_hh_l0`;
        those that were not seen often enough are left out. And what `run` returned.
    """
    mode = _Listener(dict(_weights(parts)))
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # It tells of kinds of processors that are not asked for.
            warnings.simplefilter("ignore")
            # Recurrent layers and attention are then the products of matrices that they are.
            with torch.backends.mkldnn.flags(enabled=False), mode:
                made = run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return {name: of for name, of in mode.found.items() if of.is_enough}, made


def _weights(parts: Mapping[str, nn.Module]) -> Iterable[tuple[str, tuple[LayerSpec, Tensor]]]:
    """Yield the weights of plain layers by name, and the layer that each is the weight of."""
    for part, net in parts.items():
        for name, layer in net.named_modules():
            if isinstance(layer, TiedLayer) or layers.plain_type(layer) is None or eligibility.refusal(layer):
                continue
            spec = LayerSpec.of(layer)
            for key in spec.shapes():
                value = getattr(layer, key).detach()
                if key.startswith("bias") or value.dim() < 2 or value.is_meta:
                    continue
                of = spec if key == "weight" else LayerSpec.linear(value.shape[1], value.shape[0])
                yield ".".join(filter(None, (part, name, key))), (of, value)


class _Listener(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation of torch, and sums up those with a known weight."""

    def __init__(self, weights: Mapping[str, tuple[LayerSpec, Tensor]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = {name: Moments(spec, value) for name, (spec, value) in weights.items()}
        self._by_shape: dict[tuple[int, ...], list[Moments]] = {}
        for of in self.found.values():
            self._by_shape.setdefault(_trailing(of.weight.shape), []).append(of)
        self._seen: dict[tuple[Any, ...], tuple[Tensor, list[tuple[Moments, int]]]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from loading its compiler, which takes seconds, only to say that this is not compiled.

        Nothing is compiled while a mode such as this one looks on.
        """
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        look = _OPERATIONS.get(func)
        if look is not None:
            look(self, args, made)
        return made

    def _product(self, a: Tensor, b: Tensor, made: Tensor, bias: Tensor | None) -> None:
        """See (N, I) times (I, O), or (O, I) times (I, N)."""
        known = self._known(b.T)
        if known:
            self._add(known, a, made if bias is None else made - bias)
            return
        known = self._known(a)
        if known:
            self._add(known, b.T, (made if bias is None else made - bias).T)

    def _mm(self, args: tuple[Any, ...], made: Tensor) -> None:
        self._product(args[0], args[1], made, None)

    def _addmm(self, args: tuple[Any, ...], made: Tensor) -> None:
        self._product(args[1], args[2], made, args[0])

    def _bmm(self, args: tuple[Any, ...], made: Tensor) -> None:
        a, b = args[:2]
        if len(b) == 1 or b.stride(0) == 0:
            self._product(a.flatten(0, 1), b[0], made.flatten(0, 1), None)
        elif a.stride(0) == 0:
            turned = b.transpose(1, 2).flatten(0, 1), a[0].T, made.transpose(1, 2).flatten(0, 1)
            self._product(*turned, None)

    def _convolution(self, args: tuple[Any, ...], made: Tensor) -> None:
        x, weight, bias = args[:3]
        known = self._known(weight)
        if not known:
            return
        batched = weight.dim() == x.dim()
        x, y = (of.movedim(1 if batched else 0, -1).flatten(0, -2) for of in (x, made))
        self._add(known, x, y if bias is None else y - bias)

    def _embedding(self, args: tuple[Any, ...], made: Tensor) -> None:
        for of, _ in self._known(args[0]):
            # A table of which only the name is known is a matrix, and nothing goes through that.
            if of.spec.is_embedding:
                of.add_entries(args[1])

    def _add(self, known: list[tuple[Moments, int]], x: Tensor, y: Tensor) -> None:
        x = x.detach()[:: -(-len(x) // MOST)]
        y = y.detach()[:: -(-len(y) // MOST)]
        for of, start in known:
            if of.spec.is_embedding or x.shape[1] % of.spec.canonical_shape[2]:
                continue
            of.add_inputs(x)
            part = y[:, max(0, start) :][:, : of.spec.outputs]
            # What follows from the inputs need not be summed.
            if ("inner" not in of.sums or of.spec.is_transposed) and part.shape[1] == of.spec.outputs:
                of.add_outputs(part)

    def _known(self, weight: Tensor) -> list[tuple[Moments, int]]:
        """Return the known weights that this is, has in it, or is a part of, and their first row in it."""
        others = self._by_shape.get(_trailing(weight.shape))
        if others is None or not weight.is_floating_point() or weight.is_meta or not weight.numel():
            return []
        key = (weight.data_ptr(), weight.shape, weight.stride())
        sample = weight[0].flatten()[:_SAMPLE].clone()
        seen = self._seen.get(key)
        # Memory may be another weight's by now.
        if seen is not None and torch.equal(seen[0], sample):
            return seen[1]
        found = []
        rows = _rows(weight)
        for of in others:
            start = _place(rows, _rows(of.weight).to(rows), exact=weight.dim() > 2 and rows.shape[1] > 1)
            if start is not None:
                found.append((of, start))
        self._seen[key] = (sample, found)
        return found


_OPERATIONS = {
    torch.ops.aten.mm.default: _Listener._mm,
    torch.ops.aten.addmm.default: _Listener._addmm,
    torch.ops.aten.bmm.default: _Listener._bmm,
    torch.ops.aten.convolution.default: _Listener._convolution,
    torch.ops.aten.embedding.default: _Listener._embedding,
}


def _trailing(shape: Iterable[int]) -> tuple[int, ...]:
    """Return the sizes of a row of a weight, without axes of one at the end."""
    _, *sizes = shape
    while len(sizes) > 1 and sizes[-1] == 1:
        sizes.pop()
    return tuple(sizes)


def _rows(weight: Tensor) -> Tensor:
    return weight.detach().flatten(1)


def _place(rows: Tensor, others: Tensor, *, exact: bool) -> int | None:
    """Return the row at which another matrix begins in a matrix, less than zero where it is the larger one.

    Args:
        rows: (N, D).
        others: (M, D).
        exact: Whether both must have as many rows.
    """
    if exact and len(rows) != len(others):
        return None
    if len(others) > len(rows):
        start = _place(others, rows, exact=False)
        return None if start is None else -1 - start
    scale = _CLOSE * float(others.abs().max())
    for start in ((rows - others[0]).abs().amax(1) <= scale).nonzero().flatten().tolist():
        part = rows[start : start + len(others)]
        if len(part) == len(others) and bool(((part - others).abs() <= scale).all()):
            return int(start)
    return None
