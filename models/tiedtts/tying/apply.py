"""Ties a model by a plan, and unties it."""

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import eligibility, hubs, stand_ins
from tiedtts.tying.eligibility import an, called
from tiedtts.tying.folding import Passage, passage
from tiedtts.tying.grouping import group_layers
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.matching import check_used, find_other, match
from tiedtts.tying.moments import Moments, Seen
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.refit import folded_bias
from tiedtts.tying.report import TieReport
from tiedtts.tying.schemes import SCHEMES, fitting
from tiedtts.tying.schemes.cluster import Cluster, FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import fold_normed, norm_refusal
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.schemes.share import Share
from tiedtts.tying.structure import UNDO_HINT, check_sharing, copied, own_parameters, places, put
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, of_type, precise, tied_biases
from tiedtts.tying.workpiece import Workpiece

Acts = Callable[[TieRule], bool]
"""Says of a rule whether it ties its layers now, or only keeps other rules from them."""


def tie(
    model: nn.Module, plan: TiePlan, *, rescale: bool = False, seen: Seen | None = None
) -> tuple[nn.Module, TieReport]:
    """Return a tied copy of a model, and what tying did to it. No data is needed.

    What ties layers to each other is kept inside the copy; a layer taken out of it by itself brings a copy of
    what it shares.

    Args:
        model: Any; stays as it is.
        plan: Which layers to tie, and how.
        rescale: Give tied weights the norm of those they replace, as a fresh model wants it before training.
        seen: Moments of weights by their names in the model, see `tiedtts.tying.listening`: layers of which
            some are known are tied so that their outputs change least, and their biases take up what changes
            in the mean.

    Raises:
        ConfigError: A rule matches no layer, or one that its scheme cannot tie, or its tie is learnt.
        TiedTTSError: The model cannot be copied, or is tied in a way that the plan would undo.
    """
    plan.check_without_training()
    tied, report, refused = tie_what_can_be(model, plan, rescale=rescale, seen=seen)
    if refused:
        raise refused[min(refused)][0]
    return tied, report


def tie_what_can_be(
    model: nn.Module,
    plan: TiePlan,
    *,
    rescale: bool = False,
    seen: Seen | None = None,
    acts: Acts | None = None,
) -> tuple[nn.Module, TieReport, dict[int, list[TiedTTSError]]]:
    """Return what `tie` does, and the errors of rules that can tie none of their layers, by their places.

    Args:
        model: The same as for `tie`.
        plan: The same as for `tie`.
        rescale: The same as for `tie`.
        seen: The same as for `tie`.
        acts: Says which rules tie their layers; all do if None.

    Raises:
        ConfigError: A rule matches no layer.
        TiedTTSError: The same as for `tie`.
    """
    tying = _Tying(stand_ins.put_in(copied(model, plan.rules)), plan, rescale, seen or {}, acts)
    tied, report = tying.run()
    tied = stand_ins.take_out(tied)
    stand_ins.keep_out_fused(tied)
    own_parameters(tied, {id(value) for value in model.parameters()})
    hubs.declare(tied)
    return tied, report, tying.refused


def untie(model: nn.Module) -> nn.Module:
    """Return a plain copy of a tied model, with the names and shapes it had before tying."""
    model = copied(model)
    check_sharing(model)
    tied = [(names, layer) for names, layer in places(model) if isinstance(layer, TiedLayer)]
    plain = {id(layer): layer.untie() for _, layer in tied}
    for names, layer in tied:
        if layer.shared_with is not None:
            owner = plain[id(layer.shared_with.layer)]
            for key in layer.twins:
                setattr(plain[id(layer)], key, getattr(owner, key))
        model = put(model, names, plain[id(layer)])
    model = stand_ins.take_out(model)
    stand_ins.let_in_fused(model)
    hubs.declare(model)
    return model


