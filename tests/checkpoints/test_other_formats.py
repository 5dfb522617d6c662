"""Checkpoints of other programs: in, out again, and those that are no good."""

import dataclasses
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from tiedtts.checkpoints import other_formats
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.hifigan import V3, Hifigan, HifiganConfig
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.tying import TiePlan, TieRule, tie, untie

THIRD = {
    "upsample_rates": V3.upsample_rates,
    "upsample_kernels": V3.upsample_kernels,
    "resblock": "2",
    "resblock_kernels": V3.resblock_kernels,
    "resblock_dilations": V3.resblock_dilations,
}
"""Sizes of a V3, without the width."""
ORDINARY = HifiganConfig(n_mels=4, channels=16)
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


def generator(config: HifiganConfig = ORDINARY) -> Hifigan:
    torch.manual_seed(0)
    return Hifigan(config).eval()


def tacotron2() -> dict[str, Tensor]:
    torch.manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.weight": (10, 8),
        "encoder.convolutions.0.0.conv.weight": (8, 8, 5),
        "encoder.convolutions.0.0.conv.bias": (8,),
        "encoder.convolutions.0.1.running_mean": (8,),
        "encoder.lstm.weight_ih_l0": (16, 8),
        "encoder.lstm.weight_hh_l0": (16, 4),
        "encoder.lstm.bias_ih_l0": (16,),
        "decoder.prenet.layers.0.linear_layer.weight": (6, 4),
        "decoder.prenet.layers.1.linear_layer.weight": (6, 6),
        "decoder.attention_rnn.weight_ih": (24, 14),
        "decoder.attention_rnn.weight_hh": (24, 6),
        "decoder.linear_projection.linear_layer.weight": (4, 14),
        "decoder.linear_projection.linear_layer.bias": (4,),
        "postnet.convolutions.0.0.conv.weight": (8, 4, 5),
    }
    return {key: torch.randn(shape) for key, shape in shapes.items()}


def plan(layers: str, scheme: str, **options: Any) -> TiePlan:
    return TiePlan((TieRule(layers, scheme, options=options),))


def through_json(origin: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(origin))
    return made


