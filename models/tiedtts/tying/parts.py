"""Ties the parts of a checkpoint by one plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import nn

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import attention, layers, stand_ins
from tiedtts.tying.apply import tie_what_can_be
from tiedtts.tying.matching import hidden_rule, match
from tiedtts.tying.moments import Seen
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.report import LayerReport, TieReport
from tiedtts.tying.structure import places
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.tying_run import Acts


def tie_parts(
    parts: Mapping[str, nn.Module],
    plan: TiePlan,
    *,
    rescale: bool = False,
    seen: Seen | None = None,
    acts: Acts | None = None,
) -> tuple[dict[str, nn.Module], dict[str, TiePlan], TieReport]:
    """Return tied copies of nets. Layers of different nets never share weights.

    A pattern stands for names with the part, `vocoder.stack.*`, or without it, `stack.*`.

    Args:
        parts: Part name to net; they stay as they are.
        plan: Which layers to tie, and how.
        rescale: Give tied weights the norm of those they replace, for nets that are not trained yet.
        seen: Moments of weights by names that begin with the part, as `tiedtts.tying.listening` has them.
        acts: Says which rules tie their layers, and are told of; all that are not learnt in training if None.

    Returns:
        All nets, tied or as they were; the rules that each of the tied ones was tied by, with names that
        begin with the part; and what tying did.

    Raises:
        ConfigError: A rule matches no layer, or none that its scheme can tie; without `acts`, one is learnt.
        TiedTTSError: A net cannot be copied, or is tied in a way that the plan would undo.
    """
    if acts is None:
        plan.check_without_training()
    roots = {part: nn.ModuleDict({part: stand_ins.view(net)}) for part, net in parts.items()}
    chosen = _choose(roots, plan)
    tied, plans = dict(parts), {}
    rows: list[LayerReport] = []
    before = after = 0
    passed_over: list[str] = []
    refused: dict[int, list[TiedTTSError]] = {}
    unused: dict[int, set[str]] = {}
    for part, root in roots.items():
        places_of = [at for at, rule in enumerate(chosen[part]) if rule]
        rules = tuple(rule for rule in chosen[part] if rule)
        if not rules:
            size = sum(value.numel() for value in root.parameters())
            before, after = before + size, after + size
            continue
        made, report, why = tie_what_can_be(
            root, TiePlan(rules, plan.source), rescale=rescale, seen=seen, acts=acts
        )
        assert isinstance(made, nn.ModuleDict)
        for at, errors in why.items():
            refused.setdefault(places_of[at], []).extend(errors)
            unused.setdefault(places_of[at], set()).add(part)
        kept = tuple(rule for at, rule in enumerate(rules) if at not in why and (acts is None or acts(rule)))
        if kept:
            tied[part], plans[part] = made[part], TiePlan(kept, plan.source)
        rows.extend(report.layers)
        passed_over.extend(report.passed_over)
        before, after = before + report.parameters_before, after + report.parameters_after
    for at, errors in refused.items():
        if all(part in unused[at] for part, rules in chosen.items() if rules[at]):
            raise errors[0]
        passed_over.extend(dict.fromkeys(map(str, errors)))
    report = TieReport(
        layers=tuple(rows),
        parameters_before=before,
        parameters_after=after,
        passed_over=tuple(passed_over),
    )
    return tied, plans, report


def _choose(roots: Mapping[str, nn.Module], plan: TiePlan) -> dict[str, list[TieRule | None]]:
    """Return the rules of a plan as they read for each net; nothing for those that are of no use there.

    Raises:
        ConfigError: A rule matches no layer of any net, or none that earlier rules leave.
    """
    chosen = {part: [_fit(rule, part, root) for rule in plan.rules] for part, root in roots.items()}
    hidden: dict[int, int] = {}
    for part, root in roots.items():
        for at, by in _hidden(chosen[part], root).items():
            # Elsewhere it may be of use.
            chosen[part][at], hidden[at] = None, by
    for at, rule in enumerate(plan.rules):
        if not any(rules[at] for rules in chosen.values()) and at in hidden:
            raise hidden_rule(plan, at, hidden[at])
        if not any(rules[at] for rules in chosen.values()):
            known = [name for root in roots.values() for name in _names(root)]
            more = f" and {len(known) - 12} more" if len(known) > 12 else ""
            raise ConfigError(
                f"no layer matches `{rule.layers}`, in rule {at + 1} of {plan.source}",
                hint=f"layers that can be tied are {', '.join(known[:12])}{more}"
                if known
                else "there is no layer that can be tied",
            )
    return chosen


def chosen_rules(part: str, net: nn.Module, plan: TiePlan) -> tuple[list[TieRule], dict[str, int]]:
    """Return the rules of a plan, as they read with the name of the one part, and the layers of each.

    Args:
        part: Name of the part.
        net: Its net; numbers are not looked at.
        plan: Which layers to tie, and how.

    Returns:
        The rules; and name of each layer, which begins with the part, to the rule that ties it, by its place.

    Raises:
        ConfigError: A rule matches no layer, or none that earlier rules leave.
    """
    root = nn.ModuleDict({part: net})
    rules = [rule for rule in _choose({part: root}, plan)[part] if rule]
    found = {names[0]: (names, module) for names, module in places(root)}
    matches = match(
        {name: module for name, (_, module) in found.items()},
        {name: names for name, (names, _) in found.items()},
        TiePlan(tuple(rules), plan.source),
    )
    return rules, matches.rule_of


def _names(root: nn.Module) -> list[str]:
    """Return the layers that a plan may name."""
    return [
        name
        for name, layer in root.named_modules()
        if isinstance(layer, TiedLayer) or layers.plain_type(layer) is not None
    ]


def _hidden(rules: Sequence[TieRule | None], root: nn.Module) -> dict[int, int]:
    """Return the places of rules that tie nothing in this part, and of the rule before that ties it all."""
    given = [at for at, rule in enumerate(rules) if rule]
    if not given:
        return {}
    found = {names[0]: (names, module) for names, module in places(root)}
    matches = match(
        {name: module for name, (_, module) in found.items()},
        {name: names for name, (names, _) in found.items()},
        TiePlan(tuple(rule for rule in rules if rule)),
    )
    return {given[at]: given[by] for at, by in matches.hidden.items()}


def _fit(rule: TieRule, part: str, root: nn.Module) -> TieRule | None:
    """Return the rule as it reads with the part's name, or nothing if it matches no layer of the part."""
    modules = dict(root.named_modules())
    names = [
        known for name in _names(root) for known in attention.names(name, modules[name.rpartition(".")[0]])
    ]
    for pattern in (rule.layers, f"{part}.{rule.layers}"):
        if any(replace(rule, layers=pattern).matches(name) for name in names):
            return replace(rule, layers=pattern)
    return None
