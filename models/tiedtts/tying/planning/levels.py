"""Levels: the ways to tie each layer of nets that are worth looking at, with what each costs and changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

from torch import nn

from tiedtts.errors import TiedTTSError
from tiedtts.tying import costs, eligibility, layers
from tiedtts.tying.costs import Size
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.likeness import layer_of
from tiedtts.tying.moments import Seen
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.planning.ways import Way
from tiedtts.tying.report import LayerReport
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.tied_layer import TiedLayer

CODEBOOKS: tuple[dict[str, Any], ...] = (
    *({"k": k} for k in (256, 128, 64, 32, 16, 8, 4, 2)),
    *({"k": k, "group": 64} for k in (16, 8, 4)),
)
"""Sizes of codebooks."""
SHARES = (0.8, 0.65, 0.5, 0.35, 0.25, 0.15, 0.08)
"""Sizes of low-rank factors and of clusters, over that of the weight."""
_EIGHT_BITS = 0.25
"""Share of 32 bits that 8 are, with which nothing is lost."""
SMALL = 0.004
"""Share of all parameters below which layers are tied alike."""


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
        return [
            f"{part}.{name}" if name else part
            for part, net in self.parts.items()
            for name, layer in net.named_modules()
            if not isinstance(layer, TiedLayer)
            and layers.plain_type(layer) is not None
            and not eligibility.refusal(layer)
        ]

    def tied(self, rules: Sequence[TieRule]) -> tuple[dict[str, nn.Module], list[LayerReport]]:
        """Return tied nets, and what became of their layers."""
        made, _, report = tie_parts(self.parts, TiePlan(tuple(rules)), seen=self.seen)
        return made, list(report.layers)

    def plain(self, name: str) -> Way:
        """Return the way that leaves a layer as it is."""
        layer = layer_of(self.parts, name)
        total = costs.total_bytes([layer], self.size)
        return Way(layers=(name,), rules=(), bytes=total, macs=self.work.get(name, 0.0), change=0.0)

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


def items(
    nets: Nets,
    schemes: Sequence[str],
    *,
    most: int,
    work_counts: bool,
    progress: Callable[[str], None],
) -> dict[str, list[Way]]:
    """Return the ways of each layer, or of several small ones together; the first leaves them as they are.

    Args:
        nets: The nets.
        schemes: Schemes that may be chosen.
        most: Number of items; if there are more layers, the small ones are tied alike.
        work_counts: Whether less work is of use: else what a codebook of 8 bits does better is left out.
        progress: Told what is tried.
    """
    names = nets.names()
    found: dict[str, list[Way]] = {name: [nets.plain(name)] for name in names}
    for words, rules in _levels(nets, names, schemes, work_counts):
        progress(words)
        try:
            tied, rows = nets.tied(rules)
        except TiedTTSError:
            continue
        by_name = {rule.layers: rule for rule in rules}
        for row in rows:
            rule = by_name.get(_escaped(row.layer))
            if rule is not None and row.layer in found:
                found[row.layer].append(nets.way(tied, [rule], [row]))
    found = {name: ways for name, ways in found.items() if len(ways) > 1}
    return _together(nets, found, most)


def _levels(
    nets: Nets, names: Sequence[str], schemes: Sequence[str], work_counts: bool
) -> Iterator[tuple[str, list[TieRule]]]:
    """Yield plans with a rule for each layer that fits, of one level of one scheme."""
    specs = {name: LayerSpec.of(layer_of(nets.parts, name)) for name in names}

    def rules(scheme: str, options: Callable[[LayerSpec], dict[str, Any] | None]) -> list[TieRule]:
        made = []
        for name, spec in specs.items():
            chosen = options(spec)
            if chosen is None:
                continue
            rule = TieRule(_escaped(name), scheme, options=chosen)
            if SCHEMES[scheme].refusal(spec, rule.options) is None:
                made.append(rule)
        return made

    for table in CODEBOOKS if "codebook" in schemes else ():
        yield f"codebook {table}", rules("codebook", partial(_codebook, table=table))
    shares = [share for share in SHARES if work_counts or "codebook" not in schemes or share <= _EIGHT_BITS]
    for share in shares if "lowrank" in schemes else ():
        yield f"lowrank {share:.0%}", rules("lowrank", partial(_rank, share=share))
    for share in shares if "cluster" in schemes else ():
        for by in ("weights", "activations") if nets.seen else ("weights",):
            yield f"cluster {share:.0%} by {by}", rules("cluster", partial(_clusters, share=share, by=by))


def _codebook(spec: LayerSpec, table: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the options of a codebook, but for one that has more values than the layer has weights."""
    largest = max(prod(shape) for shape in spec.shapes().values())
    return dict(table) if table["k"] <= largest // 2 else None


def _clusters(spec: LayerSpec, share: float, by: str) -> dict[str, Any] | None:
    return None if spec.is_recurrent or spec.is_embedding else {"ratio": share, "by": by}


def _rank(spec: LayerSpec, share: float) -> dict[str, Any] | None:
    """Return the rank whose factors take a share of a layer's numbers, if there is one."""
    if spec.is_recurrent:
        return {"ratio": share / 2}
    groups, rows, inputs, taps = spec.canonical_shape
    outside, inside = (rows * taps, inputs) if spec.is_transposed else (rows, inputs * taps)
    rank = int(share * outside * inside / (outside + inside))
    return {"rank": rank} if 1 <= rank < min(outside, inside) and groups < rows * groups else None


def _together(nets: Nets, found: dict[str, list[Way]], most: int) -> dict[str, list[Way]]:
    """Put small layers into one item: those below `SMALL`, and as many as it takes to have few items."""
    total = sum(value.numel() for net in nets.parts.values() for value in net.parameters())
    sizes = {name: sum(value.numel() for value in layer_of(nets.parts, name).parameters()) for name in found}
    order = sorted(found, key=sizes.__getitem__)
    small = [name for name in order if sizes[name] < SMALL * total]
    if len(found) - len(small) + bool(small) > most:
        small = order[: len(found) - most + 1]
    if len(small) < 2:
        return found
    kept = {name: ways for name, ways in found.items() if name not in small}
    tables = [{way.key: way for way in found[name]} for name in small]
    # Options that differ from layer to layer, such as ranks, are alike by their order.
    keys = {key: None for table in tables for key in table}
    joined = []
    for key in keys:
        ways = [table.get(key, table["plain"]) for table in tables]
        if key != "plain" and not all(key in table for table in tables) and key.startswith("lowrank"):
            continue
        joined.append(
            Way(
                layers=tuple(name for way in ways for name in way.layers),
                rules=tuple(rule for way in ways for rule in way.rules),
                bytes=sum(way.bytes for way in ways),
                macs=sum(way.macs for way in ways),
                change=sum(way.change for way in ways) / len(ways),
            )
        )
    return {**kept, f"{len(small)} small layers": joined}


def _escaped(name: str) -> str:
    """Return a pattern that a name alone matches."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def as_plan(rules: Sequence[TieRule], nets: Nets) -> TiePlan | None:
    """Return the plan of some rules; layers whose names differ in numbers, tied alike, have one rule."""
    if not rules:
        return None
    by_pattern: dict[tuple[str, str], list[TieRule]] = {}
    names = {_escaped(name): name for name in nets.names()}
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
