"""Layers that a rule can tie: a check of each."""

from torch.nn.utils import parametrize

from tiedtts.errors import ConfigError
from tiedtts.tying import eligibility
from tiedtts.tying.eligibility import an, called
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.plan import TieRule
from tiedtts.tying.schemes import SCHEMES, fitting
from tiedtts.tying.structure import UNDO_HINT
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.workpiece import Workpiece


def tieable(work: Workpiece, name: str, rule: TieRule, scheme: type[TiedLayer] | None = None) -> LayerSpec:
    """Describe a layer that a scheme is to tie.

    Args:
        work: The model.
        name: First name of the layer.
        rule: Rule that ties it.
        scheme: That of the rule, if none is given.

    Raises:
        ConfigError: It cannot.
    """
    layer, scheme = work.modules[name], scheme or SCHEMES[rule.scheme]
    if isinstance(layer, TiedLayer):
        raise ConfigError(
            f"{called(name)} is tied already, by `{layer.scheme}`", hint="untie the model first"
        )
    why = eligibility.refusal(layer)
    if why is not None:
        raise ConfigError(f"{called(name)} cannot be tied: {why}", hint=_way_out(why))
    work.check_values(name)
    spec = LayerSpec.of(layer)
    if parametrize.is_parametrized(layer):
        work.make_plain(name, spec)
    why = scheme.refusal(spec, rule.options)
    if why is not None:
        names = [of for of in fitting(spec) if of != rule.scheme]
        raise ConfigError(
            f"{called(name)}, {an(spec.title)}, cannot be tied by `{rule.scheme}`: {why}",
            hint=f"schemes that fit are {', '.join(names)}" if names else "leave it out of the plan",
        )
    return spec


def _way_out(why: str) -> str:
    if "computed from" in why:
        return UNDO_HINT
    if "hooks" in why:
        return "remove them, and set them on the tied model"
    return "leave it out of the plan"
