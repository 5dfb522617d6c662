"""Learned ties: weights in training are pulled towards each other until they are equal and merge."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.errors import ConfigError
from tiedtts.tying import hubs, layers, stand_ins
from tiedtts.tying.apply import tie_what_can_be
from tiedtts.tying.eligibility import called
from tiedtts.tying.matching import find_other
from tiedtts.tying.plan import TiePlan
from tiedtts.tying.refit import refit, soften
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import FoldedNorm
from tiedtts.tying.structure import places, put
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.tying_run import Acts


class LearnedTies(nn.Module):
    """Layers of a model as they would be if they were tied now; the model's own are pulled towards them.

    Rows that are alike (`cluster`) are found by k-means, layers along depth (`share`) by their names. After
    each step of the optimiser, every weight goes a share of the way to where the tie would have it: rows to
    their group's mean, layers to their common weight or, with a `rank`, to the nearest common weight with a
    difference of that rank. As the share grows to 1, members become equal, and `merge` puts the tied layers
    in the places of the plain ones, which changes nothing any more.

    Weights that a penalty draws to the centres of clusters while they are trained: Nowlan and Hinton,
    "Simplifying neural networks by soft weight-sharing", 1992, and Ullrich et al., "Soft weight-sharing for
    neural network compression", 2017, for single weights, with centres that are learnt as well; clusters
    that are found again as weights move: Cho et al., "DKM: Differentiable k-means clustering layer for neural
    network compression", 2022.

    Args:
        model: In training; it is not changed here, and must not be replaced as a whole.
        plan: Its rules with `learn` are learnt; others must have tied their layers already.
        acts: Says which rules are learnt here; all with `learn` if None.

    Raises:
        ConfigError: No rule acts, a rule matches no layer, or a layer that cannot be tied or pulled.
        TiedTTSError: The model cannot be copied.
    """

    def __init__(self, model: nn.Module, plan: TiePlan, acts: Acts | None = None) -> None:
        super().__init__()
        acts = acts or (lambda rule: rule.learn is not None)
        if not any(map(acts, plan.rules)):
            raise ConfigError(
                f"{plan.source} has no rule with `learn`", hint="write `learn = true` in a rule"
            )
        tied, report, refused = tie_what_can_be(model, plan, acts=acts)
        if refused:
            raise refused[min(refused)][0]
        found = {names[0]: (names, module) for names, module in places(model)}
        made = {
            names[0]: layer
            for names, layer in places(tied)
            if isinstance(layer, TiedLayer)
            and not (names[0] in found and isinstance(found[names[0]][1], TiedLayer))
        }
        if norm := next((name for name, layer in made.items() if isinstance(layer, FoldedNorm)), None):
            raise ConfigError(
                f"a tie that folds the norm `{norm}` cannot be learnt: its statistics would change meanwhile",
                hint="leave `into` out of the rule's options, or `learn` out, which ties before training",
            )
        for name in made:
            self._check(name, found.get(name, ([], None))[1])
        self.names = {name: found[name][0] for name in made}
        """First name of each layer to all its names."""
        self.passed_over = report.passed_over
        """Sentences on layers that stay as they are, though a rule matches them."""
        self.layers = nn.ModuleList(made.values())
        first_names = {alias: names[0] for names, _ in found.values() for alias in names}
        self._readers = {
            reader: name
            for name, layer in made.items()
            if isinstance(layer, FoldedCluster)
            and (reader := find_other(first_names, name, layer.options.into)) is not None
        }

    @staticmethod
    def _check(name: str, plain: nn.Module | None) -> None:
        """Refuse a layer whose weights cannot be pulled."""
        if plain is not None and parametrize.is_parametrized(plain):
            why = "its weights are computed from others"
        elif plain is None or layers.plain_type(plain) is not type(plain):
            why = "it is part of one that is tied as a whole, or none of torch's own"
        else:
            return
        raise ConfigError(
            f"the tie of {called(name)} cannot be learnt: {why}",
            hint="leave it out of the rule, or leave `learn` out, which ties it before training",
        )

    @property
    def _tied(self) -> dict[str, TiedLayer]:
        found: dict[str, TiedLayer] = {}
        for name, layer in zip(self.names, self.layers, strict=True):
            assert isinstance(layer, TiedLayer)
            found[name] = layer
        return found

    def weights(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the parameters that are pulled, by their names in the model."""
        return {
            f"{name}.{key}".lstrip("."): getattr(model.get_submodule(name), key)
            for name, layer in self._tied.items()
            # What reads a folded layer may read its channels in as many ways as it likes.
            if not isinstance(layer, FoldedInput)
            for key in layer.spec.shapes()
        }

    @torch.no_grad()
    def regroup(self, model: nn.Module) -> None:
        """Find anew which rows are one, and ways into differences, from where they were."""
        refit(self._tied, model, self._readers, regroup=True)

    @torch.no_grad()
    def pull(self, model: nn.Module, strength: float, softness: float = 0.0) -> None:
        """Bring each weight a share of the way to where the tie has it; with 1 they are there.

        Args:
            model: It is changed.
            strength: The share, 0 to 1.
            softness: Temperature of the groups of `cluster`, in mean distances of rows from their centres;
                with 0, each row is drawn to its own group alone.
        """
        soft = {
            f"{name}.{key}".lstrip("."): value
            for name, layer in (self._tied.items() if softness else ())
            if isinstance(layer, Cluster) and layer.shared_with is None
            for key, value in soften(layer, model.get_submodule(name), softness).items()
        }
        for name, own, wanted in self._pairs(model):
            own.lerp_(soft.get(name, wanted).to(own), strength)

    @torch.no_grad()
    def distance(self, model: nn.Module) -> float:
        """Return how far weights are from where the tie has them, over the norm of the weights."""
        way = size = 0.0
        for _, own, wanted in self._pairs(model):
            way += float((own - wanted).square().sum())
            size += float(own.square().sum())
        return (way / size) ** 0.5 if size else 0.0

    def _pairs(self, model: nn.Module) -> list[tuple[str, Tensor, Tensor]]:
        """Return each parameter that is pulled, and what it is pulled to, with its name."""
        tied = self._tied
        refit(tied, model, self._readers)
        wanted = {
            f"{name}.{key}".lstrip("."): value
            for name, layer in tied.items()
            for key, value in layer.parameters_in_full().items()
        }
        return [(name, own.data, wanted[name]) for name, own in self.weights(model).items()]

    @torch.no_grad()
    def merge(self, model: nn.Module) -> nn.Module:
        """Put the tied layers in the places of the plain ones.

        Args:
            model: It is changed; its other parameters stay the objects that they are.

        Returns:
            The model, or the tied layer if it was a layer itself.
        """
        refit(self._tied, model, self._readers)
        learns = {id(value): value.requires_grad for value in model.parameters()}
        for name, layer in self._tied.items():
            old = model.get_submodule(name)
            layer.train(old.training)
            for key, value in old.named_parameters():
                for stored in layer.stored_for(key):
                    stored.requires_grad_(learns[id(value)])
            model = put(model, self.names[name], layer)
        stand_ins.keep_out_fused(model)
        hubs.declare(model)
        return model
