"""Folders of Hugging Face, by the command line's functions: what it loads becomes what it loads."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tying.test_pretrained import _no_torchaudio, gpt2, plan, said, transformers
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import CheckpointError, ConfigError, OutputError
from tiedtts.measure.statistics import statistics
from tiedtts.tying import TiedLayer

__all__ = ["_no_torchaudio"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    gpt2().save_pretrained(tmp_path / "given")
    (tmp_path / "given" / "tokenizer.json").write_text("{}")
    (tmp_path / "given" / "pytorch_model.bin").write_bytes(b"old")
    return tmp_path / "given"


def test_there_and_back(folder: Path, tmp_path: Path) -> None:
    tied, back = tmp_path / "tied", tmp_path / "back"
    made = convert(folder, tied, plan("codebook"))
    assert (tied / "tokenizer.json").read_text() == "{}"
    assert not (tied / "pytorch_model.bin").exists()
    assert made.file_bytes_after == (tied / "model.safetensors").stat().st_size < made.file_bytes_before / 2
    first = transformers.AutoModelForCausalLM.from_pretrained(folder)
    loaded, about = transformers.AutoModelForCausalLM.from_pretrained(tied, output_loading_info=True)
    assert not any(about.values())
    # Of the library's own kind of layer, which keeps inputs first.
    assert isinstance(loaded.transformer.h[0].mlp.c_fc, TiedLayer)
    assert (said(loaded) - said(first)).abs().max() < 0.2
    counted = statistics(tied).total
    assert counted.unique_parameters == made.report.parameters_after == loaded.num_parameters()
    assert counted.named_parameters > 10 * counted.unique_parameters
    assert revert(tied, back) == first.num_parameters()
    plain, about = transformers.AutoModelForCausalLM.from_pretrained(back, output_loading_info=True)
    assert not any(about.values())
    torch.testing.assert_close(said(plain), said(loaded))
    assert {file.name for file in back.iterdir()} == {file.name for file in folder.iterdir()} - {
        "pytorch_model.bin"
    }


def test_in_several_files(folder: Path, tmp_path: Path) -> None:
    convert(folder, tmp_path / "tied", plan("lowrank", ratio=0.5), largest=10_000)
    assert len(list((tmp_path / "tied").glob("*.safetensors"))) > 2
    revert(tmp_path / "tied", tmp_path / "back", largest=10_000)
    loaded = (transformers.AutoModelForCausalLM.from_pretrained(tmp_path / name) for name in ("tied", "back"))
    torch.testing.assert_close(*map(said, loaded))


def test_into_a_file_as_before(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").unlink()
    convert(folder, tmp_path / "tied.safetensors", plan("codebook"))
    revert(tmp_path / "tied.safetensors", folder / "model.safetensors")
    loaded, about = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not about["missing_keys"]
    assert loaded.lm_head.weight is loaded.transformer.wte.weight


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder.parent / "full").mkdir()
    (folder.parent / "full" / "x").write_text("")

    def changed(**values: Any) -> None:
        (folder / "config.json").write_text(json.dumps({**config, **values}))

    with pytest.raises(OutputError, match="with files in it"):
        convert(folder, folder.parent / "full", plan("codebook"))
    with pytest.raises(ConfigError, match="is a folder of Hugging Face"):
        convert(folder, tmp_path / "out", plan("codebook"), architecture="hifigan")
    changed(architectures=["OwnModel"])
    with pytest.raises(CheckpointError, match="class OwnModel, which `transformers` lacks"):
        convert(folder, tmp_path / "out", plan("codebook"))
    changed(n_layer=3)
    with pytest.raises(CheckpointError, match=r"lacks weights of its model: transformer\.h\.2"):
        convert(folder, tmp_path / "out", plan("codebook"))
    changed(n_embd="x")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        convert(folder, tmp_path / "out", plan("codebook"))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".unfinished*"))
