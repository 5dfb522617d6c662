"""Tacotron: the names and numbers of Tacotron 2 checkpoints, and speech that always ends."""

import dataclasses
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.measure.macs import macs
from tiedtts.nets.tacotron.attention_checks import is_diagonal, keeps_pace
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron, with_reduction
from tiedtts.nets.tacotron.synthesis import speak
from tiedtts.text.frontend import FrontEnd
from tiedtts.tying import TiePlan, TieRule, tie, untie

SMALL = TacotronConfig(
    encoder_width=16,
    encoder_convolutions=2,
    attention_rnn=12,
    decoder_rnn=10,
    attention=8,
    location_filters=4,
    location_kernel=7,
    prenet=6,
    postnet_width=8,
    postnet_convolutions=3,
    reduction=2,
    lpc_order=4,
    n_mels=5,
)
COMMON = TacotronConfig(
    symbols=148,
    encoder_width=512,
    attention_rnn=1024,
    decoder_rnn=1024,
    attention=128,
    location_filters=32,
    prenet=256,
    postnet_width=512,
    reduction=1,
)
"""The sizes of the checkpoints that go round."""


def reference(state: Mapping[str, Tensor], symbols: Tensor, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute Tacotron 2 from its tensors, as the paper has it, without dropout and a symbol at a time.

    Args:
        state: Tensors by their common names.
        symbols: (B, T).
        mel: True frames, (B, F, 80).

    Returns:
        Mel spectrogram (B, F, 80), stop logits (B, F), attention (B, F, T).
    """

    def normalised(x: Tensor, name: str) -> Tensor:
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        x = (x - mean[:, None]) / torch.sqrt(variance[:, None] + 1e-5)
        return x * state[f"{name}.weight"][:, None] + state[f"{name}.bias"][:, None]

    def cell(x: Tensor, h: Tensor, c: Tensor, names: list[str]) -> tuple[Tensor, Tensor]:
        w, u, b, d = (state[name] for name in names)
        i, f, g, o = (x @ w.T + b + h @ u.T + d).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def lstm(x: Tensor, suffix: str) -> Tensor:
        names = [
            f"encoder.lstm.{kind}_l0{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        h = c = x.new_zeros(len(x), state[names[1]].shape[1])
        outputs = []
        for at in x.unbind(1):
            h, c = cell(at, h, c, names)
            outputs.append(h)
        return torch.stack(outputs, 1)

    x = state["embedding.weight"][symbols].transpose(1, 2)
    for at in range(3):
        name = f"encoder.convolutions.{at}"
        x = F.conv1d(x, state[f"{name}.0.conv.weight"], state[f"{name}.0.conv.bias"], padding=2)
        x = torch.relu(normalised(x, f"{name}.1"))
    x = x.transpose(1, 2)
    memory = torch.cat([lstm(x, ""), lstm(x.flip(1), "_reverse").flip(1)], 2)

    d = "decoder."
    a = f"{d}attention_layer."
    batch, length = symbols.shape
    h = c = mel.new_zeros(batch, state[f"{d}attention_rnn.weight_hh"].shape[1])
    h2 = c2 = mel.new_zeros(batch, state[f"{d}decoder_rnn.weight_hh"].shape[1])
    context, last, total = memory.new_zeros(batch, memory.shape[2]), memory.new_zeros(batch, length), 0.0
    frames, stops, looks = [], [], []
    for before in (torch.zeros_like(mel[:, 0]), *mel.unbind(1)[:-1]):
        said = before
        for at in range(2):
            said = torch.relu(said @ state[f"{d}prenet.layers.{at}.linear_layer.weight"].T)
        cells = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        h, c = cell(torch.cat([said, context], 1), h, c, [f"{d}attention_rnn.{kind}" for kind in cells])
        past = torch.stack([last, last * 0 + total], 1)
        kernel = state[f"{a}location_layer.location_conv.conv.weight"]
        where = F.conv1d(past, kernel, padding=kernel.shape[2] // 2).transpose(1, 2)
        energy = torch.tanh(
            (h @ state[f"{a}query_layer.linear_layer.weight"].T)[:, None]
            + where @ state[f"{a}location_layer.location_dense.linear_layer.weight"].T
            + memory @ state[f"{a}memory_layer.linear_layer.weight"].T
        )
        last = torch.softmax((energy @ state[f"{a}v.linear_layer.weight"].T)[..., 0], 1)
        total = total + last
        context = (last[..., None] * memory).sum(1)
        h2, c2 = cell(torch.cat([h, context], 1), h2, c2, [f"{d}decoder_rnn.{kind}" for kind in cells])
        known = torch.cat([h2, context], 1)
        name = f"{d}linear_projection.linear_layer"
        frames.append(known @ state[f"{name}.weight"].T + state[f"{name}.bias"])
        name = f"{d}gate_layer.linear_layer"
        stops.append((known @ state[f"{name}.weight"].T + state[f"{name}.bias"])[:, 0])
        looks.append(last)
    coarse = torch.stack(frames, 1)
    x = coarse.transpose(1, 2)
    for at in range(5):
        name = f"postnet.convolutions.{at}"
        x = F.conv1d(x, state[f"{name}.0.conv.weight"], state[f"{name}.0.conv.bias"], padding=2)
        x = normalised(x, f"{name}.1")
        x = torch.tanh(x) if at < 4 else x
    return coarse + x.transpose(1, 2), torch.stack(stops, 1), torch.stack(looks, 1)


def common_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes as checkpoints have them."""
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (148, 512)}

    def convolution(name: str, inputs: int, outputs: int) -> None:
        shapes[f"{name}.0.conv.weight"], shapes[f"{name}.0.conv.bias"] = (outputs, inputs, 5), (outputs,)
        for kind in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.1.{kind}"] = (outputs,)
        shapes[f"{name}.1.num_batches_tracked"] = ()

    def cell(name: str, inputs: int, width: int, suffix: str = "") -> None:
        shapes[f"{name}.weight_ih{suffix}"], shapes[f"{name}.weight_hh{suffix}"] = (
            (4 * width, inputs),
            (4 * width, width),
        )
        shapes[f"{name}.bias_ih{suffix}"] = shapes[f"{name}.bias_hh{suffix}"] = (4 * width,)

    for at in range(3):
        convolution(f"encoder.convolutions.{at}", 512, 512)
    for suffix in ("_l0", "_l0_reverse"):
        cell("encoder.lstm", 512, 256, suffix)
    shapes["decoder.prenet.layers.0.linear_layer.weight"] = (256, 80)
    shapes["decoder.prenet.layers.1.linear_layer.weight"] = (256, 256)
    cell("decoder.attention_rnn", 768, 1024)
    attention = "decoder.attention_layer"
    shapes[f"{attention}.query_layer.linear_layer.weight"] = (128, 1024)
    shapes[f"{attention}.memory_layer.linear_layer.weight"] = (128, 512)
    shapes[f"{attention}.v.linear_layer.weight"] = (1, 128)
    shapes[f"{attention}.location_layer.location_conv.conv.weight"] = (32, 2, 31)
    shapes[f"{attention}.location_layer.location_dense.linear_layer.weight"] = (128, 32)
    cell("decoder.decoder_rnn", 1536, 1024)
    for name, outputs in (("linear_projection", 80), ("gate_layer", 1)):
        shapes[f"decoder.{name}.linear_layer.weight"] = (outputs, 1536)
        shapes[f"decoder.{name}.linear_layer.bias"] = (outputs,)
    for at, (inputs, outputs) in enumerate([(80, 512), *[(512, 512)] * 3, (512, 80)]):
        convolution(f"postnet.convolutions.{at}", inputs, outputs)
    return shapes


