"""Extraction: features of many recordings in several processes, and a record of what is done already."""

import contextlib
import dataclasses
import hashlib
import json
import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from tiedtts import documents, processes, schema, stopping, storage
from tiedtts.audio import denoising
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks
from tiedtts.corpus.features import FEATURES_VERSION, Features, extract
from tiedtts.corpus.manifest import FEATURES
from tiedtts.errors import ConfigError, CorpusError, is_out_of_memory

FINDINGS = "findings.jsonl"
"""File in the data folder with a line for each sound file that was read."""
BLOCK = 2**20
"""Bytes of a sound file that are read at once."""
CHUNK = 8
"""Recordings that a process is given at once."""
MOST_DEADLY = 5
"""Recordings whose analysis may end its process: if there are more, it is not they that are at fault."""


@dataclass(frozen=True)
class Finding:
    """The result of analysing a sound file."""

    features: str
    """File in the folder of features; not written if rejected."""
    key: str
    """Digest of the sound file, the settings and the analysis."""
    size: int = 0
    """Size of the file of features, bytes."""
    frames: int = 0
    """F."""
    speech: float = 0.0
    """Seconds from the first to the last loud sample."""
    rejected: str | None = None
    """Why the recording cannot be used."""
    notes: tuple[str, ...] = ()


Elsewhere = Callable[
    [Sequence[tuple[str, Path]], Sequence[int], Path, AudioSettings, float],
    Generator[tuple[int, Finding], None, None],
]
"""Takes recordings, which of them, the data folder, settings and noise reduction; yields findings."""


def extract_all(
    recordings: Sequence[tuple[str, Path]],
    data: Path,
    settings: AudioSettings,
    *,
    denoise: float = 0.0,
    workers: int,
    elsewhere: Elsewhere | None = None,
    progress: Callable[[float, str], None],
) -> list[Finding]:
    """Compute the features that are not yet in the data folder.

    Args:
        recordings: Id and sound file of each.
        data: The data folder.
        settings: Rate, frames and pitch range.
        denoise: By how much steady noise is taken down, dB.
        workers: Number of processes; with 1 all is done in this one.
        elsewhere: Computes them in place of processes of this machine.
        progress: Told the share done and what goes on.

    Raises:
        CorpusError: Processes die one after the other.
    """
    known = {finding.features: finding for finding in read(data)}
    findings: list[Finding | None] = []
    for number, (name, audio) in enumerate(recordings):
        key = digest(audio, settings, denoise)
        found = known.get(file_name(name, key))
        findings.append(found if found is not None and _is_there(data, found) else None)
        if number % 100 == 0:
            progress(0.0, f"reading recording {number + 1} of {len(recordings)}")
    _write(data, [finding for finding in findings if finding is not None])
    todo = [index for index, finding in enumerate(findings) if finding is None]
    done = len(findings) - len(todo)
    # Closed at once when progress raises: processes must not go on behind the caller's back.
    with (
        (data / FINDINGS).open("a", encoding="utf-8") as kept,
        contextlib.closing(
            _analyse(recordings, todo, data, settings, denoise, workers)
            if elsewhere is None
            else elsewhere(recordings, todo, data, settings, denoise)
        ) as found_now,
    ):
        for index, finding in found_now:
            findings[index] = finding
            if finding.rejected not in checks.UNSURE:
                kept.write(_line(finding))
                kept.flush()
            done += 1
            progress(done / len(findings), f"features {done} of {len(findings)}")
    # Once more, in the order of the corpus and without the lines of recordings that are gone.
    complete = [finding for finding in findings if finding is not None]
    _write(data, complete)
    return complete


def digest(audio: Path, settings: AudioSettings, denoise: float = 0.0) -> str:
    """Return what changes when the features of a sound file change."""
    versions = [FEATURES_VERSION, checks.CHECKS_VERSION, settings.to_dict()]
    if denoise:
        versions.append(denoise)
    value = hashlib.sha256(json.dumps(versions).encode())
    # A name that no file system takes is a ValueError; opening a pipe would wait for somebody to write to it.
    with contextlib.suppress(OSError, ValueError):
        if stat.S_ISREG(audio.stat().st_mode):
            with audio.open("rb") as file:
                while block := file.read(BLOCK):
                    value.update(block)
    return value.hexdigest()


def file_name(name: str, key: str) -> str:
    """Return the file of features of a recording."""
    return f"{checks.safe_name(name)}-{key[:12]}.npz"


def analyse(name: str, audio: Path, data: Path, settings: AudioSettings, denoise: float = 0.0) -> Finding:
    """Judge one recording and write its features; whatever is wrong with it, the others go on."""
    finding, features = analysed(name, audio, settings, denoise)
    # Outside: a full disk is not the recording's fault.
    if features is not None:
        keep(data, finding, features)
    return finding


def keep(data: Path, finding: Finding, features: bytes) -> None:
    """Write the features of a recording, a file as `analysed` returns it, into a data folder."""
    storage.write_bytes(data / FEATURES / finding.features, features, sync=False)


