"""`prepare` with somebody who listens, from the sound files to the page."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.corpora import voice, write
from tests.corpus.test_prepare import evenly
from tiedtts.corpus import alignment, decisions, manifest, shifts, suspects
from tiedtts.corpus.prepare import prepare
from tiedtts.corpus.transcripts import Transcriber
from tiedtts.errors import ConfigError, CorpusError

TEXTS = [
    "Mama knows her name.", "A red moon, low and far.", "We lose a row of seven.", "No man may know her now.",
    "Birds fly over the house.", "The green door is open.", "Put the cup on the shelf.", "Ships sail in the morning.",
]  # fmt: skip


class Ear:
    """Hears the phones of the text of the recording that its loudest sample stands for."""

    key = "one"

    def __init__(self, said: "dict[int, str]") -> None:
        transcribe = Transcriber(None)
        self.calls = 0
        self.symbols = {
            seed: [p.symbol for p in transcribe(text).phones if p.is_speech] for seed, text in said.items()
        }

    def hear(self, samples: Any, rate: int) -> "list[str]":
        self.calls += 1
        seconds = len(samples) / rate
        return self.symbols[round((seconds - 1.2) / 0.05)]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight recordings, each longer than the one before, so that the ear knows them."""
    monkeypatch.setattr(alignment, "align", evenly)
    root = tmp_path / "speaker"
    for number in range(8):
        write(root / "wavs" / f"r{number}.wav", voice(number, 1.2 + 0.05 * number))
    listing(root, TEXTS)
    return root


def listing(root: Path, texts: "list[str]") -> None:
    (root / "metadata.csv").write_text("".join(f"r{n}|{text}\n" for n, text in enumerate(texts)))


def run(source: Path, data: Path, ear: "Ear | None", **options: Any) -> Any:
    return prepare(source, data, workers=1, ear=ear, **options)


def test_a_wrong_text_is_left_out_and_named(source: Path, tmp_path: Path) -> None:
    data, ear = tmp_path / "data", Ear(dict(enumerate(TEXTS)))
    listing(source, [*TEXTS[:5], "Some <other> words & more of them.", *TEXTS[6:]])
    report = run(source, data, ear)
    assert report.rejected == {suspects.OTHER_TEXT: ["r5"]}
    assert report.left_out == ("r5",)
    assert [e.id for e in manifest.read_manifest(data)] == [f"r{n}" for n in range(8) if n != 5]
    assert "| `r5` | left out | another text is said in it |" in (data / "report.md").read_text()
    assert ear.calls == 8
    # Again: nothing is heard or judged anew, and nothing changes.
    before = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    assert run(source, data, ear) == report
    assert ear.calls == 8
    assert {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()} == before


def test_what_is_left_out_can_be_chosen(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, ear = tmp_path / "data", Ear(dict(enumerate(TEXTS)))
    listing(source, [*TEXTS[:5], "Some other words.", *TEXTS[6:]])
    run(source, data, ear)
    # What was left out needs no new alignment to come back.
    monkeypatch.setattr(alignment, "align", None)
    report = run(source, data, ear, leave_out="none")
    assert (report.used, report.rejected) == (8, {})
    assert report.notes == {suspects.OTHER_TEXT: ["r5"]}
    chosen = tmp_path / "decisions.txt"
    chosen.write_text("keep r5\ndrop r0\ndrop gone\n")
    report = run(source, data, ear, decisions=chosen)
    assert report.rejected == {decisions.DECIDED: ["r0"]}
    assert report.notes == {suspects.OTHER_TEXT: ["r5"], decisions.UNKNOWN: ["gone"]}
    with pytest.raises(ConfigError, match="`leave_out` must be one of none, clear, all, got: some"):
        run(source, data, ear, leave_out="some")


def test_the_page(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    listing(source, [*TEXTS[:5], "Some <other> words & [[title]].", *TEXTS[6:]])
    run(source, data, Ear(dict(enumerate(TEXTS))))
    page = (data / "report.html").read_text(encoding="utf-8")
    items = re.findall(r"<li .*?</li>", page, re.DOTALL)
    assert len(items) == 8
    assert "Some &lt;other&gt; words &amp; [[title]]." in items[0]
    assert '<span class="tag out">left out</span>' in items[0]
    assert page.count("data:audio/mpeg;base64,") == 8
    # One file: nothing is fetched from anywhere.
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "prefers-color-scheme: dark" in page
    for item in items:
        # Well-formed but for what HTML leaves out.
        ET.fromstring(re.sub(r" (controls|checked)(?=[ />])", "", item))


def test_no_page_where_there_is_nothing_to_hear(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(source, data, Ear(dict(enumerate(TEXTS))))
    assert (data / "report.html").exists()
    run(source, data, None)
    assert not (data / "report.html").exists()


@pytest.mark.parametrize("shift", [1, -1])
def test_shifted_texts_are_refused(source: Path, tmp_path: Path, shift: int) -> None:
    ear = Ear(dict(enumerate(TEXTS)))
    listing(source, [*TEXTS[-shift:], *TEXTS[:-shift]])
    with pytest.raises(CorpusError, match=r"^the texts are shifted: r4 says the text that stands one line "):
        run(source, tmp_path / "data", ear)
    run(source, tmp_path / "data", None)


def test_texts_in_any_other_order_are_not_shifted() -> None:
    rng = np.random.default_rng(0)
    names = [f"r{n}" for n in range(30)]
    transcribe = Transcriber(None)
    said = [[p.symbol for p in transcribe(text).phones if p.is_speech] for text in TEXTS] * 4
    said = [said[i] for i in rng.permutation(30)]
    shifts.check(names, said, said)
    shifts.check(names, said, said[::-1])


@pytest.mark.parametrize("gap", ["2, 2, 174, 2", "even"])
def test_an_aligner_that_knows_nothing_is_refused(source: Path, tmp_path: Path, gap: str) -> None:
    class Net:
        key = "net"

        def __call__(self, items: Any, settings: Any, progress: Any) -> Any:
            found = evenly(items, progress=progress, resume=None)
            if gap == "even":
                return found
            return [nothing(each) for each in found]

    def nothing(each: Any) -> Any:
        frames, count = sum(each.durations), len(each.durations)
        durations = [2] * count
        durations[count // 2] += frames - sum(durations)
        return alignment.Alignment(each.phones, tuple(durations), -0.001)

    for number in range(8, 16):
        write(source / "wavs" / f"r{number}.wav", voice(number, 1.6))
    listing(source, [*TEXTS, *TEXTS])
    with pytest.raises(CorpusError, match=r"^the aligner knows nothing of this speech: ") as caught:
        run(source, tmp_path / "data", None, aligner=Net())
    assert "leave `--aligner` out" in str(caught.value.hint)
    assert not (tmp_path / "data" / "corpus.json").exists()
