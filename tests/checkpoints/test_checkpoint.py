"""Weight files: what is saved is what is loaded, and what does not fit is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tiedtts import __version__
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint, tensor_files
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError, TiedTTSError
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import count_parameters, tie_groups

AUDIO = AudioSettings(hop=240, level=0.1)


def nets() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    sizes = {"encoder_blocks": 1, "variance_blocks": 1, "decoder_blocks": 2}
    return {
        "acoustic": AcousticNet(AcousticConfig(width=4, mel_mean=-4.25, duration_scale=1.0625, **sizes)),
        "vocoder": HarmonicVocoder(VocoderConfig(width=4, blocks=1, hop=240, n_fft=480)),
        "aligner": Recognizer(RecognizerConfig(width=4, blocks=1)),
    }


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "voice.safetensors"
    provenance = {"acoustic": {"corpus": "tones", "steps": 7, "recipe": {"betas": (0.9, 0.98)}}}
    checkpoint.save(path, Checkpoint(nets(), AUDIO, provenance))
    return path


def test_round_trip(saved: Path) -> None:
    loaded = checkpoint.load(saved)
    assert loaded.audio == AUDIO
    assert loaded.provenance["acoustic"]["steps"] == 7
    assert list(loaded.parts) == ["acoustic", "aligner", "vocoder"]
    for name, net in nets().items():
        other = loaded.part(name)
        assert type(other) is type(net)
        assert other.config == net.config
        assert not other.training
        assert net.state_dict().keys() == other.state_dict().keys()
        for key, tensor in net.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[key]), key


def test_save_load_save_is_bit_equal(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    checkpoint.save(again, checkpoint.load(saved))
    assert again.read_bytes() == saved.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.safetensors", "voice.safetensors"]


def test_header_says_what_the_tensors_are(saved: Path) -> None:
    with safe_open(saved, framework="pt") as file:
        header = json.loads(file.metadata()["tiedtts"])
        names = set(file.keys())
    assert header["format"] == 1
    assert header["version"] == __version__
    assert header["ties"] == {}
    assert {name: part["architecture"] for name, part in header["parts"].items()} == {
        "acoustic": "acoustic",
        "vocoder": "harmonic",
        "aligner": "recognizer",
    }
    assert header["parts"]["vocoder"]["config"]["n_fft"] == 480
    assert header["text"]["phones"][:6] == ["_", "sil", ",", ".", "?", "!"]
    assert names == {f"{part}.{key}" for part, net in nets().items() for key in net.state_dict()}


def test_part_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": nets()["aligner"]}, AUDIO))
    with pytest.raises(CheckpointError, match=r"^the checkpoint has no vocoder part, only aligner$") as error:
        checkpoint.load(path).part("vocoder")
    assert error.value.hint == "train it with `tiedtts train --part vocoder`"


def test_net_without_a_format(tmp_path: Path) -> None:
    linear = nn.Linear(2, 2)
    linear.config = AcousticConfig()  # type: ignore[assignment]
    with pytest.raises(CheckpointError, match=r"^nets of class Linear have no checkpoint format$"):
        checkpoint.save(tmp_path / "a.safetensors", Checkpoint({"linear": linear}, AUDIO))
    assert not list(tmp_path.iterdir())


def test_a_tied_tensor_is_stored_once(tmp_path: Path) -> None:
    net = nets()["acoustic"]
    first, second = net.decoder.blocks
    second.expand.weight = first.expand.weight
    assert tie_groups(net) == {"decoder.blocks.0.expand.weight": ("decoder.blocks.1.expand.weight",)}
    assert count_parameters(net) == count_parameters(nets()["acoustic"]) - 32
    path = tmp_path / "tied.safetensors"
    checkpoint.save(path, Checkpoint({"acoustic": net}, AUDIO))
    tensors, metadata = tensor_files.read(path)
    assert "acoustic.decoder.blocks.1.expand.weight" not in tensors
    assert metadata["tiedtts"]["ties"] == {
        "acoustic.decoder.blocks.1.expand.weight": "acoustic.decoder.blocks.0.expand.weight"
    }
    # The net that the header builds is not tied: loading would silently untie.
    with pytest.raises(CheckpointError, match="the ties of part `acoustic` are not those its net has"):
        checkpoint.load(path)


def test_count_by_hand() -> None:
    net = nets()["aligner"]
    stem, block, head = 80 * 4 * 5 + 4, 4 * 9 + 4 + 8 + 4 * 8 + 8 + 8 * 4 + 4 + 4, 8 + 4 * 40 + 40
    assert count_parameters(net) == stem + block + head


def edit(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change tensors and header of a checkpoint as another program might."""
    tensors, metadata = tensor_files.read(path)
    change(tensors, metadata["tiedtts"])
    tensor_files.write(path, tensors, metadata)


