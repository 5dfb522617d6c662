"""Batch norm between a clustered layer and its reader: of as many channels as there are rows."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.schemes.cluster_options import ClusterOptions
from tiedtts.tying.schemes.folded_cluster import FoldedCluster
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Bias, Values, of_type, precise

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
"""Modules that map each channel by its own mean, variance, factor and bias."""
_STATISTICS = ("means", "variances")
"""Values that training does not change: it observes them."""


def norm_refusal(norm: nn.Module, channels: int) -> str | None:
    """Return why nothing can be folded through a norm, or nothing."""
    assert isinstance(norm, _BatchNorm)
    if norm.num_features != channels:
        return "it norms something else than the channels"
    if norm.running_mean is None:
        return "it has no statistics of its own, but takes those of its input"
    return None


def norm_spec(norm: nn.Module) -> LayerSpec:
    """Describe a batch norm."""
    names = ("num_features", "eps", "momentum", "affine", "track_running_stats")
    return LayerSpec(type(norm), {name: getattr(norm, name) for name in names})


@dataclass(frozen=True)
class Normed:
    """A layer and the batch norm that reads it, as one map: (O, ...) rows and what is added to outputs."""

    gains: Tensor
    """Factor of each channel, (O,)."""
    shifts: Tensor
    """The sum to add, (O,), biases of both included."""
    deviations: Tensor
    """Standard deviation of each output, (O,)."""
    means: Tensor
    """Mean of each output, (O,)."""

    @classmethod
    def of(cls, norm: nn.Module, bias: Tensor | None) -> "Normed":
        """Return what a norm in evaluation does to a layer with this bias, (O,)."""
        assert isinstance(norm, _BatchNorm)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = precise(norm.running_mean), precise(norm.running_var)
        factor = precise(norm.weight.detach()) if norm.affine else torch.ones_like(mean)
        added = precise(norm.bias.detach()) if norm.affine else torch.zeros_like(mean)
        gains = factor / (variance + norm.eps).sqrt()
        own = torch.zeros_like(mean) if bias is None else precise(bias)
        return cls(gains, gains * (own - mean) + added, (gains * variance.sqrt()).abs(), added)


class FoldedNorm(TiedLayer):
    """A batch norm of the rows of a `FoldedCluster`, whose statistics fit the merged rows.

    A row that is the mean of several is quieter than these, and the statistics of no one of them are its own:
    it gets the variance that the mean has, and the factor that gives it the mean variance of the channels it
    stands for (Jordan et al., "REPAIR: REnormalizing Permuted Activations for Interpolation Repair", 2023).
    With data, the variance is measured; without, channels are as alike as their rows are (Wang et al.,
    "Forget the Data and Fine-Tuning! Just Fold the Network to Compress", 2025).

    Free values: `gains`, `biases`, (k,), if the plain norm has factors, `means`, `variances`, (k,), and
    `assignment`, (C,), the same as that of the layer before.
    """

    scheme = "cluster"
    kind = "structural"
    options_type = ClusterOptions
    scale_of = "gains"

    def _register(self, name: str, value: Tensor) -> None:
        if name in _STATISTICS:
            self.register_buffer(name, value.detach().clone())
            return
        super()._register(name, value)

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return nothing: what cannot be folded, `norm_refusal` says."""
        return None

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Return the factor of each channel; of a norm that has none, ones."""
        index = values["assignment"].int()
        return values.get("gains", torch.ones_like(values["means"])).index_select(0, index)

    def full(self, name: str) -> Tensor | None:
        """Return a parameter of the plain norm by its name."""
        values = self.values()
        if name == "weight":
            return self.expand(self.spec, values, self.options)
        return values["biases"].index_select(0, values["assignment"].int())

    def parameters_in_full(self) -> dict[str, Tensor]:
        """Return the parameters of the plain norm, which may have none."""
        full = {name: self.full(name) for name in self._shapes}
        return {name: value for name, value in full.items() if value is not None}

    def stored_for(self, name: str) -> list[Tensor]:
        """Return the trained values behind a parameter."""
        return [self.values()["gains" if name == "weight" else "biases"]]

    def untie(self) -> nn.Module:
        """Return the plain norm, with the statistics that channels have in common."""
        made = super().untie()
        values = self.values()
        index = values["assignment"].int()
        for name, of in (("running_mean", "means"), ("running_var", "variances")):
            setattr(made, name, values[of].index_select(0, index).clone())
        made.num_batches_tracked = torch.zeros((), dtype=torch.long, device=index.device)
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Norm (B, k, ...); in training by the statistics of the input, which are kept as well."""
        values, arguments = self.values(), self.spec.arguments
        momentum = arguments["momentum"]
        return F.batch_norm(
            x,
            values["means"],
            values["variances"],
            values.get("gains"),
            values.get("biases"),
            training=self.training,
            # Without a momentum, torch takes the mean over all batches, whose number is not known here.
            momentum=0.1 if momentum is None else momentum,
            eps=arguments["eps"],
        )


