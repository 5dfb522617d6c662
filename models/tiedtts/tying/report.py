"""What tying did to a model."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """What tying did to one layer."""

    layer: str
    """Name in the model."""
    scheme: str
    """As in the plan."""
    kind: Literal["structural", "storage"]
    """`structural` ties save parameters and work, `storage` ties parameters only."""
    parameters_before: int
    """Numbers in its weights and biases."""
    parameters_after: int
    """Numbers it stores now that training can change; what another layer stores is counted there."""
    bytes_before: int
    """Of its weights and biases."""
    bytes_after: int
    """Of all it stores, indices included."""
    error: float
    """Of its weights: norm of the change over norm of what they were; 0 is none."""
    note: str = ""
    """What a reader should know beside the numbers."""


@dataclass(frozen=True, kw_only=True)
class TieReport:
    """What tying did to a model."""

    layers: tuple[LayerReport, ...]
    """Those tied, in the model's order."""
    parameters_before: int
    """Different numbers stored in the whole model."""
    parameters_after: int
    """The same, now."""

    @property
    def tying_ratio(self) -> float:
        """Parameters before over parameters after; above one if tying saved any."""
        return self.parameters_before / max(1, self.parameters_after)