Change = Callable[[dict[str, Any], dict[str, Any]], Any]
DAMAGES: dict[str, tuple[Change, str]] = {
    "newer": (lambda t, h: h.update(format=2), "has format 2, newer than 1"),
    "other phones": (lambda t, h: h["text"]["phones"].append("X"), "was trained on other phones"),
    "unknown architecture": (
        lambda t, h: h["parts"]["vocoder"].update(architecture="diphone"),
        "cannot build part `vocoder`: there is no architecture 'diphone'",
    ),
    "unknown size": (
        lambda t, h: h["parts"]["vocoder"]["config"].update(depth=3),
        "cannot build part `vocoder`: unknown keys in `config`: depth",
    ),
    "impossible size": (
        lambda t, h: h["parts"]["vocoder"]["config"].update(kernel=4),
        "cannot build part `vocoder`: `config`: `kernel` must be odd and at least 1, got: 4",
    ),
    "size of another kind": (
        lambda t, h: h["parts"]["acoustic"]["config"].update(width="wide"),
        "cannot build part `acoustic`",
    ),
    "no config": (lambda t, h: h["parts"]["vocoder"].pop("config"), "`parts.vocoder` lacks a key: `config`"),
    "other size": (
        lambda t, h: h["parts"]["vocoder"]["config"].update(width=6),
        r"tensors do not fit part `vocoder`: (.|\n)*`.*` is \(",
    ),
    "missing tensor": (
        lambda t, h: t.pop("vocoder.head.bias"),
        r"tensors do not fit part `vocoder`: (.|\n)*head\.bias",
    ),
    "extra tensor": (
        lambda t, h: t.update({"vocoder.more": torch.ones(2)}),
        r"tensors do not fit part `vocoder`: (.|\n)*more",
    ),
    "tensor of no part": (
        lambda t, h: t.update({"judge.head": torch.ones(2)}),
        "holds tensors of no part: judge.head",
    ),
    "tie of no part": (
        lambda t, h: h["ties"].update({"judge.a": "judge.b"}),
        "holds tensors of no part: judge.a",
    ),
    "tie that the net lacks": (
        lambda t, h: h["ties"].update({"vocoder.norm.bias": "vocoder.head.bias"}),
        "the ties of part `vocoder` are not those its net has",
    ),
    "no audio": (lambda t, h: h.pop("audio"), "has a damaged header: the header lacks a key: `audio`"),
    "wrong audio": (
        lambda t, h: h["audio"].update(hop=0),
        "has a damaged header: the audio settings: `n_fft` must be",
    ),
    "audio of another kind": (lambda t, h: h.update(audio=3), "has a damaged header"),
    "format of another kind": (lambda t, h: h.update(format="one"), "has a damaged header"),
    "no provenance": (
        lambda t, h: h.pop("provenance"),
        "has a damaged header: the header lacks a key: `provenance`",
    ),
    "parts of another kind": (
        lambda t, h: h.update(parts=[]),
        "has a damaged header: the header, `parts` must be a table",
    ),
    "part of another kind": (
        lambda t, h: h["parts"].update(vocoder=7),
        "`parts.vocoder` must be a table, got: 7",
    ),
    "ties of another kind": (lambda t, h: h.update(ties=7), "has a damaged header"),
    "no parts": (lambda t, h: h.pop("parts"), "is a safetensors file, but not a TiedTTS checkpoint"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_does_not_fit_is_refused(name: str, saved: Path) -> None:
    change, message = DAMAGES[name]
    edit(saved, change)
    with pytest.raises(CheckpointError, match=message) as error:
        checkpoint.load(saved)
    assert str(error.value).startswith(str(saved))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^no such checkpoint: .*a\.safetensors$"):
        checkpoint.load(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"is a folder$") as error:
        checkpoint.load(tmp_path)
    assert error.value.hint is not None


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_file(keep: int, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="is not a readable safetensors file") as error:
        checkpoint.load(saved)
    assert error.value.hint is not None


def test_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(CheckpointError, match="is a PyTorch checkpoint, not a checkpoint of this program"):
        checkpoint.load(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"tiedtts": "old"}, {"tiedtts": "[1]"}])
def test_safetensors_of_another_program(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.ones(2)}, path, metadata)
    with pytest.raises(CheckpointError, match="is a safetensors file, but not a TiedTTS checkpoint") as error:
        checkpoint.load(path)
    assert error.value.hint == (
        "voices are made of this program's checkpoints; `tiedtts tie` and `stats` read a.safetensors"
    )


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TiedTTSError, match="there is no folder"):
        checkpoint.save(tmp_path / "no" / "a.safetensors", Checkpoint(nets(), AUDIO))


def test_tensors_that_are_views_are_stored_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    net = nets()["aligner"]
    wide = torch.arange(8.0 * 9).reshape(9, 8)
    net.body.blocks[0].depthwise.weight.data = wide[:, ::2].T[:, None]
    checkpoint.save(path, Checkpoint({"aligner": net}, AUDIO))
    loaded = checkpoint.load(path).part("aligner").body.blocks[0].depthwise.weight
    assert torch.equal(loaded[2, 0], wide[:, 4])
