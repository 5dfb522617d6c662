"""Proposes tie plans: which layers look alike, what a tie would save, and what it would cost."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.tying import costs, eligibility, layers, stand_ins
from tiedtts.tying.candidates import Candidate, choose, ranked
from tiedtts.tying.costs import Size, Work
from tiedtts.tying.folding import Passage, passage
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.likeness import Likeness, layer_of, likeness
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
class Totals:
    """Bytes and work of all nets together."""

    bytes: int
    """Size of everything that is stored."""
    macs: float
    """Multiply-accumulates, for a second of speech or for one place of the input of each layer."""
    macs_are_measured: bool
    """Whether the nets were run: else each layer counts once, however often it runs."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Ties that are possible, and the plan that follows from them."""

    candidates: tuple[Candidate, ...]
    """Group by group, what saves most bytes and work first; what saves neither is left out."""
    alike: tuple[Likeness, ...]
    """Groups of several layers, the most alike first."""
    chosen: tuple[Candidate, ...]
    """One at most of each group: what saves most within the bounds."""
    before: "Totals"
    """Bytes and work of all nets as they are."""
    after: "Totals"
    """Bytes and work of all nets when they are tied by the plan."""
    stored_as: str = "checkpoint"
    """File whose bytes are counted: `checkpoint`, or the precision of a voice."""

    @property
    def plan(self) -> TiePlan | None:
        """The chosen rules, if there are any."""
        return TiePlan(tuple(each.rule for each in self.chosen)) if self.chosen else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""

        def plain(each: Candidate) -> dict[str, Any]:
            shown = {field.name: getattr(each, field.name) for field in dataclasses.fields(each)}
            rule = {"rule": each.rule.to_dict(), "layers": list(each.layers), "bits_a_weight": each.bits}
            return {**shown, **rule, "chosen": each in self.chosen}

        return {
            "stored_as": self.stored_as,
            "before": dataclasses.asdict(self.before),
            "after": dataclasses.asdict(self.after),
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
    stored_as: str = "checkpoint",
    work: Work | None = None,
    progress: Callable[[float, str], None] = lambda share, words: None,
) -> Suggestion:
    """Try ways to tie the layers of nets, each by itself.

    Args:
        parts: Part name to net; they stay as they are.
        max_error: Weight error a chosen tie may have, where no loss is measured.
        max_loss: Held-out loss a chosen tie may lead to, over that without.
        losses: Measures nets on held-out recordings; the first loss of a part counts.
        stored_as: File whose bytes count: `checkpoint`, or `int8`, `fp16` or `fp32`, a voice exported so.
        work: Counts the multiply-accumulates of a net; by default, and if it knows nothing of one, each layer
            counts once.
        progress: Told the share that is done, and what is tried.

    Raises:
        ConfigError: There is nothing that could be tied.
    """
    parts = {name: stand_ins.view(net) for name, net in parts.items()}
    groups = list(_groups(parts))
    if not groups:
        raise ConfigError("there is no layer that can be tied, or all are tied already")
    size = costs.as_stored if stored_as == "checkpoint" else costs.as_exported(stored_as)
    measure = _Measure(parts, size, work)
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
        candidate = measure.candidate(rule, report, tied)
        if losses is not None and base is not None:
            after = losses(tied)
            name = next(name for name in after)
            candidate = dataclasses.replace(candidate, loss=after[name] / base[name])
        found.append((pattern, candidate))
    by_group = [
        ranked([each for of, each in found if of == pattern]) for pattern in sorted({of for of, _ in found})
    ]
    chosen = choose(by_group, max_error, max_loss)
    tied = dict(parts)
    if chosen:
        tied, _, _ = tie_parts(parts, TiePlan(tuple(each.rule for each in chosen)))
    alike = [each for pattern, names in groups if (each := likeness(parts, pattern, names)) is not None]
    return Suggestion(
        candidates=tuple(each for group in by_group for each in group),
        alike=tuple(sorted(alike, key=lambda each: each.distance)),
        chosen=chosen,
        before=measure.before,
        after=measure.totals(tied),
        stored_as=stored_as,
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
        size = sum(value.numel() for name in names for value in layer_of(parts, name).parameters())
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
    spec = LayerSpec.of(layer_of(parts, names[0]))

    def rule(scheme: str, **options: Any) -> TieRule | None:
        made = TieRule(pattern, scheme, options=options)
        is_fit = SCHEMES[scheme].refusal(spec, made.options) is None
        return made if is_fit else None

    tries = [rule("codebook", k=k) for k in (256, 64, 16)]
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
        if rank := _difference(spec):
            tries.append(rule("share", rank=rank, scales="rows"))
    yield from (each for each in tries if each is not None)


def _difference(spec: LayerSpec) -> int:
    """Return the rank with which a layer's own difference takes a quarter of the numbers of its weight."""
    if spec.is_recurrent:
        return 0
    _, outputs, inputs, taps = spec.canonical_shape
    return outputs * inputs * taps // (4 * (outputs + inputs * taps))


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
        if isinstance(passage(net, inner, f"{above}.{other}".lstrip(".")), Passage):
            return other
    return None


class _Measure:
    """Measures what ties save of nets.

    Args:
        parts: The nets as they are.
        size: Bytes of a tensor.
        work: Work of nets.
    """

    def __init__(self, parts: Mapping[str, nn.Module], size: Size, work: Work | None) -> None:
        self._parts, self._size = parts, size
        known = {} if work is None else {part: work(net) for part, net in parts.items()}
        measured = {part: rows for part, rows in known.items() if rows is not None}
        self._work = work if known and len(measured) == len(known) else None
        self._rows: Mapping[str, Mapping[str, float]] = measured
        if self._work is None:
            self._rows = {part: costs.each_layer_once(net) for part, net in parts.items()}
        self.before = self.totals(parts)

    def _of(self, part: str, net: nn.Module) -> Mapping[str, float]:
        """Return the work of a part's modules; that of a net as it is has been counted."""
        if net is self._parts[part]:
            return self._rows[part]
        measured = None if self._work is None else self._work(net)
        return costs.each_layer_once(net) if measured is None else measured

    def totals(self, parts: Mapping[str, nn.Module]) -> Totals:
        """Return bytes and work of nets."""
        return Totals(
            bytes=costs.total_bytes(parts.values(), self._size),
            macs=sum(self._of(part, net).get("", 0.0) for part, net in parts.items()),
            macs_are_measured=self._work is not None,
        )

    def _saved(self, name: str, tied: Mapping[str, nn.Module]) -> float:
        """Return the work that a layer saves when it is tied: it runs as often as before."""
        part, _, inner = name.partition(".")
        before = costs.products(layer_of(self._parts, name))
        after = costs.products(layer_of(tied, name))
        return self._rows[part].get(inner, 0.0) * (1 - after / before) if before else 0.0

    def candidate(self, rule: TieRule, report: TieReport, tied: Mapping[str, nn.Module]) -> Candidate:
        """Return a way to tie, from what it did.

        Args:
            rule: The way.
            report: Report of `tie`.
            tied: The nets of which it tied layers.
        """
        change = energy = 0.0
        for row in report.layers:
            weights = [v for n, v in layer_of(self._parts, row.layer).named_parameters() if "bias" not in n]
            numbers = sum(float(precise(value.detach()).square().sum()) for value in weights)
            # What reads merged channels only sums its columns.
            if row.error or not row.note.startswith("reads"):
                change, energy = change + row.error**2 * numbers, energy + numbers
        names = [row.layer for row in report.layers]
        after = costs.total_bytes({**self._parts, **tied}.values(), self._size)
        saved = sum(self._saved(name, tied) for name in names)
        return Candidate(
            rule=rule,
            layers=tuple(names),
            kind=report.layers[0].kind,
            parameters_before=sum(row.parameters_before for row in report.layers),
            parameters_after=sum(row.parameters_after for row in report.layers),
            bytes_before=costs.total_bytes((layer_of(self._parts, name) for name in names), self._size),
            bytes_after=costs.total_bytes((layer_of(tied, name) for name in names), self._size),
            bytes_saved=1 - after / max(1, self.before.bytes),
            work_saved=saved / max(1.0, self.before.macs),
            error=(change / energy) ** 0.5 if energy else 0.0,
        )
