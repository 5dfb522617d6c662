import dataclasses
import json
from pathlib import Path

import pytest

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import manifest
from tiedtts.corpus.manifest import (
    Entry,
    read_manifest,
    read_provenance,
    read_settings,
    write_description,
    write_manifest,
)
from tiedtts.errors import CorpusError

ENTRY = Entry(
    "a/1",
    "“Café”, she said.",
    "wavs/a/1.flac",
    "café she said",
    "train",
    1.28,
    120,
    (("sil", 0, 0, 2, -1), ("K", 0, 1, 2, 0), ("EY", 2, 3, 2, 0), (".", 0, 0, 2, -1)),
    (20, 30, 40, 30),
    -61.25,
    "a_1-0123456789ab.npz",
    "0123456789abcdef",
)
SETTINGS = AudioSettings(sample_rate=16_000, n_fft=512, hop=160, n_mels=40, f_max=8_000.0, f0_max=300.0)


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    entries = [ENTRY, dataclasses.replace(ENTRY, id="b", split="heldout", phones=(), durations=())]
    write_manifest(tmp_path, entries)
    assert read_manifest(tmp_path) == entries
    write_manifest(tmp_path, [])
    assert read_manifest(tmp_path) == []


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x1d", "\n"])
def test_a_line_is_an_entry_whatever_stands_in_the_text(tmp_path: Path, separator: str) -> None:
    entry = dataclasses.replace(ENTRY, text=f"one{separator}two")
    write_manifest(tmp_path, [entry, ENTRY])
    assert read_manifest(tmp_path) == [entry, ENTRY]


def test_letters_of_all_scripts_stay_readable(tmp_path: Path) -> None:
    write_manifest(tmp_path, [ENTRY])
    assert "“Café”" in (tmp_path / manifest.MANIFEST).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "not JSON",
        "[]",
        "{}",
        json.dumps({**dataclasses.asdict(ENTRY), "colour": "red"}),
        json.dumps({k: v for k, v in dataclasses.asdict(ENTRY).items() if k != "split"}),
        json.dumps({**dataclasses.asdict(ENTRY), "durations": 3}),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    write_manifest(tmp_path, [ENTRY])
    with (tmp_path / manifest.MANIFEST).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CorpusError, match=r"manifest\.jsonl, line 2: ") as caught:
        read_manifest(tmp_path)
    assert caught.value.hint == "run `tiedtts prepare` again"


def test_a_manifest_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    write_manifest(tmp_path, [ENTRY, ENTRY])
    path = tmp_path / manifest.MANIFEST
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9"))
    with pytest.raises(CorpusError, match=r"manifest\.jsonl, line 1: .*utf-8"):
        read_manifest(tmp_path)


def test_settings_and_provenance_come_back(tmp_path: Path) -> None:
    write_description(tmp_path, SETTINGS, corpus="Kathleen", licence="CC0-1.0", recordings=3)
    assert read_settings(tmp_path) == SETTINGS
    assert read_provenance(tmp_path) == {"corpus": "Kathleen", "licence": "CC0-1.0", "recordings": 3}


@pytest.mark.parametrize("read", [read_manifest, read_settings, read_provenance])
def test_a_folder_that_is_no_data_folder_is_refused(tmp_path: Path, read) -> None:
    with pytest.raises(CorpusError, match="is not a data folder") as caught:
        read(tmp_path)
    assert caught.value.hint == f"tiedtts prepare CORPUS -o {tmp_path}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "corpus.json is damaged"),
        ("[]", "is not a data folder"),
        ('{"name": "other"}', "is not a data folder"),
        ('{"audio": {}}', "is not a data folder"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / manifest.DESCRIPTION).write_text(content)
    with pytest.raises(CorpusError, match=message):
        read_settings(tmp_path)


@pytest.mark.parametrize("key", ["format", "inventory"])
def test_a_folder_of_another_version_is_refused(tmp_path: Path, key: str) -> None:
    write_description(tmp_path, SETTINGS)
    path = tmp_path / manifest.DESCRIPTION
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, key: values[key] + 1}))
    with pytest.raises(CorpusError, match="another version of tiedtts"):
        read_settings(tmp_path)
