import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.corpora import RATE, voice, write
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks, extraction
from tiedtts.corpus.extraction import FINDINGS, Finding, digest, extract_all
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import FEATURES
from tiedtts.errors import CorpusError

SETTINGS = AudioSettings()
Listing = list[tuple[str, Path]]


def silent(share: float, message: str) -> None:
    """Show no progress."""


def run(listing: Listing, data: Path, workers: int = 1) -> list[Finding]:
    return extract_all(listing, data, SETTINGS, workers=workers, progress=silent)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / FEATURES).mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """Three sounds, one file that is none, one that is missing."""
    for number in range(3):
        write(tmp_path / f"{number}.wav", voice(number, 0.5))
    (tmp_path / "3.wav").write_bytes(b"noise")
    return [(f"r/{number}", tmp_path / f"{number}.wav") for number in range(5)]


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Tell how many sound files were analysed since it was last asked."""
    names: list[str] = []
    analyse = extraction.analyse

    def counted(name: str, *arguments: object) -> Finding:
        names.append(name)
        return analyse(name, *arguments)

    def told() -> int:
        number = len(names)
        names.clear()
        return number

    monkeypatch.setattr(extraction, "analyse", counted)
    return told


def test_features_are_those_of_the_sound(listing: Listing, data: Path) -> None:
    findings = run(listing, data)
    assert [f.rejected for f in findings] == [None, None, None, checks.UNREADABLE, checks.MISSING]
    first = findings[0]
    assert first.features == f"r_0-{first.key[:12]}.npz"
    assert first.frames == RATE // 2 // SETTINGS.hop
    assert first.speech == pytest.approx(0.3, abs=0.04)
    features = Features.load(data / FEATURES / first.features)
    assert features.frames == first.frames
    played = voice(0, 0.5)[: features.frames * SETTINGS.hop]
    assert np.corrcoef(features.samples, played)[0, 1] > 0.999


def test_other_rates_come_out_the_same(tmp_path: Path, data: Path) -> None:
    write(tmp_path / "a.wav", voice(0, rate=48_000), 48_000)
    write(tmp_path / "b.wav", voice(0, rate=16_000), 16_000)
    a, b = run([("a", tmp_path / "a.wav"), ("b", tmp_path / "b.wav")], data)
    assert a.frames == b.frames == round(1.2 * RATE) // SETTINGS.hop
    assert a.notes == b.notes == (checks.RESAMPLED,)
    mels = [Features.load(data / FEATURES / f.features).mel[20:80, :30] for f in (a, b)]
    assert np.abs(mels[0] - mels[1]).mean() < 0.5


def test_what_is_done_is_not_done_again(listing: Listing, data: Path, count: Callable[[], int]) -> None:
    findings = run(listing, data)
    assert count() == 5
    assert run(listing, data) == findings
    assert count() == 0
    (data / FEATURES / findings[0].features).unlink()
    (data / FEATURES / findings[1].features).write_bytes(b"cut short")
    assert run(listing, data) == findings
    assert count() == 2
    write(listing[2][1], voice(9, 0.5))
    write(listing[3][1], voice(10, 0.5))
    changed = run(listing, data)
    assert count() == 2
    assert changed[:2] == findings[:2]
    assert changed[2].features != findings[2].features
    assert changed[3].rejected is None
    coarse = AudioSettings(hop=300)
    extract_all(listing[:1], data, coarse, workers=1, progress=silent)
    assert count() == 1


def test_a_killed_run_goes_on(listing: Listing, data: Path, count: Callable[[], int]) -> None:
    def kill(share: float, message: str) -> None:
        if message.startswith("features 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_all(listing, data, SETTINGS, workers=1, progress=kill)
    assert count() == 2
    with (data / FINDINGS).open("a") as file:
        file.write('{"features": "r_2-')
    assert len(run(listing, data)) == 5
    assert count() == 3
    lines = (data / FINDINGS).read_text().splitlines()
    assert sorted(json.loads(line)["features"][:3] for line in lines) == [f"r_{n}" for n in range(5)]


def test_processes_find_the_same(listing: Listing, tmp_path: Path, data: Path) -> None:
    other = tmp_path / "other"
    (other / FEATURES).mkdir(parents=True)
    before = os.environ.get("OMP_NUM_THREADS")
    assert run(listing, data, workers=2) == run(listing, other)
    assert os.environ.get("OMP_NUM_THREADS") == before
    for path in (other / FEATURES).iterdir():
        assert (data / FEATURES / path.name).read_bytes() == path.read_bytes()


def test_a_process_that_dies(listing: Listing, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "_start_worker", os.abort)
    monkeypatch.setattr(extraction, "MOST_DEADLY", 0)
    with pytest.raises(CorpusError, match=r"^the processes that compute features die one after the other$"):
        run(listing, data, workers=2)


SCRIPT = """
import sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tiedtts.corpus.extraction import _start_worker
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), _start_worker)
    pool.submit(time.sleep, 0).result()
    print(*pool._processes, flush=True)
    pool.submit(time.sleep, 600)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_no_process_outlives_a_killed_run(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    run = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    os.kill(worker, 0)
    run.kill()
    # The worker holds the other end of the pipe: it closes when the last of them is gone.
    assert run.communicate(timeout=60)[0] == b""


def test_noise_is_taken_down_before_the_edges_are_cut(tmp_path: Path, data: Path) -> None:
    noise = 0.004 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    noise[RATE // 3 : 2 * RATE // 3] += voice(0, 0.5)[: 2 * RATE // 3 - RATE // 3]
    write(tmp_path / "a.wav", noise)
    quiet = []
    for depth in (0.0, 15.0):
        found = extraction.analyse("a", tmp_path / "a.wav", data, SETTINGS, depth)
        made = Features.load(data / FEATURES / found.features)
        quiet.append(float(np.median(made.mel[:8])))
    # In nepers: 15 dB are 1.7.
    assert quiet[0] - quiet[1] == pytest.approx(15 / 8.686, abs=0.3)


def test_digests(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    missing = digest(path, SETTINGS)
    path.write_bytes(b"a")
    one = digest(path, SETTINGS)
    assert one != missing
    assert one == digest(path, AudioSettings())
    assert one != digest(path, AudioSettings(level=0.05))
    assert one != digest(path, SETTINGS, 12.0) != digest(path, SETTINGS, 6.0)
    assert one == digest(path, SETTINGS, 0.0)
    path.write_bytes(b"b")
    assert digest(path, SETTINGS) != one
