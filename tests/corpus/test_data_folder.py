"""A data folder is one corpus' and one run's."""

from pathlib import Path

import pytest

from tests.corpus.corpora import ljspeech, voice, write
from tiedtts import locking
from tiedtts.corpus import manifest
from tiedtts.corpus.prepare import prepare
from tiedtts.errors import FolderError


def test_another_corpus_is_refused(tmp_path: Path) -> None:
    first, other = ljspeech(tmp_path / "first", count=4), ljspeech(tmp_path / "other", count=4)
    data = tmp_path / "data"
    prepare(first, data, workers=1)
    before = (data / manifest.MANIFEST).read_bytes()
    with pytest.raises(FolderError, match=r"holds the data of another corpus, first$") as error:
        prepare(other, data, workers=1)
    assert "--overwrite" in str(error.value.hint)
    assert (data / manifest.MANIFEST).read_bytes() == before
    # The same name, but other texts.
    (first / "metadata.csv").write_text("r0|Hello there.\nr1|Hello there.\n")
    with pytest.raises(FolderError, match=r"holds the data of another corpus$"):
        prepare(first, data, workers=1)
    assert prepare(other, data, workers=1, overwrite=True).used == 4
    assert manifest.read_provenance(data)["corpus"] == "other"


def test_a_corpus_that_grew_is_the_same(tmp_path: Path) -> None:
    source, data = ljspeech(tmp_path / "speaker", count=4), tmp_path / "data"
    prepare(source, data, workers=1)
    write(source / "wavs" / "new.wav", voice(9))
    with (source / "metadata.csv").open("a") as file:
        file.write("new|A red moon, low.\n")
    assert prepare(source, data, workers=1).used == 5


def test_features_of_a_killed_run_tell_whose_they_are(tmp_path: Path) -> None:
    source, data = ljspeech(tmp_path / "speaker", count=4), tmp_path / "data"
    prepare(source, data, workers=1)
    for name in (manifest.MANIFEST, manifest.DESCRIPTION):
        (data / name).unlink()
    write(tmp_path / "other" / "wavs" / "s.wav", voice(9))
    (tmp_path / "other" / "metadata.csv").write_text("s|A red moon, low.\n")
    with pytest.raises(FolderError, match="another corpus"):
        prepare(tmp_path / "other", data, workers=1)
    assert prepare(source, data, workers=1).used == 4


def test_two_runs_at_once(tmp_path: Path) -> None:
    source, data = ljspeech(tmp_path / "speaker", count=4), tmp_path / "data"
    with locking.hold(data), pytest.raises(FolderError, match="another run writes to"):
        prepare(source, data, workers=1)
    assert prepare(source, data, workers=1).used == 4
    assert not (data / locking.WORK).exists()
