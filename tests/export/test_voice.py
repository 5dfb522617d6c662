"""Export: the graph of a voice says what the nets say."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from tests.export.small_voice import move
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints.checkpoint import Checkpoint, load, save
from tiedtts.choices import VOICE_PRECISIONS
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.export.packing import SMALLEST_BYTE, quantise
from tiedtts.export.voice import export, export_files
from tiedtts.export.voice_net import VoiceNet
from tiedtts.measure.onnx_counting import count
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.text.phones import FACTORS


@pytest.fixture(scope="module")
def nets() -> tuple[AcousticNet, HarmonicVocoder]:
    torch.manual_seed(0)
    sizes = AcousticConfig(
        width=16, encoder_blocks=1, variance_blocks=1, decoder_blocks=1, sentence_position=True
    )
    acoustic = AcousticNet(sizes)
    torch.nn.init.constant_(acoustic.variance.head.bias, 1.5)
    vocoder = HarmonicVocoder(VocoderConfig(width=16, blocks=1))
    # Equal tensors, such as fresh biases, would be stored once.
    move((acoustic, vocoder), 0.01)
    return acoustic.eval(), vocoder.eval()


@pytest.fixture
def checkpoint(nets: tuple[AcousticNet, HarmonicVocoder], tmp_path: Path) -> Path:
    return saved(nets, tmp_path)


@pytest.fixture(scope="module")
def session(
    nets: tuple[AcousticNet, HarmonicVocoder], tmp_path_factory: pytest.TempPathFactory
) -> onnxruntime.InferenceSession:
    """The graph of the nets, exported once."""
    folder = tmp_path_factory.mktemp("exported")
    export([saved(nets, folder)], folder / "voice.onnx", precision="fp32")
    return onnxruntime.InferenceSession(str(folder / "voice.onnx"), providers=["CPUExecutionProvider"])


def saved(nets: tuple[AcousticNet, HarmonicVocoder], folder: Path) -> Path:
    path = folder / "voice.safetensors"
    parts = {"acoustic": nets[0], "vocoder": nets[1]}
    save(path, Checkpoint(parts, AudioSettings(), {"acoustic": {"steps": 3}}))
    return path


def _ids(length: int) -> np.ndarray:
    rng = np.random.default_rng(length)
    ids = np.stack([rng.integers(0, size, length) for size in FACTORS], 1)
    ids[0, 0] = 1
    ids[1:, 0] = 6 + ids[1:, 0] % 30
    return ids[None].astype(np.int64)


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.3])
def test_graph_equals_nets(
    nets: tuple[AcousticNet, HarmonicVocoder],
    session: onnxruntime.InferenceSession,
    length: int,
    speed: float,
) -> None:
    rng = np.random.default_rng(1)
    ids, factor = _ids(length), np.full((1, length), speed, np.float32)
    factor *= rng.uniform(0.8, 1.2, factor.shape).astype(np.float32)
    shift = rng.uniform(-0.1, 0.1, factor.shape).astype(np.float32)
    found = session.run(None, {"ids": ids, "speed": factor, "shift": shift})
    with torch.no_grad():
        wanted = VoiceNet(*nets)(*(torch.from_numpy(a) for a in (ids, factor, shift)))
    assert found[0].tolist() == wanted[0].tolist()
    for ours, theirs in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4, rtol=1e-4)


def test_narrow_storage(checkpoint: Path) -> None:
    voice = checkpoint.with_name("v.onnx")
    sizes, parameters, said = {}, {}, {}
    ids, one = _ids(12), np.ones((1, 12), np.float32)
    for precision in VOICE_PRECISIONS:
        made = export([checkpoint], voice, precision=precision)
        counted = count(voice)
        sizes[precision], parameters[precision] = made["file_bytes"], counted.unique_parameters
        # Scales and constants are stored, but they are no parameters.
        assert counted.unique_parameters == sum(made["parameters"].values())
        assert counted.unique_bytes < made["file_bytes"] < counted.unique_bytes + 30_000
        session = onnxruntime.InferenceSession(str(voice), providers=["CPUExecutionProvider"])
        said[precision] = session.run(None, {"ids": ids, "speed": one, "shift": 0 * one})
    assert sizes["fp32"] - sizes["fp16"] > 1.5 * parameters["fp32"]
    large = sum(v.numel() for v in _matrices(checkpoint))
    assert 0.8 * large < sizes["fp16"] - sizes["int8"] < large
    for ours, theirs in zip(said["fp16"], said["fp32"], strict=True):
        assert np.abs(ours - theirs).mean() <= 0.01 * np.abs(theirs).mean() + 1e-6
    # Durations are rounded: levels of 8 bits may move one by a frame.
    moved = np.abs(said["int8"][0] - said["fp32"][0])
    assert moved.max() <= 2
    assert moved.mean() < 1
    assert not np.array_equal(said["int8"][1][:5], said["fp32"][1][:5])


def _matrices(checkpoint: Path) -> list[torch.Tensor]:
    parts = load(checkpoint).parts.values()
    return [v for net in parts for v in net.parameters() if v.ndim > 1 and v.numel() >= SMALLEST_BYTE]


def test_rows_in_eight_bits() -> None:
    values = np.random.default_rng(0).standard_normal((5, 3, 2)).astype(np.float32)
    values[1] *= 1000
    values[2] = 0
    levels, scale = quantise(values)
    assert levels.dtype == np.int8
    assert scale.shape == (5, 1, 1)
    assert np.abs(levels).reshape(5, -1).max(1).tolist() == [127, 127, 0, 127, 127]
    assert (np.abs(levels * scale - values) <= 0.5001 * scale).all()


def test_metadata_describes_the_voice(checkpoint: Path) -> None:
    voice = checkpoint.with_name("anna.onnx")
    made = export([checkpoint], voice)
    session = onnxruntime.InferenceSession(str(voice), providers=["CPUExecutionProvider"])
    kept = json.loads(session.get_modelmeta().custom_metadata_map["tiedtts"])
    assert kept["name"] == "anna"
    assert kept["audio"]["sample_rate"] == 24_000
    assert kept["provenance"]["acoustic"] == {"steps": 3}
    assert made["file_bytes"] == voice.stat().st_size
    assert {key: made[key] for key in kept} == kept


def test_parts_from_two_checkpoints(
    nets: tuple[AcousticNet, HarmonicVocoder], checkpoint: Path, tmp_path: Path
) -> None:
    for part, net in zip(("acoustic", "vocoder"), nets, strict=True):
        save(tmp_path / f"{part}.safetensors", Checkpoint({part: net}, AudioSettings(), {}))
    halves = [tmp_path / "acoustic.safetensors", tmp_path / "vocoder.safetensors"]
    apart = export(halves, tmp_path / "v.onnx")
    assert apart["parameters"] == export([checkpoint], tmp_path / "v.onnx")["parameters"]
    with pytest.raises(CheckpointError, match="no vocoder part"):
        export(halves[:1], tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_parts_of_other_settings_are_refused(
    nets: tuple[AcousticNet, HarmonicVocoder], checkpoint: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save(other, Checkpoint({"vocoder": nets[1]}, AudioSettings(f_max=8_000.0), {}))
    with pytest.raises(CheckpointError, match="other audio settings"):
        export([checkpoint, other], tmp_path / "v.onnx")


def test_wrong_arguments(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match="precision"):
        export([checkpoint], checkpoint.with_name("v.onnx"), precision="int3")
    with pytest.raises(ConfigError, match=r"\.onnx"):
        export([checkpoint], checkpoint.with_name("v.bin"))


def test_a_checkpoint_is_loaded_once(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiedtts.checkpoints import checkpoint as files

    loaded: list[Path] = []
    monkeypatch.setattr(files, "load", lambda path: loaded.append(path) or load(path))
    made = export_files([checkpoint], tmp_path / "voice.onnx", precision="fp32")
    assert loaded == [checkpoint]
    assert made.files == [tmp_path / "voice.onnx"]
    assert made.voice is not None
    assert made.voice["file_bytes"] == (tmp_path / "voice.onnx").stat().st_size
    for precision, name in (("int4", "voice.onnx"), ("fp32", "voice.pt")):
        with pytest.raises(ConfigError):
            export_files([checkpoint], tmp_path / name, precision=precision)