def assert_same(given: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert list(given) == list(wanted)
    for key, value in wanted.items():
        assert given[key].dtype == value.dtype, key
        assert torch.equal(given[key], value), key


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


@pytest.mark.parametrize("name", ["t.pt", "t.safetensors", "t"])
def test_a_tacotron2_goes_there_and_back(tmp_path: Path, name: str) -> None:
    given = tacotron2()
    if name.endswith("safetensors"):
        save_file(given, tmp_path / name, {"format": "pt", "1": "2"})
    else:
        torch.save({"state_dict": given, "iteration": 5, "learning_rate": 1e-3}, tmp_path / name)
    before = (tmp_path / name).read_bytes()
    found = other_formats.read(tmp_path / name)
    assert (found.architecture, found.origin["program"]) == ("state_dict", "tacotron2")
    tied, _ = tie(found.net, plan("*rnn.weight_*", "codebook", k=4))
    # A later write to the net must not reach the file.
    with torch.no_grad():
        for value in found.net.parameters():
            value.zero_()
    out = tmp_path / f"out_{name}"
    other_formats.write_plain(out, untie(tied), through_json(found.origin))
    assert (tmp_path / name).read_bytes() == before
    if name.endswith("safetensors"):
        written = load_file(out)
        assert json.loads(out.read_bytes()[8:].split(b"}", 1)[0] + b"}}")["__metadata__"]["format"] == "pt"
    else:
        file = torch.load(out, weights_only=True)
        assert (file["iteration"], file["learning_rate"]) == (5, 1e-3)
        written = file["state_dict"]
    assert set(written) == set(given)
    for key, value in given.items():
        if "rnn.weight" in key:
            assert len(written[key].unique()) == 4
        else:
            assert torch.equal(written[key], value), key
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_suffix_of_the_new_file_says_its_kind(tmp_path: Path) -> None:
    given = {"a.weight": torch.randn(3, 2)}
    torch.save(given, tmp_path / "a.pt")
    found = other_formats.read(tmp_path / "a.pt")
    other_formats.write_plain(tmp_path / "b.safetensors", found.net, found.origin)
    assert_same(load_file(tmp_path / "b.safetensors"), given)
    found = other_formats.read(tmp_path / "b.safetensors")
    other_formats.write_plain(tmp_path / "c.pth", found.net, found.origin)
    assert_same(torch.load(tmp_path / "c.pth", weights_only=True), given)


def test_tensors_that_share_memory_are_parted(tmp_path: Path) -> None:
    whole = torch.arange(6.0).reshape(3, 2)
    torch.save({"a.weight": whole, "b.weight": whole, "c": whole[1]}, tmp_path / "a.pt")
    net = other_formats.read(tmp_path / "a.pt").net
    assert isinstance(net, StateDictNet)
    places = [value.data_ptr() for value in net.tensors().values()]
    assert len(set(places)) == 3
    assert torch.equal(net.tensors()["c"], whole[1])


def test_weight_norm_of_nothing_stays_nothing(tmp_path: Path) -> None:
    """A direction of zeros would be divided by zero in the program."""
    given = {"a.weight_g": torch.tensor([[2.0], [0.0]]), "a.weight_v": torch.tensor([[3.0, 4.0], [0.0, 0.0]])}
    torch.save(given, tmp_path / "a.pt")
    found = other_formats.read(tmp_path / "a.pt")
    assert isinstance(found.net, StateDictNet)
    torch.testing.assert_close(found.net.tensors()["a.weight"], torch.tensor([[1.2, 1.6], [0.0, 0.0]]))
    other_formats.write_plain(tmp_path / "b.pt", found.net, found.origin)
    written = torch.load(tmp_path / "b.pt", weights_only=True)
    torch.testing.assert_close(written["a.weight_g"], given["a.weight_g"])
    assert written["a.weight_v"][1].all()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


def save_evil(path: Path) -> None:
    torch.save({"a": torch.ones(2), "b": Evil()}, path)


def save_evil_of_old(path: Path) -> None:
    torch.save({"b": Evil()}, path, _use_new_zipfile_serialization=False)


def save_truncated(path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


def save_truncated_of_old(path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:2000])


def save_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
        archive.writestr("archive/data/0", bytes(1_000_000))


def save_huge_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 1 << 42) + b'{"a":1}')