@pytest.fixture(scope="module")
def common() -> Tacotron:
    torch.manual_seed(3)
    net = Tacotron(COMMON).eval()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.3, 0.3)
            nn.init.uniform_(layer.running_mean, -0.3, 0.3)  # type: ignore[arg-type]
            nn.init.uniform_(layer.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return net


def test_names_and_shapes_are_the_common_ones(common: Tacotron) -> None:
    assert {name: tuple(value.shape) for name, value in common.state_dict().items()} == common_shapes()


@torch.no_grad()
def test_tensors_of_others_say_the_same(common: Tacotron) -> None:
    """Both ways: what was made by names and shapes alone, in ours; ours, read as any file is."""
    torch.manual_seed(4)
    foreign = {
        name: torch.tensor(7)
        if not shape
        else torch.rand(shape) + 0.5
        if name.endswith(("running_var", ".1.weight"))
        else torch.randn(shape) * (prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1)
        for name, shape in common_shapes().items()
    }
    ours = Tacotron(COMMON).eval()
    ours.load_state_dict(foreign)
    symbols, mel = torch.randint(148, (2, 9)), torch.randn(2, 6, 80)
    for net, state in ((ours, foreign), (common, common.state_dict())):
        expected = reference(state, symbols, mel)
        out = net(symbols, mel)
        for made, wanted in zip((out.mel, out.stop, out.attention), expected, strict=True):
            torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-4)


