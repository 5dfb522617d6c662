"""A batch from lines to manifest: in order, complete, and repeatable after any accident."""

import errno
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import FakeVoice
from tiedtts import locking, processes
from tiedtts.audio.encoding import Encoding
from tiedtts.batch import folder as folders
from tiedtts.batch import job as jobs
from tiedtts.batch import lines, manifest, pool, run
from tiedtts.batch.lines import Line, Row
from tiedtts.batch.voices import Voices
from tiedtts.errors import FolderError, OutputError, TextError, VoiceError
from tiedtts.settings import Settings
from tiedtts.speech import library

SPEC = jobs.BatchSpec(voice="fake")


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> FakeVoice:
    fake = FakeVoice()
    monkeypatch.setattr(jobs.BatchSpec, "load", lambda self: fake)
    return fake


def listed(*texts: str, **options: Any) -> Iterator[Line]:
    return lines.named(Row(number, text, **options) for number, text in enumerate(texts, 1))


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / manifest.NAME).read_text("utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_files_and_manifest(voice: FakeVoice, tmp_path: Path) -> None:
    reports: list[run.Report] = []
    summary = run.run(
        listed("One two.", "...", "Thr\u00e9e."),
        tmp_path / "new" / "out",
        SPEC,
        Settings(),
        report=reports.append,
    )
    assert (summary.made, summary.failed, summary.skipped) == (2, 1, 0)
    assert summary.seconds == pytest.approx(0.3)
    folder = tmp_path / "new" / "out"
    assert sorted(contents(folder)) == ["0001.wav", "0003.wav", "manifest.jsonl"]
    assert rows(folder) == [
        {
            "id": "0001",
            "text": "One two.",
            "file": "0001.wav",
            "seconds": 0.2,
            "phones": ["HH", "AH0"],
            "warnings": [],
        },
        {
            "id": "0003",
            "text": "Thr\u00e9e.",
            "file": "0003.wav",
            "seconds": 0.1,
            "phones": ["HH", "AH0"],
            "warnings": [],
        },
    ]
    assert [(report.line.id, report.error is None) for report in reports] == [
        ("0001", True),
        ("0002", False),
        ("0003", True),
    ]


def test_options_of_a_line(voice: FakeVoice, tmp_path: Path) -> None:
    given = lines.named(
        [
            Row(1, "One", options={"speed": "1.5", "seed": "7"}),
            Row(2, "Two", options={"pitch": -2, "volume": 3, "pause": 0.5, "breaks": "no", "ssml": "Yes"}),
            Row(3, "Three", options={"speed": "fast"}),
            Row(4, "Four", options={"speed": 9}),
            Row(5, "Five", options={"seed": "1.5"}),
            Row(6, "Six", options={"volume": "nan"}),
            Row(7, "Seven", options={"ssml": "maybe"}),
        ]
    )
    reports: list[run.Report] = []
    run.run(given, tmp_path, SPEC, Settings(seed=3), report=reports.append)
    names = ("speed", "pitch", "volume", "pause", "breaks", "seed", "ssml")
    assert [{name: settings[name] for name in names} for _, settings in voice.calls] == [
        {"speed": 1.5, "pitch": 0.0, "volume": 0.0, "pause": None, "breaks": True, "seed": 7, "ssml": False},
        {"speed": 1.0, "pitch": -2, "volume": 3, "pause": 0.5, "breaks": False, "seed": 3, "ssml": True},
    ]
    assert [str(report.error) for report in reports[2:]] == [
        "`speed` must be a number, got: fast",
        "`speed` must be 0.25 to 4, got: 9",
        "`seed` must be a whole number, got: 1.5",
        "`volume` must be -96 to 20, got: nan",
        "`ssml` must be true or false, got: maybe",
    ]


def test_the_format_is_that_of_the_batch(voice: FakeVoice, tmp_path: Path) -> None:
    run.run(
        listed("One"), tmp_path, jobs.BatchSpec(voice="fake", encoding=Encoding(suffix=".flac")), Settings()
    )
    assert (tmp_path / "0001.flac").read_bytes()[:4] == b"fLaC"
    assert rows(tmp_path)[0]["file"] == "0001.flac"


def test_going_on_makes_what_is_missing(voice: FakeVoice, tmp_path: Path) -> None:
    run.run(listed("One.", "Two.", "Three."), tmp_path, SPEC, Settings())
    whole = contents(tmp_path)
    (tmp_path / "0002.wav").unlink()
    voice.calls.clear()
    summary = run.run(listed("One.", "Two.", "Three."), tmp_path, SPEC, Settings(), skip_existing=True)
    assert (summary.made, summary.skipped) == (1, 2)
    assert [text for text, _ in voice.calls] == ["Two."]
    assert contents(tmp_path) == whole


def test_times_go_with_their_sound(voice: FakeVoice, tmp_path: Path) -> None:
    spec = jobs.BatchSpec(voice="fake", timestamps="vtt")
    run.run(listed("One.", "Two.", "Three."), tmp_path, spec, Settings())
    whole = contents(tmp_path)
    assert [name for name in whole if name.startswith("0002")] == ["0002.vtt", "0002.wav"]
    assert [row["timestamps"] for row in rows(tmp_path)] == ["0001.vtt", "0002.vtt", "0003.vtt"]
    (tmp_path / "0001.wav").unlink()
    (tmp_path / "0002.vtt").unlink()
    voice.calls.clear()
    run.run(listed("One.", "Two.", "Three."), tmp_path, spec, Settings(), skip_existing=True)
    assert [text for text, _ in voice.calls] == ["One.", "Two."]
    assert contents(tmp_path) == whole


def test_a_sound_appears_after_its_times(
    voice: FakeVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced, moved = os.replace, []

    def told(source: Any, target: Any) -> None:
        moved.append(Path(target).name)
        replaced(source, target)

    monkeypatch.setattr(os, "replace", told)
    run.run(listed("One."), tmp_path, jobs.BatchSpec(voice="fake", timestamps="json"), Settings())
    assert moved == ["0001.json", "0001.wav", manifest.NAME]


def test_a_file_of_another_text_is_told(voice: FakeVoice, tmp_path: Path) -> None:
    run.run(listed("One."), tmp_path, SPEC, Settings())
    reports: list[run.Report] = []
    run.run(listed("Uno."), tmp_path, SPEC, Settings(), skip_existing=True, report=reports.append)
    assert reports[0].row["warnings"] == [f"{tmp_path / '0001.wav'} was made from another text, and is left"]


def test_the_manifest_keeps_rows_of_other_lists(voice: FakeVoice, tmp_path: Path) -> None:
    run.run(listed("One.", "Two."), tmp_path, SPEC, Settings())
    (tmp_path / "0001.wav").unlink()
    run.run(lines.named([Row(1, "Other", id="a")]), tmp_path, SPEC, Settings())
    assert [row["id"] for row in rows(tmp_path)] == ["0002", "a"]


def test_what_a_killed_run_left_is_used_and_cleaned(voice: FakeVoice, tmp_path: Path) -> None:
    run.run(listed("One.", "Two.", "Three."), tmp_path, SPEC, Settings())
    whole = contents(tmp_path)
    # As if it had been killed: two rows and half a third in the journal, one file not yet in its place.
    written = (tmp_path / manifest.NAME).read_bytes().splitlines(keepends=True)
    work = tmp_path / locking.WORK
    (work / "parts-1").mkdir(parents=True)
    (work / "parts-1" / "1.part").write_bytes(b"RIFF")
    (work / "lock").write_text("1\n")
    (work / "journal.jsonl").write_bytes(written[1] + written[0] + written[2][:20])
    for name in (manifest.NAME, "0002.wav", "0003.wav"):
        (tmp_path / name).unlink()
    run.run(listed("One.", "Two.", "Three."), tmp_path, SPEC, Settings(), skip_existing=True)
    assert contents(tmp_path) == whole


def test_a_list_of_the_same_name_is_not_replaced(voice: FakeVoice, tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).write_text('{"id": "a", "text": "One."}\n')
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=r"manifest\.jsonl is no manifest of sound files") as error:
        run.run(listed("One."), tmp_path, SPEC, Settings())
    assert error.value.hint == "rename it, or choose another folder"
    assert contents(tmp_path) == before


def test_two_runs_keep_apart(voice: FakeVoice, tmp_path: Path) -> None:
    with folders.opened(tmp_path):
        with pytest.raises(
            FolderError, match=rf"^another run writes to {tmp_path}: process {os.getpid()}$"
        ) as error:
            run.run(listed("One."), tmp_path, SPEC, Settings())
        assert error.value.hint == "wait for it to end, or choose another folder"
    run.run(listed("One."), tmp_path, SPEC, Settings())
    assert sorted(contents(tmp_path)) == ["0001.wav", manifest.NAME]


def test_a_full_disk_ends_the_batch(
    voice: FakeVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith("0002.wav"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replaced(source, target)

    monkeypatch.setattr(os, "replace", full)
    (tmp_path / "0002.wav").write_bytes(b"before")
    with pytest.raises(OutputError, match=r"^cannot write .*0002\.wav: No space left on device$") as error:
        run.run(listed("One.", "Two.", "Three."), tmp_path, SPEC, Settings())
    assert "--skip-existing" in str(error.value.hint)
    assert (tmp_path / "0002.wav").read_bytes() == b"before"
    assert sorted(contents(tmp_path)) == ["0001.wav", "0002.wav", manifest.NAME]
    assert len(voice.calls) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_part_that_does_not_fit_ends_the_batch(voice: FakeVoice, tmp_path: Path) -> None:
    # Through a link: what was begun is removed, and that must not be the machine's own device.
    (tmp_path / "part").symlink_to("/dev/full")
    part = str(tmp_path / "part")
    done = jobs.synthesise(Voices(SPEC), SPEC, jobs.Job(0, "One.", Settings(), part))
    assert done.is_fatal
    again = jobs.Result.from_dict(json.loads(json.dumps(done.to_dict())))
    assert again.is_fatal
    assert isinstance(again.error, OSError)
    assert again.error.errno == errno.ENOSPC


@pytest.mark.parametrize(
    "error", [TextError("no", hint="yes"), ZeroDivisionError("division by zero"), MemoryError()]
)
def test_errors_pass_between_processes(error: Exception) -> None:
    again = jobs.Result.from_dict(json.loads(json.dumps(jobs.Result(3, error=error).to_dict()))).error
    assert type(again).__name__ == type(error).__name__
    assert str(again) == str(error)
    assert getattr(again, "hint", None) == getattr(error, "hint", None)


def test_nothing_to_say_makes_no_folder(voice: FakeVoice, tmp_path: Path) -> None:
    with pytest.raises(TextError, match="nothing to say"):
        run.run(listed(), tmp_path / "out", SPEC, Settings())
    assert not (tmp_path / "out").exists()


def test_a_live_list_is_said_line_by_line(voice: FakeVoice, tmp_path: Path) -> None:
    there: list[list[str]] = []

    def coming() -> Iterator[Row]:
        for number in (1, 2, 3):
            there.append(sorted(path.name for path in tmp_path.glob("*.wav")))
            yield Row(number, "Text.")

    run.run(lines.named(coming()), tmp_path, SPEC, Settings(), live=True)
    assert there == [[], ["0001.wav"], ["0001.wav", "0002.wav"]]


def test_lines_are_read_as_they_are_needed(
    voice: FakeVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "WINDOW_LINES", 5)
    ahead: list[int] = []

    def coming() -> Iterator[Row]:
        for number in range(1, 60):
            ahead.append(number - len(voice.calls))
            yield Row(number, "Text.")

    run.run(lines.named(coming()), tmp_path, SPEC, Settings())
    assert max(ahead) <= 5 * processes.cores() + 1


def test_groups_are_alike_and_the_longest_come_first() -> None:
    texts = ["a" * n for n in (10, 500, 20, 300, 300, 30, 700)]
    asked = [jobs.Job(number, text, Settings(), "") for number, text in enumerate(texts)]
    assert [[len(job.text) for job in group] for group in pool.groups(asked)] == [
        [700],
        [500],
        [300, 300],
        [30, 20, 10],
    ]


def test_several_processes_make_the_same_files(tmp_path: Path) -> None:
    texts = [f"Line {number}." for number in range(5)] + ["..."]
    lexicons = []
    for name, phones in (("general", "N"), ("own", "M AA1")):
        lexicons.append(str(tmp_path / name))
        (tmp_path / name).write_text(f"line  {phones}\n")
    spec = jobs.BatchSpec(voice="kathleen", lexicon=tuple(lexicons), timestamps="textgrid")
    reports: list[run.Report] = []
    run.run(listed(*texts), tmp_path / "one", spec, Settings(), workers=1)
    run.run(listed(*texts), tmp_path / "two", spec, Settings(), workers=2, report=reports.append)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert [report.line.id for report in reports] == [f"{number:04}" for number in range(1, 7)]
    assert reports[0].row["phones"][:3] == ["sil", "M", "AA1"], "the last lexicon wins"
    assert isinstance(reports[5].error, TextError)
    assert np.frombuffer((tmp_path / "two" / "0001.wav").read_bytes()[-2000:], "<i2").any()


def test_lines_have_voices_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound of a line is that of a batch in its voice, also where processes share the work."""
    felix = tmp_path / "mine.voice"
    felix.write_bytes((library.FOLDER / "felix.voice").read_bytes())
    voices = ["", "nora", str(felix), "nora", "clara", "nobody", ""]

    def given(*, named: bool = True) -> Iterator[Line]:
        return lines.named(
            Row(number, f"Line {number}.", voice=voice if named else "")
            for number, voice in enumerate(voices, 1)
        )

    spec = jobs.BatchSpec(voice="clara", timestamps="json", encoding=Encoding(suffix=".flac", voice="clara"))
    reports: list[run.Report] = []
    loaded: list[str] = []
    load = library.renderer
    monkeypatch.setattr(library, "renderer", lambda name, **rest: loaded.append(name) or load(name, **rest))  # type: ignore[func-returns-value]
    run.run(given(), tmp_path / "one", spec, Settings(), workers=1, report=reports.append)
    assert loaded == ["clara"], "others are loaded by the ensemble, which casts use, too"
    run.run(given(), tmp_path / "two", spec, Settings(), workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert [row.get("voice") for row in rows(tmp_path / "one")] == [
        None,
        "nora",
        str(felix),
        "nora",
        "clara",
        None,
    ]
    assert isinstance(reports[5].error, VoiceError)
    assert (reports[5].line.place, str(reports[5].error)) == ("line 6", "no such voice: nobody")
    for name, tag in (("nora", "nora"), (str(felix), "mine")):
        other = jobs.BatchSpec(voice=name, timestamps="json", encoding=Encoding(suffix=".flac", voice=tag))
        run.run(given(named=False), tmp_path / tag, other, Settings(), workers=1)
    for number, folder in ((2, "nora"), (3, "mine"), (4, "nora")):
        for suffix in (".flac", ".json"):
            file = f"000{number}{suffix}"
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / folder / file).read_bytes()


def test_voices_are_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voices = Voices(jobs.BatchSpec(voice="clara"))
    assert voices["nora"] is voices["nora"]
    assert voices["clara"] is voices[""]
    assert voices["nora"].renderer is voices["felix"].ensemble["nora"] is voices[""].ensemble["nora"]
    assert voices["nora"].front_end is voices[""].front_end
    assert voices["nora"].ensemble["clara"] is voices[""].renderer


def test_a_file_of_another_voice_is_left_and_told(voice: FakeVoice, tmp_path: Path) -> None:
    def once(name: str) -> list[run.Report]:
        reports: list[run.Report] = []
        given = lines.named([Row(1, "One.", voice=name)])
        run.run(given, tmp_path, SPEC, Settings(), skip_existing=True, report=reports.append)
        return reports

    assert once("")[0].error is None
    assert once("")[0].row == {}
    (told,) = once("nora")
    assert told.row["warnings"] == [f"{tmp_path / '0001.wav'} was made with another voice, and is left"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_process_that_dies_costs_one_line(tmp_path: Path) -> None:
    asked = [jobs.Job(number, "Hello.", Settings(), str(tmp_path / str(number))) for number in range(3)]
    with pool.Pool(jobs.BatchSpec(voice="kathleen"), 1) as processes:
        results = processes.run([asked])
        first = next(results)
        # It may have done more by now; what it has not done, its successor does.
        os.kill(processes._processes[0].pid, signal.SIGKILL)
        rest = list(results)
    assert first.error is None
    assert [done.number for done in rest] == [1, 2]
    assert sum(isinstance(done.error, VoiceError) for done in rest) <= 1
    assert sum(done.error is None for done in rest) >= 1
