"""A data folder with a damaged recording in it: what measures goes on without it, what trains does not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.training.data_folder import write_data_folder
from tiedtts import Voice
from tiedtts.corpus.manifest import FEATURES
from tiedtts.errors import CorpusError
from tiedtts.measure import evaluation, judging
from tiedtts.training import corpus
from tiedtts.training.heldout import HeldOut


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_folder(tmp_path_factory.mktemp("whole") / "data")


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "data"
    shutil.copytree(whole, copied)
    return copied


def test_a_training_names_it(data: Path) -> None:
    (data / FEATURES / "r0.npz").write_bytes(b"PK")
    with pytest.raises(CorpusError, match=r"cannot read features .*r0\.npz"):
        corpus.load(data)


def test_held_out_losses_do_without_it(data: Path) -> None:
    with np.load(data / FEATURES / "r8.npz") as file:
        arrays = dict(file)
    arrays["log_f0"][3] = np.nan
    np.savez(data / FEATURES / "r8.npz", **arrays)
    (data / FEATURES / "r1.npz").unlink()
    found = HeldOut(data)
    assert [name.partition(":")[0] for name in found.left_out] == ["r1", "r8"]
    assert "holds what is no number" in found.left_out[1]
    assert [utterance.name for utterance in found.corpus.heldout] == ["r9"]


def test_an_evaluation_does_without_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "candidates", lambda given, run, settings: [])
    (data / FEATURES / "r8.npz").unlink()
    (data / FEATURES / "r8.npz").mkdir()
    result = evaluation.evaluate(Voice.load(), data)
    assert result.recordings == 1
    assert [name.partition(":")[0] for name in result.left_out] == ["r8"]
    assert result.to_dict()["left_out"] == list(result.left_out)
    shutil.copy(data / FEATURES / "r0.npz", data / FEATURES / "r9.npz")
    with pytest.raises(CorpusError, match=r"none of 2 held-out recordings can be used: r8"):
        evaluation.evaluate(Voice.load(), data)
