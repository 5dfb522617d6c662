import hashlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.corpora import RATE, TEXTS, ljspeech, voice, write
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import alignment, checks, extraction, manifest, prepare, recordings, suspects
from tiedtts.corpus.alignment import Alignment
from tiedtts.corpus.licence import find_licence
from tiedtts.corpus.report import Report
from tiedtts.corpus.split import held_out
from tiedtts.errors import ConfigError, CorpusError, TextError
from tiedtts.text.phones import SILENCE, Phone

KEPT = ("manifest.jsonl", "corpus.json", "report.json", "report.md", "findings.jsonl")


def run(source: Path, data: Path, **options: Any) -> Report:
    return prepare.prepare(source, data, **{"workers": 1, **options})


def contents(data: Path) -> dict[str, bytes]:
    return {str(p.relative_to(data)): p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return ljspeech(tmp_path / "speaker")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def evenly(items: Any, *, progress: Any, resume: Any) -> list[Alignment]:
    """Give every phone as many frames, in place of an aligner that wants more speech."""
    progress(0.5, "alignment")
    alignments = []
    for number, (spectrum, phones) in enumerate(items):
        durations = np.diff(np.linspace(0, len(spectrum), len(phones) + 1).round().astype(int))
        alignments.append(Alignment(tuple(phones), tuple(durations.tolist()), -1.0 - 0.01 * number))
    return alignments


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Do without the aligner; holds the number of recordings of each of its calls."""
    calls: list[int] = []

    def counted(items: Any, **options: Any) -> list[Alignment]:
        calls.append(len(items))
        return evenly(items, **options)

    monkeypatch.setattr(alignment, "align", counted)
    return calls


def test_a_data_folder(source: Path, data: Path) -> None:
    (source / "LICENSE").write_text("Terms\n\nCC0 1.0 Universal\n")
    told: list[float] = []
    report = run(source, data, holdout=0.25, progress=lambda share, message: told.append(share))
    assert set(contents(data)) - set(KEPT) == {f"features/{e.features}" for e in manifest.read_manifest(data)}
    entries = manifest.read_manifest(data)
    assert [e.id for e in entries] == [f"r{n}" for n in range(8)]
    for entry in entries:
        assert entry.audio == f"wavs/{entry.id}.wav"
        assert sum(entry.durations) == entry.frames == round(1.2 * RATE) // 256
        assert entry.seconds == entry.frames * 256 / RATE
        assert len(entry.phones) == len(entry.durations)
        assert entry.features == f"{entry.id}-{entry.key[:12]}.npz"
    assert {e.prompt for e in entries} == {recordings.prompt_of(text) for text in TEXTS}
    assert manifest.read_settings(data) == AudioSettings()
    provenance = manifest.read_provenance(data)
    assert provenance.pop("alignment")
    assert provenance == {
        "corpus": "speaker",
        "licence": "CC0 1.0 Universal",
        "recordings": 8,
        "seconds": report.seconds,
        "heldout": 2,
    }
    assert (report.recordings, report.used, report.heldout) == (8, 8, 2)
    assert report.seconds == round(8 * 112 * 256 / RATE, 3)
    assert report.phones == sum(Phone(*row).is_speech for e in entries for row in e.phones)
    assert (report.rejected, report.notes, report.unknown_words) == ({}, {}, [])
    scores = [e.alignment_score for e in entries]
    assert report.alignment_score.mean == pytest.approx(np.mean(scores))
    assert report.alignment_score.min == min(scores)
    assert json.loads((data / "report.json").read_bytes()) == report.to_dict()
    assert (data / "report.md").read_text().startswith("# speaker\n")
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0


def test_again_takes_no_time_and_changes_nothing(
    source: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(source, data)
    before = contents(data)
    monkeypatch.setattr(alignment, "align", None)
    monkeypatch.setattr(extraction, "analyse", None)
    start = time.process_time()
    assert run(source, data) == report
    assert time.process_time() - start < 2.0
    assert contents(data) == before


@pytest.mark.parametrize("stop", ["text 1", "features 3", "alignment pass 1 ", "alignment pass 9", "aligned"])
def test_a_stopped_run_goes_on_to_the_same_end(
    source: Path, tmp_path: Path, data: Path, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pass takes long enough to be worth keeping only with more speech: a few stand for all.
    monkeypatch.setattr("tiedtts.corpus.alignment.PASSES", (1,) * 10)

    def kill(share: float, message: str) -> None:
        if message.startswith(stop):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, data, progress=kill)
    assert not (data / manifest.DESCRIPTION).exists()
    run(source, data)
    run(source, tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    assert contents(data) == expected


def test_only_what_changed_is_done_anew(source: Path, data: Path, quick: list[int]) -> None:
    run(source, data)
    first = {e.id: e for e in manifest.read_manifest(data)}
    # Other marks, same phones; another take; another split.
    run(source, data, seed=1, holdout=0.5)
    assert quick == [8]
    write(source / "wavs" / "r0.wav", voice(99))
    run(source, data)
    second = {e.id: e for e in manifest.read_manifest(data)}
    assert quick == [8, 8]
    assert second["r0"].key != first["r0"].key
    assert all(second[f"r{n}"] == first[f"r{n}"] for n in range(1, 8))
    names = {p.name for p in (data / "features").iterdir()}
    assert names == {e.features for e in second.values()}
    lines = (source / "metadata.csv").read_text().replace("moon", "noon")
    (source / "metadata.csv").write_text(lines)
    run(source, data)
    assert quick == [8, 8, 8]
    run(source, data, settings=AudioSettings(hop=300))
    assert manifest.read_settings(data).hop == 300
    assert manifest.read_manifest(data)[0].frames == 1.2 * RATE // 300


def test_every_reason(tmp_path: Path, data: Path, quick: list[int]) -> None:
    source = ljspeech(tmp_path / "speaker")
    sounds = {
        "dup": voice(0),
        "loud": np.clip(50 * voice(0), -1, 1),
        "quiet": np.zeros(RATE),
        "void": np.zeros(0),
        "short": voice(0)[3_000:6_000],
        "long": voice(0, 21),
        "dumb": voice(0),
        "odd": voice(0),
        "slow": voice(0, 12),
        "fast": voice(0),
        "foreign": voice(0),
        "new": voice(0),
    }
    for name, samples in sounds.items():
        write(source / "wavs" / f"{name}.wav", samples)
    (source / "wavs" / "broken.wav").write_bytes(b"broken")
    texts = {
        "dumb": "... !",
        "odd": "{QQ}",
        "fast": 9 * TEXTS[3],
        "foreign": "Hello Привет",
        "new": "Blorpzib.",
    }
    with (source / "metadata.csv").open("a") as file:
        for name in [*sounds, "dup", "broken", "gone"]:
            file.write(f"{name}|{texts.get(name, 'Hello there.')}\n")
        file.write("a line without a bar\n")
    report = run(source, data)
    assert report.rejected == {
        checks.DUPLICATE: ["dup"],
        checks.CLIPPED: ["loud"],
        checks.SILENT: ["quiet"],
        checks.EMPTY: ["void"],
        checks.SHORT: ["short"],
        checks.LONG: ["long"],
        checks.UNSAID: ["dumb"],
        checks.UNSPEAKABLE: ["odd"],
        checks.SLOW: ["slow"],
        checks.FAST: ["fast"],
        checks.UNREADABLE: ["broken"],
        checks.MISSING: ["gone"],
    }
    assert report.notes == {
        recordings.NO_RECORDING: ["metadata.csv, line 24"],
        checks.LEFT_OUT: ["foreign"],
        # All of them are the voice of the first one, with texts of their own.
        suspects.SAME_OTHER_TEXT: ["new", "foreign", "dup"],
    }
    assert [word.lower() for word in report.unknown_words] == ["blorpzib"]
    assert (report.recordings, report.used) == (23, 11)
    assert {p.name for p in (data / "features").iterdir()} == {
        e.features for e in manifest.read_manifest(data)
    }


def test_a_recording_shorter_than_its_phones(
    source: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poor(items: Any, **options: Any) -> list[Alignment]:
        alignments = evenly(items, **options)
        alignments[1] = replace(alignments[1], score=float("-inf"))
        alignments[2] = replace(alignments[2], score=-99.0)
        return alignments

    monkeypatch.setattr(alignment, "align", poor)
    report = run(source, data)
    assert report.rejected == {checks.UNALIGNED: ["r1"]}
    assert report.notes == {suspects.FAR_OFF: ["r2"]}
    assert report.alignment_score.min == -99.0
    assert report.used == 7
    # The kept alignments know it, too.
    monkeypatch.setattr(alignment, "align", None)
    assert run(source, data) == report


def test_sentences_of_a_recording_are_joined(source: Path, data: Path, quick: list[int]) -> None:
    text = (source / "metadata.csv").read_text().replace(TEXTS[0], "No, no. We know? Row!")
    (source / "metadata.csv").write_text(text)
    run(source, data)
    phones = [Phone(*row) for row in manifest.read_manifest(data)[0].phones]
    expected = "sil N OW , N OW . W IY N OW ? R OW !"
    assert [p.symbol for p in phones] == expected.split()
    assert [p.word for p in phones] == [-1, 0, 0, -1, 1, 1, -1, 2, 2, 3, 3, -1, 4, 4, -1]
    assert [p.symbol for p in phones].count(SILENCE) == 1


def test_a_lexicon_and_a_licence(source: Path, tmp_path: Path, data: Path, quick: list[int]) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("moon  M AA1\n")
    run(source, data, lexicon=lexicon, licence="CC-BY-4.0")
    symbols = " ".join(row[0] for row in manifest.read_manifest(data)[2].phones)
    assert "R EH D M AA , L OW" in symbols
    assert manifest.read_provenance(data)["licence"] == "CC-BY-4.0"
    with pytest.raises(TextError, match=r"^cannot read the lexicon "):
        run(source, data, lexicon=tmp_path / "none.txt")


def test_the_split_keeps_takes_together(source: Path, data: Path, quick: list[int]) -> None:
    run(source, data, holdout=0.25, seed=3)
    entries = manifest.read_manifest(data)
    ranked = sorted({e.prompt for e in entries}, key=lambda p: hashlib.sha256(f"3:{p}".encode()).hexdigest())
    assert {e.prompt for e in entries if e.split == "heldout"} == set(ranked[:1])
    assert sum(e.split == "heldout" for e in entries) == 2


def test_held_out() -> None:
    prompts = [f"prompt {number}" for number in range(100)]
    chosen = held_out(prompts, 0.05, 0)
    assert len(chosen) == 5
    assert held_out(reversed(prompts * 3), 0.05, 0) == chosen
    assert held_out(prompts, 0.05, 1) != chosen
    assert chosen < held_out(prompts, 0.1, 0)
    assert held_out(prompts, 0.0, 0) == set()
    assert len(held_out(prompts[:2], 0.01, 0)) == 1
    assert held_out(prompts[:1], 0.5, 0) == set()
    assert len(held_out(prompts, 0.5, 0)) == 50


@pytest.mark.parametrize("options", [{"holdout": 0.51}, {"holdout": -0.1}, {"holdout": float("nan")}])
def test_shares_that_do_not_fit(source: Path, data: Path, options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"^`holdout` must be in \[0, 0\.5\], got: "):
        run(source, data, **options)
    assert not data.exists()


def test_workers_that_do_not_fit(source: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match=r"^`workers` must be at least 1, got: 0$"):
        run(source, data, workers=0)


def test_a_folder_that_holds_other_things(source: Path, data: Path) -> None:
    data.mkdir()
    (data / "thesis.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r" holds other things$"):
        run(source, data)
    assert contents(data) == {"thesis.txt": b"mine"}
    with pytest.raises(CorpusError, match=r"^cannot write .*thesis\.txt: File exists$"):
        run(source, data / "thesis.txt")


def test_nothing_but_features_is_removed(source: Path, data: Path, quick: list[int]) -> None:
    (data / "features").mkdir(parents=True)
    kept = data / "features" / "mine.npz"
    stale = [data / "features" / name for name in ("a-0123456789ab.npz", ".a-0123456789ab.npz.x_7")]
    for path in (kept, *stale):
        path.write_bytes(b"")
    run(source, data)
    assert kept.exists()
    assert not any(path.exists() for path in stale)


def test_nothing_usable(source: Path, data: Path) -> None:
    for number in range(6):
        (source / "wavs" / f"r{number}.wav").unlink()
    write(source / "wavs" / "r6.wav", np.zeros(RATE))
    write(source / "wavs" / "r7.wav", np.zeros(RATE))
    with pytest.raises(CorpusError) as caught:
        run(source, data)
    reasons = f"6 × {checks.MISSING}, 2 × {checks.SILENT}"
    assert str(caught.value) == f"none of 8 recordings can be used: {reasons}"


def test_damaged_features_are_computed_again(source: Path, data: Path, quick: list[int]) -> None:
    run(source, data)
    before = contents(data)
    path = data / "features" / manifest.read_manifest(data)[0].features
    path.write_bytes(bytes(path.stat().st_size))
    (data / manifest.DESCRIPTION).unlink()
    with pytest.raises(CorpusError, match=r"^cannot read features "):
        run(source, data)
    run(source, data)
    assert contents(data) == before


@pytest.mark.parametrize(
    ("name", "text", "licence"),
    [
        ("LICENSE", "Legal Code\n\nCC0 1.0 Universal\nCC0 is\n", "CC0 1.0 Universal"),
        ("LICENCE.txt", "  CC-BY 4.0\n", "CC-BY 4.0"),
        ("COPYING", "These are in the Public Domain.", "These are in the Public Domain."),
        ("license.md", "Creative Commons Attribution 4.0", "Creative Commons Attribution 4.0"),
        ("LICENSE", "All rights reserved.", None),
        ("README", "CC0", None),
    ],
)
def test_licences(tmp_path: Path, name: str, text: str, licence: "str | None") -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "metadata.csv").write_text("a|b")
    assert find_licence(tmp_path) == licence
    assert find_licence(tmp_path / "metadata.csv") == licence


def test_another_aligner(source: Path, data: Path, quick: list[int]) -> None:
    class Net:
        key = "one"
        calls = 0

        def __call__(self, items: Any, settings: Any, progress: Any) -> list[Alignment]:
            self.calls += 1
            return evenly(items, progress=progress, resume=None)

    net = Net()
    run(source, data)
    first = contents(data)
    run(source, data, aligner=net)
    run(source, data, aligner=net)
    assert (quick, net.calls) == ([8], 1)
    net.key = "two"
    run(source, data, aligner=net)
    assert net.calls == 2
    run(source, data)
    assert contents(data) == first


@pytest.mark.parametrize("package", ["soxr", "pyworld"])
def test_a_missing_package_is_not_the_recordings_fault(
    source: Path, data: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError) as error:
        run(source, data)
    assert error.value.name == package
    assert not data.exists() or not list(extraction.read(data))


def test_settings_that_fit_no_recording_are_refused_before_any(source: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match="mel bands are too many"):
        run(source, data, settings=AudioSettings(n_mels=512))
    assert not data.exists()
