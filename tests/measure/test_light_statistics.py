"""`stats` of voices where only what speaking needs is installed."""

import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from tiedtts.measure import onnx_counting
from tiedtts.speech import library, onnx_nodes

BLOCKED = ("torch", "onnx", "safetensors", "scipy", "librosa", "matplotlib")
SCRIPT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError("not installed here", name=name)

sys.meta_path.insert(0, Blocked())
from tiedtts_cli.main import main
sys.exit(main({arguments}))
"""


def light(*arguments: str) -> "subprocess.CompletedProcess[str]":
    script = SCRIPT.format(blocked=BLOCKED, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["clara", "kathleen"])
def test_voices_of_the_package(name: str) -> None:
    done = light("stats", name, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["unique_parameters"] > 400_000
    assert found["macs_per_second"] > 10e6
    assert 0.8 * found["file_bytes"] < found["unique_bytes"] < found["file_bytes"]


def test_two_voices_as_a_table(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(library.read("kathleen"))
    done = light("stats", "kathleen", str(copy))
    assert done.returncode == 0, done.stderr
    assert "MMACs/s" in done.stdout
    assert "the same" in done.stdout


def test_what_needs_more_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"\x80\x02")
    done = light("stats", str(tmp_path / "a.pt"))
    assert done.returncode == 1
    assert "is not installed" in done.stderr
    assert "[train]" in done.stderr


def test_operations_are_those_that_the_package_onnx_reads() -> None:
    data = library.read("kathleen")
    model = onnx.load_from_string(data)
    found = onnx_nodes.nodes(data, "kathleen")
    assert [node.operator for node in found] == [node.op_type for node in model.graph.node]
    assert [node.inputs for node in found] == [list(node.input) for node in model.graph.node]
    assert [node.outputs for node in found] == [list(node.output) for node in model.graph.node]
    more = onnx.load_from_string(onnx_nodes.showing(data, [found[3].outputs[0], "mel"]))
    assert [each.name for each in more.graph.output] == [
        *(each.name for each in model.graph.output),
        found[3].outputs[0],
    ]
    sizes = {tensor.name: len(tensor.raw_data) for tensor in model.graph.initializer}
    assert onnx_counting.count(library.find("kathleen")).unique_bytes == sum(sizes.values())
