"""The scheme of the article, and its layer."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.tying.cases import plan
from tiedtts.errors import ConfigError
from tiedtts.tying import WeightTyingConv2d, tie, untie


@pytest.mark.parametrize("size", [3, (2, 5)])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), ((1, 2), (0, 2)), (1, "same")])
def test_the_layer_is_a_convolution_with_a_tied_weight(
    size: int | tuple[int, int], stride: int | tuple[int, int], padding: int | tuple[int, int] | str
) -> None:
    if padding == "same" and size != 3:
        pytest.skip("torch warns of even kernels")
    torch.manual_seed(0)
    layer = WeightTyingConv2d(4, 4, size, stride, padding)
    plain = untie(layer)
    assert type(plain) is nn.Conv2d
    x = torch.randn(2, 4, 9, 9)
    torch.testing.assert_close(layer(x), plain(x))
    torch.testing.assert_close(layer(x[0]), plain(x[0]))
    for o in range(4):
        for i in range(4):
            expected = layer.taps if i == o else torch.zeros_like(layer.taps)
            assert torch.equal(plain.weight[o, i], expected)
    assert torch.equal(plain.bias, layer.bias_values.expand(4))


def test_it_stores_its_taps_and_one_bias() -> None:
    layer = WeightTyingConv2d(64, 64, 3, 1, 1)
    assert {name: tuple(value.shape) for name, value in layer.state_dict().items()} == {
        "taps": (3, 3),
        "bias_values": (1,),
    }
    assert WeightTyingConv2d(2, 2, 1, dtype=torch.float64).weight.dtype == torch.float64


def test_it_learns_a_filter() -> None:
    torch.manual_seed(0)
    layer = WeightTyingConv2d(3, 3, 3, 1, 1)
    blur = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16
    x = torch.randn(4, 3, 8, 8)
    wanted = F.conv2d(x, blur.expand(3, 1, 3, 3), torch.full((3,), 0.5), padding=1, groups=3)
    optimizer = torch.optim.LBFGS(layer.parameters())

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.mse_loss(layer(x), wanted)
        value.backward()
        return value

    for _ in range(3):
        optimizer.step(loss)
    torch.testing.assert_close(layer.taps, blur, atol=1e-3, rtol=0)
    torch.testing.assert_close(layer.bias_values, torch.tensor([0.5]), atol=1e-3, rtol=0)


def test_channels_are_not_mixed() -> None:
    layer = WeightTyingConv2d(3, 3, 3)
    x = torch.zeros(1, 3, 5, 5)
    silent = layer(x)
    x[0, 1] = torch.randn(5, 5)
    changed = (layer(x) != silent).flatten(2).any(2)[0]
    assert changed.tolist() == [False, True, False]


def test_unequal_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ConfigError, match="`in_channels` 3 and `out_channels` 6 differ") as caught:
        WeightTyingConv2d(3, 6, 3, 1, 1)
    assert "1x1 `Conv2d`" in (caught.value.hint or "")


def test_the_nearest_layer_is_found() -> None:
    # The nearest multiple of the identity: no other number is nearer in the sum of squares.
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 4, 3)
    tied, _ = tie(plain, plan("identity"))
    gap = (tied.weight - plain.weight).square().sum()
    for step in (-0.01, 0.01):
        with torch.no_grad():
            tied.taps += step
        assert (tied.weight - plain.weight).square().sum() > gap
        with torch.no_grad():
            tied.taps -= step


def test_the_layer_inside_a_model_is_untied_with_it() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 1), WeightTyingConv2d(4, 4, 3, 1, 1))
    with pytest.raises(ConfigError, match="`1` is tied already, by `identity`"):
        tie(model, plan("codebook", "1"))
    x = torch.randn(1, 1, 6, 6)
    torch.testing.assert_close(untie(model)(x), model(x))
