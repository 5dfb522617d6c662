"""Checkpoints of HiFi-GAN: in, tied, and out again for its own program."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.checkpoints.foreign import ORDINARY, assert_same, generator, through_json
from tiedtts.checkpoints import other_formats
from tiedtts.errors import CheckpointError
from tiedtts.nets.hifigan import V3, HifiganConfig
from tiedtts.tying import TiePlan, TieRule, tie, untie

THIRD = {
    "upsample_rates": V3.upsample_rates,
    "upsample_kernels": V3.upsample_kernels,
    "resblock": "2",
    "resblock_kernels": V3.resblock_kernels,
    "resblock_dilations": V3.resblock_dilations,
}
"""Sizes of a V3, without the width."""
STYLES = ("hook", "parametrization")


def normed(net: nn.Module, style: str) -> nn.Module:
    """Put weight norm on every convolution, as its program does."""
    for layer in list(net.modules()):
        if isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)):
            if style == "hook":
                with pytest.warns(FutureWarning, match="weight_norm"):
                    nn.utils.weight_norm(layer)
            else:
                parametrizations.weight_norm(layer)
    # Lengths and directions as training leaves them.
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith(("_v", "original1")):
                value.mul_(3)
    return net


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("config", [ORDINARY, HifiganConfig(n_mels=4, channels=8, **THIRD)])
def test_a_weight_normed_generator_goes_there_and_back(
    tmp_path: Path, config: HifiganConfig, style: str
) -> None:
    program = normed(generator(config), style)
    torch.save({"generator": program.state_dict()}, tmp_path / "g_1")
    mel = torch.randn(1, 4, 5)
    with torch.no_grad():
        wanted = program(mel)
    found = other_formats.read(tmp_path / "g_1")
    assert found.architecture == "hifigan"
    assert found.net.config == config
    torch.testing.assert_close(found.net(mel), wanted)

    other_formats.write_plain(tmp_path / "g_2", found.net, through_json(found.origin))
    written = torch.load(tmp_path / "g_2", weights_only=True)["generator"]
    fresh = normed(generator(config), style)
    fresh.load_state_dict(written)
    with torch.no_grad():
        torch.testing.assert_close(fresh(mel), wanted, rtol=1e-6, atol=1e-6)
    again = other_formats.read(tmp_path / "g_2").net.state_dict()
    for key, value in found.net.state_dict().items():
        torch.testing.assert_close(again[key], value, rtol=1e-6, atol=1e-9)


def test_tied_by_channels_inside_blocks_its_program_says_the_same(tmp_path: Path) -> None:
    torch.save({"generator": normed(generator(), "hook").state_dict()}, tmp_path / "g.pt")
    found = other_formats.read(tmp_path / "g.pt")
    rules = tuple(
        TieRule(
            f"resblocks.{block}.convs1.{at}",
            "cluster",
            options={"ratio": 0.5, "into": f"resblocks.{block}.convs2.{at}"},
        )
        for block in range(3)
        for at in range(3)
    )
    tied, report = tie(found.net, TiePlan(rules))
    assert sum("outputs summed" in row.note for row in report.layers) == 9
    other_formats.write_plain(tmp_path / "plain.pt", untie(tied), found.origin)
    program = normed(generator(), "hook")
    program.load_state_dict(torch.load(tmp_path / "plain.pt", weights_only=True)["generator"])
    mel = torch.randn(1, 4, 5)
    with torch.no_grad():
        torch.testing.assert_close(program(mel), tied(mel), rtol=1e-4, atol=1e-5)
    # Half of the rows are others' now.
    assert max(row.error for row in report.layers) > 0.3


def test_a_prefix_and_half_precision_come_back(tmp_path: Path) -> None:
    given = {f"module.{key}": value.half() for key, value in generator().state_dict().items()}
    torch.save({"state_dict": given, "epoch": 3, "optimizer": {"state": {}}}, tmp_path / "g.ckpt")
    found = other_formats.read(tmp_path / "g.ckpt")
    assert found.architecture == "hifigan"
    assert "left out: optimizer" in found.notes
    other_formats.write_plain(tmp_path / "back.ckpt", found.net, through_json(found.origin))
    written = torch.load(tmp_path / "back.ckpt", weights_only=True)
    assert set(written) == {"state_dict", "epoch"}
    assert written["epoch"] == 3
    assert_same(written["state_dict"], given)


def test_config_beside_the_file_counts(tmp_path: Path) -> None:
    config = HifiganConfig(
        n_mels=4, channels=16, upsample_rates=(4, 2), upsample_kernels=(16, 4), resblock_kernels=(3,),
        resblock_dilations=((1, 2, 4),),
    )  # fmt: skip
    torch.save({"generator": generator(config).state_dict()}, tmp_path / "g")
    guessed = other_formats.read(tmp_path / "g")
    assert guessed.net.config != config
    assert any("are a guess" in note for note in guessed.notes)
    values = {
        "num_mels": 4,
        "upsample_initial_channel": 16,
        "upsample_rates": [4, 2],
        "upsample_kernel_sizes": [16, 4],
        "resblock": "1",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 2, 4]],
    }
    (tmp_path / "config.json").write_text(json.dumps(values))
    assert other_formats.read(tmp_path / "g").net.config == config
    (tmp_path / "config.json").write_text(json.dumps({**values, "upsample_initial_channel": 32}))
    with pytest.raises(CheckpointError) as caught:
        other_formats.read(tmp_path / "g")
    assert f"`conv_pre.weight` of {tmp_path / 'g'} is (16, 4, 7), but must be (32, 4, 7)" in str(caught.value)
    assert str(tmp_path / "config.json") in str(caught.value.hint)
    (tmp_path / "config.json").write_text(json.dumps({**values, "upsample_rates": "many"}))
    with pytest.raises(CheckpointError, match="is not a configuration of HiFi-GAN"):
        other_formats.read(tmp_path / "g")
    (tmp_path / "config.json").write_text('{"of": "another program"}')
    assert other_formats.read(tmp_path / "g").net.config == guessed.net.config


def test_a_generator_with_more_to_it_is_names_and_shapes(tmp_path: Path) -> None:
    torch.save(generator().state_dict() | {"cond.weight": torch.randn(16, 3, 1)}, tmp_path / "g.pt")
    found = other_formats.read(tmp_path / "g.pt")
    assert found.architecture == "state_dict"
    assert any("`cond.weight`" in note for note in found.notes)
    with pytest.raises(CheckpointError, match=r"`cond.weight` of .* has no place in a generator"):
        other_formats.read(tmp_path / "g.pt", "hifigan")


def test_a_generator_of_damaged_shapes_is_refused(tmp_path: Path) -> None:
    given = generator().state_dict()
    given["resblocks.4.convs2.1.weight"] = torch.ones(4, 4, 9)
    torch.save(given, tmp_path / "g.pt")
    with pytest.raises(
        CheckpointError, match=r"`resblocks.4.convs2.1.weight` .* is \(4, 4, 9\), but must be"
    ):
        other_formats.read(tmp_path / "g.pt")
