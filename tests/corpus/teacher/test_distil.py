import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.teacher import stand_in
from tests.corpus.teacher.test_engines import ENGINE
from tiedtts.corpus import checks, limits, provenance, readers
from tiedtts.corpus.teacher import distil as distilling
from tiedtts.corpus.teacher.command import CommandTeacher
from tiedtts.corpus.teacher.distil import FAILED, distil
from tiedtts.corpus.teacher.report import DistilReport
from tiedtts.corpus.teacher.texts import REPEATED
from tiedtts.errors import ConfigError, CorpusError, FolderError

TEXTS = [f"This is {word} and nothing else." for word in "one two three four five six seven eight".split()]
RATE = stand_in.RATE


class Function:
    """Says what the stand-in does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str, seed: int = 0) -> tuple[np.ndarray, int]:
        self.asked.append(text)
        data = stand_in.sound(text, seed)
        return np.frombuffer(data[44:], "<i2") / 32_768, RATE


def run(corpus: Path, texts: list[str], say: Any = None, **options: Any) -> DistilReport:
    given = [(None, text) for text in texts]
    return distil(given, corpus, say or Function(), **{"name": "stand-in", **options})


def many(count: int) -> list[str]:
    """Texts of many lengths, none of which has a moody word in it."""
    return [f"There were {number} of them{' in the old garden' * (number % 4)}." for number in range(count)]


def test_a_corpus_that_prepare_reads(tmp_path: Path) -> None:
    report = run(tmp_path / "corpus", TEXTS, licence="MIT", source="made up")
    assert (report.texts, report.clips, report.made, report.rejected) == (8, 8, 8, {})
    recordings, notes = readers.read(tmp_path / "corpus")
    assert [recording.text for recording in recordings] == TEXTS
    assert all(recording.audio.is_file() for recording in recordings)
    assert notes == {}
    origin = provenance.read(tmp_path / "corpus")
    assert origin is not None
    assert (origin.teacher, origin.licence, origin.source, origin.finished) == (
        "stand-in",
        "MIT",
        "made up",
        True,
    )
    assert (origin.texts, origin.clips, origin.seconds) == (8, 8, report.seconds)
    assert not (tmp_path / "corpus" / ".tiedtts").exists()
    told = json.loads((tmp_path / "corpus" / "report.json").read_text())
    assert told == json.loads(json.dumps(report.to_dict()))


def test_run_again_it_says_nothing_and_with_more_texts_only_these(tmp_path: Path) -> None:
    run(tmp_path / "corpus", TEXTS[2:5])
    say = Function()
    assert run(tmp_path / "corpus", TEXTS, say).made == 5
    assert say.asked == [*TEXTS[:2], *TEXTS[5:]]
    assert run(tmp_path / "corpus", TEXTS[::-1], say).made == 0
    recordings, _ = readers.read(tmp_path / "corpus")
    assert [recording.text for recording in recordings] == TEXTS[::-1]


def test_what_is_wrong_with_a_clip(tmp_path: Path) -> None:
    bad = {
        "It crashes.": FAILED,
        "It is silent.": checks.SILENT,
        "It overloads the amplifier.": checks.CLIPPED,
        "It always babbles on and on.": limits.TOO_LONG,
        "☺": checks.UNSAID,
        "{X9}": checks.UNSPEAKABLE,
        "x" * 6_000: checks.LONG_TEXT,
    }
    texts = [*many(30), *bad, "Now it babbles only once.", "Then it is moody.", TEXTS[0], TEXTS[0]]
    corpus = tmp_path / "corpus"
    report = run(
        corpus, texts, CommandTeacher([*ENGINE, "{text}", "{output}", "{seed}"], timeout=60), workers=2
    )
    names = {text: distilling.texts.named([(None, text)])[0][0].id for text in texts}
    assert report.rejected == {reason: [names[text]] for text, reason in bad.items()}
    assert report.notes == {REPEATED: [names[TEXTS[0]]]}
    assert report.failures == {names["It crashes."]: "it ended with status 3: no such phoneme"}
    assert report.saved == 1
    assert (corpus / "wavs" / f"{names['Now it babbles only once.']}.wav").is_file()
    assert (corpus / "wavs" / f"{names['Then it is moody.']}.wav").is_file()
    aside = {path.stem for path in (corpus / "distil" / "thrown_away").iterdir()}
    assert aside == {names[text] for text in list(bad)[1:4]}
    assert "1 × silent" not in (corpus / "report.md").read_text()
    assert f"1 × {limits.TOO_LONG}" in (corpus / "report.md").read_text()
    origin = provenance.read(corpus)
    assert origin is not None
    assert sum(origin.thrown_away.values()) == len(bad)
    assert {path.stem for path in (corpus / "wavs").iterdir()} == {
        line.split("|")[0] for line in (corpus / "metadata.csv").read_text().splitlines()
    }


def test_an_engine_that_always_fails(tmp_path: Path) -> None:
    teacher = CommandTeacher([*ENGINE, "{text} crashes", "{output}"], timeout=60)
    with pytest.raises(
        CorpusError, match=r"fails every time, 3 texts in a row: it ended with status 3: no"
    ) as caught:
        run(tmp_path / "corpus", TEXTS, teacher)
    assert "by hand" in str(caught.value.hint)
    with pytest.raises(
        CorpusError, match=r"none of 1 texts has a clip: 1 × engine failed; the engine said: it ended"
    ):
        run(tmp_path / "other", TEXTS[:1], teacher)
    with pytest.raises(CorpusError, match="is not finished"):
        provenance.of_finished(tmp_path / "corpus")


def test_other_runs_and_other_things_are_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    run(corpus, TEXTS)
    before = sorted((corpus / "wavs").iterdir())
    for options in ({"name": "another"}, {"seed": 1}):
        with pytest.raises(FolderError, match="another command or seed"):
            run(corpus, TEXTS, **options)
    assert sorted((corpus / "wavs").iterdir()) == before
    run(corpus, TEXTS, licence="CC0")  # which only the record tells
    say = Function()
    assert run(corpus, TEXTS[:3], say, name="another", overwrite=True).clips == 3
    assert len(say.asked) == len(list((corpus / "wavs").iterdir())) == 3
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(CorpusError, match="holds other things"):
        run(tmp_path / "home", TEXTS)
    with pytest.raises(CorpusError, match="is not a folder"):
        run(tmp_path / "home" / "letter.txt", TEXTS)


@pytest.mark.parametrize("options", [{"workers": 0}, {"retries": -1}, {"seed": -1}])
def test_bad_options(options: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        run(tmp_path / "corpus", TEXTS, **options)
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b"])
def test_bad_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no name for a clip"):
        distil([(name, "Hello.")], tmp_path / "corpus", Function(), name="stand-in")


def test_names_of_ones_own(tmp_path: Path) -> None:
    given = [("one", "Hello there."), ("One", "Good day to you."), ("two", "A text | with a bar.")]
    report = distil(given, tmp_path / "corpus", Function(), name="stand-in")
    assert report.notes[checks.DUPLICATE] == ["One"]
    recordings, _ = readers.read(tmp_path / "corpus")
    assert [(r.id, r.text) for r in recordings] == [("one", "Hello there."), ("two", "A text with a bar.")]
    say = Function()
    distil([("one", "Something else."), given[2]], tmp_path / "corpus", say, name="stand-in")
    assert say.asked == ["Something else."]


def test_damaged_and_missing_clips_are_made_again(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    run(corpus, TEXTS)
    whole = {path.name: path.read_bytes() for path in (corpus / "wavs").iterdir()}
    first, second, *_ = sorted((corpus / "wavs").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:100])
    with (corpus / "distil" / "clips.jsonl").open("a") as journal:
        journal.write('nonsense\n{"id": "x", "te')
    assert run(corpus, TEXTS).made == 2
    assert {path.name: path.read_bytes() for path in (corpus / "wavs").iterdir()} == whole
    assert run(corpus, TEXTS).made == 0


CALL = """
import sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from tests.corpus.teacher.test_distil import Function, many
from tiedtts.corpus.teacher.distil import distil
teacher = Function()
texts = [(None, t) for t in [*many(24), "It is silent.", "Now it babbles only once.", "It always babbles here."]]
def progress(share, message):
    if sys.argv[2] and message.startswith(sys.argv[2]):
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
distil(texts, Path(sys.argv[1]), teacher, name="stand-in", workers=2, progress=progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_killed_at_any_moment_it_ends_as_if_left_alone(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]

    def call(corpus: Path, until: str) -> int:
        words = [sys.executable, "-c", CALL, str(corpus), until, str(root), str(root / "models")]
        return subprocess.run(words, cwd=tmp_path, check=False).returncode

    assert call(tmp_path / "alone", "") == 0
    for until in ("clip 1 of 27", "clip 9 of", "clip 17 of", "clip 1 of 2", "comparing"):
        assert call(tmp_path / "killed", until) == -9
        with pytest.raises(CorpusError, match="is not finished"):
            provenance.of_finished(tmp_path / "killed")
    assert call(tmp_path / "killed", "") == 0

    def found(corpus: Path) -> dict[str, bytes]:
        paths = [p for p in corpus.rglob("*") if p.is_file() and p.name not in ("clips.jsonl",)]
        values = {p.relative_to(corpus).as_posix(): p.read_bytes() for p in paths}
        for name in ("report.json", "report.md"):
            values.pop(name)
        return values

    assert found(tmp_path / "killed") == found(tmp_path / "alone")


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_a_real_engine(tmp_path: Path) -> None:
    teacher = CommandTeacher("flite -voice slt -t {text} -o {output}", timeout=60)
    report = run(tmp_path / "corpus", [*TEXTS, "-o is no option."], teacher, workers=2)
    assert (report.clips, report.rejected) == (9, {})
    seconds = report.seconds / report.clips
    assert 1 < seconds < 4


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_real_engine_that_writes_to_stdout(tmp_path: Path) -> None:
    teacher = CommandTeacher("espeak-ng --stdout --stdin", timeout=60)
    assert run(tmp_path / "corpus", TEXTS, teacher).clips == 8
