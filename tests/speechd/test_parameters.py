import itertools

import pytest

from tiedtts.settings import Settings
from tiedtts.speechd import curves
from tiedtts.speechd.parameters import Parameters


def test_parameters_are_set_line_by_line_and_set_back() -> None:
    lines = [
        "rate=20",
        "pitch=-10",
        "pitch_range=50",
        "punctuation_mode=all",
        "spelling_mode=on",
        "voice=female2",
    ]
    found = Parameters().changed(lines)
    assert (found.rate, found.pitch, found.pitch_range, found.volume) == (20, -10, 50, 100)
    assert (found.punctuation_mode, found.spelling_mode, found.voice) == ("all", "on", "female2")
    assert found.changed(["rate=NULL", "punctuation_mode=NULL", "voice=NULL"]) == Parameters(
        pitch=-10, pitch_range=50, spelling_mode="on"
    )


def test_numbers_beyond_the_bounds_are_the_nearest() -> None:
    found = Parameters().changed(["rate=999", "pitch=-999"])
    assert (found.rate, found.pitch) == (100, -100)


def test_names_of_newer_servers_are_passed_over() -> None:
    assert Parameters().changed(["sparkle=9", "", "rate=3"]) == Parameters(rate=3)


@pytest.mark.parametrize(
    "line", ["rate", "rate=fast", "rate=", "punctuation_mode=many", "spelling_mode=1", "cap_let_recogn=x"]
)
def test_values_that_do_not_fit_are_refused_by_name(line: str) -> None:
    with pytest.raises(ValueError, match=line):
        Parameters().changed([line])


def test_the_rate_covers_what_people_use_in_equal_steps() -> None:
    assert curves.speed(0) == 1
    assert curves.speed(50) == pytest.approx(2)
    assert curves.speed(100) == 4
    assert curves.speed(-100) == pytest.approx(0.4)
    speeds = [curves.speed(rate) for rate in range(-100, 101)]
    assert speeds == sorted(speeds)
    assert max(b / a for a, b in itertools.pairwise(speeds)) < 1.015


@pytest.mark.parametrize("value", [-1000, -100, -1, 0, 1, 100, 1000])
def test_any_value_makes_settings(value: int) -> None:
    Settings(speed=curves.speed(value), pitch=curves.semitones(value), volume=curves.decibels(value))


def test_a_wider_range_moves_the_pitch_further() -> None:
    assert [curves.pitch_range(value) for value in (-200, -100, 0, 50, 100)] == [0, 0, 1, 1.5, 2]


def test_full_volume_is_the_voices_own_and_none_is_silence() -> None:
    assert curves.decibels(100) == 0
    assert curves.decibels(0) == pytest.approx(-6.02, abs=0.01)
    assert curves.decibels(-100) == -96
