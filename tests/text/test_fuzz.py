import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.fuzz_text import UNITS, fuzz, inputs, megabytes
from tiedtts.errors import TiedTTSError
from tiedtts.text.markup.ssml import parse
from tiedtts.text.normalize.normalizer import normalize


def test_generated_texts() -> None:
    result = fuzz(500, seed=6)
    assert result.inputs == 500
    assert result.failures == []
    assert result.refused > 0


def test_the_same_seed_gives_the_same_texts() -> None:
    assert list(inputs(50, 1)) == list(inputs(50, 1)) != list(inputs(50, 2))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.text(st.one_of(st.characters(), st.sampled_from("1234567890.,:/-$%'\" aAexMIVst#@²½μΩ")), max_size=40)
)
def test_any_text_is_normalised(text: str) -> None:
    spoken = normalize(text)
    assert not any("0" <= char <= "9" for char in spoken if "{" not in spoken)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.one_of(st.characters(), st.sampled_from("<>&;/='\"! abps[]")), max_size=60))
def test_any_markup_is_read_or_refused(source: str) -> None:
    try:
        document = parse(f"<speak>{source}</speak>")
    except TiedTTSError:
        return
    assert all(span.text or span.pause or span.mark is not None for span in document.spans)


@pytest.mark.parametrize("unit", UNITS)
def test_cost_is_linear(unit: str) -> None:
    # Again if it was slow: a pause of the interpreter's own comes once. Quadratic cost, sixteen times as much,
    # would come every time.
    tries = (next(megabytes(2400, (unit,))) for _ in range(3))
    assert any(row["whole"] < 10 * row["quarter"] + 0.1 for row in tries)
