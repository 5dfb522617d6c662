from pathlib import Path

import pytest

from tests.benchmarks.normalization import Case, fold, misses, read, shares
from tiedtts.text.normalize.normalizer import normalize

CASES = read(Path(__file__).with_name("normalization.tsv"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.written}")
def test_table(case: Case) -> None:
    assert " ".join(fold(normalize(case.written))) == " ".join(fold(case.spoken))


def test_table_is_large_and_without_doubles() -> None:
    assert len(CASES) >= 300
    assert len({case.written for case in CASES}) == len(CASES)


def test_score() -> None:
    cases = [Case("a", "5", "five"), Case("a", "6", "seven"), Case("b", "Well-known!", "well known")]
    found = misses(cases)
    assert [(miss.case.written, miss.got) for miss in found] == [("6", "six")]
    assert shares(cases, found) == {"a": (1, 2), "b": (1, 1), "all": (2, 3)}


def test_bad_tables_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("kind\twritten\n")
    with pytest.raises(SystemExit, match="must name the columns kind, written, spoken"):
        read(table)
    table.write_text("kind\twritten\tspoken\na\tb\n")
    with pytest.raises(SystemExit, match="not 3 columns"):
        read(table)
    table.write_text("kind\twritten\tspoken\na\tx\\u0301\\ny\tb\n")
    assert read(table) == [Case("a", "x\u0301\ny", "b")]
