"""Descriptions of ties in models of ONNX: what was tied, and which tensors belong to it."""

import json
from collections.abc import Mapping
from typing import Any

TIES = "tiedtts.ties"
"""Name among the metadata of a model of what was tied in it."""


def describe(model: Any, layers: Mapping[str, Any]) -> None:
    """Write into a model what was tied in it, beside what was before."""
    known = ties(model) | dict(layers)
    forget(model)
    entry = model.metadata_props.add()
    entry.key, entry.value = TIES, json.dumps(known, sort_keys=True)


def forget(model: Any) -> None:
    """Take out of a model what says that something is tied in it."""
    for at in reversed(range(len(model.metadata_props))):
        if model.metadata_props[at].key == TIES:
            del model.metadata_props[at]


def ties(model: Any) -> dict[str, Any]:
    """Return what was tied in a model: layers to their schemes, the numbers that they had, and their tensors.

    `key` is the name in the graph of the weight that is computed of them, where there is one.

    Nothing of what the model says is believed that is not of this form.
    """
    text = next((entry.value for entry in model.metadata_props if entry.key == TIES), "{}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: of for name, of in found.items() if _is_known(of)}


def _is_known(of: Any) -> bool:
    try:
        names = of["tensors"]
        return (
            isinstance(of["scheme"], str)
            and isinstance(of["numbers"], int)
            and of["numbers"] >= 0
            and isinstance(of.get("key", ""), str)
            and isinstance(names, list)
            and all(isinstance(name, str) for name in names)
        )
    except (TypeError, KeyError):
        return False