def fold_normed(
    spec: LayerSpec,
    weight: Tensor,
    bias: Tensor | None,
    norm: nn.Module,
    options: ClusterOptions,
    mode: Bias,
    seen: Moments | None,
) -> tuple[FoldedCluster, FoldedNorm, float]:
    """Tie a layer, and the norm that reads it, so that both have a channel for each row.

    Args:
        spec: The plain layer.
        weight: Its weight.
        bias: Its bias, (O,), if it has one; the norm takes it up.
        norm: The plain norm.
        options: How many rows stay, and what makes them alike.
        mode: Treatment of the biases.
        seen: What the layer read and wrote, if that is known.

    Returns:
        Both layers, and the norm of the change of the weights, the norm's factors included, over their norm.
    """
    assert isinstance(norm, _BatchNorm)
    normed = Normed.of(norm, bias)
    scaled = spec.native(spec.canonical(precise(weight)) * normed.gains[None, :, None, None])
    apart = replace(options, repair=False)
    found = FoldedCluster.project_by(spec, scaled, apart, seen, normed.shifts, normed.gains)
    index, k = found["assignment"][0], found["rows"].shape[1]
    rows, values = merged(normed, spec, weight, index, k, eps=norm.eps, repair=options.repair, seen=seen)
    lost = spec.canonical(scaled)[0] - rows[0].index_select(0, index.int())
    error = float(lost.norm() / scaled.norm().clamp(min=1e-30))
    if not norm.affine:
        # Its one factor is that of its variance.
        gains = values.pop("gains") / (values["variances"] + norm.eps).sqrt()
        del values["biases"]
        values["variances"] = (gains.clamp(min=1e-6) ** -2 - norm.eps).clamp(min=0)
    like = norm.weight if norm.affine else norm.running_mean
    assert like is not None
    own = {"bias": weight.new_zeros(1 if mode == "share" else k)} if spec.has_bias else {}
    layer = FoldedCluster(
        spec, options, {"weight": of_type({"rows": rows, "assignment": index[None]}, weight)}, own, mode
    )
    values["assignment"] = index
    return layer, FoldedNorm(norm_spec(norm), options, {"weight": of_type(values, like)}, {}), error


def merged(
    normed: Normed,
    spec: LayerSpec,
    weight: Tensor,
    index: Tensor,
    k: int,
    *,
    eps: float,
    repair: bool,
    seen: Moments | None,
) -> tuple[Tensor, Values]:
    """Merge the channels of a layer with a norm.

    Args:
        normed: The layer with its norm.
        spec: The layer.
        weight: Its weight.
        index: Row of each channel, (O,).
        k: Number of rows.
        eps: What the norm adds to variances.
        repair: Whether rows get the variance of the channels that they stand for.
        seen: What the layer read and wrote, if that is known.

    Returns:
        The rows, (1, k, I, K), and the free values of the norm, `gains` and `biases` included.
    """
    index = index.long()
    rows = precise(spec.canonical(weight))[0] * normed.gains[:, None, None]

    def mean(of: Tensor) -> Tensor:
        counts = torch.bincount(index, minlength=k).clamp(min=1).to(of)
        shape = (-1, *(1 for _ in of.shape[1:]))
        return of.new_zeros(k, *of.shape[1:]).index_add_(0, index, of) / counts.reshape(shape)

    middle = mean(rows)
    # Mean over pairs of channels of one row of the products of their outputs.
    covariance = _covariance(normed, rows, seen)
    member = F.one_hot(index, k).to(covariance)
    weights = member / member.sum(0).clamp(min=1)
    variance = ((weights.T @ covariance) * weights.T).sum(1)
    wanted = mean(normed.deviations.square().to(covariance))
    counts = member.sum(0).clamp(min=1)
    # Channels that know nothing of each other are the quietest mean.
    variance = torch.maximum(variance, wanted / counts)
    gain = torch.where(variance > 0, (wanted / variance.clamp(min=1e-30)).sqrt(), 1.0)
    if not repair:
        gain = torch.ones_like(gain)
    gains = gain * (variance + eps).sqrt()
    # Without a bias, outputs of the merged row have the mean that its shift takes away.
    biases = mean(normed.means)
    means = biases - mean(normed.shifts)
    # A gain other than one is one about the mean.
    return middle[None], {
        "gains": gains.to(middle),
        "biases": biases,
        "means": means,
        "variances": variance.to(middle),
    }


def _covariance(normed: Normed, rows: Tensor, seen: Moments | None) -> Tensor:
    """Return products of pairs of outputs about their means, (O, O): as seen, or as alike as rows are."""
    outer = None if seen is None else seen.outer(centred=True)
    flat = rows.flatten(1).double()
    if outer is not None:
        alike = outer[0] * torch.outer(normed.gains, normed.gains).double()
    else:
        alike = flat @ flat.T
    sizes = alike.diagonal().clamp(min=1e-30).sqrt()
    # The norm knows variances from all of its training, calibration only from some inputs.
    return alike / torch.outer(sizes, sizes) * torch.outer(normed.deviations, normed.deviations).double()
