"""Checkpoints of Tacotron 2: in, tied, and out again for its own program."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.checkpoints.foreign import plan, tacotron2, through_json
from tests.nets.tacotron.small import SMALL
from tiedtts.checkpoints import other_formats
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.tying import TiePlan, TieRule, tie, untie


@pytest.mark.parametrize("name", ["t.pt", "t.safetensors", "t"])
def test_a_tacotron2_goes_there_and_back(tmp_path: Path, name: str) -> None:
    given = tacotron2()
    if name.endswith("safetensors"):
        save_file(given, tmp_path / name, {"format": "pt", "1": "2"})
    else:
        torch.save({"state_dict": given, "iteration": 5, "learning_rate": 1e-3}, tmp_path / name)
    before = (tmp_path / name).read_bytes()
    found = other_formats.read(tmp_path / name)
    assert (found.architecture, found.origin["program"]) == ("state_dict", "tacotron2")
    tied, _ = tie(found.net, plan("*rnn.weight_*", "codebook", k=4))
    # A later write to the net must not reach the file.
    with torch.no_grad():
        for value in found.net.parameters():
            value.zero_()
    out = tmp_path / f"out_{name}"
    other_formats.write_plain(out, untie(tied), through_json(found.origin))
    assert (tmp_path / name).read_bytes() == before
    if name.endswith("safetensors"):
        written = load_file(out)
        assert json.loads(out.read_bytes()[8:].split(b"}", 1)[0] + b"}}")["__metadata__"]["format"] == "pt"
    else:
        file = torch.load(out, weights_only=True)
        assert (file["iteration"], file["learning_rate"]) == (5, 1e-3)
        written = file["state_dict"]
    assert set(written) == set(given)
    for key, value in given.items():
        if "rnn.weight" in key:
            # Four entries of the codebook, and a scale for each row.
            assert max(len(row.unique()) for row in written[key]) == 4
        else:
            assert torch.equal(written[key], value), key
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("half", [False, True])
def test_a_whole_tacotron2_is_the_real_net(tmp_path: Path, half: bool) -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(
        SMALL, symbols=20, encoder_convolutions=3, postnet_convolutions=5, lpc_order=0
    )
    state = Tacotron(config).state_dict()
    given = {
        f"module.{key}": value.half() if half and value.is_floating_point() else value
        for key, value in state.items()
    }
    torch.save({"state_dict": given, "iteration": 7}, tmp_path / "t.pt")
    found = other_formats.read(tmp_path / "t.pt")
    assert found.architecture == "tacotron"
    assert isinstance(found.net, Tacotron)
    assert found.net.config == dataclasses.replace(config, dropout=0.5)
    rules = TiePlan(
        (
            TieRule("postnet.convolutions.[123].0.conv", "identity", "share"),
            TieRule("decoder.*_rnn", "lowrank", options={"rank": 2}),
        )
    )
    tied, report = tie(found.net, rules)
    assert len(report.layers) == 5
    other_formats.write_plain(tmp_path / "back.pt", untie(tied), through_json(found.origin))
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back["iteration"] == 7
    assert {key: value.dtype for key, value in back["state_dict"].items()} == {
        key: value.dtype for key, value in given.items()
    }
    assert torch.equal(back["state_dict"]["module.embedding.weight"], given["module.embedding.weight"])
    square = back["state_dict"]["module.postnet.convolutions.2.0.conv.weight"][:, :, 1].float()
    assert torch.equal(square, torch.eye(8) * square[0, 0])


def test_a_tacotron2_with_other_layers_is_taken_by_its_names(tmp_path: Path) -> None:
    state = Tacotron(TacotronConfig(symbols=20, encoder_width=16, n_mels=5)).state_dict()
    torch.save({**state, "speaker.weight": torch.zeros(3, 4)}, tmp_path / "t.pt")
    found = other_formats.read(tmp_path / "t.pt")
    assert found.architecture == "state_dict"
    assert (
        "not a Tacotron 2 as this program knows it (`speaker.weight` is (3, 4), not there)" in found.notes[0]
    )
