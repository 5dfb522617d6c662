from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tiedtts.corpus import alignment
from tiedtts.corpus.alignment import SHORTEST_PAUSE, Alignment, align
from tiedtts.text.phones import Phone

SYMBOLS = ("S", "M", "T", "L", "AA", "IY", "UW", "EH")
BANDS = 20
Item = tuple[np.ndarray, tuple[Phone, ...]]


class Utterance:
    """Words of consonant and vowel; every phone has a spectrum of its own, silence is quiet.

    Before its third word the speaker pauses for `pause` frames, which no punctuation tells.
    """

    def __init__(self, seed: int, pause: int = 0, words: int = 4) -> None:
        rng = np.random.default_rng(seed)
        spectra = np.random.default_rng(99).normal(0, 2.0, (len(SYMBOLS), BANDS))
        phones, frames, spoken = [Phone("sil")], [_silence(rng, 9)], [9]
        for word in range(words):
            if word == 2 and pause:
                frames.append(_silence(rng, pause))
                spoken.append(pause)
            for position, kind in ((1, SYMBOLS[:4]), (3, SYMBOLS[4:])):
                symbol = str(rng.choice(kind))
                phones.append(Phone(symbol, 0, position, 2, word))
                length = int(rng.integers(6, 13))
                noise = rng.normal(0, 0.3, (length, BANDS))
                frames.append(spectra[SYMBOLS.index(symbol)] + noise)
                spoken.append(length)
        phones.append(Phone("."))
        frames.append(_silence(rng, 14))
        self.item: Item = (np.concatenate(frames).astype(np.float32), tuple(phones))
        self.lengths = [*spoken, 14]


def _silence(rng: np.random.Generator, length: int) -> np.ndarray:
    return -9 + rng.normal(0, 0.3, (length, BANDS))


def bounds(durations: Sequence[int]) -> np.ndarray:
    return np.cumsum(durations)[:-1]


UTTERANCES = [Utterance(seed, pause=20 if seed % 3 == 0 else 0) for seed in range(20)]
ITEMS = [utterance.item for utterance in UTTERANCES]


@pytest.fixture(scope="module")
def aligned() -> list[Alignment]:
    return align(ITEMS)


@pytest.fixture
def three_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "PASSES", (1, 1, 2))


def test_phones_are_found_where_they_are(aligned: list[Alignment]) -> None:
    for utterance, found in zip(UTTERANCES, aligned, strict=True):
        assert len(found.durations) == len(utterance.lengths)
        np.testing.assert_allclose(bounds(found.durations), bounds(utterance.lengths), atol=2)


def test_durations_fill_the_recording(aligned: list[Alignment]) -> None:
    for (mel, _), found in zip(ITEMS, aligned, strict=True):
        assert sum(found.durations) == len(mel)
        assert len(found.phones) == len(found.durations)


def test_the_phones_given_come_back_with_their_factors(aligned: list[Alignment]) -> None:
    for utterance, found in zip(UTTERANCES, aligned, strict=True):
        given = utterance.item[1]
        put_in = [i for i, phone in enumerate(found.phones) if phone.symbol == "sil" and i]
        kept = tuple(phone for i, phone in enumerate(found.phones) if i not in put_in)
        assert kept == given


def test_a_pause_that_no_punctuation_tells_becomes_a_silence(aligned: list[Alignment]) -> None:
    for number, found in enumerate(aligned):
        inside = [i for i, phone in enumerate(found.phones) if phone.symbol == "sil"][1:]
        assert inside == ([5] if number % 3 == 0 else [])
        assert all(found.phones[i].word == -1 for i in inside)


def test_a_short_silence_belongs_to_the_phone_before(three_passes: None) -> None:
    chain = alignment._chain(ITEMS[0][1])
    assert [phone.symbol for phone, given in zip(chain.phones, chain.given, strict=True) if not given] == [
        "sil"
    ] * 3
    first = chain.given.tolist().index(False)
    for silence, expected in ((SHORTEST_PAUSE - 1, 0), (SHORTEST_PAUSE, 1)):
        durations = np.where(chain.given, 7, 0)
        durations[first] = silence
        found = alignment.collect(chain.phones, chain.given.tolist(), durations, -1.0)
        assert len(found.phones) == len(ITEMS[0][1]) + expected
        assert found.durations[first - 1] == 7 + (0 if expected else silence)
        assert sum(found.durations) == durations.sum()


