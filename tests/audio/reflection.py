"""Reflection coefficients: any of them in (-1, 1) make a stable predictor, so that tests can draw some."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def reflection_to_predictor(reflection: npt.NDArray[np.floating]) -> Array:
    """Return the predictor of reflection coefficients, (F, P) to (F, P): stable if all are in (-1, 1)."""
    predictor = np.asarray(reflection, np.float64).copy()
    for size in range(1, predictor.shape[1]):
        shorter = predictor[:, :size]
        predictor[:, :size] = shorter - predictor[:, size : size + 1] * shorter[:, ::-1]
    return predictor


def predictor_to_reflection(predictor: npt.NDArray[np.floating]) -> Array:
    """Return the reflection coefficients of a stable predictor, (F, P) to (F, P)."""
    reflection = np.asarray(predictor, np.float64).copy()
    for size in range(reflection.shape[1] - 1, 0, -1):
        last = reflection[:, size : size + 1]
        shorter = reflection[:, :size]
        reflection[:, :size] = (shorter + last * shorter[:, ::-1]) / (1.0 - last**2)
    return reflection