@pytest.fixture
def small() -> Tacotron:
    torch.manual_seed(0)
    return Tacotron(SMALL).eval()


def _ids(text: str) -> Tensor:
    return torch.from_numpy(FrontEnd()(text)[0].ids)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_all_steps_at_once_are_step_after_step(
    small: Tacotron, training: bool, tied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training hoists work out of the loop: its results and gradients are those of the loop in synthesis."""
    monkeypatch.setattr("tiedtts.nets.tacotron.decoder.STATE_DROPOUT", 0.0)
    if tied:
        rule = TieRule("decoder.*_rnn", "lowrank", options={"rank": 3})
        small = tie(small, TiePlan((rule,)))[0]  # type: ignore[assignment]
    decoder = small.decoder.train(training)
    memory, mel = torch.randn(2, 7, 16), torch.randn(2, 6, 5)
    mask = torch.ones(2, 7)
    mask[1, 5:] = 0
    made = decoder(memory, mel, mask, drop=False)
    state, steps = decoder.start(memory), []
    processed = decoder.attention_layer.memory_layer(memory)
    for at in range(3):
        before = mel[:, 2 * at - 2 : 2 * at].reshape(2, 10) if at else mel.new_zeros(2, 10)
        step, state = decoder.step(decoder.prenet(before, drop=False), state, memory, processed, mask > 0)
        steps.append(step)
    frames = torch.stack([step.frames for step in steps], 1).reshape(2, 6, -1)
    stop, attention = (torch.stack([getattr(s, name) for s in steps], 1) for name in ("stop", "attention"))
    for ours, theirs in zip(made, (frames, stop, attention), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    parameters = list(decoder.parameters())
    sums = [sum(v.square().sum() for v in values) for values in (made, (frames, stop, attention))]
    for ours, theirs in zip(*(torch.autograd.grad(of, parameters) for of in sums), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_work_is_found_with_the_layer_that_does_it(small: Tacotron) -> None:
    ids, mel = torch.ones(1, 7, 4, dtype=torch.int64), torch.zeros(1, 6, 5)
    _, rows = macs(small, lambda: small(ids, mel))
    assert rows["decoder.attention_rnn"] == 3 * 4 * 12 * (6 + 16 + 12)
    assert rows["decoder.decoder_rnn"] == 3 * 4 * 10 * (12 + 16 + 10)
    assert rows["decoder.linear_projection"] == 3 * (10 + 16) * SMALL.outputs * SMALL.reduction


def test_states_are_dropped_in_training_only(small: Tacotron) -> None:
    memory, mel = torch.randn(1, 4, 16), torch.randn(1, 6, 5)

    def twice(*, training: bool) -> bool:
        decoder = small.decoder.train(training)
        return torch.equal(*(decoder(memory, mel, None, drop=False).frames for _ in range(2)))

    assert twice(training=False)
    assert not twice(training=True)


def test_padding_changes_nothing(small: Tacotron) -> None:
    ids = _ids("Yes, sir.")
    count = len(ids)
    mel = torch.randn(1, 8, 5)
    alone = small(ids[None], mel)
    padded = small(
        F.pad(ids, (0, 0, 0, 3))[None],
        F.pad(mel, (0, 0, 0, 4)),
        F.pad(torch.ones(1, count), (0, 3)),
        F.pad(torch.ones(1, 8), (0, 4)),
    )
    torch.testing.assert_close(padded.mel[:, :8], alone.mel)
    torch.testing.assert_close(padded.attention[:, :4, :count], alone.attention)
    assert float(padded.attention[:, :, count:].detach().abs().max()) == 0


@pytest.mark.parametrize("text", ["a", "Zzzt brrr mhm.", "No. " * 3, "sixty seconds of speech, " * 30])
def test_fresh_weights_come_to_an_end(small: Tacotron, text: str) -> None:
    ids = _ids(text)
    made = speak(small, ids)
    assert made.lsf is not None
    assert len(made.mel) == len(made.lsf) == made.durations.sum() == 2 * len(made.attention)
    assert len(made.mel) <= max(80, 24 * len(ids))
    path = made.attention.argmax(1)
    steps = np.diff(path)
    assert (steps >= 0).all()
    assert steps.max(initial=0) <= 3
    assert np.isfinite(made.mel).all()


def test_the_bound_is_told(small: Tacotron) -> None:
    assert not speak(small, _ids("A longer sentence than that."), max_frames=10).stopped
    nn.init.constant_(small.decoder.gate_layer.linear_layer.bias, 100.0)
    made = speak(small, _ids("Oh."), max_frames=1000)
    assert made.stopped
    # Not before the last phone, whatever the gate says.
    assert made.attention[-1].argmax() == len(made.durations) - 1


@pytest.mark.parametrize(("bound", "frames"), [(10, 10), (11, 10), (2, 2)])
def test_the_bound_is_kept(small: Tacotron, bound: int, frames: int) -> None:
    assert len(speak(small, _ids("A longer sentence than that."), max_frames=bound).mel) == frames


@pytest.mark.parametrize(
    ("count", "wrong", "message"),
    [
        (0, {}, "there are no phones to say"),
        (3, {"max_frames": 1}, "`max_frames` must be at least the 2 frames of a step, got: 1"),
        (3, {"window": 0}, "`window` must be at least 1, got: 0"),
    ],
)
def test_what_cannot_be_said(small: Tacotron, count: int, wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        speak(small, _ids("Hm, no.")[:count], **wrong)  # type: ignore[arg-type]


def test_pace_is_compared_with_the_alignment() -> None:
    speech, durations = np.ones(4, bool), np.array([4, 4, 4, 4])
    assert keeps_pace(np.eye(4)[[0, 1, 2, 3]], durations, speech)
    assert keeps_pace(np.eye(4)[[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]], durations, speech)
    # Hurries to the end and waits there; or dwells on the first.
    assert not keeps_pace(np.eye(4)[[0, 1, 2, 3, 3, 3, 3, 3, 3, 3]], durations, speech)
    assert not keeps_pace(np.eye(4)[[0, 0, 0, 0, 0, 0, 0, 1, 2, 3]], durations, speech)
    # A phone that is never reached.
    assert not keeps_pace(np.eye(4)[[0, 0, 1, 1, 2, 2]], durations, speech)


def test_what_is_dropped_hangs_on_the_seed(small: Tacotron) -> None:
    ids = _ids("Something longer is said here.")
    first, again, other = (speak(small, ids, seed=seed, drop=True).mel for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[: len(other)], other[: len(first)])
    kept = [speak(small, ids, seed=seed).mel for seed in (1, 2)]
    assert np.array_equal(*kept)


def test_bands_are_spread_around_their_mean(small: Tacotron) -> None:
    ids = _ids("Something is said.")
    before = speak(small, ids).mel
    small.config = dataclasses.replace(small.config, mel_spread=1.25)
    after = speak(small, ids).mel
    np.testing.assert_allclose(after.mean(0), before.mean(0), atol=1e-5)
    np.testing.assert_allclose(after.std(0), 1.25 * before.std(0), rtol=1e-4)
    with pytest.raises(ConfigError, match="`mel_spread` must be"):
        dataclasses.replace(SMALL, mel_spread=0.0)


def test_diagonals() -> None:
    speech = np.array([False, True, True, True, False])
    walk = np.eye(5)[[0, 0, 1, 1, 2, 2, 3, 4]]
    assert is_diagonal(walk, speech)
    assert not is_diagonal(walk[[0, 1, 2, 3, 6, 7]], speech)  # passes over a phone
    assert not is_diagonal(walk[:-2], speech)  # ends early
    assert not is_diagonal(walk[[0, 2, 4, 6, 2, 4, 6, 7]], speech)  # goes back


def test_a_net_says_mel_only_on_demand() -> None:
    torch.manual_seed(0)
    made = speak(Tacotron(TacotronConfig(**{**vars(SMALL), "lpc_order": 0})).eval(), _ids("Hm."))
    assert made.lsf is None
    assert made.voiced is None


@pytest.mark.parametrize(
    "rules",
    [
        TieRule("postnet.convolutions.1.0.conv", "identity", "share"),
        TieRule("postnet.convolutions.*.conv", "separable"),
        TieRule("encoder.*", "codebook", options={"k": 8}),
        TieRule("encoder.convolutions.*.conv", "share"),
        TieRule("decoder.*_rnn", "lowrank", options={"rank": 3}),
        TieRule("encoder.lstm", "lowrank", options={"rank": 3}),
        TieRule("decoder.*", "lowrank", options={"rank": 1}),
    ],
)
def test_tied_it_trains_and_is_kept(small: Tacotron, rules: TieRule, tmp_path: Path) -> None:
    tied, _ = tie(small.train(), TiePlan((rules,)), rescale=True)
    assert sum(p.numel() for p in tied.parameters()) < sum(p.numel() for p in small.parameters())
    ids, mel = _ids("Yes, sir.")[None], torch.randn(1, 8, 5)
    optimizer = torch.optim.SGD(tied.parameters(), 0.1)
    before = tied(ids, mel).mel.square().mean()
    before.backward()
    optimizer.step()
    tied.eval()
    checkpoint.save(tmp_path / "t.safetensors", Checkpoint({"acoustic": tied}, AudioSettings()))
    loaded = checkpoint.load(tmp_path / "t.safetensors").part("acoustic")
    with torch.no_grad():
        torch.testing.assert_close(loaded(ids, mel).mel, tied(ids, mel).mel)
        torch.testing.assert_close(untie(tied)(ids, mel).mel, tied(ids, mel).mel, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"encoder_width": 15}, "`encoder_width` must be even"),
        ({"lpc_order": 1}, "`lpc_order` 0 or 2 to 64, got: 0 and 1"),
        ({"postnet_convolutions": 1}, "`postnet_convolutions` must be at least 2"),
        ({"location_kernel": 4}, "`location_kernel` must be odd"),
        ({"dropout": 1.0}, "`dropout` must be in"),
    ],
)
def test_sizes_that_cannot_be(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TacotronConfig(**wrong)  # type: ignore[arg-type]


def test_steps_are_shortened(small: Tacotron) -> None:
    made = with_reduction(small, 1)
    assert made.config == dataclasses.replace(SMALL, reduction=1)
    outputs = SMALL.outputs
    long, short = (net.decoder.linear_projection.linear_layer.weight for net in (small, made))
    assert torch.equal(short, long[:outputs])
    long, short = (net.decoder.prenet.layers[0].linear_layer.weight for net in (small, made))  # type: ignore[union-attr]
    assert torch.equal(short, long[:, SMALL.n_mels :])
    ids, mel = _ids("Yes, sir.")[None], torch.randn(1, 2, 5)
    # The first frame follows nothing, so it is the same.
    torch.testing.assert_close(made(ids, mel).coarse[:, 0], small(ids, mel).coarse[:, 0])
    with pytest.raises(ConfigError, match="a step of 2 frames cannot be made one of 3"):
        with_reduction(small, 3)