def test_no_silence_is_looked_for_inside_a_word_or_beside_a_pause() -> None:
    phones = (
        Phone("sil"),
        Phone("AA", 2, 4, 1, 0),
        Phone(","),
        Phone("S", 0, 1, 2, 1),
        Phone("IY", 2, 3, 2, 1),
        Phone("."),
    )
    chain = alignment._chain(phones)
    assert chain.phones == phones
    assert chain.given.all()


def test_every_silence_before_a_word_may_be_skipped() -> None:
    phones = (
        Phone("sil"),
        Phone("AA", 2, 4, 1, 0),
        Phone(","),
        Phone("IY", 2, 4, 2, 1),
        Phone("EH", 2, 4, 2, 2),
        Phone("."),
    )
    chain = alignment._chain(phones)
    # States of: sil, AA twice, the comma, IY twice, a silence put in, EH twice, the full stop.
    assert chain.owners.tolist() == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6]
    assert chain.skips.tolist() == [-1, -1, -1, -1, 2, -1, -1, 5, -1, -1]


def test_scores_tell_a_wrong_text(aligned: list[Alignment]) -> None:
    wrong = list(ITEMS)
    wrong[4] = (ITEMS[4][0], ITEMS[7][1])
    scores = [found.score for found in align(wrong)]
    assert min(range(len(scores)), key=scores.__getitem__) == 4
    assert scores[4] < aligned[4].score - 3


def test_the_same_recordings_give_the_same_alignment(three_passes: None) -> None:
    assert align(ITEMS) == align(ITEMS)


def test_a_recording_shorter_than_its_phones_has_no_score(three_passes: None) -> None:
    mel, phones = ITEMS[1]
    found = align([*ITEMS[2:], (mel[:9], phones)])
    assert found[-1].score == float("-inf")
    assert all(np.isfinite(other.score) for other in found[:-1])
    assert sum(found[-1].durations) == 9


def test_progress_counts_the_passes(three_passes: None) -> None:
    told: list[tuple[float, str]] = []
    align(ITEMS, progress=lambda share, text: told.append((share, text)))
    assert told == [
        (0.0, "alignment pass 1 of 3"),
        (1 / 3, "alignment pass 2 of 3"),
        (2 / 3, "alignment pass 3 of 3"),
        (1.0, "aligned"),
    ]


class Stopped(Exception):
    pass


def stop_at(number: int, told: list[str]):
    def progress(share: float, text: str) -> None:
        told.append(text)
        if len(told) == number:
            raise Stopped

    return progress


def test_a_stopped_run_goes_on_where_it_was_and_ends_the_same(three_passes: None, tmp_path: Path) -> None:
    resume = tmp_path / "alignment.npz"
    with pytest.raises(Stopped):
        align(ITEMS, progress=stop_at(3, []), resume=resume)
    assert resume.is_file()
    told: list[str] = []
    assert align(ITEMS, progress=stop_at(0, told), resume=resume) == align(ITEMS)
    assert told == ["alignment pass 3 of 3", "aligned"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"something else"])
def test_a_damaged_state_costs_only_time(three_passes: None, tmp_path: Path, damage: bytes) -> None:
    resume = tmp_path / "alignment.npz"
    resume.write_bytes(damage)
    told: list[str] = []
    align(ITEMS[:6], progress=stop_at(0, told), resume=resume)
    assert told[0] == "alignment pass 1 of 3"
    assert not resume.exists()


@pytest.mark.parametrize("change", ["phones", "sound"])
def test_the_state_of_other_recordings_is_not_used(three_passes: None, tmp_path: Path, change: str) -> None:
    resume = tmp_path / "alignment.npz"
    with pytest.raises(Stopped):
        align(ITEMS[:6], progress=stop_at(2, []), resume=resume)
    mel, phones = ITEMS[0]
    other = (mel + 1, phones) if change == "sound" else (mel, ITEMS[3][1])
    told: list[str] = []
    align([other, *ITEMS[1:6]], progress=stop_at(0, told), resume=resume)
    assert told[0] == "alignment pass 1 of 3"


def test_level_and_microphone_do_not_matter() -> None:
    mel = ITEMS[0][0]
    tilted = 1.5 * mel + np.linspace(-2, 3, BANDS, dtype=np.float32)
    np.testing.assert_allclose(alignment.cepstra(tilted), alignment.cepstra(mel), atol=0.01)


def test_slopes_of_a_straight_line_are_its_slope() -> None:
    line = 0.5 * np.arange(12, dtype=np.float32)[:, None]
    np.testing.assert_allclose(alignment._slopes(line)[2:-2], 0.5, rtol=1e-6)
