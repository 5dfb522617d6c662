"""Multiply-accumulates: by hand, by torch's own counter, and what ties save of them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.flop_counter import FlopCounterMode

from tests.tying.cases import plan
from tiedtts.measure.macs import PHONES_PER_SECOND, SECONDS, macs, speech
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.tying import tie


class Loop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(100, 100)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(self.layer(self.layer(x)))
        return out


@pytest.mark.parametrize(
    ("layer", "x", "by_hand"),
    [
        (nn.Linear(4, 3), torch.zeros(2, 4), 24),
        (nn.Conv1d(4, 6, 5), torch.zeros(1, 4, 14), 6 * 10 * 4 * 5),
        (nn.Conv1d(4, 4, 5, groups=4), torch.zeros(1, 4, 14), 4 * 10 * 5),
        (nn.Conv2d(3, 2, 3, stride=2), torch.zeros(2, 3, 9, 9), 2 * 2 * 16 * 27),
        (nn.ConvTranspose1d(4, 6, 5, 2), torch.zeros(1, 4, 10), 10 * 4 * 6 * 5),
        (nn.LSTM(5, 7, 2, bidirectional=True), torch.zeros(11, 3, 5), 33 * 2 * 28 * (5 + 7 + 14 + 7)),
        (nn.GRU(5, 7), torch.zeros(11, 3, 5), 33 * 21 * 12),
        (nn.Embedding(9, 4), torch.zeros(3, dtype=torch.int64), 0),
        (parametrizations.weight_norm(nn.Conv1d(64, 64, 3)), torch.zeros(1, 64, 52), 614_400),
    ],
)
def test_by_hand(layer: nn.Module, x: Tensor, by_hand: int) -> None:
    total, rows = macs(layer, lambda: layer(x))
    assert total == by_hand
    assert rows.get("", 0) == by_hand


def test_every_use_counts() -> None:
    net = Loop()
    total, rows = macs(net, lambda: net(torch.zeros(1, 100)))
    assert total == 30_000
    assert rows["layer"] == 30_000


def test_recurrent_layers_inside_a_net() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(4, 4)
            self.out = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.out(self.rnn(x)[0])
            return out

    net = Net()
    total, rows = macs(net, lambda: net(torch.zeros(5, 1, 4)))
    assert rows == {"": total, "rnn": 5 * 16 * 8, "out": 5 * 8}
    assert total == 5 * 16 * 8 + 5 * 8


def nets() -> list[nn.Module]:
    torch.manual_seed(0)
    small = HifiganConfig(
        channels=8,
        upsample_rates=(4, 2),
        upsample_kernels=(8, 4),
        resblock_kernels=(3,),
        resblock_dilations=((1,),),
    )
    return [
        AcousticNet(AcousticConfig(width=16)),
        HarmonicVocoder(VocoderConfig(width=16)),
        Recognizer(RecognizerConfig(width=16)),
        Hifigan(small),
        DeepSpeech(DeepSpeechConfig(channels=2, width=8, layers=2)),
        WaveNet(WaveNetConfig(residual=4, gate=4, skip=4, layers=2, condition_width=4)),
        Tacotron(TacotronConfig(encoder_width=16, attention_rnn=8, decoder_rnn=8, postnet_width=8)),
    ]


@pytest.mark.parametrize("at", range(7))
def test_a_second_of_speech(at: int) -> None:
    net = nets()[at].train()
    found = speech(net)
    assert found is not None
    total, rows = found
    assert net.training
    assert rows[""] == total > 0
    leaves = [name for name, module in net.named_modules() if not list(module.children())]
    inside = sum(rows.get(name, 0) for name in leaves)
    if isinstance(net, HarmonicVocoder):
        # Between the frequencies at which it predicts, it interpolates with matrices of its own.
        bins, knots = net.config.n_fft // 2 + 1, net.config.knots
        frames = net.config.sample_rate / net.config.step
        assert (total - inside) / frames % (bins * knots) == pytest.approx(0)
        assert total > inside
    elif isinstance(net, Tacotron):
        # What attention reads: each step, every phone's channels.
        steps, seconds = SECONDS * 24_000 / 256 // 4, SECONDS * 24_000 / 256 // 4 * 4 * 256 / 24_000
        assert (total - inside) * seconds == pytest.approx(steps * SECONDS * PHONES_PER_SECOND * 16)
    else:
        assert inside == pytest.approx(total)


def test_frames_and_phones_are_those_of_a_second() -> None:
    acoustic, vocoder = nets()[:2]
    found = speech(acoustic)
    assert found is not None
    encoder = found[1]["encoder.blocks.0.expand"]
    assert encoder == pytest.approx(PHONES_PER_SECOND * 16 * 32, rel=0.01)
    assert found[1]["decoder.blocks.0.expand"] == pytest.approx(24_000 / 256 / 2 * 16 * 32, rel=0.01)
    heard = speech(vocoder)
    assert heard is not None
    assert heard[1]["body.blocks.0.expand"] == pytest.approx(24_000 / 256 * 16 * 32, rel=0.01)
    assert SECONDS == 4
    wave = speech(nets()[5])
    assert wave is not None
    # Two taps from four channels to the two halves of a gate of four, at every sample.
    assert wave[1]["layers.0.dilated"] == 24_000 * 2 * 4 * 8
    taco = speech(nets()[6])
    assert taco is not None
    # Four gates of eight cells read pre-net, what was read, and themselves, at each step of four frames.
    assert taco[1]["decoder.attention_rnn"] == pytest.approx(
        24_000 / 256 / 4 * 4 * 8 * (96 + 16 + 8), rel=0.01
    )


def test_a_net_of_which_nothing_is_known() -> None:
    assert speech(nn.Linear(2, 2)) is None


@pytest.mark.parametrize(
    ("scheme", "options", "share"),
    [
        ("lowrank", {"rank": 4}, 4 * (16 + 32) / (16 * 32)),
        ("cluster", {"ratio": 0.5, "into": "project"}, 0.5),
        ("codebook", {"k": 8}, 1.0),
        ("share", {}, 1.0),
    ],
)
def test_structural_ties_save_work_and_storage_ties_do_not(
    scheme: str, options: dict[str, Any], share: float
) -> None:
    net = nets()[1].eval()
    tied, _ = tie(net, plan(scheme, "body.blocks.*.expand", **options))
    before, after = speech(net), speech(tied)
    assert before is not None
    assert after is not None
    name = "body.blocks.0.expand"
    assert after[1][name] == pytest.approx(share * before[1][name])
    mel, row = torch.zeros(1, 50, 80), torch.ones(1, 50)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        tied.filters(mel, row, row)
    assert counter.get_total_flops() / 2 / 50 * 24_000 / 256 == pytest.approx(after[0], rel=1e-3)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("scheme", ["share", "codebook", "lowrank"])
def test_tied_recurrent_layers_work_as_much_as_their_tie_leaves(kind: type[nn.Module], scheme: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([kind(8, 8), kind(8, 8)])

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.layers[1](self.layers[0](x)[0])[0]
            return out

    torch.manual_seed(0)
    net = Net()

    def work(net: nn.Module) -> tuple[int, dict[str, int]]:
        return macs(net, lambda: net(torch.zeros(6, 1, 8)))

    options = {"share": {}, "codebook": {"k": 4}, "lowrank": {"ratio": 0.25}}[scheme]
    gates = 4 if kind is nn.LSTM else 3
    plain = 2 * 6 * gates * 8 * 16
    assert work(net)[0] == plain
    tied, _ = tie(net, plan(scheme, "*", **options))
    total, rows = work(tied)
    # A rank of two, or as much work as ever.
    share = 2 * (8 + gates * 8) / (8 * gates * 8) if scheme == "lowrank" else 1.0
    assert total == pytest.approx(share * plain)
    assert rows[""] == total
    assert rows["layers.0"] == rows["layers.1"] == total / 2


def test_lists_of_layers_do_what_is_in_them() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sides = nn.ModuleDict({"a": nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])})

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.sides["a"]:  # type: ignore[attr-defined]
                x = layer(x)
            return x

    net = Net()
    total, rows = macs(net, lambda: net(torch.zeros(1, 2)))
    assert rows == {"": 18, "sides": 18, "sides.a": 18, "sides.a.0": 6, "sides.a.1": 12}
    assert total == 18


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", ["encoder layer", "attention", "products", "encoder"])
def test_attention_is_counted_however_it_is_computed(kind: str, training: bool) -> None:
    torch.manual_seed(0)
    batch, length, width, heads, inner = 2, 7, 12, 3, 20
    x = torch.randn(batch, length, width)
    attention = 4 * batch * length * width**2 + 2 * batch * length**2 * width
    layer: nn.Module
    if kind == "attention":
        layer, wanted = nn.MultiheadAttention(width, heads, batch_first=True), attention
    elif kind == "products":
        layer, wanted = Products(), 2 * batch * length**2 * width
    else:
        wanted = attention + 2 * batch * length * width * inner
        layer = nn.TransformerEncoderLayer(width, heads, inner, dropout=0.0, batch_first=True)
        if kind == "encoder":
            layer, wanted = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), 2 * wanted
    layer.train(training)
    call = (lambda: layer(x, x, x)) if kind == "attention" else lambda: layer(x)
    assert macs(layer, call)[0] == wanted
    assert torch.backends.mha.get_fastpath_enabled()


class Products(nn.Module):
    """Attention without maps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        split = x.unflatten(-1, (3, 4)).transpose(1, 2)
        return nn.functional.scaled_dot_product_attention(split, split, split)
