import json
from pathlib import Path

import pytest

from tiedtts.corpus import readers
from tiedtts.corpus.readers import read
from tiedtts.corpus.recordings import NO_RECORDING, Recording, prompt_of
from tiedtts.errors import CorpusError

NONE: dict[str, list[str]] = {}


def put(path: Path, text: "str | bytes" = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".WAV"])
def test_ljspeech(tmp_path: Path, suffix: str) -> None:
    sound = put(tmp_path / "wavs" / f"LJ001-0001{suffix}")
    put(tmp_path / "metadata.csv", "LJ001-0001|Dr. Who.|Doctor  Who.\n")
    expected = [Recording("LJ001-0001", "Doctor Who.", sound, "doctor who")]
    assert read(tmp_path) == (expected, NONE)
    assert read(tmp_path, "ljspeech") == (expected, NONE)
    assert read(tmp_path / "metadata.csv") == (expected, NONE)


def test_ljspeech_columns(tmp_path: Path) -> None:
    sounds = [put(tmp_path / name) for name in ("wavs/a.wav", "wavs/deep/b.wav", "c.d.flac")]
    lines = [
        "a.wav|one",
        "wavs/deep/b.wav|two|",
        "c.d|three|3|x",
        "missing|four",
        "",
        "no bar",
        "|no id",
        "e|",
    ]
    put(tmp_path / "metadata.csv", "\n".join(lines))
    recordings, notes = read(tmp_path)
    assert [r.id for r in recordings] == ["a.wav", "wavs/deep/b.wav", "c.d", "missing", "e"]
    assert [r.text for r in recordings] == ["one", "two", "3", "four", ""]
    assert [r.audio for r in recordings[:3]] == sounds
    assert recordings[3].audio == tmp_path / "wavs" / "missing.wav"
    assert notes == {NO_RECORDING: ["metadata.csv, line 6", "metadata.csv, line 7"]}


def test_wav_comes_before_other_kinds(tmp_path: Path) -> None:
    for suffix in (".flac", ".mp3", ".wav"):
        put(tmp_path / "wavs" / f"a{suffix}")
    put(tmp_path / "metadata.csv", "a|text")
    assert read(tmp_path)[0][0].audio.name == "a.wav"


@pytest.mark.parametrize("listing", ["etc/txt.done.data", "txt.done.data"])
@pytest.mark.parametrize("folder", ["wav", "wavs"])
def test_arctic(tmp_path: Path, listing: str, folder: str) -> None:
    sound = put(tmp_path / folder / "arctic_a0001.wav")
    path = put(tmp_path / listing, '( arctic_a0001 "He said \\"no\\"." )\n(b2 "Two.")\nrubbish\n')
    expected = [
        Recording("arctic_a0001", 'He said "no".', sound, "he said no"),
        Recording("b2", "Two.", tmp_path / folder / "b2.wav", "two"),
    ]
    notes = {NO_RECORDING: ["txt.done.data, line 3"]}
    assert read(tmp_path) == (expected, notes)
    assert read(path, "arctic") == (expected, notes)


def test_folder(tmp_path: Path) -> None:
    sounds = [put(tmp_path / name) for name in ("a.wav", "deep/er/a.ogg")]
    put(tmp_path / "a.txt", "One\nline.\n")
    put(tmp_path / "deep/er/a.txt", "Two.")
    put(tmp_path / "alone.flac")
    put(tmp_path / "README.txt", "All about it.")
    put(tmp_path / ".hidden/a.wav")
    put(tmp_path / ".hidden/a.txt", "Unseen.")
    expected = [
        Recording("a", "One line.", sounds[0], "one line"),
        Recording("deep/er/a", "Two.", sounds[1], "two"),
    ]
    notes = {readers.NO_TEXT_FILE: ["alone.flac"], readers.NO_SOUND_FILE: ["README.txt"]}
    assert read(tmp_path) == (expected, notes)
    assert read(tmp_path, "folder") == (expected, notes)


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        {"audio": "wavs/a.wav", "text": "One."},
        {"audio_filepath": "/far/b.flac", "sentence": "Two.", "id": 7, "prompt": "P 2"},
        {"path": "c.mp3", "text": "Three.", "id": None, "prompt": None},
        {"text": "no sound"},
        {"path": "d.mp3", "text": None},
        {"path": "", "text": "e"},
        ["no object"],
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + "{broken\n"
    path = put(tmp_path / "list.jsonl", text)
    expected = [
        Recording("wavs/a", "One.", tmp_path / "wavs/a.wav", "one"),
        Recording("7", "Two.", Path("/far/b.flac"), "P 2"),
        Recording("c", "Three.", tmp_path / "c.mp3", "three"),
    ]
    notes = {NO_RECORDING: [f"list.jsonl, line {n}" for n in (4, 5, 6, 7, 8)]}
    assert read(tmp_path) == (expected, notes)
    assert read(path) == (expected, notes)
    put(tmp_path / "other.jsonl")
    with pytest.raises(CorpusError, match=r"several lists of recordings in .*: list\.jsonl, other\.jsonl$"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", "not UTF-8, read as UTF-16, which it does not say it is"),
        ("cp1252", "not UTF-8, read as Windows-1252"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings(tmp_path: Path, encoding: str, note: "str | None", end: str) -> None:
    text = "a|Un café “là”\u2026|".replace("|", "|", 1) + end + "b|naïve" + end
    put(tmp_path / "metadata.csv", text.encode(encoding))
    recordings, notes = read(tmp_path)
    assert [(r.id, r.text) for r in recordings] == [("a", "Un café “là”\u2026"), ("b", "naïve")]
    assert notes == ({note: ["metadata.csv"]} if note else {})


def test_what_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"^no such corpus: "):
        read(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"^no corpus found in ") as caught:
        read(tmp_path)
    assert caught.value.hint == (
        "looked for a table such as metadata.csv (table); metadata.csv (ljspeech); etc/txt.done.data or txt.done.data (arctic); "
        "*.jsonl (jsonl); pairs of x.wav and x.txt (folder)"
    )
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, "arctic")
    assert caught.value.hint == "looked for etc/txt.done.data or txt.done.data (arctic)"
    with pytest.raises(CorpusError, match=r"^unknown corpus format `csv`$"):
        read(tmp_path, "csv")
    with pytest.raises(CorpusError, match=r"^no corpus found in "):
        read(put(tmp_path / "notes.md", "text"))
    put(tmp_path / "metadata.csv", "\n\n")
    with pytest.raises(CorpusError, match=r"metadata\.csv lists no recordings$"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("There's  a rifle-shot, -- asleep.", "theres a rifleshot asleep"),
        ("STRASSE 12\tÉté", "strasse 12 été"),
        ("Straße", "strasse"),
        ("...", ""),
    ],
)
def test_prompts(text: str, prompt: str) -> None:
    assert prompt_of(text) == prompt