class _Tying:
    """One run of `tie`."""

    def __init__(self, model: nn.Module, plan: TiePlan, rescale: bool, seen: Seen, acts: Acts | None) -> None:
        self.work = Workpiece(model)
        self.plan = plan
        self.acting = [rule for rule in plan.rules if acts is None or acts(rule)]
        self.rescale = rescale
        self.seen = seen
        self.rule_of = self._match()
        self.refused: dict[int, list[TiedTTSError]] = {}
        """Why rules tie nothing, by their places in the plan."""

    def run(self) -> tuple[nn.Module, TieReport]:
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
                    specs[name] = self._spec(name, rule)
                except ConfigError as error:
                    refused[name] = error
        for group in self._groups(rule, specs, refused):
            try:
                if rule.scheme == "io":
                    self._tie_pair(rule, specs, group)
                elif rule.scheme == "cluster":
                    self._tie_cluster(rule, specs, group)
                else:
                    self._tie_group(rule, specs, group)
            except TiedTTSError as error:
                refused |= dict.fromkeys(group, error)
        if refused and not any(name in self.work.reports for name in matched):
            self.refused[at] = list(refused.values())
            return
        # Several layers may have one reason in common.
        self.work.passed_over += dict.fromkeys(map(str, refused.values()))

    def _match(self) -> dict[str, TieRule]:
        """Return the rule of each layer that has one."""
        found = match(self.work.modules, self.work.names, self.plan)
        check_used(found, self.work.modules, self.plan)
        return {name: self.plan.rules[at] for name, at in found.rule_of.items()}

    def _spec(self, name: str, rule: TieRule, scheme: type[TiedLayer] | None = None) -> LayerSpec:
        """Describe a layer that a scheme is to tie.

        Raises:
            ConfigError: It cannot.
        """
        layer, scheme = self.work.modules[name], scheme or SCHEMES[rule.scheme]
        if isinstance(layer, TiedLayer):
            raise ConfigError(
                f"{called(name)} is tied already, by `{layer.scheme}`", hint="untie the model first"
            )
        why = eligibility.refusal(layer)
        if why is not None:
            raise ConfigError(f"{called(name)} cannot be tied: {why}", hint=_way_out(why))
        self.work.check_values(name)
        spec = LayerSpec.of(layer)
        if parametrize.is_parametrized(layer):
            self.work.make_plain(name, spec)
        why = scheme.refusal(spec, rule.options)
        if why is not None:
            names = [of for of in fitting(spec) if of != rule.scheme]
            raise ConfigError(
                f"{called(name)}, {an(spec.title)}, cannot be tied by `{rule.scheme}`: {why}",
                hint=f"schemes that fit are {', '.join(names)}" if names else "leave it out of the plan",
            )
        return spec

    def _groups(
        self, rule: TieRule, specs: dict[str, LayerSpec], refused: dict[str, TiedTTSError]
    ) -> list[list[str]]:
        """Return which layers are tied together; those that have no other go to `refused`."""
        scheme = SCHEMES[rule.scheme]
        if scheme is Io:
            return [[name, self._other(name, rule.options.output, "output")] for name in specs]
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

    def _other(self, name: str, other: str, option: str) -> str:
        """Find a layer that an option names: beside `name`, further up, or by its whole name."""
        found = find_other(self.work.first_names, name, other)
        if found is not None:
            return found
        raise ConfigError(
            f"`{option}` of the rule for {called(name)} names no other layer: {other}",
            hint="give the name of a layer beside it, or the whole name of any",
        )

    def _tie_group(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        scheme = SCHEMES[rule.scheme]
        self.work.check_unshared(group)
        first, twins = group[0], self.work.twins(group[0], group[1:])
        parameters = [dict(self.work.modules[name].named_parameters()) for name in group]
        values: list[dict[str, Values]] = [{} for _ in group]
        for weight in [key for key in parameters[0] if not key.startswith("bias")]:
            originals = [of[weight].detach() for of in parameters]
            spec = specs[group[0]]
            spec = (
                spec if weight == "weight" else LayerSpec.linear(originals[0].shape[1], originals[0].shape[0])
            )
            # Layers that hold one weight are one layer to a scheme that ties no layers to each other.
            together = scheme.ties_layers(rule.options)
            few = originals if together else originals[:1]
            moments = [self._moments(name, weight) for name in group[: len(few)]]
            projected = scheme.project_seen(spec, few, rule.options, moments)
            if self.rescale:
                projected = scheme.rescaled(spec, few, projected, rule.options)
            projected = projected if together else projected * len(group)
            for of, free in zip(values, projected, strict=True):
                of[weight] = of_type(free, originals[0])
        biases = [
            {key: value.detach() for key, value in of.items() if key.startswith("bias")} for of in parameters
        ]
        if rule.bias == "keep":
            biases = [
                self._corrected(scheme, specs[name], name, rule.options, of["weight"], bias)
                if "weight" in of and name not in twins
                else bias
                for name, of, bias in zip(group, values, biases, strict=True)
            ]
        stored = tied_biases(biases, rule.bias, scheme.shares_bias and len(group) > 1)
        made: dict[str, TiedLayer] = {}
        for name, of, bias in zip(group, values, stored, strict=True):
            made[name] = scheme(
                specs[name], rule.options, of, bias, rule.bias, made.get(first), twins.get(name, ())
            )
        for name in twins:
            if not made[name].stands_for_the_weight_of(made[first]):
                raise ConfigError(
                    f"`{first}` and `{name}` hold one `weight`, which `{rule.scheme}` lays out in two ways",
                    hint="leave both out of the plan, or tie them by `codebook` or `cluster`",
                )
        for name, layer in made.items():
            note = "" if name == first else f"weights stored in `{first}`"
            self.work.replace(name, layer, rule, note)

    def _moments(self, name: str, weight: str) -> Moments | None:
        """Return what is known of a weight's inputs and outputs."""
        names = (".".join(filter(None, (of, weight))) for of in self.work.names[name])
        return next((self.seen[of] for of in names if of in self.seen), None)

    def _corrected(
        self,
        scheme: type[TiedLayer],
        spec: LayerSpec,
        name: str,
        options: object,
        values: Values,
        biases: dict[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return biases that take up what a tie changes in mean outputs (Nagel et al., 2019)."""
        seen = self._moments(name, "weight")
        if seen is None or "bias" not in biases or scheme is Share:
            return biases
        shift = seen.shift(scheme.expand(spec, values, options))
        return biases if shift is None else {**biases, "bias": biases["bias"] + shift.to(biases["bias"])}

    def _tie_pair(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        first, second = group
        if second in self.work.reports or self.rule_of.get(second, rule) is not rule:
            raise ConfigError(f"`{second}` is the output map of `{first}`, and tied by another rule, too")
        specs = {first: specs[first], second: self._spec(second, rule)}
        why = Io.pair_refusal(specs[first], specs[second])
        if why is not None:
            raise ConfigError(
                f"`{first}` and `{second}` cannot be tied by `io`: {why}",
                hint="an output map reads as many channels as the input map writes, and the other way round",
            )
        self.work.check_unshared(group)
        weights = [self.work.parameter(name, "weight") for name in group]
        output = Io.output_class(specs[first], specs[second])
        turned = output.project(specs[second], precise(weights[1]), rule.options)["shared"]
        values = of_type({"shared": (precise(weights[0]) + turned) / 2}, weights[0])
        holder: TiedLayer | None = None
        schemes: tuple[type[TiedLayer], ...] = (Io, output)
        for name, scheme in zip(group, schemes, strict=True):
            bias = [{"bias": self.work.parameter(name, "bias")}] if specs[name].has_bias else [{}]
            stored = tied_biases(bias, rule.bias, False)[0]
            layer = scheme(specs[name], rule.options, {"weight": values}, stored, rule.bias, holder)
            note = "" if holder is None else f"weights stored in `{first}`"
            holder = holder or layer
            self.work.replace(name, layer, rule, note)

    def _tie_cluster(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        name = group[0]
        if rule.options.into is None:
            self._tie_group(rule, specs, group)
            return
        into = self._other(name, rule.options.into, "into")
        way = self._passage(specs[name], name, into)
        if isinstance(way, str):
            self._tie_group(rule, specs, group)
            self.work.reports[name] = replace(
                self.work.reports[name],
                note=f"`{into}` left as it is: {way}",
            )
            self.work.passed_over.append(
                f"`{into}` is not folded, so that rows of `{name}` are copied, which takes longer than before"
            )
            return
        for of in filter(None, (name, way.norm, into)):
            self.work.check_unshared([of])
        index, k = self._fold(rule, specs[name], name, into, way.norm)
        reader, columns = self._spec(into, rule, FoldedInput), self.work.parameter(into, "weight")
        kept = {"bias": self.work.parameter(into, "bias")} if reader.has_bias else {}
        free = of_type(FoldedInput.fold(reader, columns, index, k), columns)
        self.work.replace(
            into, FoldedInput(reader, rule.options, {"weight": free}, kept), rule, f"reads `{name}`"
        )

    def _fold(
        self, rule: TieRule, spec: LayerSpec, name: str, into: str, norm: str | None
    ) -> tuple[Tensor, int]:
        """Tie a layer, and the norm that reads it, so that each row is written once; return what a row is of.

        Returns:
            The row of each channel, (O,), and the number of rows.
        """
        weight, seen = self.work.parameter(name, "weight"), self._moments(name, "weight")
        bias = self.work.parameter(name, "bias") if spec.has_bias else None
        note = f"outputs summed in `{into}`"
        if norm is not None:
            layer = self.work.modules[norm]
            folded, tied_norm, error = fold_normed(spec, weight, bias, layer, rule.options, rule.bias, seen)
            self.work.replace(name, folded, rule, note, error)
            self.work.replace(norm, tied_norm, rule, f"norms the rows of `{name}`", 0.0)
            values = folded.values()
            return values["assignment"][0], values["rows"].shape[1]
        kept = bias if rule.bias == "keep" else None
        values = Cluster.project_by(spec, weight, rule.options, seen, kept)
        if self.rescale:
            values = Cluster.rescaled(spec, [weight], [values], rule.options)[0]
        index, k = values["assignment"][0], values["rows"].shape[1]
        stored: Values = {}
        if bias is not None:
            means = folded_bias(bias, index, k)
            stored = tied_biases([{"bias": means if rule.bias == "keep" else bias}], rule.bias, False)[0]
        free, stored = of_type(values, weight), of_type(stored, weight)
        self.work.replace(
            name, FoldedCluster(spec, rule.options, {"weight": free}, stored, rule.bias), rule, note
        )
        return index, k

    def _passage(self, spec: LayerSpec, name: str, into: str) -> Passage | str:
        """Return the way from a layer to the one that is to read its rows, or why it cannot."""
        other = self.work.modules[into]
        if into in self.rule_of or into in self.work.reports:
            return "it is tied by a rule of its own"
        if eligibility.refusal(other) is not None or spec.is_embedding or spec.groups > 1:
            return "only a layer of channels without groups can be folded into another"
        reader = LayerSpec.of(other)
        why = FoldedInput.refusal(reader, None)
        if why is not None:
            return why
        if spec.outputs != reader.inputs or spec.channel_axis != reader.channel_axis:
            return f"{an(reader.title)} does not read the channels of {an(spec.title)}"
        if len(self.work.names[name]) > 1 or len(self.work.names[into]) > 1:
            return "one of the two stands in several places"
        way = passage(self.work.model, name, into)
        if isinstance(way, str) or way.norm is None:
            return way
        if len(self.work.names[way.norm]) > 1:
            return "one of the two stands in several places"
        why = norm_refusal(self.work.modules[way.norm], spec.outputs)
        return way if why is None else f"`{way.norm}` lies between: {why}"


def _way_out(why: str) -> str:
    if "computed from" in why:
        return UNDO_HINT
    if "hooks" in why:
        return "remove them, and set them on the tied model"
    return "leave it out of the plan"
