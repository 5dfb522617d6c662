"""Sensitivities: how much harm ties of each layer do, by a few that are measured; the others are foretold."""

import math
from collections.abc import Mapping, Sequence

from tiedtts.tying.planning.measurements import Measurements
from tiedtts.tying.planning.search import Items
from tiedtts.tying.planning.ways import Way

PROBES = (8, 32)
"""Codebooks by which the sensitivity of a layer is measured."""
_FLOOR = 1e-3
"""Share of the usual sensitivity below which none is believed."""
_Scales = Mapping[str, Mapping[str, list[tuple[float, float]]]]
"""Scheme to item to its changes of layers and the harms that they are."""


def probes(measurements: Measurements) -> Sequence[int]:
    """Return the codebooks by which layers are probed: as many as the trials allow."""
    if measurements.objective is None:
        return ()
    many = len(PROBES) * len(measurements.nets.names()) > 0.7 * measurements.trials
    return PROBES[:1] if many else PROBES


def foretold(items: Items, measurements: Measurements, *, work_counts: bool) -> dict[str, list[Way]]:
    """Return the ways of items with their harms: measured, or foretold from those that were measured.

    Args:
        items: Ways of each item, without harms.
        measurements: Measures some of them.
        work_counts: Whether less work is of use.
    """
    if measurements.objective is None:
        weights = {name: ways[0].bytes for name, ways in items.items()}
        total = sum(weights.values())
        return {
            name: [way.with_harm(way.change * weights[name] / total) for way in ways]
            for name, ways in items.items()
        }
    by = probes(measurements)
    scales: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, ways in items.items():
        for scheme in {way.scheme for way in ways} - {"plain"}:
            for way in _probed(ways, scheme, by, work_counts):
                found = scales.setdefault(scheme, {}).setdefault(name, [])
                found.append((way.change, measurements.harm(way.rules)))
    return {
        name: [way.with_harm(harm) for way in ways if math.isfinite(harm := _harm(scales, name, way))]
        for name, ways in items.items()
    }


def bent(items: Items, power: float) -> Items:
    """Return items with sensitivities that differ more or less from the usual one.

    Args:
        items: Ways with harms.
        power: Of how much a sensitivity differs from others; zero trusts changes of layers alone.
    """
    if power == 1.0:
        return items
    return {
        name: [
            way.with_harm(
                (way.harm**power) * ((way.change * ways[0].bytes) ** (1 - power)) if way.harm else 0.0
            )
            for way in ways
        ]
        for name, ways in items.items()
    }


def _probed(ways: Sequence[Way], scheme: str, by: Sequence[int], work_counts: bool) -> list[Way]:
    """Return the ways of a scheme that are measured."""
    own = [way for way in ways if way.scheme == scheme]
    if scheme == "codebook":
        return [way for way in own if any(way.key == f"codebook k={k}" for k in by)] or own[-1:]
    books = [way for way in ways if way.scheme == "codebook"]
    worth = [way for way in own if not _is_beaten(way, books, work_counts)]
    return worth[len(worth) // 2 :][:1]


def _is_beaten(way: Way, others: Sequence[Way], work_counts: bool) -> bool:
    """Return whether another way is as small and changes the layer less, before anything is measured."""
    return any(
        other.bytes <= way.bytes
        and (not work_counts or other.macs <= way.macs)
        and other.change <= way.change
        for other in others
    )


def _harm(scales: _Scales, name: str, way: Way) -> float:
    """Foretell the harm of a way: measured harms, in proportion to the change of the layer."""
    if not way.rules:
        return 0.0
    known = scales.get(way.scheme, {}).get(name)
    if not known:
        # Nothing of it is worth a measurement.
        return math.inf if way.scheme != "codebook" else way.change
    usual = sorted(
        harm / change for found in scales[way.scheme].values() for change, harm in found if change > 0
    )
    floor = _FLOOR * max(usual[len(usual) // 2], 1e-9)
    points = [(change, max(harm, floor * change)) for change, harm in sorted(known)]
    low, high = points[0], points[-1]
    if way.change <= low[0] or low[0] == high[0]:
        return low[1] * way.change / low[0]
    if way.change >= high[0]:
        return high[1] * way.change / high[0]
    share = math.log(way.change / low[0]) / math.log(high[0] / low[0])
    return math.exp((1 - share) * math.log(low[1]) + share * math.log(high[1]))
