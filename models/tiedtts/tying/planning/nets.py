"""Nets that are planned for: their layers, what ties of these cost, and rules for them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import nn

from tiedtts.tying import costs, eligibility, layers
from tiedtts.tying.costs import Size
from tiedtts.tying.likeness import layer_of
from tiedtts.tying.moments import Seen
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.ways import Way
from tiedtts.tying.report import LayerReport
from tiedtts.tying.tied_layer import TiedLayer

Made = tuple[dict[str, nn.Module], dict[str, TiePlan], list[LayerReport]]
"""Tied nets, the plans of those that are tied, and what became of their layers."""


@dataclass(frozen=True)
class Nets:
    """Nets that are planned for, and how their costs are counted."""

    parts: Mapping[str, nn.Module]
    """Part name to net."""
    size: Size
    """Bytes of a tensor."""
    work: Mapping[str, float]
    """Multiply-accumulates of each layer by its name, which begins with the part."""
    seen: Seen
    """Moments of weights, if data went through the nets."""

    def names(self) -> list[str]:
        """Return the layers that can be tied."""
        return list(self._names)

    @cached_property
    def _names(self) -> list[str]:
        return [
            f"{part}.{name}" if name else part
            for part, net in self.parts.items()
            for name, layer in net.named_modules()
            if not isinstance(layer, TiedLayer)
            and layers.plain_type(layer) is not None
            and not eligibility.refusal(layer)
        ]

    @cached_property
    def _last(self) -> dict[tuple[TieRule, ...], Made]:
        """The nets made last: their size is asked for, and then their harm."""
        return {}

    def made(self, rules: Sequence[TieRule]) -> Made:
        """Return tied nets, the plans of those that are tied, and what became of their layers.

        Raises:
            TiedTTSError: The rules do not fit.
        """
        key = tuple(rules)
        if key not in self._last:
            self._last.clear()
            plan = as_plan(rules, self)
            if plan is None:
                return dict(self.parts), {}, []
            parts, plans, report = tie_parts(self.parts, plan, seen=self.seen)
            self._last[key] = parts, plans, list(report.layers)
        return self._last[key]

    def tied(self, rules: Sequence[TieRule]) -> tuple[dict[str, nn.Module], list[LayerReport]]:
        """Return tied nets, and what became of their layers."""
        parts, _, rows = self.made(rules)
        return parts, rows

    def plain(self, name: str) -> Way:
        """Return the way that leaves a layer as it is."""
        layer = layer_of(self.parts, name)
        total = costs.total_bytes([layer], self.size)
        return Way(layers=(name,), rules=(), bytes=total, macs=self.work.get(name, 0.0), change=0.0)

    def point(self, rules: Sequence[TieRule], *, is_uniform: bool = False) -> Point:
        """Return the point of some rules, from what they do; what harm that is, is not known."""
        tied, _ = self.tied(rules)
        work = 0.0
        for name in self.names():
            before = costs.products(layer_of(self.parts, name))
            after = costs.products(layer_of(tied, name))
            work += self.work.get(name, 0.0) * (after / before if before else 1.0)
        total = costs.total_bytes(tied.values(), self.size)
        return Point(bytes=total, macs=work, harm=math.inf, rules=tuple(rules), is_uniform=is_uniform)

    def way(
        self, tied: Mapping[str, nn.Module], rules: Sequence[TieRule], rows: Sequence[LayerReport]
    ) -> Way:
        """Return the way that some rules are, from what they did.

        Args:
            tied: The nets that they made.
            rules: The rules.
            rows: Rows of the report, of all the layers that they tie.
        """
        names = tuple(row.layer for row in rows)
        done = change = 0.0
        for row in rows:
            before = costs.products(layer_of(self.parts, row.layer))
            after = costs.products(layer_of(tied, row.layer))
            done += self.work.get(row.layer, 0.0) * (after / before if before else 1.0)
            change += self._change(row, tied)
        total = costs.total_bytes((layer_of(tied, name) for name in names), self.size)
        return Way(
            layers=names, rules=tuple(rules), bytes=total, macs=done, change=max(change / len(rows), 1e-12)
        )

    def _change(self, row: LayerReport, tied: Mapping[str, nn.Module]) -> float:
        """Return how much a layer's outputs change, or its weights where no data are known."""
        layer = layer_of(tied, row.layer)
        seen = self.seen.get(f"{row.layer}.weight")
        if seen is None or not isinstance(layer, TiedLayer) or "weight" not in layer.weight_values:
            return row.error**2
        weight = layer.full("weight")
        assert weight is not None
        return seen.damage(weight.detach(), centred=layer.spec.has_bias)


def escaped(name: str) -> str:
    """Return a pattern that a name alone matches."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def as_plan(rules: Sequence[TieRule], nets: Nets) -> TiePlan | None:
    """Return the plan of some rules; layers whose names differ in numbers, tied alike, have one rule."""
    if not rules:
        return None
    by_pattern: dict[tuple[str, str], list[TieRule]] = {}
    names = {escaped(name): name for name in nets.names()}
    for rule in rules:
        steps = rule.layers.split(".")
        pattern = ".".join("*" if step.isdigit() else step for step in steps)
        by_pattern.setdefault((pattern, repr((rule.scheme, rule.bias, rule.options))), []).append(rule)
    made: list[TieRule] = []
    for (pattern, _), group in by_pattern.items():
        joined = TieRule(pattern, group[0].scheme, group[0].bias, group[0].options)
        matched = {name for name in names.values() if joined.matches(name)}
        if len(group) > 1 and matched == {names.get(rule.layers, rule.layers) for rule in group}:
            made.append(joined)
        else:
            made += group
    return TiePlan(tuple(made))
