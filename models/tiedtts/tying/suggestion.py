"""Proposes tie plans: which layers look alike, what a tie would save, and what it would cost."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.tying import eligibility, layers
from tiedtts.tying.folding import fold_refusal
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.report import TieReport
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import precise

SMALLEST = 0.01
"""Groups of layers with a smaller share of all parameters are left alone."""
Losses = Callable[[Mapping[str, nn.Module]], dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to tie a group of layers."""

    rule: TieRule
    """Ready for a plan."""
    layers: tuple[str, ...]
    """Names it matches."""
    kind: str
    """`structural` ties save parameters and work, `storage` ties parameters only."""
    parameters_before: int
    """Numbers in the layers' weights and biases."""
    parameters_after: int
    """Numbers stored when they are tied."""
    bytes_before: int
    """Size of weights and biases."""
    bytes_after: int
    """Size of everything stored, indices included."""
    error: float
    """Norm of the change of all the weights over their norm."""
    loss: float | None = None
    """Held-out loss with only this tie, over the loss without; 1 is no change."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How much the layers of a group look like each other."""

    pattern: str
    """Pattern of the group's names."""
    nearest: tuple[str, str]
    """The two most alike."""
    distance: float
    """Norm of the difference of these two over that of both together; 0 for equal, 1 for unrelated."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Ties that are possible, and the plan that follows from them."""

    candidates: tuple[Candidate, ...]
    """Group by group, what saves most bytes first."""
    alike: tuple[Likeness, ...]
    """Groups of several layers, the most alike first."""
    chosen: tuple[Candidate, ...]
    """One at most of each group: what saves most within the bounds."""

    @property
    def plan(self) -> TiePlan | None:
        """The chosen rules, if there are any."""
        return TiePlan(tuple(each.rule for each in self.chosen)) if self.chosen else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""

        def plain(each: Candidate) -> dict[str, Any]:
            shown = {field.name: getattr(each, field.name) for field in dataclasses.fields(each)}
            return {**shown, "rule": each.rule.to_dict(), "layers": list(each.layers)}

        return {
            "candidates": [plain(each) for each in self.candidates],
            "alike": [dataclasses.asdict(each) for each in self.alike],
            "plan": None if self.plan is None else self.plan.to_dict(),
        }


def suggest(
    parts: Mapping[str, nn.Module],
    *,
    max_error: float = 0.2,
    max_loss: float = 1.05,
    losses: Losses | None = None,
    progress: Callable[[float, str], None] = lambda share, words: None,
) -> Suggestion:
    """Try ways to tie the layers of nets, each by itself.

    Args:
        parts: Part name to net; they stay as they are.
        max_error: Weight error a chosen tie may have, where no loss is measured.
        max_loss: Held-out loss a chosen tie may lead to, over that without.
        losses: Measures nets on held-out recordings; the first loss of a part counts.
        progress: Told the share that is done, and what is tried.

    Raises:
        ConfigError: There is nothing that could be tied.
    """
    groups = list(_groups(parts))
    if not groups:
        raise ConfigError("there is no layer that can be tied, or all are tied already")
    rules = [(pattern, rule) for pattern, names in groups for rule in _rules(parts, pattern, names)]
    base = None if losses is None else losses(parts)
    found: list[tuple[str, Candidate]] = []
    for at, (pattern, rule) in enumerate(rules):
        progress(at / len(rules), f"{rule.layers}: {rule.scheme}")
        part = pattern.split(".")[0]
        try:
            tied, _, report = tie_parts({part: parts[part]}, TiePlan((rule,)))
        except ConfigError:
            # A layer of the group is one that the scheme cannot tie.
            continue
        candidate = _candidate(rule, report, parts)
        if losses is not None and base is not None:
            after = losses(tied)
            name = next(name for name in after)
            candidate = dataclasses.replace(candidate, loss=after[name] / base[name])
        if candidate.bytes_after < candidate.bytes_before:
            found.append((pattern, candidate))
    found.sort(key=lambda each: (each[0], each[1].bytes_after))
    chosen: dict[str, Candidate] = {}
    for pattern, candidate in found:
        cost, bound = (candidate.error, max_error) if candidate.loss is None else (candidate.loss, max_loss)
        taken = {name for each in chosen.values() for name in each.layers}
        if cost <= bound and pattern not in chosen and not taken & set(candidate.layers):
            chosen[pattern] = candidate
    alike = [each for pattern, names in groups if (each := _likeness(parts, pattern, names)) is not None]
    return Suggestion(
        candidates=tuple(candidate for _, candidate in found),
        alike=tuple(sorted(alike, key=lambda each: each.distance)),
        chosen=tuple(chosen.values()),
    )


def _groups(parts: Mapping[str, nn.Module]) -> Iterator[tuple[str, list[str]]]:
    """Yield patterns and the names they stand for: layers of one shape whose names differ in numbers."""
    total = sum(value.numel() for net in parts.values() for value in net.parameters())
    groups: dict[tuple[str, str], list[str]] = {}
    for part, net in parts.items():
        for name, layer in net.named_modules():
            if isinstance(layer, TiedLayer) or layers.plain_type(layer) is None or eligibility.refusal(layer):
                continue
            full = f"{part}.{name}"
            pattern = ".".join("*" if step.isdigit() else step for step in full.split("."))
            groups.setdefault((pattern, LayerSpec.of(layer).title), []).append(full)
    patterns = [pattern for pattern, _ in groups]
    for (pattern, _), names in groups.items():
        size = sum(value.numel() for name in names for value in _layer(parts, name).parameters())
        if size < SMALLEST * total:
            continue
        if patterns.count(pattern) == 1 and not _matches_more(parts, pattern, names):
            yield pattern, names
        else:
            # Layers of other shapes have such names, too: each of these is a group of its own.
            for name in names:
                yield name, [name]


