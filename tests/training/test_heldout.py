"""Held-out losses of nets that are not being trained, and `tie --data`."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.export.small_voice import learnt, small_voice
from tests.nets.tacotron.small import SMALL
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.speech import voice_nets
from tiedtts.training.heldout import HeldOut
from tiedtts_cli.main import main

TACOTRON = dataclasses.replace(SMALL, lpc_order=0, n_mels=80)
WAVENET = WaveNetConfig(residual=8, gate=8, skip=8, layers=5, condition_width=8)


def parts() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "acoustic": AcousticNet(AcousticConfig(width=8, decoder_blocks=2)),
        "vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=2)),
    }


def test_losses_by_part(data_folder: Path) -> None:
    heldout = HeldOut(data_folder)
    nets = parts()
    before = {name: value.clone() for net in nets.values() for name, value in net.state_dict().items()}
    found = heldout.losses(nets)
    assert {"acoustic.mel", "vocoder.spectral"} <= found.keys()
    assert found == heldout.losses(nets)
    after = {name: value for net in nets.values() for name, value in net.state_dict().items()}
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("part", "make", "loss"),
    [
        ("aligner", lambda: Recognizer(RecognizerConfig(width=8, blocks=1)), "phone"),
        ("aligner", lambda: DeepSpeech(DeepSpeechConfig(channels=2, layers=1, width=12)), "ctc"),
        ("acoustic", lambda: Tacotron(TACOTRON), "mel"),
        ("acoustic", lambda: Tacotron(dataclasses.replace(TACOTRON, reduction=5)), "mel"),
        ("vocoder", lambda: WaveNet(WAVENET), "bits"),
    ],
)
def test_every_architecture_has_held_out_losses(
    part: str, make: Callable[[], nn.Module], loss: str, data_folder: Path
) -> None:
    torch.manual_seed(0)
    found = HeldOut(data_folder).losses({part: make()})
    assert f"{part}.{loss}" in found
    assert all(np.isfinite(value) for value in found.values())


def test_a_net_of_another_program(data_folder: Path) -> None:
    with pytest.raises(ConfigError, match="only known for nets that `train` makes, not for Linear"):
        HeldOut(data_folder).losses({"vocoder": nn.Linear(2, 2)})


def test_nothing_held_out(data_folder: Path, tmp_path: Path) -> None:
    for path in data_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    manifest = (data_folder / "manifest.jsonl").read_text().replace('"heldout"', '"train"')
    (tmp_path / "manifest.jsonl").unlink()
    (tmp_path / "manifest.jsonl").write_text(manifest)
    with pytest.raises(CorpusError, match="nothing is held out"):
        HeldOut(tmp_path)


def test_tie_and_suggest_with_data(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, plan = tmp_path / "a.safetensors", tmp_path / "plan.toml"
    checkpoint.save(source, Checkpoint(parts(), AudioSettings()))
    assert main(["suggest", str(source), "--data", str(data_folder), "-o", str(plan), "--max-loss", "9"]) == 0
    shown = capsys.readouterr().out
    assert "[[tie]]" in shown
    assert plan.read_text() in shown
    tied = tmp_path / "tied.safetensors"
    command = ["tie", str(source), "-o", str(tied), "--plan", str(plan), "--data", str(data_folder), "--json"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["heldout_losses_before"] == HeldOut(data_folder).losses(parts())
    assert report["heldout_losses_after"] == HeldOut(data_folder).losses(checkpoint.load(tied).parts)


def test_export_keeps_what_matters_for_recordings(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, more = small_voice(tmp_path), tmp_path / "more.safetensors"
    loaded = learnt(base, more)
    command = ["export", str(more), "--base", str(base), "-o", str(tmp_path / "more.voice"), "--rank", "8"]
    losses = []
    for data in ([], ["--data", str(data_folder)]):
        assert main([*command, *data]) == 0
        losses.append(HeldOut(data_folder).losses(voice_nets.load(tmp_path / "more.voice").parts))
    assert "of what layers give is left out" in capsys.readouterr().err
    wanted = HeldOut(data_folder).losses(loaded.parts)
    plain, seen = (sum(abs(of[name] / wanted[name] - 1) for name in wanted) for of in losses)
    assert seen < 0.8 * plain
    assert main([*command[:-2], "--data", str(data_folder)]) == 2
    assert "say how many stay: --rank 64" in capsys.readouterr().err
