"""DeepSpeech: padding, directions, ties."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.tying.cases import plan
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.measure import macs
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.recognizer import CLASSES
from tiedtts.tying import TiePlan, count_parameters, tie, tie_map, untie

SIZES = {"channels": 2, "kernel_frames": 3, "kernel_bands": 3, "layers": 3, "width": 8, "n_mels": 10}


def make(**options: object) -> DeepSpeech:
    torch.manual_seed(0)
    return DeepSpeech(DeepSpeechConfig(**{**SIZES, "dropout": 0.0, **options}))  # type: ignore[arg-type]


def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    mask = torch.ones(3, 31)
    mask[0, 20:] = 0
    mask[2, 9:] = 0
    return torch.randn(3, 31, 10) - 5, mask


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_mask_is_the_end_of_the_recording(cell: str, stride: int) -> None:
    net = make(cell=cell, stride=stride).eval()
    mel, mask = batch()
    mel[0, 20:] = 77.0
    with torch.no_grad():
        together = net(mel, mask)
        assert together.shape == (3, -(-31 // stride), 40)
        for row, frames in enumerate((20, 31, 9)):
            steps = -(-frames // stride)
            torch.testing.assert_close(together[row, :steps], net(mel[row : row + 1, :frames])[0])
            assert not together[row, steps:].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_layers_are_what_torch_does_in_both_directions(cell: str) -> None:
    """One of its own bidirectional layers, with the same weights, over packed sequences."""
    net = make(cell=cell, layers=1).eval()
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
    both = kind(8, 8, bidirectional=True, batch_first=True)
    for name, value in net.forwards[0].named_parameters():
        getattr(both, name).data.copy_(value.detach())
    for name, value in net.backwards[0].named_parameters():
        getattr(both, f"{name}_reverse").data.copy_(value.detach())
    heard: dict[str, Tensor] = {}
    net.norms[0].register_forward_hook(lambda module, args, out: heard.update(into=out))
    net.last_norm.register_forward_hook(lambda module, args, out: heard.update(out=args[0]))
    mel, mask = batch()
    with torch.no_grad():
        net(mel, mask)
        parts = heard["into"].split([10, 16, 5])
        found = heard["out"].split([10, 16, 5])
        for x, y in zip(parts, found, strict=True):
            wanted = both(x[None])[0][0]
            torch.testing.assert_close(y, wanted[:, :8] + wanted[:, 8:])


def test_norms_see_real_frames_alone() -> None:
    net = make()
    mel, mask = batch()
    before = net(mel, mask)
    net.load_state_dict(make().state_dict())
    wide = torch.cat([mel, torch.full((3, 40, 10), 9.0)], 1)
    after = net(wide, torch.cat([mask, torch.zeros(3, 40)], 1))
    torch.testing.assert_close(after[:, :16], before)


def test_input_is_scaled() -> None:
    net, plain = make(mel_mean=-4.0, mel_std=1.5).eval(), make(mel_mean=0.0, mel_std=1.0).eval()
    mel = torch.randn(1, 9, 10)
    with torch.no_grad():
        torch.testing.assert_close(net(mel * 1.5 - 4), plain(mel))


def test_units() -> None:
    assert make().config.symbols == CLASSES
    letters = make(units="letters")
    assert letters.config.symbols[:4] == ("", " ", "'", "a")
    assert letters.eval()(torch.zeros(1, 8, 10)).shape == (1, 4, 29)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": "words"}, "`units` must be phones or letters, got: words"),
        ({"cell": "rnn"}, "`cell` must be gru or lstm, got: rnn"),
        ({"layers": 0}, "`layers` must be at least 1"),
        ({"stride": 0}, "`stride` must be at least 1"),
        ({"kernel_bands": 4}, "`kernel_bands` must be odd"),
        ({"dropout": 1.0}, "`dropout` must be in"),
        ({"mel_std": 0.0}, "`mel_std` must be positive"),
    ],
)
def test_sizes_are_checked(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**options)


def test_default_size() -> None:
    assert 500_000 < count_parameters(DeepSpeech(DeepSpeechConfig())) < 1_000_000


def test_work_of_a_second() -> None:
    net = DeepSpeech(DeepSpeechConfig())
    found = macs.speech(net)
    assert found is not None
    total, rows = found
    recurrent = sum(
        p.numel() for n, p in net.named_parameters() if n.startswith(("forw", "backw")) and p.dim() == 2
    )
    frames = 24_000 / 256 / 2
    assert sum(rows[name] for name in ("forwards", "backwards")) == pytest.approx(
        recurrent * frames, rel=0.01
    )
    assert total > recurrent * frames


def step(net: nn.Module) -> Tensor:
    """Loss of a step, of all frames."""
    mel, mask = batch()
    logits = net(mel, mask).log_softmax(-1).transpose(0, 1)
    said, steps = torch.tensor([[3, 4], [5, 5], [6, 7]]), torch.tensor([10, 16, 5])
    return nn.functional.ctc_loss(logits, said, steps, torch.tensor([2, 2, 1]))


TIES = {
    "share": ("share", {}),
    "lowrank": ("lowrank", {"ratio": 0.5}),
    "codebook": ("codebook", {}),
    "shared basis": ("lowrank", {"rank": 3, "shared": True}),
}


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("name", TIES)
def test_recurrent_layers_tied_before_training(name: str, cell: str, tmp_path: Path) -> None:
    scheme, options = TIES[name]
    rules = "".join(
        str(f'[[tie]]\nlayers = "{side}.*"\nscheme = "{scheme}"\n')
        + "".join(f"options.{key} = {str(value).lower()}\n" for key, value in options.items())
        for side in ("forwards", "backwards")
    )
    net, report = tie(make(cell=cell), TiePlan.from_toml(rules), rescale=True)
    assert report.parameters_after < report.parameters_before
    mel, mask = batch()
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(mel, mask), untie(net).eval()(mel, mask), atol=1e-5, rtol=1e-4)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    first = step(net.train())
    for _ in range(5):
        optimizer.zero_grad()
        step(net).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert step(net).item() < 0.8 * first.item()
    path = tmp_path / "aligner.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": net.eval()}, AudioSettings()))
    loaded = checkpoint.load(path).part("aligner")
    assert tie_map(loaded) == tie_map(net)
    with torch.no_grad():
        torch.testing.assert_close(loaded(mel, mask), net(mel, mask))


def test_one_matrix_a_direction_is_stored() -> None:
    net, _ = tie(make(), plan("share", "*wards.*"))
    assert {name for name, p in net.named_parameters() if p.dim() == 2 and "wards" in name} == {
        f"{side}.0.{matrix}_shared" for side in ("forwards", "backwards") for matrix in ("weight_ih_l0", "weight_hh_l0")
    }  # fmt: skip
