"""Reports: what a model stores, and the effect of tying on it, layer by layer."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """The effect of tying on one layer."""

    layer: str
    """Name in the model."""
    scheme: str
    """Name of the scheme, as plans have it."""
    kind: Literal["structural", "storage"]
    """`structural` ties save parameters and work, `storage` ties parameters only."""
    parameters_before: int
    """Numbers in its weights and biases."""
    parameters_after: int
    """Numbers it stores now that training can change; what another layer stores is counted there."""
    bytes_before: int
    """Size of its weights and biases."""
    bytes_after: int
    """Size of everything it stores, indices included."""
    error: float
    """Norm of the change of its weights over their norm before; 0 is none."""
    note: str = ""
    """A remark beside the numbers."""


@dataclass(frozen=True, kw_only=True)
class TieReport:
    """The effect of tying on a model."""

    layers: tuple[LayerReport, ...]
    """The tied layers, in the model's order."""
    parameters_before: int
    """Different numbers stored in the whole model."""
    parameters_after: int
    """Different numbers stored after tying."""
    passed_over: tuple[str, ...] = ()
    """Sentences on layers that a rule matches and cannot tie, where it ties others."""

    @property
    def tying_ratio(self) -> float:
        """Parameters before over parameters after; above one if tying saved any."""
        return self.parameters_before / max(1, self.parameters_after)


@dataclass(frozen=True, kw_only=True)
class ModuleCount:
    """Parameters of one module, without the modules inside it; of a graph, of one layer."""

    name: str
    """In the model; empty for the model itself. In a graph, the name that `tie` knows it by."""
    type: str
    """Class, that of the plain layer if it is tied; in a graph, the operation that reads the weight."""
    scheme: str
    """How it is tied, or empty."""
    unique_parameters: int
    """Numbers stored here and not with a module before it."""
    named_parameters: int
    """Numbers its weights and biases have, as if nothing were tied."""
    unique_bytes: int
    """Size of the tensors stored here, indices and other buffers included."""
    shared_with: str
    """Module that stores what this one uses, or empty."""
