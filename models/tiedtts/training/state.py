"""The training state: weights, running mean and optimisers in one file, from which a stopped run goes on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tiedtts import schema
from tiedtts.checkpoints import tensor_files
from tiedtts.errors import CheckpointError, ConfigError, is_out_of_memory
from tiedtts.nets import finite

KIND = "training state"
JUDGE = "judge"
"""Name of the discriminators in a state."""
_ADAM = {"step", "exp_avg", "exp_avg_sq"}


@dataclass(frozen=True, kw_only=True)
class StateHeader:
    """The header of a training state."""

    kind: str
    step: int
    """Steps done."""
    mean_steps: int
    """Updates of the running mean."""
    recipe: dict[str, Any]
    """Recipe and corpus of the run, which must be the same for it to go on."""

    def __post_init__(self) -> None:
        if self.step < 0 or self.mean_steps < 0:
            raise ConfigError(f"steps cannot be negative: {self.step}, {self.mean_steps}")


class RunningMean:
    """Exponential running mean of a net's weights; it follows quickly at first."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.follow(net)

    def follow(self, mean: nn.Module) -> None:
        """Take the weights of a net for the mean; nets to follow from now on have tensors of these names."""
        self.weights = {n: t.detach().clone() for n, t in mean.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Move a little towards the net's weights."""
        self.steps += 1
        share = 1 - min(self.decay, (self.steps + 1) / (self.steps + 20))
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                self.weights[name].lerp_(tensor, share)
            else:
                self.weights[name].copy_(tensor)


def save(
    path: Path,
    header: dict[str, Any],
    nets: dict[str, nn.Module],
    mean: RunningMean,
    optimizers: dict[str, Optimizer],
) -> None:
    """Write nets, running mean and optimisers; all of the file appears or none."""
    tensors: dict[str, Tensor] = {f"mean.{n}": t.contiguous() for n, t in mean.weights.items()}
    for name, net in nets.items():
        # Cloned, because a tied tensor must not stand twice in one file as one piece of memory.
        tensors |= {f"{name}.{n}": t.detach().clone() for n, t in net.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": t.contiguous() for key, t in values.items()}
    header = {**header, "kind": KIND, "mean_steps": mean.steps}
    tensor_files.write(path, {n: t.cpu() for n, t in tensors.items()}, {"state": header})


def restore(
    path: Path,
    nets: dict[str, nn.Module],
    mean: RunningMean,
    optimizers: dict[str, Optimizer],
) -> None:
    """Put back what `save` wrote, into objects built the same way.

    Raises:
        CheckpointError: The file is damaged or is of another net.
    """
    tensors, metadata = tensor_files.read(path)
    header = metadata.get("state", {})

    def under(prefix: str) -> dict[str, Tensor]:
        return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}

    try:
        for name, net in nets.items():
            net.load_state_dict(under(f"{name}."))
        means = under("mean.")
        if means.keys() != mean.weights.keys():
            raise KeyError("the running mean is of another net")
        for name, tensor in means.items():
            mean.weights[name].copy_(tensor)
        mean.steps = int(header["mean_steps"])
        for name, optimizer in optimizers.items():
            values: dict[int, dict[str, Tensor]] = {}
            for key, tensor in under(f"{name}.").items():
                index, field = key.split(".", 1)
                values.setdefault(int(index), {})[field] = tensor
            groups = optimizer.state_dict()["param_groups"]
            _check_optimizer(optimizer, values)
            optimizer.load_state_dict({"state": values, "param_groups": groups})
    # torch fails in many ways where a state does not fit, and says at the end of its words what is wrong.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
        raise CheckpointError(
            f"cannot go on from {path}: {reason}",
            hint="the recipe of this run was changed; start a new run, or use `--init-from`",
        ) from error


def read_discriminators(path: Path, net: nn.Module) -> None:
    """Give discriminators the weights of those in the state of another run.

    Args:
        path: The state.
        net: The discriminators, which are changed.

    Raises:
        CheckpointError: The file is damaged, or has none of this number and size.
    """
    read_header(path)
    tensors, _ = tensor_files.read(path)
    found = {n.removeprefix(f"{JUDGE}."): t for n, t in tensors.items() if n.startswith(f"{JUDGE}.")}
    if {n: t.shape for n, t in found.items()} != {n: t.shape for n, t in net.state_dict().items()}:
        raise CheckpointError(
            f"{path} holds no discriminators of this number and size",
            hint="name the state of a run's joint training, with as many `windows` and `channels`",
        )
    net.load_state_dict(found)


def _check_optimizer(optimizer: Optimizer, values: dict[int, dict[str, Tensor]]) -> None:
    """Refuse what an optimizer would only stumble over at its next step."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for index, fields in values.items():
        if index not in range(len(parameters)) or set(fields) != _ADAM:
            raise KeyError(f"the optimizer has no place for parameter {index}")
        for name, tensor in fields.items():
            if name != "step" and tensor.shape != parameters[index].shape:
                raise ValueError(f"`{name}` of parameter {index} is {tuple(tensor.shape)}")
    moments = {f"{index}.{name}": of for index, fields in values.items() for name, of in fields.items()}
    if broken := finite.broken(moments):
        raise ValueError(f"`{broken[0]}` of the optimizer is not a number")


def read_header(path: Path) -> StateHeader:
    """Return the header of a training state.

    Raises:
        CheckpointError: The file is damaged or is not a training state.
    """
    _, metadata = tensor_files.read(path)
    values = metadata.get("state")
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise CheckpointError(f"{path} is not a training state", hint="start a new run")
    try:
        return schema.build(StateHeader, values, "the header")
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {error}", hint="start a new run") from error
