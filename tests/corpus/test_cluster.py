"""`prepare` on a cluster: the data folder is that of this machine's processes."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Nodes
from tests.corpus.corpora import ljspeech, voice, write
from tests.corpus.test_prepare import contents, evenly
from tiedtts import cluster
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import alignment, checks, cluster_extraction, extraction
from tiedtts.corpus.cluster_extraction import ClusterExtraction
from tiedtts.corpus.prepare import prepare
from tiedtts.errors import ConfigError, CorpusError
from tiedtts_cli.main import main

SETTINGS = AudioSettings()


def listing(folder: Path, count: int = 3) -> list[tuple[str, Path]]:
    """Return recordings, and what is none: each is judged, wherever that is."""
    for number in range(count):
        write(folder / f"r{number}.wav", voice(number))
    (folder / "bad.wav").write_bytes(b"RIFF, or not")
    (folder / "silent.wav").write_bytes(b"")
    (folder / "folder.wav").mkdir()
    write(folder / "large.flac", voice(9))
    names = [f"r{number}.wav" for number in range(count)]
    names += ["bad.wav", "silent.wav", "folder.wav", "missing.wav", "large.flac", "a\0b.wav"]
    return [(name.partition(".")[0], folder / name) for name in names]


def extract(
    recordings: list[tuple[str, Path]], data: Path, elsewhere: Any = None, denoise: float = 0.0
) -> dict[str, bytes]:
    data.mkdir(exist_ok=True)
    (data / "features").mkdir(exist_ok=True)
    extraction.extract_all(
        recordings,
        data,
        SETTINGS,
        denoise=denoise,
        workers=1,
        elsewhere=elsewhere,
        progress=lambda share, message: None,
    )
    return {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}


def test_features_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = listing(tmp_path)
    sent: list[str] = []
    analyse = cluster_extraction.analyse

    def watched(piece: Any, values: Any) -> Any:
        sent.extend(each.name for each in piece)
        return analyse(piece, values)

    monkeypatch.setattr(cluster_extraction, "analyse", watched)
    monkeypatch.setattr(cluster_extraction, "MOST_BYTES", (tmp_path / "r0.wav").stat().st_size)
    write(tmp_path / "large.flac", voice(9, seconds=9))
    here = extract(recordings, tmp_path / "here", denoise=6.0)
    there = extract(recordings, tmp_path / "there", ClusterExtraction(Nodes()), denoise=6.0)  # type: ignore[arg-type]
    assert there == here
    assert len(here) == 1 + 4
    # What is no file, or too large, is judged where it lies.
    assert sent == ["r0", "r1", "r2", "bad", "silent"]


def test_what_is_done_is_not_sent_again(tmp_path: Path) -> None:
    recordings = listing(tmp_path)
    extract(recordings[:2], tmp_path / "data")
    nodes = Nodes()
    extract(recordings, tmp_path / "data", ClusterExtraction(nodes))  # type: ignore[arg-type]
    assert [each.name for piece in nodes.pieces for each in piece] == ["r2", "bad", "silent", "large"]


def test_a_recording_that_loses_its_process_is_one(tmp_path: Path) -> None:
    recordings = listing(tmp_path)
    nodes = Nodes(lost=lambda piece: any(each.name == "r1" for each in piece))
    found = ClusterExtraction(nodes)(recordings, [0, 1, 2], tmp_path, SETTINGS, 0.0)  # type: ignore[arg-type]
    (tmp_path / "features").mkdir()
    reasons = {place: finding.rejected for place, finding in found}
    assert reasons == {0: None, 1: checks.DEADLY, 2: None}


def test_where_all_are_lost_it_ends(tmp_path: Path) -> None:
    recordings = listing(tmp_path, count=8)
    nodes = Nodes(lost=lambda piece: True)
    with pytest.raises(CorpusError, match="are lost one after the other: NodeDiedError"):
        extract(recordings, tmp_path / "data", ClusterExtraction(nodes))  # type: ignore[arg-type]


def test_the_whole_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ljspeech(tmp_path / "speaker")
    monkeypatch.setattr(alignment, "align", evenly)

    def run_prepare(data: Path, *options: str) -> dict[str, bytes]:
        assert main(["prepare", str(source), "-o", str(data), "--no-listen", "-q", *options]) == 0
        return contents(data)

    here = run_prepare(tmp_path / "here", "--workers", "1")
    asked: list[tuple[str, int | None]] = []

    def joined(place: str, limit: int | None = None) -> Any:
        asked.append((place, limit))
        return contextlib.nullcontext(Nodes())

    monkeypatch.setattr(cluster, "joined", joined)
    there = run_prepare(tmp_path / "there", "--engine", "ray:somewhere", "--workers", "2")
    assert asked == [("somewhere", 2)]
    assert there == here


def test_without_a_cluster_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = ljspeech(tmp_path / "speaker")

    @contextlib.contextmanager
    def joined(place: str, limit: int | None = None) -> Any:
        raise ConfigError("there is no Ray cluster")
        yield

    monkeypatch.setattr(cluster, "joined", joined)
    for engine in ("ray", "dask"):
        with pytest.raises(ConfigError):
            prepare(source, tmp_path / "data", engine=engine)
    assert not (tmp_path / "data").exists()
