"""Speaking with a Tacotron: it always ends, and attention keeps its pace."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from tests.nets.tacotron.small import SMALL, phone_ids
from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.attention_checks import is_diagonal, keeps_pace
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.tacotron.synthesis import speak


@pytest.mark.parametrize("text", ["a", "Zzzt brrr mhm.", "No. " * 3, "sixty seconds of speech, " * 30])
def test_fresh_weights_come_to_an_end(small: Tacotron, text: str) -> None:
    ids = phone_ids(text)
    made = speak(small, ids)
    assert made.lsf is not None
    assert len(made.mel) == len(made.lsf) == made.durations.sum() == 2 * len(made.attention)
    assert len(made.mel) <= max(80, 24 * len(ids))
    path = made.attention.argmax(1)
    steps = np.diff(path)
    assert (steps >= 0).all()
    assert steps.max(initial=0) <= 3
    assert np.isfinite(made.mel).all()


def test_the_bound_is_told(small: Tacotron) -> None:
    assert not speak(small, phone_ids("A longer sentence than that."), max_frames=10).stopped
    nn.init.constant_(small.decoder.gate_layer.linear_layer.bias, 100.0)
    made = speak(small, phone_ids("Oh."), max_frames=1000)
    assert made.stopped
    # Not before the last phone, whatever the gate says.
    assert made.attention[-1].argmax() == len(made.durations) - 1


@pytest.mark.parametrize(("bound", "frames"), [(10, 10), (11, 10), (2, 2)])
def test_the_bound_is_kept(small: Tacotron, bound: int, frames: int) -> None:
    assert len(speak(small, phone_ids("A longer sentence than that."), max_frames=bound).mel) == frames


@pytest.mark.parametrize(
    ("count", "wrong", "message"),
    [
        (0, {}, "there are no phones to say"),
        (3, {"max_frames": 1}, "`max_frames` must be at least the 2 frames of a step, got: 1"),
        (3, {"window": 0}, "`window` must be at least 1, got: 0"),
    ],
)
def test_what_cannot_be_said(small: Tacotron, count: int, wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        speak(small, phone_ids("Hm, no.")[:count], **wrong)  # type: ignore[arg-type]


def test_pace_is_compared_with_the_alignment() -> None:
    speech, durations = np.ones(4, bool), np.array([4, 4, 4, 4])
    assert keeps_pace(np.eye(4)[[0, 1, 2, 3]], durations, speech)
    assert keeps_pace(np.eye(4)[[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]], durations, speech)
    # Hurries to the end and waits there; or dwells on the first.
    assert not keeps_pace(np.eye(4)[[0, 1, 2, 3, 3, 3, 3, 3, 3, 3]], durations, speech)
    assert not keeps_pace(np.eye(4)[[0, 0, 0, 0, 0, 0, 0, 1, 2, 3]], durations, speech)
    # A phone that is never reached.
    assert not keeps_pace(np.eye(4)[[0, 0, 1, 1, 2, 2]], durations, speech)


def test_what_is_dropped_hangs_on_the_seed(small: Tacotron) -> None:
    ids = phone_ids("Something longer is said here.")
    first, again, other = (speak(small, ids, seed=seed, drop=True).mel for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[: len(other)], other[: len(first)])
    kept = [speak(small, ids, seed=seed).mel for seed in (1, 2)]
    assert np.array_equal(*kept)


def test_bands_are_spread_around_their_mean(small: Tacotron) -> None:
    ids = phone_ids("Something is said.")
    before = speak(small, ids).mel
    small.config = dataclasses.replace(small.config, mel_spread=1.25)
    after = speak(small, ids).mel
    np.testing.assert_allclose(after.mean(0), before.mean(0), atol=1e-5)
    np.testing.assert_allclose(after.std(0), 1.25 * before.std(0), rtol=1e-4)
    with pytest.raises(ConfigError, match="`mel_spread` must be"):
        dataclasses.replace(SMALL, mel_spread=0.0)


def test_diagonals() -> None:
    speech = np.array([False, True, True, True, False])
    walk = np.eye(5)[[0, 0, 1, 1, 2, 2, 3, 4]]
    assert is_diagonal(walk, speech)
    assert not is_diagonal(walk[[0, 1, 2, 3, 6, 7]], speech)  # passes over a phone
    assert not is_diagonal(walk[:-2], speech)  # ends early
    assert not is_diagonal(walk[[0, 2, 4, 6, 2, 4, 6, 7]], speech)  # goes back


def test_a_net_says_mel_only_on_demand() -> None:
    torch.manual_seed(0)
    made = speak(Tacotron(TacotronConfig(**{**vars(SMALL), "lpc_order": 0})).eval(), phone_ids("Hm."))
    assert made.lsf is None
    assert made.voiced is None
