"""Tacotron: the steps of its decoder in training, its ties and its sizes."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from tests.nets.tacotron.small import SMALL, phone_ids
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.measure.macs import macs
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron, with_reduction
from tiedtts.tying import TiePlan, TieRule, tie, untie


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
    ids = phone_ids("Yes, sir.")
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
    ids, mel = phone_ids("Yes, sir.")[None], torch.randn(1, 8, 5)
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
    ids, mel = phone_ids("Yes, sir.")[None], torch.randn(1, 2, 5)
    # The first frame follows nothing, so it is the same.
    torch.testing.assert_close(made(ids, mel).coarse[:, 0], small(ids, mel).coarse[:, 0])
    with pytest.raises(ConfigError, match="a step of 2 frames cannot be made one of 3"):
        with_reduction(small, 3)
