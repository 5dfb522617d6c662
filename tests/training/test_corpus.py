"""Reading a data folder for training: what is cut, what must agree."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.training.synthetic import AUDIO, corpus, utterance
from tiedtts.audio.excitation import pulse_train
from tiedtts.audio.pitch import fundamental_phase
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import Entry, write_description, write_manifest
from tiedtts.errors import CorpusError
from tiedtts.training.corpus import LEADING_FRAMES, TRAILING_FRAMES, Corpus, cut, load


def lengthened(leading: int, trailing: int) -> tuple[Features, tuple[int, ...]]:
    """A synthetic recording with other silences at its ends, at one and the same pitch there."""
    inner = utterance(1)
    old = inner.features
    samples = np.concatenate(
        [
            np.zeros(leading * AUDIO.hop),
            old.samples[8 * AUDIO.hop : -14 * AUDIO.hop],
            np.zeros(trailing * AUDIO.hop),
        ]
    ).astype(np.float32)

    def stretch(values: np.ndarray, mode: str) -> np.ndarray:
        pad = [(leading, trailing)] + [(0, 0)] * (values.ndim - 1)
        return np.pad(values[8:-14], pad, mode=mode)

    log_f0 = stretch(old.log_f0, "edge")
    features = Features(
        samples,
        stretch(old.mel, "edge"),
        log_f0,
        stretch(old.voiced, "constant"),
        fundamental_phase(samples, log_f0, AUDIO),
    )
    return features, (leading, *(int(n) for n in inner.durations[1:-1]), trailing)


def write(data: Path, splits: tuple[str, ...] = ("train", "heldout"), **changes: object) -> Path:
    """Write a data folder of one recording a split."""
    (data / "features").mkdir(parents=True)
    entries = []
    for number, split in enumerate(splits):
        features, durations = lengthened(30, 40)
        features.save(data / "features" / f"{number}.npz")
        phones = tuple(phone.row for phone in utterance(1).phones)
        entry = Entry(
            id=f"u{number}",
            text="Text.",
            audio="a.wav",
            prompt="text",
            split=split,
            seconds=1.0,
            frames=features.frames,
            phones=phones,
            durations=durations,
            alignment_score=-3.5,
            features=f"{number}.npz",
            key="",
        )
        entries.append(dataclasses.replace(entry, **changes))
    write_manifest(data, entries)
    write_description(data, AUDIO, corpus="tones", licence="CC0-1.0")
    return data


def test_silence_at_the_ends_is_cut(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "data"))
    assert loaded.audio == AUDIO
    assert [u.name for u in loaded.train] == ["u0"]
    assert [u.name for u in loaded.heldout] == ["u1"]
    (made,) = loaded.train
    inner = utterance(1)
    assert (made.durations[0], made.durations[-1]) == (LEADING_FRAMES, TRAILING_FRAMES)
    assert made.durations.tolist() == inner.durations.tolist()
    assert made.features.frames == made.durations.sum()
    assert len(made.features.samples) == AUDIO.hop * made.features.frames
    assert made.phones == inner.phones
    np.testing.assert_array_equal(made.ids, inner.ids)
    np.testing.assert_allclose(
        made.features.samples[8 * 160 : -14 * 160], inner.features.samples[8 * 160 : -14 * 160], atol=1e-4
    )
    np.testing.assert_array_equal(made.features.voiced, inner.features.voiced)
    assert (made.text, made.score) == ("Text.", -3.5)


def test_short_silence_is_kept(tmp_path: Path) -> None:
    data = write(tmp_path / "data", ("train",))
    line = json.loads((data / "manifest.jsonl").read_text())
    features, durations = lengthened(3, 2)
    features.save(data / "features" / "0.npz")
    line["durations"] = durations
    (data / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    (made,) = load(data).train
    assert made.durations.tolist() == list(durations)
    assert made.features.frames == features.frames


def test_speech_at_the_ends_is_never_cut(tmp_path: Path) -> None:
    data = write(tmp_path / "data", ("train",))
    line = json.loads((data / "manifest.jsonl").read_text())
    line["phones"][0] = line["phones"][-1] = ["AA", 2, 4, 2, 0]
    (data / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    (made,) = load(data).train
    assert (made.durations[0], made.durations[-1]) == (30, 40)


def lock_error(features: Features) -> float:
    """Mean distance of the phases of the recording's fundamental and of its pulses, radians."""
    voiced = features.voiced.astype(np.float32)
    pulses = pulse_train(features.log_f0, voiced, AUDIO.hop, AUDIO.sample_rate, features.phase)
    phases = [fundamental_phase(x, features.log_f0, AUDIO) for x in (pulses, features.samples)]
    inside = np.convolve(features.voiced, np.ones(5), mode="same") == 5
    return float(np.abs(np.angle(np.exp(1j * (phases[0] - phases[1]))))[inside].mean())


