"""Explanation of an evaluation: each number with its unit, what to aim for, and what it means in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiedtts.measure import judging

if TYPE_CHECKING:
    from tiedtts.measure.evaluation import Evaluation
    from tiedtts.measure.listener import PhoneErrorRate

FEW = 20
"""Recordings below which other ones could give rather different numbers."""
MOST_ERRORS = 1.15
"""Wrong phones of a good voice against those of the recordings."""


@dataclass(frozen=True)
class Line:
    """One number for people."""

    name: str
    value: str
    """With its unit."""
    target: str
    """Value to aim for, with its unit."""
    met: bool | None
    """Whether the target is met; None where nothing could be measured."""
    meaning: str
    """Meaning of the number, a sentence or two."""


@dataclass(frozen=True)
class _Measure:
    """How one field of an evaluation is told."""

    field: str
    name: str
    show: Callable[[float], str]
    low: float
    """Smallest value that meets the target."""
    high: float
    """Largest value that meets the target."""
    meaning: str


def _decibels(value: float) -> str:
    return f"{value:.2f} dB"


def _cents(value: float) -> str:
    return f"{value:.0f} cents"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _plain(value: float) -> str:
    return f"{value:.2f}"


def _times(value: float) -> str:
    return f"{value:.2f} x"


_NEVER = float("inf")
_MEASURES = (
    _Measure(
        "mel_cepstral_distortion_db",
        "spectrum: mel-cepstral distortion",
        _decibels,
        0.0,
        5.5,
        "How far the colour of the sound is from the recordings, frame by frame; 0 is the recording itself.",
    ),
    _Measure(
        "mel_spread",
        "spectrum: detail",
        _times,
        0.9,
        1.1,
        "How much the spectrum changes, against the recordings; below 1 it is smooth, and sounds muffled.",
    ),
    _Measure(
        "f0_error_cents",
        "pitch: error",
        _cents,
        0.0,
        300.0,
        "How far the melody is from the speaker's; 100 cents are a semitone. Another melody may be as good.",
    ),
    _Measure(
        "log_f0_correlation",
        "pitch: correlation",
        _plain,
        0.5,
        1.0,
        "Whether the melody rises and falls where the speaker's does; 1 is always, 0 is by chance.",
    ),
    _Measure(
        "log_f0_spread",
        "pitch: liveliness",
        _times,
        0.9,
        1.2,
        "How wide the melody is, against the speaker's; below 1 it is flatter.",
    ),
    _Measure(
        "voicing_error",
        "voicing: error",
        _percent,
        0.0,
        0.15,
        "Share of the sound that has a pitch where the recording has none, or none where it has one.",
    ),
    _Measure(
        "speaking_rate_ratio",
        "pace",
        _times,
        0.95,
        1.05,
        "Phones a second against the speaker's, pauses left out; above 1 the voice is faster.",
    ),
    _Measure(
        "phone_duration_correlation",
        "rhythm: correlation of durations",
        _plain,
        0.75,
        1.0,
        "Whether long and short phones are where the speaker's are; 1 is always, 0 is by chance.",
    ),
    _Measure(
        "real_time_factor",
        "time to compute",
        _times,
        0.0,
        0.5,
        "Seconds of computing for a second of speech on this machine, as busy as it is; below 1 the voice "
        "speaks while it computes.",
    ),
)


def explain(found: "Evaluation") -> Iterator[Line]:
    """Yield the numbers of an evaluation for people, wrong phones first."""
    yield _phones(found.phone_error_rate)
    for measure in _MEASURES:
        value = getattr(found, measure.field)
        takes = getattr(found.between_takes, measure.field, None)
        meaning = measure.meaning
        if takes is not None:
            meaning += f" Two takes by the speaker: {measure.show(takes)}."
        yield Line(
            measure.name,
            "not measured" if value is None else measure.show(value),
            _target(measure),
            None if value is None else measure.low <= value <= measure.high,
            meaning,
        )


def caution(found: "Evaluation") -> str | None:
    """Return what lessens the worth of all numbers, if anything does."""
    if found.recordings >= FEW:
        return None
    return (
        f"only {found.recordings} recordings were compared: others could give rather different numbers; "
        "prepare with a larger `--holdout` to be surer"
    )


def _target(measure: _Measure) -> str:
    if measure.low <= 0:
        return f"{measure.show(measure.high)} or less"
    if measure.high == 1.0:
        return f"{measure.show(measure.low)} or more"
    return f"{measure.show(measure.low)} to {measure.show(measure.high)}"


def _phones(rate: "PhoneErrorRate | None") -> Line:
    """Explain the rate of wrong phones: a judge that does not understand people is none."""
    name = "wrong phones"
    if rate is None:
        return Line(
            name,
            "not measured",
            "-",
            None,
            "There is no recogniser that listens to such recordings. Train one: "
            "tiedtts train DATA -o RUN --part aligner; then name it with `--aligner`.",
        )
    judge = rate.judge or "the recogniser"
    if not rate.reliable:
        return Line(
            name,
            "no judge",
            "-",
            None,
            f"{judge[:1].upper()}{judge[1:]} hears {rate.natural:.0%} of the phones of the recordings "
            f"themselves wrongly, more than {judging.RELIABLE:.0%}: what it hears in a voice says nothing. "
            "Train a better one, longer or on more speech, and name it with `--aligner`.",
        )
    more = ""
    if rate.ratio is not None:
        more = f" That is {rate.ratio:.2f} times as many"
        if rate.interval is not None:
            low, high = rate.interval
            more += f" ({low:.2f} to {high:.2f} with other texts)"
        more += "."
    if rate.synthesised < rate.natural:
        more += " Fewer than in the recordings: easier to understand, which does not say more natural."
    for passed, wrong in rate.passed_over.items():
        more += f" It judges because {passed} hears {wrong:.0%} of the recordings wrongly."
    most = MOST_ERRORS * rate.natural
    return Line(
        name,
        _percent(rate.synthesised),
        f"{_percent(most)} or less",
        rate.synthesised <= most,
        f"Phones that {judge} hears otherwise than they were meant; in the recordings it hears "
        f"{_percent(rate.natural)} wrongly.{more}",
    )