def save_huge_tensor(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def save_spread(path: Path) -> None:
    torch.save({"a": torch.ones(1).expand(1 << 20, 1 << 20)}, path)


@pytest.mark.parametrize(
    ("save", "message"),
    [
        (save_evil, "holds code (print), not only tensors"),
        (save_evil_of_old, "holds code (print), not only tensors"),
        (save_truncated, "is truncated: the end of the archive is missing"),
        (save_truncated_of_old, "is damaged, or not a checkpoint: "),
        (save_bomb, "is a compressed archive, not what `torch.save` writes"),
        (save_huge_header, "is not a readable safetensors file: "),
        (save_huge_tensor, "is not a readable safetensors file: "),
        (save_spread, "claims 4,398,046,511,104 bytes, but the file has 4 for it"),
        (lambda path: path.write_text("hello"), "is not a checkpoint"),
        (lambda path: path.write_bytes(b""), "is not a checkpoint"),
        (lambda path: path.write_bytes(b"\x80\x02"), "is damaged, or not a checkpoint: "),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: None, "is no file"),
        (lambda path: torch.save({}, path), "holds no tensors by name"),
        (lambda path: torch.save({"a": {"b": {"c": 1}}}, path), "holds no tensors by name"),
        (lambda path: torch.save({"optimizer": {"x": torch.ones(1)}}, path), "holds no tensors by name"),
        (lambda path: torch.save(torch.ones(2), path), "holds one tensor, no tensors by name"),
        (lambda path: torch.save([1], path), "holds a list, no tensors by name"),
        (lambda path: torch.save({1: torch.ones(2)}, path), "holds no tensors by name"),
        (
            lambda path: torch.save({"mpd": {"a": torch.ones(1)}, "msd": {"a": torch.ones(1)}}, path),
            "holds tensors of 2 nets: mpd, msd",
        ),
        (lambda path: torch.save({"a": torch.ones(2, 2).to_sparse()}, path), "not plain numbers"),
        (lambda path: torch.save({"a": torch.ones(2, dtype=torch.complex64)}, path), "not plain numbers"),
        (lambda path: torch.save({"a": torch.tensor(float("nan"))}, path), "holds NaN"),
        (
            lambda path: torch.save({"a.weight_g": torch.ones(2, 1), "a.weight_v": torch.ones(3, 4)}, path),
            "`a.weight_g` is (2, 1), which does not fit `a.weight_v`, (3, 4)",
        ),
    ],
)
def test_files_that_are_no_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], save: Any, message: str
) -> None:
    path = tmp_path / "bad.pt"
    save(path)
    with pytest.raises(CheckpointError) as caught:
        other_formats.read(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_architectures_that_do_not_fit(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.ones(2, 2)}, tmp_path / "a.pt")
    for arch, key in (("hifigan", "conv_pre.weight"), ("tacotron2", "embedding.weight")):
        with pytest.raises(CheckpointError, match=f"`{key}` is missing$"):
            other_formats.read(tmp_path / "a.pt", arch)
    with pytest.raises(ConfigError, match=r"^there is no architecture `vits`$"):
        other_formats.read(tmp_path / "a.pt", "vits")


def test_a_generator_of_damaged_shapes_is_refused(tmp_path: Path) -> None:
    given = generator().state_dict()
    given["resblocks.4.convs2.1.weight"] = torch.ones(4, 4, 9)
    torch.save(given, tmp_path / "g.pt")
    with pytest.raises(
        CheckpointError, match=r"`resblocks.4.convs2.1.weight` .* is \(4, 4, 9\), but must be"
    ):
        other_formats.read(tmp_path / "g.pt")


def test_plans_that_need_the_layers_are_refused_for_names_alone(tmp_path: Path) -> None:
    torch.save(tacotron2(), tmp_path / "t.pt")
    net = other_formats.read(tmp_path / "t.pt").net
    for scheme in ("codebook", "share", "lowrank", "cluster"):
        other_formats.check_plan(net, plan("*", scheme))
    with pytest.raises(ConfigError, match=r"^`diagonal` needs the layers, but only the names"):
        other_formats.check_plan(net, plan("*", "diagonal"))
    with pytest.raises(ConfigError, match=r"^`into` needs to know what reads a layer"):
        other_formats.check_plan(net, plan("*", "cluster", into="x"))
    other_formats.check_plan(generator(), plan("*", "diagonal"))


def test_a_tied_net_is_not_written_as_a_plain_one(tmp_path: Path) -> None:
    torch.save(tacotron2(), tmp_path / "t.pt")
    found = other_formats.read(tmp_path / "t.pt")
    tied, _ = tie(found.net, plan("embedding", "codebook"))
    with pytest.raises(CheckpointError, match=r"^`embedding` is tied$"):
        other_formats.write_plain(tmp_path / "out.pt", tied, found.origin)
    with pytest.raises(CheckpointError, match=r"^the description of the first file is damaged"):
        other_formats.write_plain(tmp_path / "out.pt", found.net, {})
    assert not (tmp_path / "out.pt").exists()