def _matches_more(parts: Mapping[str, nn.Module], pattern: str, names: list[str]) -> bool:
    rule = TieRule(pattern, "codebook")
    known = {
        f"{part}.{name}"
        for part, net in parts.items()
        for name, layer in net.named_modules()
        if isinstance(layer, TiedLayer) or layers.plain_type(layer) is not None
    }
    return any(rule.matches(name) for name in known - set(names))


def _rules(parts: Mapping[str, nn.Module], pattern: str, names: list[str]) -> Iterator[TieRule]:
    """Yield what is worth trying on a group."""
    spec = LayerSpec.of(_layer(parts, names[0]))

    def rule(scheme: str, **options: Any) -> TieRule | None:
        made = TieRule(pattern, scheme, options=options)
        is_fit = SCHEMES[scheme].refusal(spec, made.options) is None
        return made if is_fit else None

    tries = [rule("codebook", k=256), rule("codebook", k=16)]
    if not spec.is_recurrent:
        matrix = spec.canonical(torch.empty(spec.weight_shape, device="meta"))
        _, outputs, inputs, taps = matrix.shape
        full = outputs * inputs * taps
        for share in (2, 4):
            rank = full // (share * (outputs + inputs * taps))
            if 1 <= rank < min(outputs, inputs * taps):
                tries.append(rule("lowrank", rank=rank))
        if spec.is_convolution and taps > 1 and spec.groups == 1:
            tries += [rule("separable"), rule("separable", rank=2), rule("diagonal")]
        into = _reader(parts, names[0], spec)
        if into is not None:
            tries += [rule("cluster", ratio=ratio, into=into) for ratio in (0.75, 0.5)]
    if len(names) > 1:
        tries += [rule("share", groups=count) for count in sorted({1, len(names) // 2}) if count < len(names)]
    yield from (each for each in tries if each is not None)


def _reader(parts: Mapping[str, nn.Module], name: str, spec: LayerSpec) -> str | None:
    """Return the name, beside a layer, of another that reads its outputs and nothing else does."""
    part, _, inner = name.partition(".")
    above, _, last = inner.rpartition(".")
    net = parts[part]
    if spec.is_embedding or spec.groups > 1:
        return None
    for other, layer in net.get_submodule(above).named_children():
        if other == last or layers.plain_type(layer) is None or isinstance(layer, TiedLayer):
            continue
        reader = None if eligibility.refusal(layer) else LayerSpec.of(layer)
        if reader is None or reader.is_recurrent or reader.is_embedding or reader.groups > 1:
            continue
        if reader.inputs != spec.outputs or reader.channel_axis != spec.channel_axis:
            continue
        if fold_refusal(net, inner, f"{above}.{other}".lstrip(".")) is None:
            return other
    return None


def _candidate(rule: TieRule, report: TieReport, parts: Mapping[str, nn.Module]) -> Candidate:
    change = energy = 0.0
    for row in report.layers:
        weights = [v for n, v in _layer(parts, row.layer).named_parameters() if "bias" not in n]
        size = sum(float(precise(value.detach()).square().sum()) for value in weights)
        # What reads merged channels only sums its columns.
        if row.error or not row.note.startswith("reads"):
            change, energy = change + row.error**2 * size, energy + size
    return Candidate(
        rule=rule,
        layers=tuple(row.layer for row in report.layers),
        kind=report.layers[0].kind,
        parameters_before=sum(row.parameters_before for row in report.layers),
        parameters_after=sum(row.parameters_after for row in report.layers),
        bytes_before=sum(row.bytes_before for row in report.layers),
        bytes_after=sum(row.bytes_after for row in report.layers),
        error=(change / energy) ** 0.5 if energy else 0.0,
    )


def _likeness(parts: Mapping[str, nn.Module], pattern: str, names: list[str]) -> Likeness | None:
    """Find the two layers of a group that are most alike."""
    if len(names) < 2:
        return None
    rows = torch.stack([_flat(_layer(parts, name)) for name in names])
    squares = rows.square().sum(1)
    both = squares[:, None] + squares
    distance = ((both - 2 * rows @ rows.T).clamp(min=0) / both.clamp(min=1e-12)).sqrt()
    distance.fill_diagonal_(float("inf"))
    first, second = divmod(int(distance.argmin()), len(names))
    return Likeness(
        pattern=pattern, nearest=(names[first], names[second]), distance=distance[first, second].item()
    )


def _flat(layer: nn.Module) -> Tensor:
    weights = [value for name, value in layer.named_parameters() if "bias" not in name]
    return torch.cat([precise(value.detach()).flatten() for value in weights])


def _layer(parts: Mapping[str, nn.Module], name: str) -> nn.Module:
    part, _, inner = name.partition(".")
    return parts[part].get_submodule(inner)
