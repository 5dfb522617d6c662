"""The pitch moves around its mean as far as markup says, and shifts stay what they are."""

from dataclasses import replace

import numpy as np

from tiedtts.speech import intonation
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.left_out import LeftOut
from tiedtts.text.markup import ssml

OWN = np.array([5.0, 5.2, 4.8, 5.1, 4.9, 9.0], np.float32)
VOICED = np.array([1, 1, 1, 1, 1, 0], np.float32)


def sentence(markup: str) -> Sentence:
    spans = ssml.parse(f"<speak>{markup}</speak>").spans
    (found,) = FrontEnd().read_spans(spans, LeftOut())
    return found


def moved(found: Sentence, shift: "list[float] | None" = None) -> np.ndarray:
    """Return a contour whose frames belong to the first three phones."""
    count = len(found.phones)
    durations = np.array([2, 2, 1] + [0] * (count - 3))
    added = np.array([*(shift or [0.0] * 3), *[0.0] * (count - 3)], np.float32)
    return intonation.moved(found, OWN + added[[0, 0, 1, 1, 2, 2]], VOICED, durations, added)


def test_the_range_is_around_the_mean_of_what_is_voiced() -> None:
    np.testing.assert_allclose(
        moved(sentence('<prosody range="200%">one</prosody>'))[:5], 2 * OWN[:5] - 5, atol=1e-5
    )
    np.testing.assert_allclose(moved(sentence('<prosody range="-100%">one</prosody>'))[:5], 5.0, atol=1e-5)


def test_without_a_range_nothing_changes() -> None:
    plain = sentence("one")
    for found in (plain, replace(plain, prosody=None), sentence('<prosody pitch="+2st">one</prosody>')):
        assert np.array_equal(moved(found), OWN)


def test_a_shift_is_no_movement() -> None:
    flat = moved(sentence('<prosody range="0%">one</prosody>'), shift=[0.5, 0.0, -0.5])
    np.testing.assert_allclose(flat[:5], [5.5, 5.5, 5.0, 5.0, 4.5], atol=1e-5)
