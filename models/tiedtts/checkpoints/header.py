"""The header of a checkpoint: plain values that say what its tensors are."""

from dataclasses import dataclass, field
from typing import Any

from tiedtts.text.phones import CLAUSES, INVENTORY_VERSION, PHONES, POSITIONS, STRESSES

FORMAT = 1
"""Version of the header; a reader refuses a newer one."""
KEY = "tiedtts"
"""Name of the header among the metadata of the file."""
PART = "model"
"""Name of the part that the net of another program is, if it is of no architecture known here."""
DAMAGED = "the file was changed by another program, or made by another version"


@dataclass(frozen=True, kw_only=True)
class Format:
    """The part of the header that every version has."""

    format: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """A net, as the header describes it."""

    architecture: str
    config: dict[str, Any]
    tied: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Header:
    """The whole header."""

    parts: dict[str, Part]
    ties: dict[str, str]
    text: dict[str, Any]
    audio: dict[str, Any] | None
    provenance: dict[str, dict[str, Any]]
    version: str = "of another version"


def inventory() -> dict[str, Any]:
    """Return what must agree between training and synthesis, as plain values."""
    return {
        "inventory": INVENTORY_VERSION,
        "phones": list(PHONES),
        "stresses": list(STRESSES),
        "positions": list(POSITIONS),
        "clauses": list(CLAUSES),
    }
