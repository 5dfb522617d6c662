"""Ties a model by a plan, and unties it."""

from torch import nn

from tiedtts.errors import TiedTTSError
from tiedtts.tying import hubs, stand_ins
from tiedtts.tying.moments import Seen
from tiedtts.tying.plan import TiePlan
from tiedtts.tying.report import TieReport
from tiedtts.tying.structure import check_sharing, copied, own_parameters, places, put
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.tying_run import Acts, TyingRun
from tiedtts.tying.workpiece import Workpiece


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
    work = Workpiece(stand_ins.put_in(copied(model, plan.rules)), rescale, seen)
    run = TyingRun(work, plan, acts)
    tied, report = run()
    tied = stand_ins.take_out(tied)
    stand_ins.keep_out_fused(tied)
    own_parameters(tied, {id(value) for value in model.parameters()})
    hubs.declare(tied)
    return tied, report, run.refused


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
