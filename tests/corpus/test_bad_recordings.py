"""One bad recording, whatever is wrong with it: rejected and named, and the others go on."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.corpus.corpora import RATE, TEXTS, ljspeech, voice
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks, extraction, recordings
from tiedtts.corpus.manifest import FEATURES
from tiedtts.corpus.prepare import prepare

BAD = "wavs/bad.wav"


def loud(path: Path) -> None:
    samples = voice(0).astype(np.float32)
    samples[1000:1010] = 3e38
    soundfile.write(path, samples, RATE, "FLOAT")


def infinite(path: Path) -> None:
    samples = voice(0).astype(np.float32)
    samples[7] = np.inf
    soundfile.write(path, samples, RATE, "FLOAT")


def rated(rate: int) -> Callable[[Path], None]:
    return lambda path: soundfile.write(path, voice(0), rate, "FLOAT")


def wide(path: Path) -> None:
    # As a FLAC of silence such a file is small, and gigabytes in memory.
    soundfile.write(path, np.zeros((30_000, 64)), 400, "PCM_16")


SOUNDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "loud": (loud, checks.NO_NUMBERS),
    "infinite": (infinite, checks.NO_NUMBERS),
    "slow": (rated(50), checks.BAD_RATE),
    "quick": (rated(10_000_000), checks.BAD_RATE),
    "wide": (wide, checks.BAD_RATE),
    "folder": (lambda path: path.mkdir(), checks.NOT_PLAIN),
    "text": (lambda path: path.write_text("RIFF"), checks.UNREADABLE),
}
if sys.platform != "win32":
    SOUNDS["pipe"] = (os.mkfifo, checks.NOT_PLAIN)
    SOUNDS["device"] = (lambda path: path.symlink_to("/dev/zero"), checks.NOT_PLAIN)
    SOUNDS["loop"] = (lambda path: path.symlink_to(path), checks.MISSING)


@pytest.mark.parametrize("kind", SOUNDS)
def test_sounds(kind: str, tmp_path: Path) -> None:
    make, reason = SOUNDS[kind]
    make(tmp_path / "bad.wav")
    (tmp_path / FEATURES).mkdir()
    found = extraction.analyse("bad", tmp_path / "bad.wav", tmp_path, AudioSettings())
    assert found.rejected == reason
    assert not list((tmp_path / FEATURES).iterdir())


def test_channels_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((9_000, 8)), 8_000)
    monkeypatch.setattr(checks, "MOST_SAMPLES", 70_000)
    monkeypatch.setattr(checks.files, "read", lambda path: pytest.fail("it was decoded"))
    assert checks.inspect(tmp_path / "a.wav", RATE).rejected == checks.LARGE


LINES: dict[str, tuple[str, str]] = {
    "nul": (json.dumps({"audio": "a\0b.wav", "text": "Mama."}), checks.MISSING),
    "long": (json.dumps({"audio": "x" * 300 + ".wav", "text": "Mama."}), checks.MISSING),
    "half text": (json.dumps({"audio": BAD, "text": "Mama \ud800."}), checks.HALF),
    "half id": (json.dumps({"audio": BAD, "id": "\ud800", "text": "Mama."}), checks.HALF),
    "endless text": (json.dumps({"audio": BAD, "id": "e", "text": "Mama. " * 9_000}), checks.LONG_TEXT),
    "deep": ("[" * 100_000, recordings.NO_RECORDING),
    "deep id": (json.dumps({"audio": BAD, "id": [[]], "text": "Mama."}), recordings.NO_RECORDING),
    "huge": ('{"audio": 1' + "0" * 5_000 + ', "text": "Mama."}', recordings.NO_RECORDING),
    "dot": (json.dumps({"audio": ".", "text": "Mama."}), recordings.NO_RECORDING),
    "root": (json.dumps({"audio": "/", "text": "Mama."}), recordings.NO_RECORDING),
}


def test_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ljspeech(tmp_path / "speaker", count=4)
    rows = [json.dumps({"audio": f"wavs/r{n}.wav", "text": TEXTS[n // 2 % len(TEXTS)]}) for n in range(4)]
    (source / "list.jsonl").write_text("\n".join([*rows, *(line for line, _ in LINES.values())]) + "\n")
    report = prepare(source, tmp_path / "data", format="jsonl", workers=1)
    assert report.used == 4
    told = {**report.rejected, **report.notes}
    for reason in {reason for _, reason in LINES.values()}:
        assert len(told[reason]) == sum(wanted == reason for _, wanted in LINES.values()), reason
    assert all(name.isprintable() for names in told.values() for name in names)
    json.loads((tmp_path / "data" / "report.json").read_bytes())


def test_what_nobody_foresaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ljspeech(tmp_path / "speaker", count=4)
    honest = checks.inspect

    def inspect(path: Path, rate: int) -> checks.Inspection:
        if path.stem == "r1":
            raise ZeroDivisionError
        if path.stem == "r2":
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return honest(path, rate)

    monkeypatch.setattr(checks, "inspect", inspect)
    report = prepare(source, tmp_path / "data", workers=1)
    assert report.rejected == {checks.FAILED: ["r1"], checks.NO_MEMORY: ["r2"]}
    # Another time it may go well: it is tried anew.
    monkeypatch.setattr(checks, "inspect", honest)
    assert prepare(source, tmp_path / "data", workers=1).used == 4


@pytest.mark.skipif(sys.platform == "win32", reason="ends a process by signal")
def test_a_recording_that_ends_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ljspeech(tmp_path / "speaker", count=3)
    (tmp_path / "data" / FEATURES).mkdir(parents=True)
    names = [(f"r{n}", source / "wavs" / f"r{n}.wav") for n in range(3)]
    monkeypatch.setattr(extraction, "_analyse_chunk", _dies_of_r1)
    options = {"workers": 2, "progress": lambda share, message: None}
    found = extraction.extract_all(names, tmp_path / "data", AudioSettings(), **options)
    assert [finding.rejected for finding in found] == [None, checks.DEADLY, None]


def _dies_of_r1(chunk, data, settings, denoise):
    if any(name == "r1" for _, name, _ in chunk):
        os.abort()
    return [(index, extraction.analyse(name, audio, data, settings)) for index, name, audio in chunk]
