"""The contents of a weight file: tensors, and everything beside them."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass
class Contents:
    """Contents of a weight file."""

    tensors: dict[str, Tensor]
    """By key; those that see one memory in the file do so here."""
    kind: str
    """`torch`, `safetensors` or `npz`."""
    container: list[str] = field(default_factory=list)
    """Keys that lead to the tensors."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Texts beside the tensors of safetensors."""
    layout: str = ""
    """Everything else in the file, see `tiedtts.checkpoints.layout` and `array_files`."""
    beside: dict[str, Tensor] = field(default_factory=dict)
    """Tensors of that."""
    plain: dict[str, Any] = field(default_factory=dict)
    """Plain values beside the tensors, where nothing else is known of the layout."""
    left_out: list[str] = field(default_factory=list)
    """Keys of what was not read, such as the state of an optimizer."""
    notes: list[str] = field(default_factory=list)
    """Remarks on how the file was read, one sentence each."""
