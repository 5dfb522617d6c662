"""From sound files to features, in parallel, each file once."""

import hashlib
import json
import multiprocessing
import os
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks
from tiedtts.corpus.features import FEATURES_VERSION, extract
from tiedtts.corpus.manifest import FEATURES
from tiedtts.corpus.readers import Recording
from tiedtts.errors import AudioError

INDEX = "analysis.json"
"""File that remembers what was found out, so that nothing is done twice."""
KEPT_SILENCE = 1.0
"""Silence beyond this is cut at the edges, seconds: the aligner finds what is shorter."""
SAVE_SECONDS = 5.0
"""A killed run loses at most this much work."""
_BATCH = 8


@dataclass(frozen=True)
class Finding:
    """What a sound file turned out to be."""

    key: str
    """Digest of the file and of everything that decides the features."""
    reason: str | None
    """Why it cannot be used, None if it can."""
    notes: tuple[str, ...] = ()
    """What is worth knowing."""
    frames: int = 0
    """Length, F."""
    features: str = ""
    """File name in the folder of features."""


def analyse(
    recordings: Sequence[Recording],
    data: Path,
    settings: AudioSettings,
    workers: int,
    progress: Callable[[float, str], None],
) -> list[Finding]:
    """Check and analyse sound files; one that was analysed before is only read to see that it is the same.

    Args:
        recordings: In any order; the result has the same.
        data: Data folder.
        settings: How samples become features.
        workers: Processes.
        progress: Told the share done and what goes on.
    """
    known = _read_index(data)
    jobs = [(r.audio, data / FEATURES, _safe(r.id), settings, known) for r in recordings]
    found: list[Finding | None] = [None] * len(jobs)
    saved = time.monotonic()

    def keep(numbers: Sequence[int], findings: Sequence[Finding]) -> None:
        nonlocal saved
        for number, finding in zip(numbers, findings, strict=True):
            found[number] = finding
        done = sum(f is not None for f in found)
        progress(done / len(jobs), f"features {done} of {len(jobs)}")
        if time.monotonic() - saved > SAVE_SECONDS:
            _write_index(data, known, found)
            saved = time.monotonic()

    batches = [range(i, min(i + _BATCH, len(jobs))) for i in range(0, len(jobs), _BATCH)]
    try:
        if workers == 1:
            for batch in batches:
                keep(batch, _work([jobs[n] for n in batch]))
        else:
            _share_out(batches, jobs, workers, keep)
    finally:
        _write_index(data, known, found)
    return [finding for finding in found if finding is not None]


Job = tuple[Path, Path, str, AudioSettings, dict[str, Finding]]


def _share_out(
    batches: Sequence[range],
    jobs: Sequence[Job],
    workers: int,
    keep: Callable[[Sequence[int], Sequence[Finding]], None],
) -> None:
    """Run batches in processes and keep the results as they come."""
    # Each process has one thread: several a process would fight for the same cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        try:
            running = {pool.submit(_work, [jobs[n] for n in batch]): batch for batch in batches}
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    keep(running.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _work(jobs: Sequence[Job]) -> list[Finding]:
    return [_analyse(*job) for job in jobs]


def _analyse(
    audio: Path, folder: Path, name: str, settings: AudioSettings, known: dict[str, Finding]
) -> Finding:
    """Check one file, compute its features and save them."""
    try:
        data = audio.read_bytes()
    except OSError:
        return Finding("", checks.MISSING)
    if not data:
        return Finding("", checks.EMPTY)
    description = json.dumps([settings.to_dict(), FEATURES_VERSION, KEPT_SILENCE], sort_keys=True)
    key = hashlib.sha256(data + description.encode()).hexdigest()
    before = known.get(key)
    if before is not None and (before.reason or (folder / before.features).is_file()):
        return before
    try:
        sound = files.read(audio)
    except AudioError:
        return Finding(key, checks.UNREADABLE)
    reason = checks.sound_reason(sound)
    if reason is not None:
        return Finding(key, reason)
    samples = sound.mono
    if sound.rate != settings.sample_rate:
        import soxr

        samples = np.asarray(soxr.resample(samples, sound.rate, settings.sample_rate), np.float32)
    features = extract(trim(samples, settings.sample_rate), settings)
    file = f"{name}-{key[:12]}.npz"
    features.save(folder / file)
    return Finding(key, None, tuple(checks.sound_notes(sound, settings.sample_rate)), features.frames, file)


def trim(samples: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """Cut long silence at the edges of a recording, (S,); `rate` in Hz."""
    window = rate // 50
    count = len(samples) // window
    if not count:
        return samples
    level = np.abs(samples[: count * window]).reshape(count, window).max(axis=1)
    loud = np.flatnonzero(level > 0.03 * np.percentile(level, 98))
    margin = int(KEPT_SILENCE * rate)
    first = max(0, int(loud[0]) * window - margin)
    last = min(len(samples), (int(loud[-1]) + 1) * window + margin)
    return samples[first:last]


def _safe(name: str) -> str:
    """Return an id as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:80] or "recording"


def _read_index(data: Path) -> dict[str, Finding]:
    try:
        values = json.loads((data / INDEX).read_bytes())
        return {v["key"]: Finding(**{**v, "notes": tuple(v["notes"])}) for v in values}
    except (OSError, ValueError, TypeError, KeyError):
        # An index only saves time.
        return {}


def _write_index(data: Path, known: dict[str, Finding], found: Sequence[Finding | None]) -> None:
    merged = {**known, **{f.key: f for f in found if f is not None and f.key}}
    files.write_bytes(data / INDEX, json.dumps([asdict(f) for f in merged.values()]).encode())