@pytest.mark.parametrize("start", [0, 1, 7, 20])
def test_pulses_stay_locked_to_a_cut_recording(start: int) -> None:
    features = utterance(2).features
    part = cut(features, start, features.frames - 3, AUDIO.sample_rate)
    assert part.frames == len(part.phase) == features.frames - 3 - start
    assert lock_error(part) < 0.05
    assert np.abs(part.phase).max() <= math.pi + 1e-6


def test_pulses_of_a_loaded_recording_are_locked(tmp_path: Path) -> None:
    (made,) = load(write(tmp_path / "data")).train
    assert lock_error(made.features) < 0.05
    shifted = dataclasses.replace(made.features, phase=made.features.phase + np.float32(1.0))
    assert lock_error(shifted) == pytest.approx(1.0, abs=0.05)


def test_scale_by_hand() -> None:
    whole = corpus()
    scale = whole.scale
    mel = np.concatenate([u.features.mel for u in whole.train]).astype(np.float64)
    pitch = np.concatenate([u.features.log_f0[u.features.voiced] for u in whole.train]).astype(np.float64)
    assert scale.mel_mean == pytest.approx(mel.mean(), abs=1e-4)
    assert scale.mel_std == pytest.approx(mel.std(), abs=1e-4)
    assert scale.log_f0_mean == pytest.approx(pitch.mean(), abs=1e-4)
    assert scale.log_f0_std == pytest.approx(pitch.std(), abs=1e-4)
    assert Corpus(AUDIO, whole.train[::-1], ()).scale == scale


@pytest.mark.parametrize("what", ["unvoiced", "monotone"])
def test_corpus_without_melody(what: str) -> None:
    first = utterance(0)
    voiced = np.zeros_like(first.features.voiced) if what == "unvoiced" else first.features.voiced
    flat = dataclasses.replace(first.features, voiced=voiced, log_f0=np.full_like(first.features.log_f0, 5.0))
    with pytest.raises(CorpusError, match="have no pitch, or never change it"):
        _ = Corpus(AUDIO, (dataclasses.replace(first, features=flat),), ()).scale


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"durations": (1, 2)}, "manifest and features of `u0` do not agree"),
        ({"durations": (500, *[0] * 9)}, "manifest and features of `u0` do not agree"),
        ({"phones": (), "durations": ()}, "manifest and features of `u0` do not agree"),
        ({"phones": (("QQ", 0, 0, 2, 0),)}, "the phones of `u0` are not of this version: 'QQ'"),
        ({"phones": ((1, 2, 3, 4, 5, 6, 7),)}, r"line 1: the line, `phones\[0\]` must be a list of 5 values"),
        ({"features": "no.npz"}, "cannot read features"),
    ],
)
def test_entries_that_do_not_fit(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    data = write(tmp_path / "data", ("train",), **changes)
    with pytest.raises(CorpusError, match=message) as error:
        load(data)
    assert error.value.hint == "run `tiedtts prepare` again"


def test_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no training recordings"):
        load(write(tmp_path / "data", ("heldout",)))
    with pytest.raises(CorpusError, match="is not a data folder"):
        load(tmp_path / "no")


def test_illustrated_recordings_have_different_texts_and_are_held_out() -> None:
    base = [dataclasses.replace(utterance(n), name=f"r{n}") for n in range(4)]
    texts = ["One.", "One.", "Two.", "Three."]
    heldout = tuple(dataclasses.replace(u, text=text) for u, text in zip(base, texts, strict=True))
    made = Corpus(AUDIO, tuple(base), heldout)
    assert [u.name for u in made.illustrated] == ["r0", "r2"]
    # Two takes of one text are better than one recording alone.
    assert [u.name for u in Corpus(AUDIO, tuple(base), heldout[:2]).illustrated] == ["r0", "r1"]
    # A long one only where there is no other.
    features = dataclasses.replace(base[0].features, mel=np.zeros((2_000, 80), np.float32))
    long = dataclasses.replace(heldout[0], features=features)
    assert [u.name for u in Corpus(AUDIO, tuple(base), (long, *heldout[2:])).illustrated] == ["r2", "r3"]
    # Nothing is held out: what is learnt from is shown.
    assert len(Corpus(AUDIO, tuple(base), ()).illustrated) == 2
