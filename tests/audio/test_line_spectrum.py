"""Predictors, reflection coefficients and line spectral frequencies are the same filter."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.audio.reflection import predictor_to_reflection, reflection_to_predictor
from tiedtts.audio import line_spectrum

ORDERS = [1, 2, 3, 4, 9, 10, 16, 25, 26]


def predictors(order: int, frames: int = 50, strength: float = 0.35) -> npt.NDArray[np.float64]:
    draw = np.random.default_rng(order).uniform(-strength, strength, (frames, order))
    return reflection_to_predictor(draw)


def radii(predictor: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The largest distance of a pole from the origin, (F,)."""
    return np.array([np.abs(np.roots([1.0, *-row])).max() for row in np.asarray(predictor, np.float64)])


def test_lines_of_a_flat_spectrum_are_evenly_spread() -> None:
    for order in ORDERS:
        lines = line_spectrum.from_predictor(np.zeros((2, order)))
        even = np.pi * np.arange(1, order + 1) / (order + 1)
        np.testing.assert_allclose(lines, np.stack([even, even]), atol=1e-7)


def test_lines_of_one_resonance() -> None:
    """Second order, factored by hand."""
    a1, a2 = 2 * 0.9 * math.cos(1.0), -0.81
    # A + z^-3 A(1/z) = (1 + z^-1)(1 - (a1 + a2 + 1) z^-1 + z^-2), the difference likewise.
    wanted = sorted([math.acos((a1 + a2 + 1) / 2), math.acos((a1 - a2 - 1) / 2)])
    lines = line_spectrum.from_predictor(np.array([[a1, a2]]))
    np.testing.assert_allclose(lines[0], wanted, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
def test_lines_are_zeros_on_the_unit_circle(order: int) -> None:
    predictor = predictors(order, frames=5)
    lines = line_spectrum.from_predictor(predictor)
    for row, frequencies in zip(predictor, lines, strict=True):
        whitening = np.array([1.0, *-row, 0.0])
        for index, line in enumerate(frequencies):
            # They take turns, beginning with the sum.
            polynomial = whitening + (whitening[::-1] if index % 2 == 0 else -whitening[::-1])
            assert abs(np.polyval(polynomial, np.exp(1j * line))) < 1e-6


@pytest.mark.parametrize("order", ORDERS)
def test_round_trip(order: int) -> None:
    predictor = predictors(order)
    lines = line_spectrum.from_predictor(predictor)
    far = np.diff(lines, axis=1, prepend=0.0, append=np.pi).min(axis=1) >= line_spectrum.LEAST_GAP
    assert far.sum() >= 25
    np.testing.assert_array_equal(line_spectrum.settle(lines)[far], lines[far])
    np.testing.assert_allclose(line_spectrum.to_predictor(lines)[far], predictor[far], atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_reflection_round_trip(order: int) -> None:
    drawn = np.random.default_rng(order).uniform(-0.7, 0.7, (20, order))
    predictor = reflection_to_predictor(drawn)
    np.testing.assert_allclose(predictor_to_reflection(predictor), drawn, atol=1e-6)
    assert (radii(predictor) < 1).all()


def test_reflection_by_hand() -> None:
    """Second order: a1 = k1 (1 - k2), a2 = k2."""
    predictor = reflection_to_predictor(np.array([[0.5, -0.4]]))
    np.testing.assert_allclose(predictor, [[0.5 * 1.4, -0.4]])


@settings(max_examples=60, deadline=None)
@given(
    lsf=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.integers(1, 40)),
        elements=st.floats(-10, 10, width=32) | st.sampled_from([np.nan, np.inf, -np.inf]),
    )
)
def test_any_lines_are_a_stable_filter(lsf: npt.NDArray[np.float64]) -> None:
    lines = line_spectrum.settle(lsf)
    gaps = np.diff(lines, axis=1, prepend=0.0, append=np.pi)
    assert gaps.min() > line_spectrum.LEAST_GAP - 1e-9
    np.testing.assert_allclose(line_spectrum.settle(lines), lines, atol=1e-9)
    assert np.isfinite(line_spectrum.to_predictor(lsf)).all()
    # Rounding moves the zeros of a polynomial the more, the more of them meet.
    if lsf.shape[1] <= 4:
        assert (radii(line_spectrum.to_predictor(lsf)) < 1).all()


@pytest.mark.parametrize("order", ORDERS)
def test_lines_apart_are_a_stable_filter(order: int) -> None:
    gaps = np.random.default_rng(order).uniform(0.2, 1.0, (30, order + 1))
    lines = np.pi * np.cumsum(gaps, axis=1)[:, :-1] / gaps.sum(axis=1, keepdims=True)
    assert (radii(line_spectrum.to_predictor(lines)) < 1).all()
    assert (radii(line_spectrum.to_predictor(lines.astype(np.float32)).astype(np.float32)) < 1).all()


@pytest.mark.parametrize("order", ORDERS)
def test_response_is_that_of_the_predictor(order: int) -> None:
    predictor = predictors(order, frames=5, strength=0.2)
    whitening = np.concatenate([np.ones((5, 1)), -predictor], axis=1)
    lines = line_spectrum.from_predictor(predictor)
    made = line_spectrum.whitening_response(lines, 65)
    np.testing.assert_allclose(made, np.fft.rfft(whitening, 128, axis=1), atol=1e-6)


def test_response_where_all_lines_meet() -> None:
    """A predictor of such lines is nothing but rounding; its response is known all the same."""
    lines = line_spectrum.settle(np.full((1, 30), 1.0))
    size = np.abs(line_spectrum.whitening_response(lines, 513))[0]
    assert (size > 0).all()
    # At 0 the difference polynomial is zero.
    wanted = np.prod(2 * (1 - np.cos(lines[0, 0::2])))
    assert size[0] == pytest.approx(wanted, rel=1e-9)


def test_settling_moves_only_lines_that_are_too_close() -> None:
    gap = line_spectrum.LEAST_GAP
    settled = line_spectrum.settle(np.array([[2.0, 0.5, 0.5, 1.0]]))
    np.testing.assert_allclose(settled, [[0.5, 0.5 + gap, 1.0, 2.0]], atol=1e-12)
    at_the_end = line_spectrum.settle(np.array([[3.0, 4.0, 5.0]]))
    np.testing.assert_allclose(at_the_end, [[3.0, np.pi - 2 * gap, np.pi - gap]], atol=1e-12)


def test_more_lines_than_gaps_fit() -> None:
    lines = line_spectrum.settle(np.zeros((1, 1_000)))
    assert (np.diff(lines, axis=1, prepend=0.0, append=np.pi) > 0).all()


def test_no_frames() -> None:
    assert line_spectrum.from_predictor(np.zeros((0, 6))).shape == (0, 6)
    assert line_spectrum.to_predictor(np.zeros((0, 6))).shape == (0, 6)
