"""Ties a large checkpoint of another program layer by layer, or group by group, never all of it at once."""

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.checkpoints import hifigan_sizes, tacotron_sizes, weight_norm
from tiedtts.checkpoints.header import PART
from tiedtts.checkpoints.sources import Source
from tiedtts.errors import TiedTTSError
from tiedtts.nets import state_dict
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.tying import TiePlan, TieRule
from tiedtts.tying.description import describe
from tiedtts.tying.grouping import group_layers
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.parts import chosen_rules, tie_parts
from tiedtts.tying.report import LayerReport, TieReport
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.structure import count_parameters
from tiedtts.tying.tied_layer import TiedLayer

Add = Callable[[str, Tensor], None]
"""Takes a tensor of the new checkpoint."""


def fits(source: Source) -> bool:
    """Return whether a checkpoint is one of names and shapes alone, without weight norm."""
    bare = {key.removeprefix("module."): value for key, value in source.sketch.items()}
    if hifigan_sizes.looks_like(bare) or all(key in bare for key in tacotron_sizes.KEYS):
        return False
    return not weight_norm.fold(source.sketch)[1]


@dataclass
class _Sum:
    """Reports of all pieces."""

    rows: dict[str, LayerReport] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    refused: dict[int, list[TiedTTSError]] = field(default_factory=dict)
    saved: int = 0
    tied: dict[str, Any] = field(default_factory=dict)


def tie(source: Source, plan: TiePlan, add: Add) -> tuple[TieReport, dict[str, Any]]:
    """Tie a checkpoint.

    Args:
        source: Checkpoint that `fits`.
        plan: Which layers to tie, and how.
        add: Is given the tensors, named as in a net of names and shapes.

    Returns:
        What tying did; and the description of the net as headers have it.

    Raises:
        ConfigError: A rule matches no layer, or none that its scheme can tie.
        CheckpointError: The source cannot be read.
    """
    with torch.device("meta"):
        net = StateDictNet(state_dict.StateDictConfig.of(source.sketch))
    key_of = {place: key for key, place in net.places.items()}
    rules, rule_of = chosen_rules(PART, net, plan)
    found = _Sum()
    own: dict[str, list[str]] = {}
    for place in net.state_dict():
        own.setdefault(place.rpartition(".")[0], []).append(place)
    done: set[str] = set()
    for name, places in own.items():
        if f"{PART}.{name}" not in rule_of:
            for place, value in _read(source, key_of, places).items():
                add(place, value)
    for at, group, rule in _groups(net, rules, rule_of):
        places = [place for name in group for place in own[name]]
        values = _read(source, key_of, places)
        few = piece(net, group, values)
        try:
            parts, _, report = tie_parts({PART: few}, TiePlan((rule,), plan.source))
        except TiedTTSError as error:
            found.refused.setdefault(at, []).append(error)
            for place, value in values.items():
                add(place, value)
            continue
        found.rows |= {row.layer: row for row in report.layers}
        found.passed_over += report.passed_over
        found.saved += report.parameters_before - report.parameters_after
        for layer in parts[PART].modules():
            if isinstance(layer, TiedLayer):
                layer.options = rules[at].options
        found.tied |= describe(parts[PART])
        for place, value in parts[PART].state_dict().items():
            add(place, value)
        done.add(rules[at].layers)
    return _report(net, rules, rule_of, found), {
        "architecture": "state_dict",
        "config": dataclasses.asdict(net.config),
        "tied": found.tied,
        "plan": TiePlan(tuple(rule for rule in rules if rule.layers in done), plan.source).to_dict(),
    }


def _report(net: StateDictNet, rules: list[TieRule], rule_of: Mapping[str, int], found: _Sum) -> TieReport:
    """Put the reports of pieces together.

    Raises:
        ConfigError: A rule ties nothing.
    """
    used = {rule_of[name] for name in found.rows}
    for at, errors in found.refused.items():
        if at not in used:
            raise errors[0]
        found.passed_over += map(str, errors)
    order = [f"{PART}.{name}" for name, _ in net.named_modules()]
    before = count_parameters(net)
    return TieReport(
        layers=tuple(found.rows[name] for name in order if name in found.rows),
        parameters_before=before,
        parameters_after=before - found.saved,
        passed_over=tuple(dict.fromkeys(found.passed_over)),
    )


def _read(source: Source, key_of: Mapping[str, str], places: list[str]) -> dict[str, Tensor]:
    """Return tensors by their names in the net."""
    values = source.read(key_of[place] for place in places)
    return {place: values[key_of[place]] for place in places}


def _groups(
    net: nn.Module, rules: list[TieRule], rule_of: Mapping[str, int]
) -> Iterator[tuple[int, list[str], TieRule]]:
    """Yield layers that are tied together: the place of their rule, their names, and the rule for them."""
    for at, rule in enumerate(rules):
        names = [name.removeprefix(f"{PART}.") for name, by in rule_of.items() if by == at]
        if not SCHEMES[rule.scheme].ties_layers(rule.options):
            yield from ((at, [name], rule) for name in names)
            continue
        groups, alone = group_layers(
            {name: LayerSpec.of(net.get_submodule(name)) for name in names}, rule.options
        )
        # One group after the other: each is as large as the layers of the whole depth together.
        one = replace(rule, options=replace(rule.options, groups=1, order="sequence"))
        yield from ((at, group, one) for group in groups)
        # Tied together with none, they say why they cannot be.
        yield from ((at, [name], rule) for name in alone)


def piece(net: nn.Module, names: Iterable[str], values: Mapping[str, Tensor] | None = None) -> nn.Module:
    """Return a net of some layers only, with the names that they have in the whole.

    Args:
        net: The whole, without numbers.
        names: Names of the layers.
        values: Numbers of the layers; nothing, to leave them without.
    """
    root = nn.Module()
    for name in names:
        layer = copy.deepcopy(net.get_submodule(name))
        for key in dict(layer.named_parameters(recurse=False)) if values is not None else ():
            setattr(layer, key, nn.Parameter(values[f"{name}.{key}"], requires_grad=False))  # type: ignore[index]
        *above, last = name.split(".")
        parent = root
        for step in above:
            if step not in parent._modules:
                parent.add_module(step, nn.Module())
            parent = parent.get_submodule(step)
        parent.add_module(last, layer)
    return root
