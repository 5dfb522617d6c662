"""Ties that a net learns or has learnt, as its provenance tells of them, in words."""

from collections.abc import Iterator, Mapping
from typing import Any


def told(part: str, provenance: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each schedule of a net.

    Args:
        part: Name of its part.
        provenance: Facts on the net, as a checkpoint has them; what does not look like them is passed over.
    """
    found = provenance.get("learned_ties", [])
    for each in found if isinstance(found, list) else []:
        if not isinstance(each, Mapping) or not isinstance(each.get("layers"), list):
            continue
        layers = ", ".join(f"`{name}`" for name in each["layers"])
        tie = f"{layers} ({each.get('scheme')})"
        if "step" not in each:
            yield f"{part}: ties of {tie} were learnt until step {each.get('end')}"
            continue
        distance = each.get("distance")
        far = f", and are {distance:.1%} from their groups" if isinstance(distance, (int, float)) else ""
        yield f"{part}: {tie} are not tied yet: they learn it until step {each.get('end')}{far}"
