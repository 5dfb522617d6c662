"""One run of `tie`: each rule of a plan ties its layers."""

from collections.abc import Callable

from torch import nn

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import eligibility
from tiedtts.tying.eligibility import an
from tiedtts.tying.folded_tie import tie_folded
from tiedtts.tying.group_tie import tie_group
from tiedtts.tying.grouping import group_layers
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.matching import check_used, match, other_layer
from tiedtts.tying.pair_tie import tie_pair
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.report import TieReport
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.tieable import tieable
from tiedtts.tying.workpiece import Workpiece

Acts = Callable[[TieRule], bool]
"""Says of a rule whether it ties its layers now, or only keeps other rules from them."""


class TyingRun:
    """A model that is being tied by a plan.

    Args:
        work: The model; its layers are replaced.
        plan: Which layers to tie, and how.
        acts: Says which rules tie their layers; all do if None.

    Raises:
        ConfigError: A rule matches no layer.
    """

    def __init__(self, work: Workpiece, plan: TiePlan, acts: Acts | None = None) -> None:
        self.work = work
        self.plan = plan
        self.acting = [rule for rule in plan.rules if acts is None or acts(rule)]
        self.rule_of = self._match()
        self.refused: dict[int, list[TiedTTSError]] = {}
        """Why rules tie nothing, by their places in the plan."""

    def __call__(self) -> tuple[nn.Module, TieReport]:
        """Return the tied model, and what tying did to it."""
        for at, rule in enumerate(self.plan.rules):
            if rule in self.acting:
                self._tie_rule(at, rule)
        self.work.put_back()
        self.work.passed_over += self._unreached()
        return self.work.model, self.work.report()

    def _unreached(self) -> list[str]:
        """Return sentences on matrices that rules match, in modules of a kind that no scheme knows."""
        return [
            f"`{f'{name}.{key}'.lstrip('.')}`, a matrix of {an(type(module).__name__)}, cannot be tied: no"
            " scheme knows such a module"
            for name, module in self.work.modules.items()
            if eligibility.holds_matrices(module)
            and any(rule.matches(of) for rule in self.acting for of in self.work.names[name])
            for key, value in module.named_parameters(recurse=False)
            if eligibility.is_matrix(value)
        ]

    def _tie_rule(self, at: int, rule: TieRule) -> None:
        """Tie the layers of a rule; those that it cannot tie are passed over, if there are others."""
        matched = [name for name, by in self.rule_of.items() if by is rule]
        refused: dict[str, TiedTTSError] = {}
        specs: dict[str, LayerSpec] = {}
        for name in matched:
            if name not in self.work.reports:
                try:
                    specs[name] = tieable(self.work, name, rule)
                except ConfigError as error:
                    refused[name] = error
        for group in self._groups(rule, specs, refused):
            try:
                self._tie(rule, specs, group)
            except TiedTTSError as error:
                refused |= dict.fromkeys(group, error)
        if refused and not any(name in self.work.reports for name in matched):
            self.refused[at] = list(refused.values())
            return
        # Several layers may have one reason in common.
        self.work.passed_over += dict.fromkeys(map(str, refused.values()))

    def _tie(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        """Tie layers that are tied together."""
        first = group[0]
        if rule.scheme == "io":
            second = group[1]
            if second in self.work.reports or self.rule_of.get(second, rule) is not rule:
                raise ConfigError(f"`{second}` is the output map of `{first}`, and tied by another rule, too")
            tie_pair(self.work, rule, first, second, specs[first])
        elif rule.scheme == "cluster" and rule.options.into is not None:
            tie_folded(self.work, rule, specs, group, self.rule_of)
        else:
            tie_group(self.work, rule, specs, group)

    def _match(self) -> dict[str, TieRule]:
        """Return the rule of each layer that has one."""
        found = match(self.work.modules, self.work.names, self.plan)
        check_used(found, self.work.modules, self.plan)
        return {name: self.plan.rules[at] for name, at in found.rule_of.items()}

    def _groups(
        self, rule: TieRule, specs: dict[str, LayerSpec], refused: dict[str, TiedTTSError]
    ) -> list[list[str]]:
        """Return which layers are tied together; those that have no other go to `refused`."""
        scheme = SCHEMES[rule.scheme]
        if scheme is Io:
            names = self.work.first_names
            return [[name, other_layer(names, name, rule.options.output, "output")] for name in specs]
        if scheme.ties_layers(rule.options):
            groups, alone = group_layers(specs, rule.options)
            refused.update(alone)
            return groups
        groups, seen = [], set()
        for name in specs:
            if name not in seen:
                groups.append([name, *self.work.twins(name, specs)])
                seen.update(groups[-1])
        return groups
