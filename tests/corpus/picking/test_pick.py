import random
from pathlib import Path

import numpy as np
import pytest

from tiedtts.corpus.picking import kinds, units
from tiedtts.corpus.picking.cover import cover
from tiedtts.corpus.picking.pick import pick, pick_into
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.text.frontend import FrontEnd

WORDS = "the old garden behind her house was never quite dark and we saw twelve birds sing under a huge yellow moon".split()


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.choice((1, 2, 4, 8, 15)))]
        made.append(" ".join(words).capitalize() + rng.choice("..?!"))
    return list(dict.fromkeys(made))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Really?", kinds.SINGLE),
        ("Thank you!", kinds.SINGLE),
        ("There were 12 of them there.", kinds.NUMBER),
        ("Are there thirty men on it?", kinds.NUMBER),
        ("Someone often tends it here.", kinds.SHORT),
        ("Where is the old man?'", kinds.QUESTION),
        ('"Is that so?" asked the old man.', kinds.MEDIUM),
        ("Do not go there!", kinds.EXCLAMATION),
        ("What a day it was", kinds.SHORT),
        ("The door was open, and nobody was there.", kinds.MEDIUM),
        ("The door was open, and nobody was there to ask us where we were going.", kinds.LONG),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert kinds.kind_of(text) == kind


def test_quotas() -> None:
    there = {kinds.SINGLE: 3, kinds.QUESTION: 100, kinds.MEDIUM: 1000}
    assert kinds.quotas(100, there, kinds.MIX) == {kinds.SINGLE: 3, kinds.QUESTION: 36, kinds.MEDIUM: 61}
    assert kinds.quotas(5_000, there, kinds.MIX) == there
    assert kinds.quotas(10, there, {kinds.SINGLE: 1.0}) == {
        kinds.SINGLE: 3,
        kinds.QUESTION: 4,
        kinds.MEDIUM: 3,
    }
    for count in range(1, 60):
        assert sum(kinds.quotas(count, there, kinds.MIX).values()) == count


@pytest.mark.parametrize(
    "mix", [{"poems": 0.5}, {kinds.LONG: -1.0}, {kinds.LONG: float("nan")}, {kinds.LONG: 0.0}]
)
def test_a_mix_that_does_not_fit(mix: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        pick(["Hello there."], 1, mix=mix)


def test_the_lazy_cover_is_the_greedy_one() -> None:
    front_end = FrontEnd()
    pool = texts(60)
    found = units.collect([[p for s in front_end(text) for p in s.phones] for text in pool])
    sizes = [len(text) ** 0.5 for text in pool]
    groups = [kinds.kind_of(text) for text in pool]
    quotas = kinds.quotas(15, {group: groups.count(group) for group in set(groups)}, kinds.MIX)
    counts = np.zeros(len(found.totals))
    left, expected = dict(quotas), []

    def worth(index: int) -> float:
        own = found.counts[index]
        halves = found.weights[found.ids[index]] * 0.5 ** counts[found.ids[index]]
        return float((halves * 2 * (1 - 0.5**own)).sum() / sizes[index])

    while any(left.values()):
        able = [index for index in range(len(pool)) if left[groups[index]] and index not in expected]
        best = max(able, key=lambda index: (round(worth(index), 9), -index))
        expected.append(best)
        left[groups[best]] -= 1
        counts[found.ids[best]] += found.counts[best]
    assert cover(found, sizes, groups, quotas) == expected


def test_a_choice_covers_more_than_the_same_number_at_random() -> None:
    pool = texts(400)
    chosen = pick(pool, 40)
    rng = random.Random(1)
    others = [pick(rng.sample(pool, 40), 40).coverage for _ in range(5)]
    for kind in ("diphones", "triphones"):
        assert chosen.coverage.units[kind].different > max(other.units[kind].different for other in others)
    assert chosen.coverage.units["phones"].share == 1.0
    assert list(chosen.indices) == sorted(set(chosen.indices))
    assert (chosen.coverage.texts, chosen.coverage.of, chosen.coverage.unfit) == (40, len(pool), 0)


def test_the_same_list_gives_the_same_choice_and_its_order_does_not_matter() -> None:
    pool = texts(100)
    first = {pool[index] for index in pick(pool, 20).indices}
    assert {pool[index] for index in pick(pool, 20).indices} == first
    # Ties apart, of which these have none.
    turned = pool[::-1]
    assert len(first & {turned[index] for index in pick(turned, 20).indices}) >= 18


def test_what_nobody_should_read_is_left_out() -> None:
    long = "This goes on and on " * 20
    picked = pick(["Hello there, friend.", "Hello there, friend.", long, "☺", "{X9}", "It costs ☃ here."], 9)
    assert list(picked.indices) == [0]
    assert picked.coverage.unfit == 4
    with pytest.raises(CorpusError, match="none of 1 texts"):
        pick(["☺"], 1)
    with pytest.raises(ConfigError):
        pick(["Hello."], 0)


def test_guessed_words_come_last() -> None:
    pool = ["The zorblax was blue.", "The kitchen was blue."]
    assert list(pick(pool, 1).indices) == [1]


def test_a_list(tmp_path: Path) -> None:
    given = [("a", "Hello there."), (None, "Good day | to you all.")]
    coverage = pick_into(given, tmp_path / "list.txt", 2)
    assert (tmp_path / "list.txt").read_text() == "a|Hello there.\nGood day   to you all.\n"
    assert any("2 of 2 texts chosen" in line for line in coverage.lines())
