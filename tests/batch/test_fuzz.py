from tests.benchmarks.fuzz_batch import fuzz, lists


def test_generated_lists() -> None:
    result = fuzz(60, seed=3)
    assert result.failures == []
    assert result.lists == 60
    assert result.made > 30
    assert result.rejected > 30


def test_the_same_seed_gives_the_same_lists() -> None:
    assert list(lists(30, 1)) == list(lists(30, 1)) != list(lists(30, 2))
