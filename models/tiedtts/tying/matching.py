"""Matching: the rule of a plan that ties each layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.tying import attention, layers
from tiedtts.tying.eligibility import called
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.tied_layer import TiedLayer


@dataclass(frozen=True)
class Matches:
    """The layers of one model that a plan's rules match."""

    rule_of: dict[str, int]
    """Layer to the rule that ties it, by its place in the plan."""
    unmatched: frozenset[int]
    """Rules that match no layer."""
    hidden: dict[int, int]
    """Rules of which each layer belongs to an earlier one, and the first of those."""


def match(modules: Mapping[str, nn.Module], names: Mapping[str, Sequence[str]], plan: TiePlan) -> Matches:
    """Find the rule of each layer that has one: the first that matches.

    The layer that a rule of `io` names as output map belongs to that rule, whatever later rules match.

    Args:
        modules: By their first names.
        names: First name to all names.
        plan: Plan that ties them.
    """
    fitting: dict[str, list[int]] = {}
    for name, layer in modules.items():
        if isinstance(layer, TiedLayer) or layers.plain_type(layer) is not None:
            above = modules.get(name.rpartition(".")[0])
            known = [each for alias in names[name] for each in attention.names(alias, above)]
            fits = [at for at, rule in enumerate(plan.rules) if any(map(rule.matches, known))]
            if fits:
                fitting[name] = fits
    first_names = {alias: first for first, of in names.items() for alias in of}
    outputs: dict[str, int] = {}
    for name, fits in fitting.items():
        rule = plan.rules[fits[0]]
        other = find_other(first_names, name, rule.options.output) if rule.scheme == "io" else None
        if other in fitting and fits[0] < fitting[other][0]:
            outputs[other] = min(fits[0], outputs.get(other, fits[0]))
    winners: dict[int, set[int]] = {at: set() for at in range(len(plan.rules))}
    for name, fits in fitting.items():
        for at in fits:
            winners[at].add(outputs.get(name, fits[0]))
    return Matches(
        rule_of={name: fits[0] for name, fits in fitting.items() if name not in outputs},
        unmatched=frozenset(at for at, by in winners.items() if not by),
        hidden={at: min(by) for at, by in winners.items() if by and at not in by},
    )


def check_used(matches: Matches, modules: Mapping[str, nn.Module], plan: TiePlan) -> None:
    """Raise if a rule ties nothing.

    Raises:
        ConfigError: Names the rule, and what hides it or what it might have meant.
    """
    for at, rule in enumerate(plan.rules):
        if at in matches.unmatched:
            raise ConfigError(
                f"no layer matches `{rule.layers}`, in rule {at + 1} of {plan.source}",
                hint=_near(rule, modules),
            )
        if at in matches.hidden:
            raise hidden_rule(plan, at, matches.hidden[at])


def hidden_rule(plan: TiePlan, at: int, by: int) -> ConfigError:
    """Return the error of a rule that is never used."""
    return ConfigError(
        f"rule {at + 1} of {plan.source}, `{plan.rules[at].layers}`, is never used: rule {by + 1}, "
        f"`{plan.rules[by].layers}`, matches its layers before",
        hint="the first rule that matches counts: write the narrower one first",
    )


def find_other(first_names: Mapping[str, str], name: str, other: str) -> str | None:
    """Find a layer that an option names: beside `name`, further up, or by its whole name."""
    above = name
    while above:
        above = above.rpartition(".")[0]
        found = first_names.get(f"{above}.{other}".lstrip("."))
        if found is not None and found != name:
            return found
    return None


def other_layer(first_names: Mapping[str, str], name: str, other: str, option: str) -> str:
    """Return the layer that an option of a rule names, see `find_other`.

    Args:
        first_names: Every name to the first name of the same layer.
        name: Layer that the rule ties.
        other: What the option says.
        option: Its own name.

    Raises:
        ConfigError: There is none.
    """
    found = find_other(first_names, name, other)
    if found is not None:
        return found
    raise ConfigError(
        f"`{option}` of the rule for {called(name)} names no other layer: {other}",
        hint="give the name of a layer beside it, or the whole name of any",
    )


def _near(rule: TieRule, modules: Mapping[str, nn.Module]) -> str:
    others = [name for name in modules if name and rule.matches(name)]
    for name in others:
        if any(map(nn.parameter.is_lazy, modules[name].parameters(recurse=False))):
            return f"`{name}` is a {type(modules[name]).__name__}, without weights yet: run the model once"
    if others and any(name.startswith(f"{others[0]}.") for name in modules):
        return f"`{others[0]}` is a {type(modules[others[0]]).__name__}: try `{others[0]}.*`"
    known = [name for name, layer in modules.items() if layers.plain_type(layer) is not None]
    shown = ", ".join(name or "the model itself, which `*` matches" for name in known[:8])
    if known:
        return f"layers that can be tied are {shown}" + (
            f" and {len(known) - 8} more" if len(known) > 8 else ""
        )
    return "the model has no layer that can be tied; one that was scripted or traced is tied before that"
