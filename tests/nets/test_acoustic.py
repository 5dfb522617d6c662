"""The acoustic net and what surrounds it: durations, positions, masks, strides."""

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import LONGEST_FRAMES, AcousticConfig, AcousticNet, frame_positions, to_frames
from tiedtts.nets.variance import sentence_places
from tiedtts.text.phones import FIRST_SPEECH_ID, SILENCE_ID

SMALL = {"width": 8, "encoder_blocks": 2, "variance_blocks": 1, "decoder_blocks": 2, "n_mels": 5}


def small(**changes: Any) -> AcousticNet:
    torch.manual_seed(0)
    return AcousticNet(AcousticConfig(**{**SMALL, **changes})).eval()


def sentence(phones: int, seed: int) -> Tensor:
    """Random ids, (1, T, 4)."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (45, 4, 5, 5)
    return torch.stack([torch.randint(1, n, (phones,), generator=generator) for n in sizes], 1)[None]


def test_positions_by_hand() -> None:
    index, position = frame_positions(torch.tensor([2, 0, 3]), 6)
    # The second phone has no frame; the sixth frame only completes a step and goes to the last phone.
    assert index.tolist() == [0, 0, 2, 2, 2, 2]
    centre = [1 / 4, 3 / 4, 1 / 6, 1 / 2, 5 / 6, 7 / 6]
    wanted = [
        centre,
        [0, 1 / 8, 0, 1 / 8, 2 / 8, 3 / 8],
        [1 / 8, 0, 2 / 8, 1 / 8, 0, 0],
        [math.log(2) / 2] * 2 + [math.log(3) / 2] * 4,
        [math.cos(math.pi * c) for c in centre],
    ]
    torch.testing.assert_close(position, torch.tensor(wanted).T)


def test_positions_count_up_to_eight() -> None:
    _, position = frame_positions(torch.tensor([20]), 20)
    assert (8 * position[:, 1]).tolist() == [*range(8), *[8] * 12]
    assert (8 * position[:, 2]).tolist() == [*[8] * 12, *range(7, -1, -1)]


def test_positions_of_a_length_in_a_tensor() -> None:
    """The exported graph has such lengths: they depend on the text."""
    durations = torch.tensor([3, 1])
    for whole, traced in zip(
        frame_positions(durations, 4), frame_positions(durations, durations.sum()), strict=True
    ):
        assert torch.equal(whole, traced)


@pytest.mark.parametrize(
    ("phone", "frames", "speed", "wanted"),
    [
        (FIRST_SPEECH_ID, 7.2, 1.0, 7),
        (FIRST_SPEECH_ID, 7.2, 2.0, 4),
        (FIRST_SPEECH_ID, 7.2, 0.5, 14),
        (FIRST_SPEECH_ID, -0.5, 1.0, 2),
        (FIRST_SPEECH_ID, 10.0, 100.0, 2),
        (FIRST_SPEECH_ID, 1e6, 1.0, LONGEST_FRAMES),
        (FIRST_SPEECH_ID - 1, 0.2, 1.0, 0),
        (FIRST_SPEECH_ID - 1, -0.5, 1.0, 0),
        (FIRST_SPEECH_ID - 1, 30.0, 1.0, 30),
        (SILENCE_ID, 1.0, 1.0, 4),
        (SILENCE_ID, 6.0, 1.0, 6),
        (SILENCE_ID, 30.0, 1.0, 8),
    ],
)
def test_predictions_become_frames(phone: int, frames: float, speed: float, wanted: int) -> None:
    ids = torch.zeros(1, 1, 4, dtype=torch.int64)
    ids[..., 0] = phone
    made = to_frames(ids, torch.tensor([[math.log1p(frames)]]), torch.tensor(speed))
    assert made.dtype == torch.int64
    assert made.tolist() == [[wanted]]


def test_factors_add_up() -> None:
    net = small(encoder_blocks=1)
    net.encoder.blocks[0].scale.data.zero_()
    ids = sentence(5, 1)
    states = net.encode(ids, torch.ones(1, 5))
    wanted = sum(table.weight[ids[0, :, column]] for column, table in enumerate(net.embeddings))
    torch.testing.assert_close(states[0].T, wanted)


def test_places_by_hand() -> None:
    mask = torch.ones(2, 20)
    mask[1, 3:] = 0
    places = sentence_places(mask)
    torch.testing.assert_close(places[0, :, 0], torch.arange(20) / 20)
    assert places[0, :, 1].tolist() == [min(n / 16, 1) for n in range(20)]
    assert places[0, :, 2].tolist() == [min(n / 16, 1) for n in reversed(range(20))]
    wanted = torch.tensor([[0, 0, 2 / 16], [1 / 3, 1 / 16, 1 / 16], [2 / 3, 2 / 16, 0]])
    torch.testing.assert_close(places[1, :3, :3], wanted)
    torch.testing.assert_close(places[:, 0, 3], torch.tensor([math.log(20) - 4, math.log(3) - 4]))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_batch_is_its_sentences(stride: int) -> None:
    """Neither padding phones nor padding frames change what is said of the others."""
    net = small(stride=stride, sentence_position=stride == 2)
    durations = [torch.tensor([3, 2, 4]), torch.tensor([2, 5, 1, 3, 4, 6])]
    most_phones, most_frames = 6, -(-21 // stride) * stride
    alone, rows = [], []
    for number, duration in enumerate(durations):
        phones, frames = len(duration), -(-int(duration.sum()) // stride) * stride
        index, place = frame_positions(duration, frames)
        tones = torch.randn(2, 1, phones)
        per_phone = [sentence(phones, number), torch.ones(1, phones), *tones]
        per_frame = [index[None], place[None], torch.ones(1, frames)]
        with torch.no_grad():
            alone.append(net(*per_phone, *per_frame))
        padded = [_pad(tensor, most_phones) for tensor in per_phone]
        padded += [_pad(tensor, most_frames) for tensor in per_frame]
        # What stands in the padding must not matter.
        padded[0][:, phones:] = 1
        padded[5][:, frames:] = 1.0
        rows.append(padded)
    with torch.no_grad():
        together = net(*(torch.cat(pair) for pair in zip(*rows, strict=True)))
    for row, single in enumerate(alone):
        for batch, own in zip((*together[0], *together[1]), (*single[0], *single[1]), strict=True):
            torch.testing.assert_close(batch[row, : own.shape[1]], own[0])


def _pad(x: Tensor, length: int) -> Tensor:
    """Pad the second axis with zeros."""
    return torch.nn.functional.pad(x, [0, 0] * (x.dim() - 2) + [0, length - x.shape[1]])


def test_a_frame_hears_only_its_surroundings() -> None:
    """Two blocks of seven steps and a stride of two: six steps, so twelve frames, each way."""
    net = small()
    states = torch.randn(1, 8, 80)
    durations = torch.ones(80, dtype=torch.int64)
    index, place = frame_positions(durations, 80)
    other = index.clone()
    other[40:42] = 0
    tones = torch.zeros(1, 80)
    with torch.no_grad():
        first, second = (
            net.decode(states, tones, tones, i[None], place[None]).mel[0] for i in (index, other)
        )
    changed = (first - second).abs().amax(1) > 1e-6
    assert changed.nonzero().flatten().tolist() == list(range(40 - 12, 42 + 12))


def test_frames_of_a_step_keep_their_order() -> None:
    """With one block that does nothing, a step sees just its own frames, and tells them apart."""
    net = small(decoder_blocks=1)
    net.decoder.blocks[0].scale.data.zero_()
    width = 8
    net.merge.weight.data.zero_()
    net.merge.weight.data[:, width:] = torch.eye(width)  # listen to the second frame only
    net.merge.bias.data.zero_()
    states = torch.randn(1, width, 4)
    index, place = frame_positions(torch.ones(4, dtype=torch.int64), 4)
    tones = torch.zeros(1, 4)
    with torch.no_grad():
        before = net.decode(states, tones, tones, index[None], place[None]).mel[0]
        swapped = index.clone()
        swapped[0] = 3
        same = net.decode(states, tones, tones, swapped[None], place[None]).mel[0]
        swapped[1] = 3
        other = net.decode(states, tones, tones, swapped[None], place[None]).mel[0]
    assert torch.equal(before, same)
    assert not torch.allclose(before[:2], other[:2])
    assert torch.equal(before[2:], other[2:])


@pytest.mark.parametrize("sentence_position", [False, True])
def test_every_weight_learns(sentence_position: bool) -> None:
    net = small(sentence_position=sentence_position)
    index, place = frame_positions(torch.tensor([2, 4]), 6)
    ones = torch.ones(1, 2)
    tones = torch.randn(1, 2, requires_grad=True)
    variances, out = net(sentence(2, 0), ones, tones, tones, index[None], place[None], torch.ones(1, 6))
    total = sum(value.square().sum() for value in (*variances, *out))
    total.backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("width", 0, "at least 1"),
        ("decoder_blocks", 0, "at least 1"),
        ("stride", 0, "at least 1"),
        ("expansion", 0, "at least 1"),
        ("n_mels", 0, "at least 1"),
        ("encoder_kernel", 4, "odd and at least 1"),
        ("decoder_kernel", -1, "odd and at least 1"),
        ("dropout", 1.0, r"in \[0, 1\)"),
        ("variance_dropout", -0.1, r"in \[0, 1\)"),
        ("mel_std", 0.0, "positive"),
        ("log_f0_std", float("nan"), "positive"),
        ("duration_scale", float("inf"), "positive"),
        ("f0_scale", 0.0, "positive"),
    ],
)
def test_sizes_that_cannot_be(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^`{name}` must be {wanted}, got: {value}$"):
        AcousticConfig(**{name: value})


def test_pitch_of_frames_is_spread() -> None:
    torch.manual_seed(0)
    net = AcousticNet(AcousticConfig(width=8, log_f0_mean=5.0)).eval()
    one = torch.ones(1, 1)
    with torch.no_grad():
        plain = net.speak(sentence(1, 0), one, 0 * one).log_f0
        net.config = dataclasses.replace(net.config, f0_scale=1.5)
        spread = net.speak(sentence(1, 0), one, 0 * one).log_f0
    torch.testing.assert_close(spread - 5.0, 1.5 * (plain - 5.0))


def test_each_phone_has_its_own_speed_and_pitch() -> None:
    torch.manual_seed(0)
    net = small()
    torch.nn.init.constant_(net.variance.head.bias, 2.0)
    ids = sentence(6, 0)
    ids[..., 0] = FIRST_SPEECH_ID
    speed, shift = torch.ones(1, 6), torch.zeros(1, 6)
    with torch.no_grad():
        plain = net.speak(ids, speed, shift)
        speed[0, 2], shift[0, 4] = 0.5, 0.3
        slow = net.speak(ids, speed, shift)
        speed[0, 2] = 1.0
        high = net.speak(ids, speed, shift)
    changed = slow.durations - plain.durations
    assert changed[2] > 0
    assert changed[[0, 1, 3, 4, 5]].tolist() == [0] * 5
    start, end = high.durations[:4].sum(), high.durations[:5].sum()
    raised = high.log_f0 - plain.log_f0
    torch.testing.assert_close(raised[0, start:end], torch.full((int(end - start),), 0.3))
    assert not raised[0, :start].any()
    assert not raised[0, end : high.durations.sum()].any()
