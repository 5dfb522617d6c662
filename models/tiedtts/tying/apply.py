"""Ties a model by a plan, and unties it."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import layers
from tiedtts.tying.folding import fold_refusal
from tiedtts.tying.grouping import group_layers
from tiedtts.tying.layers import LayerSpec, called
from tiedtts.tying.matching import check_used, claim, find_other
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.report import LayerReport, TieReport
from tiedtts.tying.schemes import SCHEMES, fitting
from tiedtts.tying.schemes.cluster import Cluster, FoldedCluster, FoldedInput
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.tied_layer import TiedLayer, Values, precise, rescaled, tied_biases

_PART = 1 << 20
"""Numbers compared at once."""


def tie(model: nn.Module, plan: TiePlan, *, rescale: bool = False) -> tuple[nn.Module, TieReport]:
    """Return a tied copy of a model, and what tying did to it. No data is needed.

    What ties layers to each other is kept inside the copy; a layer taken out of it by itself brings a copy of
    what it shares.

    Args:
        model: Any; stays as it is.
        plan: Which layers to tie, and how.
        rescale: Give tied weights the norm of those they replace, as a fresh model wants it before training.

    Raises:
        ConfigError: A rule matches no layer, or one that its scheme cannot tie.
        TiedTTSError: The model cannot be copied, or is tied in a way that the plan would undo.
    """
    return _Tying(_copied(model, plan.rules), plan, rescale).run()


def untie(model: nn.Module) -> nn.Module:
    """Return a plain copy of a tied model, with the names and shapes it had before tying."""
    model = _copied(model)
    check_owners(model)
    for names, layer in places(model):
        if isinstance(layer, TiedLayer):
            model = put(model, names, layer.untie())
    return model


def tie_map(model: nn.Module) -> dict[str, list[str]]:
    """Return the names of layers that store values for others, and the names of those others."""
    check_owners(model)
    found = list(places(model))
    name_of = {id(layer): names[0] for names, layer in found}
    owned: dict[str, list[str]] = {}
    for names, layer in found:
        if isinstance(layer, TiedLayer) and layer.owner is not None:
            owned.setdefault(name_of[id(layer.owner.layer)], []).append(names[0])
    return owned


def check_owners(model: nn.Module) -> None:
    """Raise if a layer's values are stored in a layer that is no longer part of the model.

    Raises:
        TiedTTSError: Names the layer.
    """
    here = {id(module) for module in model.modules()}
    for name, layer in model.named_modules():
        if isinstance(layer, TiedLayer) and layer.owner is not None and id(layer.owner.layer) not in here:
            raise TiedTTSError(
                f"`{name}` shares weights with a layer that is not in the model any more",
                hint="untie the model before layers are replaced or taken out",
            )


class _Tying:
    """One run of `tie`."""

    def __init__(self, model: nn.Module, plan: TiePlan, rescale: bool) -> None:
        check_owners(model)
        self.model = model
        self.plan = plan
        self.rescale = rescale
        self.names = {names[0]: names for names, _ in places(model)}
        self.modules = {names[0]: layer for names, layer in places(model)}
        self.first_names = {alias: names[0] for names in self.names.values() for alias in names}
        self.rule_of = self._claim()
        self.reports: dict[str, LayerReport] = {}
        self.before = _stored(model)

    def run(self) -> tuple[nn.Module, TieReport]:
        for rule in self.plan.rules:
            claimed = [name for name, by in self.rule_of.items() if by is rule]
            specs = {name: self._spec(name, rule) for name in claimed if name not in self.reports}
            for group in self._groups(rule, specs):
                if rule.scheme == "io":
                    self._tie_pair(rule, specs, group)
                elif rule.scheme == "cluster":
                    self._tie_cluster(rule, specs, group[0])
                else:
                    self._tie_group(rule, specs, group)
        order = {name: at for at, name in enumerate(self.modules)}
        rows = tuple(self.reports[name] for name in sorted(self.reports, key=order.__getitem__))
        return self.model, TieReport(
            layers=rows, parameters_before=self.before, parameters_after=_stored(self.model)
        )

    def _claim(self) -> dict[str, TieRule]:
        """Return the rule of each layer that has one."""
        claims = claim(self.modules, self.names, self.plan)
        for name in claims.rule_of:
            layer = self.modules[name]
            if isinstance(layer, TiedLayer):
                raise ConfigError(
                    f"{called(name)} is tied already, by `{layer.scheme}`", hint="untie the model first"
                )
        check_used(claims, self.modules, self.plan)
        return {name: self.plan.rules[at] for name, at in claims.rule_of.items()}

    def _spec(self, name: str, rule: TieRule, scheme: type[TiedLayer] | None = None) -> LayerSpec:
        """Describe a layer that a scheme is to tie.

        Raises:
            ConfigError: It cannot.
        """
        layer, scheme = self.modules[name], scheme or SCHEMES[rule.scheme]
        why = layers.refusal(layer)
        if why is not None:
            raise ConfigError(f"{called(name)} cannot be tied: {why}", hint=_way_out(why))
        self._check_weights(name)
        spec = LayerSpec.of(layer)
        if parametrize.is_parametrized(layer):
            self._fold_norm(name, spec)
        why = scheme.refusal(spec, rule.options)
        if why is not None:
            names = [of for of in fitting(spec) if of != rule.scheme]
            raise ConfigError(
                f"{called(name)}, a {spec.title}, cannot be tied by `{rule.scheme}`: {why}",
                hint=f"schemes that fit are {', '.join(names)}" if names else "leave it out of the plan",
            )
        return spec

    def _fold_norm(self, name: str, spec: LayerSpec) -> None:
        """Put a plain layer in the place of one whose parameters are computed.

        torch's `remove_parametrizations` changes the class of the layer, which is the first model's too.
        """
        layer = self.modules[name]
        own = {key: getattr(layer, key) for key in spec.shapes()}
        plain = spec.plain({key: value.detach() for key, value in own.items()}).train(layer.training)
        for key, value in plain.named_parameters():
            value.requires_grad_(own[key].requires_grad)
        self.model = put(self.model, self.names[name], plain)
        self.modules[name] = plain

    def _check_weights(self, name: str) -> None:
        """Raise if a layer has no numbers that could be tied."""
        for key, value in self.modules[name].named_parameters():
            if value.is_meta:
                raise TiedTTSError(
                    f"`{key}` of {called(name)} has no values: it is on torch's `meta` device",
                    hint="load the weights first",
                )
            if not all(bool(part.isfinite().all()) for part in _parts(value)):
                raise TiedTTSError(
                    f"`{key}` of {called(name)} holds numbers that are not finite",
                    hint="its training failed: take an earlier checkpoint",
                )

    def _groups(self, rule: TieRule, specs: dict[str, LayerSpec]) -> list[list[str]]:
        scheme = SCHEMES[rule.scheme]
        if scheme is Io:
            return [[name, self._other(name, rule.options.output, "output")] for name in specs]
        if scheme.ties_layers(rule.options):
            return group_layers(specs, rule.options)
        return [[name] for name in specs]

    def _other(self, name: str, other: str, option: str) -> str:
        """Find a layer that an option names: beside `name`, further up, or by its whole name."""
        found = find_other(self.first_names, name, other)
        if found is not None:
            return found
        raise ConfigError(
            f"`{option}` of the rule for {called(name)} names no other layer: {other}",
            hint="give the name of a layer beside it, or the whole name of any",
        )

    def _tie_group(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        scheme = SCHEMES[rule.scheme]
        self._check_parameters(group)
        parameters = [dict(self.modules[name].named_parameters()) for name in group]
        values: list[dict[str, Values]] = [{} for _ in group]
        for weight in [key for key in parameters[0] if not key.startswith("bias")]:
            originals = [of[weight].detach() for of in parameters]
            spec = specs[group[0]]
            spec = (
                spec if weight == "weight" else LayerSpec.linear(originals[0].shape[1], originals[0].shape[0])
            )
            projected = scheme.project_group(spec, originals, rule.options)
            if self.rescale:
                projected = rescaled(scheme, spec, originals, projected, rule.options)
            for of, free in zip(values, projected, strict=True):
                of[weight] = _typed(free, originals[0])
        biases = [
            {key: value.detach() for key, value in of.items() if key.startswith("bias")} for of in parameters
        ]
        stored = tied_biases(biases, rule.bias, scheme.shares_bias and len(group) > 1)
        owner: TiedLayer | None = None
        for name, of, bias in zip(group, values, stored, strict=True):
            layer = scheme(specs[name], rule.options, of, bias, rule.bias, owner)
            note = "" if owner is None else f"weights stored in `{group[0]}`"
            owner = owner or layer
            self._replace(name, layer, rule, note)

    def _tie_pair(self, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
        first, second = group
        if second in self.reports or self.rule_of.get(second, rule) is not rule:
            raise ConfigError(f"`{second}` is the output map of `{first}`, and tied by another rule, too")
        specs = {first: specs[first], second: self._spec(second, rule)}
        why = Io.pair_refusal(specs[first], specs[second])
        if why is not None:
            raise ConfigError(
                f"`{first}` and `{second}` cannot be tied by `io`: {why}",
                hint="an output map reads as many channels as the input map writes, and the other way round",
            )
        self._check_parameters(group)
        weights = [self._parameter(name, "weight") for name in group]
        output = Io.output_class(specs[first], specs[second])
        turned = output.project(specs[second], precise(weights[1]), rule.options)["shared"]
        values = _typed({"shared": (precise(weights[0]) + turned) / 2}, weights[0])
        owner: TiedLayer | None = None
        schemes: tuple[type[TiedLayer], ...] = (Io, output)
        for name, scheme in zip(group, schemes, strict=True):
            bias = [{"bias": self._parameter(name, "bias")}] if specs[name].has_bias else [{}]
            stored = tied_biases(bias, rule.bias, False)[0]
            layer = scheme(specs[name], rule.options, {"weight": values}, stored, rule.bias, owner)
            note = "" if owner is None else f"weights stored in `{first}`"
            owner = owner or layer
            self._replace(name, layer, rule, note)

    def _tie_cluster(self, rule: TieRule, specs: dict[str, LayerSpec], name: str) -> None:
        if rule.options.into is None:
            self._tie_group(rule, specs, [name])
            return
        into = self._other(name, rule.options.into, "into")
        why = self._fold_refusal(specs[name], name, into)
        if why is not None:
            self._tie_group(rule, specs, [name])
            self.reports[name] = replace(self.reports[name], note=f"`{into}` left as it is: {why}")
            return
        self._check_parameters([name])
        self._check_parameters([into])
        spec, weight = specs[name], self._parameter(name, "weight")
        bias = self._parameter(name, "bias") if spec.has_bias else None
        values = Cluster.project(spec, weight, rule.options, bias if rule.bias == "keep" else None)
        if self.rescale:
            values = rescaled(Cluster, spec, [weight], [values], rule.options)[0]
        index, k = values["assignment"][0], values["rows"].shape[1]
        stored: Values = {}
        if bias is not None:
            counts = torch.bincount(index.int(), minlength=k).clamp(min=1)
            means = precise(bias).new_zeros(k).index_add_(0, index.int(), precise(bias)) / counts
            stored = tied_biases([{"bias": means if rule.bias == "keep" else bias}], rule.bias, False)[0]
        folded = FoldedCluster(
            spec, rule.options, {"weight": _typed(values, weight)}, _typed(stored, weight), rule.bias
        )
        reader, columns = self._spec(into, rule, FoldedInput), self._parameter(into, "weight")
        kept = {"bias": self._parameter(into, "bias")} if reader.has_bias else {}
        free = _typed(FoldedInput.fold(reader, columns, index, k), columns)
        self._replace(name, folded, rule, f"outputs summed in `{into}`")
        self._replace(
            into, FoldedInput(reader, rule.options, {"weight": free}, kept), rule, f"reads `{name}`"
        )

    def _fold_refusal(self, spec: LayerSpec, name: str, into: str) -> str | None:
        other = self.modules[into]
        if into in self.rule_of or into in self.reports:
            return "it is tied by a rule of its own"
        if layers.refusal(other) is not None or spec.is_embedding or spec.groups > 1:
            return "only a layer of channels without groups can be folded into another"
        reader = LayerSpec.of(other)
        why = FoldedInput.refusal(reader, None)
        if why is not None:
            return why
        if spec.outputs != reader.inputs or spec.channel_axis != reader.channel_axis:
            return f"a {reader.title} does not read the channels of a {spec.title}"
        if len(self.names[name]) > 1 or len(self.names[into]) > 1:
            return "one of the two stands in several places"
        return fold_refusal(self.model, name, into)

    def _parameter(self, layer: str, name: str) -> Tensor:
        parameter = getattr(self.modules[layer], name)
        assert isinstance(parameter, Tensor), (layer, name)
        return parameter.detach()

    def _check_parameters(self, group: Sequence[str]) -> None:
        """Raise if tying these layers would part them from others that hold the same parameters."""
        own = {id(value): name for name in group for value in self.modules[name].parameters()}
        for name, module in self.modules.items():
            for key, value in module.named_parameters(recurse=False):
                if id(value) in own and name not in group:
                    raise TiedTTSError(
                        f"`{own[id(value)]}` and `{name}` hold one `{key}`, and this plan would part them",
                        hint="tie both in one group of `share`, or as the maps of `io`, or leave both out",
                    )

    def _replace(self, name: str, layer: TiedLayer, rule: TieRule, note: str) -> None:
        old = self.modules[name]
        layer.train(old.training)
        before = dict(old.named_parameters())
        own = {id(value) for value in layer.parameters()}
        for key, was in before.items():
            for stored in layer.stored_for(key):
                # What is frozen here may be trained for another layer that shares it.
                if id(stored) in own or was.requires_grad:
                    stored.requires_grad_(was.requires_grad)
        with torch.no_grad():
            full = layer.parameters_in_full()
        size, was_size = (sum(value.numel() for value in of.parameters()) for of in (layer, old))
        if size > was_size:
            note = "; ".join(filter(None, (note, "stores more than the plain layer")))
        weights = [key for key in before if not key.startswith("bias")]
        change = sum(_energy(before[key], full[key]) for key in weights)
        energy = sum(_energy(before[key]) for key in weights)
        self.reports[name] = LayerReport(
            layer=name,
            scheme=rule.scheme,
            kind=layer.kind,
            parameters_before=was_size,
            parameters_after=size,
            bytes_before=sum(value.nbytes for value in before.values()),
            bytes_after=sum(value.nbytes for value in (*layer.parameters(), *layer.buffers())),
            # To sum columns changes nothing; what equal channels cost, the layer before them says.
            error=0.0 if isinstance(layer, FoldedInput) or not energy else (change / energy) ** 0.5,
            note=note,
        )
        self.model = put(self.model, self.names[name], layer)
        self.modules[name] = layer


def _energy(values: Tensor, less: Tensor | None = None) -> float:
    """Return the sum of squares, of a difference if there are two, without a copy of a large tensor."""
    total = 0.0
    others = None if less is None else _parts(less)
    for at, part in enumerate(_parts(values)):
        numbers = precise(part) if others is None else precise(part) - precise(others[at])
        total += float(numbers.square().sum())
    return total


def _parts(values: Tensor) -> Sequence[Tensor]:
    return torch.split(values.detach().reshape(-1), _PART)


_UNDO = "undo weight norm or pruning first: `remove_weight_norm`, `remove_spectral_norm`, `prune.remove`"


def _way_out(why: str) -> str:
    if "computed from" in why:
        return _UNDO
    if "hooks" in why:
        return "remove them, and set them on the tied model"
    return "leave it out of the plan"


def _typed(values: Values, like: Tensor) -> Values:
    return {name: of.to(like.dtype) if of.is_floating_point() else of for name, of in values.items()}


def _copied(model: nn.Module, rules: Sequence[TieRule] = ()) -> nn.Module:
    """Return a copy, in which layers that rules will replace hold the first model's parameters."""
    for name, value in model.named_parameters():
        if nn.parameter.is_lazy(value):
            raise TiedTTSError(
                f"`{name}` has no size yet, and no values",
                hint="run the model once, on any input that fits it",
            )
    memo: dict[int, Any] = {}
    for names, layer in places(model):
        if layers.plain_type(layer) is type(layer) and any(r.matches(n) for r in rules for n in names):
            memo.update((id(value), value) for value in layer.parameters())
    try:
        return copy.deepcopy(model, memo)
    except RuntimeError as error:
        raise TiedTTSError(
            f"the model cannot be copied: {str(error).splitlines()[0]}",
            hint=_UNDO,
        ) from error


def places(model: nn.Module) -> Iterator[tuple[list[str], nn.Module]]:
    """Yield every module once, with all its names."""
    names: dict[int, list[str]] = {}
    modules = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(id(module), []).append(name)
        modules[id(module)] = module
    for key, module in modules.items():
        yield names[key], module


def put(model: nn.Module, names: Sequence[str], layer: nn.Module) -> nn.Module:
    """Put a layer where these names lead; return the model, which is the layer itself for an empty name."""
    for name in names:
        if not name:
            return layer
        parent, _, last = name.rpartition(".")
        # A parent with two names is found at both, and has the layer already at the second.
        setattr(model.get_submodule(parent), last, layer)
    return model


def _stored(model: nn.Module) -> int:
    return sum(value.numel() for value in model.parameters())
