"""The model that is being tied: its layers are replaced one by one, and each replacement is reported."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from tiedtts.errors import TiedTTSError
from tiedtts.tying.eligibility import called
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments, Seen
from tiedtts.tying.plan import TieRule
from tiedtts.tying.report import LayerReport, TieReport
from tiedtts.tying.schemes.folded_cluster import FoldedInput
from tiedtts.tying.structure import check_sharing, count_parameters, places, put
from tiedtts.tying.tied_layer import TiedLayer, normed_along
from tiedtts.tying.values import precise

_PART = 1 << 20
"""Numbers compared at once."""


class Workpiece:
    """A model while its layers are replaced.

    Args:
        model: Replacements change it.
        rescale: Whether tied weights get the norm of those they replace.
        seen: Moments of weights by their names in the model.

    Raises:
        TiedTTSError: A layer shares weights with one outside the model.
    """

    def __init__(self, model: nn.Module, rescale: bool = False, seen: Seen | None = None) -> None:
        check_sharing(model)
        self.model = model
        self.rescale = rescale
        self._seen = seen or {}
        self.names = {names[0]: names for names, _ in places(model)}
        """First name of a module to all its names."""
        self.modules = {names[0]: layer for names, layer in places(model)}
        """Modules by their first names, the replaced ones included."""
        self.first_names = {alias: names[0] for names in self.names.values() for alias in names}
        self.reports: dict[str, LayerReport] = {}
        self.passed_over: list[str] = []
        """Sentences on layers that stay as they are, though a rule matches them."""
        self._before = count_parameters(model)
        self._normed: dict[str, nn.Module] = {}
        """Layers whose parameters are computed, in whose place plain ones are."""

    def report(self) -> TieReport:
        """Return what the replacements changed."""
        order = {name: at for at, name in enumerate(self.modules)}
        rows = tuple(self.reports[name] for name in sorted(self.reports, key=order.__getitem__))
        return TieReport(
            layers=rows,
            parameters_before=self._before,
            parameters_after=count_parameters(self.model),
            passed_over=tuple(self.passed_over),
        )

    def parameter(self, layer: str, name: str) -> Tensor:
        """Return a parameter of a layer, without its gradient."""
        parameter = getattr(self.modules[layer], name)
        assert isinstance(parameter, Tensor), (layer, name)
        return parameter.detach()

    def moments(self, layer: str, weight: str) -> Moments | None:
        """Return what is known of a weight's inputs and outputs."""
        names = (".".join(filter(None, (of, weight))) for of in self.names[layer])
        return next((self._seen[of] for of in names if of in self._seen), None)

    def make_plain(self, name: str, spec: LayerSpec) -> None:
        """Put a plain layer in the place of one whose parameters are computed.

        torch's `remove_parametrizations` changes the class of the layer, which is the first model's too.
        """
        layer = self.modules[name]
        own = {key: getattr(layer, key) for key in spec.shapes()}
        plain = spec.plain({key: value.detach() for key, value in own.items()}).train(layer.training)
        for key, value in plain.named_parameters():
            value.requires_grad_(own[key].requires_grad)
        self.model = put(self.model, self.names[name], plain)
        self._normed.setdefault(name, self.modules[name])
        self.modules[name] = plain

    def put_back(self) -> None:
        """Put layers back whose parameters are computed, and that nothing was put in the place of."""
        for name, layer in self._normed.items():
            if name not in self.reports:
                self.model = put(self.model, self.names[name], layer)
                self.modules[name] = layer

    def check_values(self, name: str) -> None:
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

    def twins(self, name: str, among: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return other layers that hold this one's weight, and the parameters that both have in common."""
        own = {id(value): key for key, value in self.modules[name].named_parameters(recurse=False)}
        found = {}
        for other in among:
            common = tuple(
                key
                for key, value in self.modules[other].named_parameters(recurse=False)
                if own.get(id(value)) == key
            )
            if other != name and "weight" in common:
                found[other] = common
        return found

    def check_unshared(self, group: Sequence[str]) -> None:
        """Raise if tying these layers would part them from others that hold the same parameters."""
        own = {id(value): name for name in group for value in self.modules[name].parameters()}
        for name, module in self.modules.items():
            for key, value in module.named_parameters(recurse=False):
                if id(value) in own and name not in group:
                    raise TiedTTSError(
                        f"`{own[id(value)]}` and `{name}` hold one `{key}`, and this plan would part them",
                        hint="tie both by one rule, or as the maps of `io`, or leave both out",
                    )

    def replace(
        self, name: str, layer: TiedLayer, rule: TieRule, note: str, error: float | None = None
    ) -> None:
        """Put a tied layer in the place of a plain one, and report it.

        Args:
            name: Name of the plain layer.
            layer: The tied one.
            rule: Rule that ties it.
            note: A remark for the report.
            error: Norm of the change of its weights over their norm, if these two do not tell it.
        """
        old = self.modules[name]
        layer.train(old.training)
        layer.normed_along = normed_along(self._normed.get(name, old))
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
        if error is None:
            # To sum columns changes nothing; what equal channels cost, the layer before them says.
            error = 0.0 if isinstance(layer, FoldedInput) or not energy else (change / energy) ** 0.5
        self.reports[name] = LayerReport(
            layer=name,
            scheme=rule.scheme,
            kind=layer.kind,
            parameters_before=was_size,
            parameters_after=size,
            bytes_before=sum(value.nbytes for value in before.values()),
            bytes_after=sum(value.nbytes for value in (*layer.parameters(), *layer.buffers())),
            error=error,
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
