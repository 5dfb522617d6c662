"""Names of weights: what a voice file keeps so that its nets can be read back, packed into a line of text.

As plain JSON they would be a thirtieth of a small voice.
"""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

from tiedtts import compression, documents, schema
from tiedtts.errors import ConfigError, VoiceError

KEY = "weights"
"""Under which the metadata of a voice has them."""
MOST_BYTES = 2**24
"""Largest size of the JSON, bytes."""


@dataclass(frozen=True, kw_only=True)
class WeightNames:
    """Nets of a voice and the tensors that hold their weights."""

    parts: dict[str, Any]
    """Part name to architecture, sizes, ties and plan, as in the header of a checkpoint."""
    ties: dict[str, str]
    """Name of each tied tensor to the one that it is."""
    stored: dict[str, str]
    """Name of each weight of the nets to that of the tensor which holds it."""
    scales: dict[str, str]
    """Name of each tensor of 8 bits to that of the scales of its rows."""


def pack(names: WeightNames) -> str:
    """Return names as text."""
    text = json.dumps(vars(names), sort_keys=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: object, name: str) -> WeightNames:
    """Read names from the metadata of a voice.

    Args:
        text: The value of `KEY`; None if the metadata has none.
        name: What errors call the voice.

    Raises:
        VoiceError: They are missing or damaged.
    """
    if text is None:
        raise VoiceError(
            f"{name} was made by an older version, without the names of its weights",
            hint="name its checkpoint, or export that again",
        )
    try:
        plain = compression.unpack(base64.b64decode(str(text), validate=True), MOST_BYTES)
        return schema.build(WeightNames, documents.from_json(plain.decode(), "they"), "they")
    except (binascii.Error, ValueError, ConfigError) as error:
        raise VoiceError(
            f"{name} is damaged: the names of its weights cannot be read: {error}",
            hint="make it again with `tiedtts export`",
        ) from error
