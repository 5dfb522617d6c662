"""Progress of a run: all parts together."""

from types import SimpleNamespace

import pytest

from tiedtts.training import progress
from tiedtts.training.part_recipe import Stage
from tiedtts.training.progress import Progress, RunClock
from tiedtts.training.recipe import AcousticRecipe, AlignerRecipe, VocoderRecipe


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Hold the time, which a test sets."""
    time = [0.0]
    # The clock of this module alone: servers of other tests live by that of the process.
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: time[0]))
    return time


def stage(steps: int, **values: float) -> Stage:
    return Stage(steps=steps, learning_rate=1e-3, **values)


RECIPES = {
    "aligner": AlignerRecipe(stages=(stage(30),)),
    "acoustic": AcousticRecipe(stages=(stage(50), stage(40, adversarial=0.1))),
    "vocoder": VocoderRecipe(batch_size=12, stages=(stage(100),)),
}


def test_the_share_is_of_all_parts_and_never_falls(now: list[float]) -> None:
    told: list[Progress] = []
    clock = RunClock(RECIPES, told.append)
    for part, recipe in RECIPES.items():
        done = 0
        for each in recipe.stages:
            clock.begin(part, done)
            for step in range(done + 10, done + each.steps + 1, 10):
                now[0] += 7.0
                clock.report(part, step, {"loss": 1.0})
            done += each.steps
    shares = [state.share for state in told]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] == pytest.approx(1.0)
    assert told[-1].seconds_left == 0.0
    # At the end of the first part most of the work is still to be done.
    assert next(s for s in told if s.part == "aligner" and s.step == 30).share < 0.3
    places = {(s.part, s.place, s.parts, s.stages) for s in told}
    assert places == {("aligner", 1, 3, 1), ("acoustic", 2, 3, 2), ("vocoder", 3, 3, 1)}
    assert [s.stage for s in told if s.part == "acoustic"] == [1] * 5 + [2] * 4


def test_the_time_left_is_of_all_parts(now: list[float]) -> None:
    told: list[Progress] = []
    clock = RunClock(RECIPES, told.append)
    clock.begin("aligner", 0)
    now[0] = 10.0
    clock.report("aligner", 10, {})
    # One second a step of the aligner; the others by their costs against it.
    aligner, acoustic, judged, vocoder = (
        progress.step_cost(recipe, each) for recipe in RECIPES.values() for each in recipe.stages
    )
    expected = 20 + (50 * acoustic + 40 * judged + 100 * vocoder) / aligner
    assert told[-1].seconds_left == pytest.approx(expected)
    clock.report("aligner", 30, {})
    clock.begin("acoustic", 0)
    now[0] += 100.0
    clock.report("acoustic", 25, {})
    # The stage that is measured goes at its own speed: 4 s a step.
    rest = (40 * judged + 100 * vocoder) * (10 + 100) / (30 * aligner + 25 * acoustic)
    assert told[-1].seconds_left == pytest.approx(25 * 4 + rest)


def test_a_resumed_run_begins_where_it_was(now: list[float]) -> None:
    told: list[Progress] = []
    whole, resumed = RunClock(RECIPES), RunClock(RECIPES, told.append)
    whole.begin("acoustic", 70)
    resumed.begin("acoustic", 60)
    now[0] = 5.0
    resumed.report("acoustic", 70, {})
    assert told[0].share == pytest.approx(whole.share)
    assert told[0].stage == 2
    judged, vocoder = (
        progress.step_cost(RECIPES[part], RECIPES[part].stages[-1]) for part in ("acoustic", "vocoder")
    )
    assert told[0].seconds_left == pytest.approx(20 * 0.5 + 100 * vocoder * 5 / (10 * judged))


def test_every_architecture_has_a_cost() -> None:
    from tiedtts.training.architectures import ARCHITECTURES

    for kind in ARCHITECTURES:
        recipe = kind(stages=(stage(1),))
        assert progress.step_cost(recipe, recipe.stages[0]) > 0