MEASURED = """
import os, resource, sys, time
from pathlib import Path
import torch
from tiedtts.checkpoints import other_formats
from tiedtts.tying import TiePlan, TieRule, tie
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
torch.set_num_threads(1)
for scheme in sys.argv[3:]:
    if not os.fork():
        # Whatever libraries load and keep at their first use.
        tie(other_formats.read(Path(sys.argv[2])).net, TiePlan((TieRule("*", scheme),)))
        start, before = time.process_time(), peak()
        found = other_formats.read(Path(sys.argv[1]))
        tied, _ = tie(found.net, TiePlan((TieRule("*", scheme),)))
        print(scheme, peak() - before, time.process_time() - start, flush=True)
        os._exit(0)
    os.wait()
"""


def test_converting_takes_little_time_and_memory(tmp_path: Path) -> None:
    schemes = ["codebook", "share", "lowrank", "cluster"]
    torch.manual_seed(0)
    for name, layers in (("small.pt", 2), ("big.pt", 20)):
        torch.save({f"layers.{at}.weight": torch.randn(512, 512) for at in range(layers)}, tmp_path / name)
    arguments = [str(tmp_path / "big.pt"), str(tmp_path / "small.pt"), *schemes]
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True
    )
    rows = {
        name: (float(grown), float(seconds))
        for name, grown, seconds in map(str.split, ran.stdout.splitlines())
    }
    assert list(rows) == schemes
    size = (tmp_path / "big.pt").stat().st_size
    for name, (grown, seconds) in rows.items():
        assert grown < 3 * size, name
        # 30 s for 100 MB is 6 s for these 20; of the processor, which others may use, too.
        assert seconds < 6, name


@pytest.mark.parametrize("half", [False, True])
def test_a_whole_tacotron2_is_the_real_net(tmp_path: Path, half: bool) -> None:
    torch.manual_seed(0)
    config = TacotronConfig(
        symbols=20,
        encoder_width=16,
        attention_rnn=12,
        decoder_rnn=10,
        attention=8,
        location_filters=4,
        location_kernel=7,
        prenet=6,
        postnet_width=8,
        reduction=2,
        n_mels=5,
    )
    state = Tacotron(config).state_dict()
    given = {
        f"module.{key}": value.half() if half and value.is_floating_point() else value
        for key, value in state.items()
    }
    torch.save({"state_dict": given, "iteration": 7}, tmp_path / "t.pt")
    found = other_formats.read(tmp_path / "t.pt")
    assert found.architecture == "tacotron"
    assert isinstance(found.net, Tacotron)
    assert found.net.config == dataclasses.replace(config, dropout=0.5)
    rules = TiePlan(
        (
            TieRule("postnet.convolutions.[123].0.conv", "identity", "share"),
            TieRule("decoder.*_rnn", "lowrank", options={"rank": 2}),
        )
    )
    tied, report = tie(found.net, rules)
    assert len(report.layers) == 5
    other_formats.write_plain(tmp_path / "back.pt", untie(tied), through_json(found.origin))
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back["iteration"] == 7
    assert {key: value.dtype for key, value in back["state_dict"].items()} == {
        key: value.dtype for key, value in given.items()
    }
    assert torch.equal(back["state_dict"]["module.embedding.weight"], given["module.embedding.weight"])
    square = back["state_dict"]["module.postnet.convolutions.2.0.conv.weight"][:, :, 1].float()
    assert torch.equal(square, torch.eye(8) * square[0, 0])


def test_a_tacotron2_with_other_layers_is_taken_by_its_names(tmp_path: Path) -> None:
    state = Tacotron(TacotronConfig(symbols=20, encoder_width=16, n_mels=5)).state_dict()
    torch.save({**state, "speaker.weight": torch.zeros(3, 4)}, tmp_path / "t.pt")
    found = other_formats.read(tmp_path / "t.pt")
    assert found.architecture == "state_dict"
    assert (
        "not a Tacotron 2 as this program knows it (`speaker.weight` is (3, 4), not there)" in found.notes[0]
    )
