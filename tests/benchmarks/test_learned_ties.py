"""The comparison of ways to come to a tie: ties of one name have one size, however they came about."""

import torch

from tests.benchmarks.learned_tasks import Spelling
from tests.benchmarks.learned_ties import HALFWAY, UNTIED, measure, report, ties
from tiedtts.tying import TiePlan, tie


def test_ways_end_in_the_same_sizes() -> None:
    torch.set_num_threads(1)
    task = Spelling()
    task.width, task.inner, task.batch, task.held = 16, 32, 8, task.held[:64]
    rows = []
    known = ties(task)
    for name in (UNTIED, "cluster, half", next(of for of in known if "rank" in of)):
        rules, ways = known[name]
        for way in ways:
            row = measure(task, rules, way, 1, 8)
            rows.append({"net": task.name, "tie": name, "way": way.name, "seed": 1, **row})
        plan = TiePlan.from_dict({"tie": rules}) if rules else None
        net = task.fresh() if plan is None else tie(task.fresh(), plan)[0]
        assert {row["parameters"] for row in rows if row["tie"] == name} == {task.count(net)}
    text = report(rows)
    assert text.count("| cluster, half |") == 4
    assert f"| cluster, half | {HALFWAY.name} |" in text
