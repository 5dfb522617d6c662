"""A linear predictor in two forms: coefficients and line spectral frequencies.

Line spectral frequencies (Itakura 1975; Soong & Juang 1984) are the form to predict and to interpolate:
whatever lies in ascending order between 0 and pi is a stable filter.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LEAST_GAP = 0.006
"""Radians between neighbouring lines, and from the outer ones to 0 and pi: some 23 Hz at 24 kHz. Lines
that meet are a pole on the unit circle."""


def settle(lsf: npt.NDArray[np.floating]) -> Array:
    """Return lines of any kind in ascending order, `LEAST_GAP` apart, in (0, pi), (F, P).

    Lines that already are so stay as they are; what is not a number becomes 0 or pi first.
    """
    lines = np.nan_to_num(np.asarray(lsf, np.float64), nan=0.0, posinf=np.pi, neginf=0.0)
    order = lines.shape[-1]
    # With very many lines the gap has to be what is left for it.
    gap = min(LEAST_GAP, 0.5 * np.pi / (order + 1))
    steps = gap * np.arange(1, order + 1)
    highest = np.pi - steps[::-1]
    lines = np.clip(np.sort(lines, axis=-1), steps, highest)
    # Lines less their least distance from the first must not fall: a running maximum sees to it. Both
    # that and the upper bound rise by the gap, so the smaller of them does too.
    pushed = np.maximum.accumulate(lines - steps, axis=-1) + steps
    settled: Array = np.where(pushed - lines > 1e-12, np.minimum(pushed, highest), lines)
    return settled


def to_predictor(lsf: npt.NDArray[np.floating]) -> Array:
    """Return the predictor of line spectral frequencies, (F, P) to (F, P), `settle`d first.

    s[n] is predicted as the sum of a[k] s[n - 1 - k]. It is stable but for rounding, which tells where
    more than some five lines are at their least distance from each other: no voice's.
    """
    lines = settle(lsf)
    order = lines.shape[-1]
    palindrome = _from_lines(lines[:, 0::2])
    antisymmetric = _from_lines(lines[:, 1::2])
    if order % 2:
        antisymmetric = _times(antisymmetric, np.array([1.0, 0.0, -1.0]))
    else:
        palindrome = _times(palindrome, np.array([1.0, 1.0]))
        antisymmetric = _times(antisymmetric, np.array([1.0, -1.0]))
    return -0.5 * (palindrome + antisymmetric)[:, 1 : order + 1]


def from_predictor(predictor: npt.NDArray[np.floating]) -> Array:
    """Return the line spectral frequencies of a stable predictor, radians, (F, P) to (F, P), ascending.

    The lines are the zeros of A(z) +- z^-(P+1) A(1/z), all on the unit circle: polynomials in
    the cosine of frequency of half the order, whose roots are eigenvalues of a colleague matrix.
    """
    predictor = np.asarray(predictor, np.float64)
    frames, order = predictor.shape
    whitening = np.concatenate([np.ones((frames, 1)), -predictor, np.zeros((frames, 1))], axis=1)
    palindrome = whitening + whitening[:, ::-1]
    antisymmetric = whitening - whitening[:, ::-1]
    if order % 2:
        antisymmetric = _divided(antisymmetric, (0.0, 1.0))
    else:
        palindrome = _divided(palindrome, (-1.0,))
        antisymmetric = _divided(antisymmetric, (1.0,))
    cosines = np.concatenate([_cosine_roots(palindrome), _cosine_roots(antisymmetric)], axis=1)
    return np.sort(np.arccos(np.clip(cosines, -1.0, 1.0)), axis=1)


def whitening_response(lsf: npt.NDArray[np.floating], bins: int) -> npt.NDArray[np.complex128]:
    """Return the responses of 1 - a[0] z^-1 - a[1] z^-2 ... at `bins` frequencies from 0 to pi, (F, bins).

    From the lines without the predictor in between, whose coefficients lose their meaning by rounding
    where many lines meet. Of lines that were `settle`d it is nowhere zero.
    """
    lines = np.asarray(lsf, np.float64)
    order = lines.shape[1]
    half = 0.5 * np.linspace(0.0, np.pi, bins)
    doubled, parts = 2.0 * np.cos(2.0 * half), []
    for first in (0, 1):
        product = np.ones((len(lines), bins))
        for line in range(first, order, 2):
            product *= doubled - 2.0 * np.cos(lines[:, line, None])
        parts.append(product)
    # What is left of the two polynomials' own zeros at 0 and pi, times z^((P + 1) / 2) and i.
    if order % 2:
        parts[1] *= 2.0 * np.sin(2.0 * half)
    else:
        parts[0] *= 2.0 * np.cos(half)
        parts[1] *= 2.0 * np.sin(half)
    return np.asarray(0.5 * (parts[0] + 1j * parts[1]) * np.exp(-1j * (order + 1) * half))


def _from_lines(lines: Array) -> Array:
    """Multiply 1 - 2 cos(w) z^-1 + z^-2 over the lines, (F, K) to (F, 2 K + 1)."""
    cosines = -2.0 * np.cos(lines)
    frames, count = lines.shape
    product = np.zeros((frames, 2 * count + 1))
    product[:, 0] = 1.0
    for line in range(count):
        raised = product.copy()
        raised[:, 1:] += cosines[:, line, None] * product[:, :-1]
        raised[:, 2:] += product[:, :-2]
        product = raised
    return product


def _times(polynomials: Array, factor: Array) -> Array:
    """Multiply polynomials by a short one, (F, N) and (K,) to (F, N + K - 1)."""
    product = np.zeros((len(polynomials), polynomials.shape[1] + len(factor) - 1))
    for power, value in enumerate(factor):
        product[:, power : power + polynomials.shape[1]] += value * polynomials
    return product


def _divided(polynomials: Array, factor: tuple[float, ...]) -> Array:
    """Divide by 1 - f[0] z^-1 - f[1] z^-2 ..., which leaves no remainder."""
    quotient = polynomials[:, : polynomials.shape[1] - len(factor)].copy()
    for power in range(quotient.shape[1]):
        for back, value in enumerate(factor, start=1):
            if value and power >= back:
                quotient[:, power] += value * quotient[:, power - back]
    return quotient


def _cosine_roots(symmetric: Array) -> Array:
    """Return the cosines of the zeros' frequencies of symmetric polynomials, (F, 2 K + 1) to (F, K)."""
    frames, size = symmetric.shape
    count = size // 2
    if not count:
        return np.zeros((frames, 0))
    # On the unit circle it is c[0] + sum of 2 c[k] cos(k w): a Chebyshev series in the cosine.
    series = symmetric[:, count:] * np.where(np.arange(count + 1), 2.0, 1.0)
    if count == 1:
        return -series[:, :1] / series[:, 1:]
    matrix = np.zeros((frames, count, count))
    inner = np.arange(count - 1)
    # Scaled so that it is symmetric but for its last column: that keeps eigenvalues exact.
    off = np.where(inner == 0, np.sqrt(0.5), 0.5)
    matrix[:, inner, inner + 1] = off
    matrix[:, inner + 1, inner] = off
    scale = np.where(np.arange(count) == 0, 1.0, np.sqrt(0.5))
    matrix[:, :, -1] -= series[:, :-1] / series[:, -1:] * (scale / scale[-1]) * 0.5
    return np.linalg.eigvals(matrix).real
