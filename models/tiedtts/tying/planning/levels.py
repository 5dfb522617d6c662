"""Levels: the ways to tie each layer of nets that are worth looking at, with what each costs and changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

from tiedtts.errors import TiedTTSError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.likeness import layer_of
from tiedtts.tying.plan import TieRule
from tiedtts.tying.planning.nets import Nets, escaped
from tiedtts.tying.planning.ways import Way
from tiedtts.tying.schemes import SCHEMES

CODEBOOKS: tuple[dict[str, Any], ...] = (
    *({"k": k} for k in (256, 128, 64, 32, 16, 8, 4, 2)),
    *({"k": k, "group": 64} for k in (16, 8, 4)),
    *({"k": k, "scales": "none"} for k in (64, 32, 16, 8)),
)
"""Sizes of codebooks."""
SHARES = (0.8, 0.65, 0.5, 0.35, 0.25, 0.15, 0.08)
"""Sizes of low-rank factors and of clusters, over that of the weight."""
_EIGHT_BITS = 0.25
"""Share of 32 bits that 8 are, with which nothing is lost."""
SMALL = 0.004
"""Share of all parameters below which layers are tied alike."""


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
            rule = by_name.get(escaped(row.layer))
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
            rule = TieRule(escaped(name), scheme, options=chosen)
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
