"""The search: against every choice that there is, it is within the budget and nearly the best."""

import itertools
import random

import pytest

from tiedtts.tying import TieRule
from tiedtts.tying.planning import search
from tiedtts.tying.planning.ways import Budget, Way


def items(seed: int, count: int = 5, ways: int = 5) -> dict[str, list[Way]]:
    """Return items whose ways cost less the more they harm, not all of them worth it."""
    dice = random.Random(seed)
    found = {}
    for at in range(count):
        size, work, weight = dice.randint(50, 500), dice.randint(50, 500), 10 ** dice.uniform(-3, 1)
        found[str(at)] = [Way(layers=(str(at),), rules=(), bytes=size, macs=work, change=0.0)]
        for k in range(1, ways):
            rule = TieRule(str(at), "codebook", options={"k": k})
            share = dice.uniform(0.05, 0.9)
            harm = weight * dice.uniform(0.5, 2) * (1 - share) ** 2
            faster = work * dice.choice([1.0, share])
            found[str(at)].append(
                Way(layers=(str(at),), rules=(rule,), bytes=share * size, macs=faster, change=harm, harm=harm)
            )
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("bounded", ["bytes", "macs", "both"])
def test_a_choice_is_nearly_the_best(seed: int, bounded: str) -> None:
    made = items(seed)
    whole = {name: ways[0] for name, ways in made.items()}
    budget = Budget(
        bytes=None if bounded == "macs" else 0.45 * search.size(whole),
        macs=None if bounded == "bytes" else 0.75 * search.work(whole),
    )
    every = [dict(zip(made, ways, strict=True)) for ways in itertools.product(*made.values())]
    kept = [of for of in every if budget.keeps(search.size(of), search.work(of))]
    found = search.fit(made, budget)
    if len(kept) < 300:
        # So tight that hardly any choice is left.
        assert found is None or budget.keeps(search.size(found), search.work(found))
        return
    if found is None:
        # Only where both are bounded, a choice that keeps them may lie beside every path.
        assert bounded == "both"
        return
    assert budget.keeps(search.size(found), search.work(found))
    best = min(map(search.harm, kept))
    usual = sorted(map(search.harm, kept))[len(kept) // 2]
    assert best - 1e-12 <= search.harm(found) <= best + 0.2 * (usual - best) + 1e-9


def test_a_path_gives_up_bytes_for_harm_at_a_growing_price() -> None:
    states = search.path(items(3), 1.0, 0.0)
    sizes, harms = [search.size(of) for of in states], [search.harm(of) for of in states]
    assert sizes == sorted(sizes, reverse=True)
    assert harms == sorted(harms)
    prices = [
        (harms[at + 1] - harms[at]) / (sizes[at] - sizes[at + 1])
        for at in range(len(states) - 1)
        if sizes[at] > sizes[at + 1]
    ]
    assert prices == pytest.approx(sorted(prices))


def test_a_budget_that_all_keeps_ties_nothing() -> None:
    made = items(0)
    found = search.fit(made, Budget(bytes=1e9))
    assert found is not None
    assert all(not way.rules for way in found.values())


def test_a_budget_that_nothing_keeps() -> None:
    assert search.fit(items(0), Budget(bytes=1.0)) is None


@pytest.mark.parametrize("seed", range(8))
def test_a_step_keeps_the_budget_and_what_it_is_about(seed: int) -> None:
    given = items(seed)
    whole = search.size({name: ways[0] for name, ways in given.items()})
    budget = Budget(bytes=0.5 * whole)
    choice = search.fit(given, budget)
    if choice is None:
        pytest.skip("nothing keeps the budget")
    for name, ways in given.items():
        for way in ways:
            moved = search.moved(given, choice, name, way, budget)
            if moved is None:
                least = sum(min(of.bytes for of in each) for of, each in given.items() if of != name)
                assert way.bytes + least > budget.bytes  # type: ignore[operator]
                continue
            assert moved[name] is way
            assert set(moved) == set(given)
            assert budget.keeps(search.size(moved), search.work(moved))
