"""A slice of the damaged documents: speech or one clear error, nothing outside the output."""

import pytest

from tests.benchmarks import fuzz_documents


@pytest.mark.parametrize("kind", fuzz_documents.KINDS)
def test_damaged_documents(kind: str) -> None:
    problems, became = [], set()
    for suffix, data in fuzz_documents.cases(12, 7, (kind,)):
        problem, what = fuzz_documents.trial(suffix, data)
        became.add(what)
        if problem:
            problems.append((suffix, problem, data[:200]))
    assert problems == []
    assert "spoken" in became, "not all of them are refused"
