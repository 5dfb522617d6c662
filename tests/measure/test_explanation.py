"""Evaluations as people are told of them."""

import dataclasses

import pytest

from tiedtts.measure import explanation
from tiedtts.measure.evaluation import Evaluation
from tiedtts.measure.explanation import Line
from tiedtts.measure.listener import PhoneErrorRate
from tiedtts.measure.quality import Distances

DISTANCES = {
    "mel_cepstral_distortion_db": 4.68,
    "f0_error_cents": 289.0,
    "log_f0_correlation": 0.53,
    "voicing_error": 0.135,
    "speaking_rate_ratio": 1.01,
    "phone_duration_correlation": 0.86,
    "log_f0_spread": 0.71,
    "mel_spread": 0.96,
}
RATE = PhoneErrorRate(
    synthesised=0.101, natural=0.179, ratio=0.564, interval=(0.45, 0.68), judge="the run's own recogniser"
)
FOUND = Evaluation(
    **DISTANCES,
    recordings=77,
    phone_error_rate=RATE,
    real_time_factor=0.012,
    between_takes=Distances(**{**DISTANCES, "mel_cepstral_distortion_db": 3.97}),
)


def lines(**changes: object) -> dict[str, Line]:
    return {line.name: line for line in explanation.explain(dataclasses.replace(FOUND, **changes))}


def test_every_number_has_a_unit_a_target_and_a_meaning() -> None:
    told = lines()
    # All that an evaluation holds: one line for each distance, the wrong phones and the time.
    assert len(told) == len(DISTANCES) + 2
    assert all(line.target != "-" and line.meaning.endswith(".") for line in told.values())
    assert not any("_" in line.name + line.meaning for line in told.values())
    assert told["spectrum: mel-cepstral distortion"].value == "4.68 dB"
    assert told["spectrum: mel-cepstral distortion"].target == "5.50 dB or less"
    assert "Two takes by the speaker: 3.97 dB." in told["spectrum: mel-cepstral distortion"].meaning
    assert told["pitch: error"].value == "289 cents"
    assert told["voicing: error"].value == "13.5%"
    assert told["pace"].target == "0.95 x to 1.05 x"
    assert told["rhythm: correlation of durations"].target == "0.75 or more"


def test_what_is_met_and_what_is_missed() -> None:
    told = lines()
    assert {name for name, line in told.items() if not line.met} == {"pitch: liveliness"}
    assert lines(mel_cepstral_distortion_db=5.51)["spectrum: mel-cepstral distortion"].met is False
    assert lines(speaking_rate_ratio=0.9)["pace"].met is False
    assert lines(log_f0_correlation=None)["pitch: correlation"].met is None
    assert lines(log_f0_correlation=None)["pitch: correlation"].value == "not measured"


def test_wrong_phones_are_told_with_the_judges_own() -> None:
    line = lines()["wrong phones"]
    assert (line.value, line.target, line.met) == ("10.1%", "20.6% or less", True)
    assert "the run's own recogniser" in line.meaning
    assert "17.9% wrongly" in line.meaning
    assert "0.56 times as many (0.45 to 0.68" in line.meaning
    assert "does not say more natural" in line.meaning
    passed = dataclasses.replace(RATE, passed_over={"the run's own recogniser": 0.58})
    assert "58% of the recordings wrongly" in lines(phone_error_rate=passed)["wrong phones"].meaning


@pytest.mark.parametrize("rate", [None, dataclasses.replace(RATE, natural=0.6, ratio=None, reliable=False)])
def test_without_a_judge_no_number_is_told(rate: PhoneErrorRate | None) -> None:
    line = lines(phone_error_rate=rate)["wrong phones"]
    assert (line.target, line.met) == ("-", None)
    assert "10.1" not in line.value + line.meaning
    assert "--aligner" in line.meaning
    assert line.value == ("not measured" if rate is None else "no judge")


def test_few_recordings_are_a_reason_for_caution() -> None:
    assert explanation.caution(FOUND) is None
    words = explanation.caution(dataclasses.replace(FOUND, recordings=4))
    assert words is not None
    assert "only 4 recordings" in words
