"""The HiFi-GAN generator: sizes, names, and what it computes."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.nets.hifigan import V1, V2, V3, Hifigan, HifiganConfig

SMALL: dict[str, Any] = {"n_mels": 5, "channels": 16}
THIRD: dict[str, Any] = {
    "upsample_rates": V3.upsample_rates,
    "upsample_kernels": V3.upsample_kernels,
    "resblock": "2",
    "resblock_kernels": V3.resblock_kernels,
    "resblock_dilations": V3.resblock_dilations,
}


def small(**changes: Any) -> Hifigan:
    torch.manual_seed(0)
    return Hifigan(HifiganConfig(**{**SMALL, **changes})).eval()


@pytest.mark.parametrize(("config", "millions"), [(V1, 13.92), (V2, 0.92), (V3, 1.46)])
def test_sizes_are_those_of_the_paper(config: HifiganConfig, millions: float) -> None:
    """Kong et al., 2020, table 1; the paper cuts V2's 0.926 off."""
    with torch.device("meta"):
        net = Hifigan(config)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)
    assert config.hop == 256


@pytest.mark.parametrize("changes", [{}, THIRD])
def test_a_frame_becomes_a_hop_of_samples(changes: dict[str, Any]) -> None:
    with torch.no_grad():
        samples = small(**changes)(torch.randn(2, 5, 7))
    assert samples.shape == (2, 7 * 256)
    assert samples.abs().max() < 1


def test_computes_what_the_paper_draws() -> None:
    """One upsampling and two blocks, written out."""
    net = small(
        channels=4,
        upsample_rates=[2],
        upsample_kernels=[4],
        resblock_kernels=[3, 5],
        resblock_dilations=[[1], [3]],
    )
    weights = net.state_dict()

    def conv(x: torch.Tensor, name: str, dilation: int = 1) -> torch.Tensor:
        weight = weights[f"{name}.weight"]
        padding = dilation * (weight.shape[2] - 1) // 2
        return F.conv1d(x, weight, weights[f"{name}.bias"], padding=padding, dilation=dilation)

    mel = torch.randn(1, 5, 6)
    x = F.leaky_relu(conv(mel, "conv_pre"), 0.1)
    x = F.conv_transpose1d(x, weights["ups.0.weight"], weights["ups.0.bias"], stride=2, padding=1)
    parts = []
    for block, dilation in ((0, 1), (1, 3)):
        y = conv(F.leaky_relu(x, 0.1), f"resblocks.{block}.convs1.0", dilation)
        parts.append(x + conv(F.leaky_relu(y, 0.1), f"resblocks.{block}.convs2.0"))
    x = F.leaky_relu((parts[0] + parts[1]) / 2, 0.01)
    torch.testing.assert_close(net(mel), torch.tanh(conv(x, "conv_post"))[:, 0])


def test_single_blocks_add_each_convolution_to_its_input() -> None:
    block = small(**THIRD).resblocks[0]
    first, second = block.convs
    x = torch.randn(1, 8, 20)
    y = x + first(F.leaky_relu(x, 0.1))
    torch.testing.assert_close(block(x), y + second(F.leaky_relu(y, 0.1)))
    assert (first.dilation, second.dilation) == ((1,), (2,))


def test_names_are_those_of_the_authors() -> None:
    names = small().state_dict().keys()
    assert {
        "conv_pre.weight",
        "ups.3.bias",
        "resblocks.11.convs1.2.weight",
        "resblocks.0.convs2.0.bias",
        "conv_post.bias",
    } <= names
    assert "resblocks.8.convs.1.weight" in small(**THIRD).state_dict()
    assert "conv_post.bias" not in small(post_bias=False).state_dict()


def test_lists_are_as_good_as_tuples() -> None:
    assert HifiganConfig(upsample_rates=[8, 8, 2, 2], resblock_dilations=[[1, 3, 5]] * 3) == V1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": 0}, "`channels` must be at least 1, got: 0"),
        ({"channels": 12}, "`channels` 12 cannot be halved 4 times"),
        ({"resblock": "3"}, "`resblock` must be one of 1, 2, got: '3'"),
        ({"upsample_rates": [8]}, "1 `upsample_rates` do not fit 4 `upsample_kernels`"),
        ({"upsample_rates": [8, 8, 2, 3]}, "an upsampling by 3 cannot have 4 taps"),
        ({"upsample_rates": 8}, "`upsample_rates` must be a list of whole numbers, got: 8"),
        (
            {"upsample_kernels": [16, 16, 4, 0]},
            "`upsample_kernels` must hold whole numbers from 1 up, got: 0",
        ),
        ({"resblock_kernels": [3, 4, 5]}, "`resblock_kernels` must be odd, got: 4"),
        ({"resblock_kernels": [3]}, "1 `resblock_kernels` do not fit 3 `resblock_dilations`"),
        ({"resblock_dilations": 1}, "`resblock_dilations` must be a list, got: 1"),
    ],
)
def test_sizes_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HifiganConfig(**changes)
    assert str(caught.value) == message