def analysed(
    name: str, audio: Path, settings: AudioSettings, denoise: float = 0.0
) -> tuple[Finding, bytes | None]:
    """Judge one recording and return its file of features, None if it cannot be used; nothing is written."""
    key = digest(audio, settings, denoise)
    target = file_name(name, key)
    try:
        with np.errstate(all="ignore"):
            found, features = _analyse_sound(audio, settings, denoise)
    # A package that is missing is not the recording's fault.
    except ImportError:
        raise
    # Nobody knows all that a file can do to what decodes and analyses it.
    except Exception as error:
        reason = checks.NO_MEMORY if is_out_of_memory(error) else checks.FAILED
        return Finding(target, key, rejected=reason), None
    if features is None:
        return Finding(target, key, rejected=found.rejected), None
    made = features.to_bytes()
    return Finding(target, key, len(made), features.frames, round(found.speech, 4), None, found.notes), made


def _analyse_sound(
    audio: Path, settings: AudioSettings, denoise: float
) -> tuple[checks.Inspection, Features | None]:
    """Return the inspection of a sound file, and its features if it can be used."""
    import soxr

    found = checks.inspect(audio, settings.sample_rate)
    if found.rejected is not None:
        return found, None
    if denoise:
        # Before the edges are cut off: they tell best what the noise is.
        cleaned = denoising.denoise(found.samples, found.rate, denoise)
        found = dataclasses.replace(found, samples=cleaned)
    samples = soxr.resample(found.trimmed, found.rate, settings.sample_rate, "VHQ")
    features = extract(samples, settings)
    features.check()
    return found, features


def _analyse(
    recordings: Sequence[tuple[str, Path]],
    todo: Sequence[int],
    data: Path,
    settings: AudioSettings,
    denoise: float,
    workers: int,
) -> Generator[tuple[int, Finding], None, None]:
    """Yield the findings of some recordings as they come, with the recording's index."""
    if workers == 1 or len(todo) < 2:
        for index in todo:
            yield index, analyse(*recordings[index], data, settings, denoise)
        return
    left = set(todo)
    try:
        for index, finding in _in_processes(recordings, todo, data, settings, denoise, workers, CHUNK):
            left.discard(index)
            yield index, finding
        return
    except BrokenProcessPool:
        # One of a few recordings ends the process that reads it, or asks for all the memory there is.
        alone = [index for index in todo if index in left]
    deadly = 0
    for index in alone:
        try:
            yield from _in_processes(recordings, [index], data, settings, denoise, 1, 1)
        except BrokenProcessPool:
            deadly += 1
            if deadly > MOST_DEADLY:
                raise CorpusError(
                    "the processes that compute features die one after the other",
                    hint="perhaps memory runs out: run again with one worker, what is done is kept",
                ) from None
            name, audio = recordings[index]
            key = digest(audio, settings, denoise)
            yield index, Finding(file_name(name, key), key, rejected=checks.DEADLY)


def _in_processes(
    recordings: Sequence[tuple[str, Path]],
    todo: Sequence[int],
    data: Path,
    settings: AudioSettings,
    denoise: float,
    workers: int,
    chunk: int,
) -> Generator[tuple[int, Finding], None, None]:
    """Yield the findings of some recordings as processes return them.

    Raises:
        BrokenProcessPool: One of the processes died.
    """
    chunks = [todo[start : start + chunk] for start in range(0, len(todo), chunk)]
    # One thread each: there is a process for every core.
    with processes.spawning(OMP_NUM_THREADS="1"):
        pool = ProcessPoolExecutor(min(workers, len(chunks)), get_context("spawn"), _start_worker)
        try:
            jobs = [
                pool.submit(_analyse_chunk, [(i, *recordings[i]) for i in part], data, settings, denoise)
                for part in chunks
            ]
            for job in as_completed(jobs):
                yield from job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _analyse_chunk(
    chunk: Sequence[tuple[int, str, Path]], data: Path, settings: AudioSettings, denoise: float
) -> list[tuple[int, Finding]]:
    return [(index, analyse(name, audio, data, settings, denoise)) for index, name, audio in chunk]


def _start_worker() -> None:
    """Leave signals to the main process, and end when it is gone, however it went."""
    import multiprocessing.connection
    import threading

    stopping.ignore()
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def read(data: Path) -> Iterator[Finding]:
    """Yield what earlier runs found; a line cut short by a kill is left out."""
    if not (data / FINDINGS).is_file():
        return
    try:
        lines = (data / FINDINGS).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(ConfigError):
            yield schema.build(Finding, documents.from_json(line, "the line"), "the line")


def _write(data: Path, findings: Sequence[Finding]) -> None:
    sure = (finding for finding in findings if finding.rejected not in checks.UNSURE)
    storage.write_bytes(data / FINDINGS, "".join(map(_line, sure)).encode())


def _line(finding: Finding) -> str:
    return json.dumps(dataclasses.asdict(finding)) + "\n"


def _is_there(data: Path, finding: Finding) -> bool:
    """Return whether the features that a finding tells of are still there, whole."""
    if finding.rejected is not None:
        return True
    try:
        return (data / FEATURES / finding.features).stat().st_size == finding.size
    except OSError:
        return False
