"""Checkpoints of other programs: in, out again, and those that are no good."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.checkpoints.foreign import assert_same, generator, plan, tacotron2
from tiedtts.checkpoints import other_formats
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.tying import tie


def test_the_suffix_of_the_new_file_says_its_kind(tmp_path: Path) -> None:
    given = {"a.weight": torch.randn(3, 2)}
    torch.save(given, tmp_path / "a.pt")
    found = other_formats.read(tmp_path / "a.pt")
    other_formats.write_plain(tmp_path / "b.safetensors", found.net, found.origin)
    assert_same(load_file(tmp_path / "b.safetensors"), given)
    found = other_formats.read(tmp_path / "b.safetensors")
    other_formats.write_plain(tmp_path / "c.pth", found.net, found.origin)
    assert_same(torch.load(tmp_path / "c.pth", weights_only=True), given)


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
