"""Training on two nodes, as two agents of `torchrun` that meet on this machine; one of them is lost."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tiedtts.checkpoints import checkpoint
from tiedtts.errors import CheckpointError, FolderError
from tiedtts.training import restarts
from tiedtts.training.train import train

SCRIPT = """
import sys, time
from pathlib import Path
from tiedtts.training import trainer
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.joint import JointTask
from tiedtts.training.tasks.vocoder import VocoderTask
from tiedtts.training.train import train
data, run, recipe, slow = sys.argv[1:]
trainer.SAVE_SECONDS = 0.0
for task in (AcousticTask, JointTask, VocoderTask):
    task.illustrate = lambda self, net, folder: None
step = trainer.Trainer._one_step
def one_step(self, *arguments, **options):
    if self.step >= 3 and Path(slow).exists():
        time.sleep(0.2)
    return step(self, *arguments, **options)
trainer.Trainer._one_step = one_step
train(data, run, recipe=recipe, parts=["acoustic", "vocoder", "joint"], threads=1, accelerator="cpu")
"""


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Nodes:
    """Agents of one job; the first is where they meet."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.place, self.script = f"127.0.0.1:{port()}", folder / "script.py"
        self.script.write_text(SCRIPT)
        self.arguments = list(map(str, arguments))
        self.agents: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        patient = "join_timeout=600,last_call_timeout=1,read_timeout=600"
        command = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"),
            *("--rdzv-id", "job", "--rdzv-backend", "c10d", "--rdzv-endpoint", self.place),
            *("--rdzv-conf", f"{patient},is_host={int(not self.agents)}", "--max-restarts", "3"),
            *("--monitor-interval", "0.1", "--local-addr", "127.0.0.1"),
            str(self.script),
            *self.arguments,
        ]
        models = Path(checkpoint.__file__).parents[2]
        self.agents.append(
            subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": str(models), "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )

    def lose(self) -> None:
        """Lose the node that was started last, with all its processes, all at once."""
        lost = self.agents.pop()
        # Workers have sessions of their own.
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(lost.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for number in (lost.pid, *map(int, children)):
            os.kill(number, signal.SIGKILL)
        lost.communicate()

    def end(self) -> None:
        outputs = [agent.communicate(timeout=600)[0] for agent in self.agents]
        assert [agent.returncode for agent in self.agents] == [0] * len(self.agents), "\n\n".join(outputs)


@pytest.mark.skipif(sys.platform != "linux", reason="`torchrun` meets elsewhere in other ways")
def test_two_nodes_are_one_with_twice_the_batch_though_one_is_lost(
    data_folder: Path, recipe: Path, tmp_path: Path
) -> None:
    half, slow, run = recipe.with_name("half.toml"), tmp_path / "slow", tmp_path / "two"
    half.write_text(recipe.read_text().replace("batch_size = 4", "batch_size = 2"))
    slow.touch()
    nodes = Nodes(tmp_path, data_folder, run, half, slow)
    for _ in range(2):
        nodes.start()
    parts = ["acoustic", "vocoder", "joint"]
    train(data_folder, tmp_path / "one", recipe=str(recipe), parts=parts, threads=1, accelerator="cpu")
    deadline = time.monotonic() + 600
    while not (run / "acoustic" / "last.safetensors").exists():
        assert time.monotonic() < deadline
        assert nodes.agents[0].poll() is None, nodes.agents[0].communicate()[0]
        time.sleep(0.05)
    # `torchrun` may take a lost node for one that is there, and then gives up: whoever watches over it on the
    # other node starts it again.
    nodes.lose()
    nodes.lose()
    assert (run / restarts.MARK).read_text() == "job"
    slow.unlink()
    for _ in range(2):
        nodes.start()
    nodes.end()
    assert not (run / restarts.MARK).exists()
    for part in parts:
        one, two = rows(tmp_path / "one", part), rows(run, part)
        assert len(one) == len(two) == 4
        for first, second in zip(one, two, strict=True):
            assert first.keys() == second.keys()
            for name, value in first.items():
                # Near zero, and of weights whose gradients are hardly more than rounding, which Adam enlarges.
                close = 1e-1 if name == "phase" else 2e-3
                wanted = pytest.approx(float(value), rel=close, abs=1e-5)
                assert float(second[name]) == wanted, (part, name)


def rows(run: Path, part: str) -> list[dict[str, str]]:
    with (run / part / "log.csv").open(newline="") as file:
        return [{n: v for n, v in row.items() if v} for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("mark", "name", "count", "again"),
    [
        ("night", "night", "0", True),
        ("night", "night", "1", True),
        ("other", "night", "1", False),
        ("none", "none", "0", False),
        ("none", "none", "2", True),
        (None, "night", "3", False),
        ("night", None, None, False),
    ],
)
def test_what_is_a_restart(
    mark: str | None,
    name: str | None,
    count: str | None,
    again: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in (("TORCHELASTIC_RUN_ID", name), ("TORCHELASTIC_RESTART_COUNT", count)):
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    if mark is not None:
        (tmp_path / restarts.MARK).write_text(mark)
    assert restarts.is_restart(tmp_path) == again


def test_a_restart_goes_on_or_begins_again(
    data_folder: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    arguments = {"recipe": str(recipe), "parts": ["aligner"], "threads": 1, "accelerator": "cpu"}
    train(data_folder, run, **arguments)
    log = (run / "aligner" / "log.csv").read_bytes()
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "night")
    with pytest.raises(FolderError, match="has a run already"):
        # It is another's: a job that was never at work here replaces nothing.
        train(data_folder, run, **arguments)
    restarts.begin(run)
    train(data_folder, run, **arguments)
    assert (run / "aligner" / "log.csv").read_bytes() == log, "nothing was left to do"
    restarts.begin(run)
    (run / "aligner" / "last.safetensors").unlink()
    train(data_folder, run, **arguments)
    assert (run / "aligner" / "last.safetensors").exists()


def test_another_number_of_processes_is_told(
    data_folder: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    arguments = {"parts": ["aligner"], "threads": 1, "accelerator": "cpu"}
    train(data_folder, run, recipe=str(recipe), **arguments)
    monkeypatch.setattr("lightning_fabric.Fabric.world_size", property(lambda self: 3))
    with pytest.raises(CheckpointError, match="a run of 1 processes, and these are 3") as caught:
        train(data_folder, run, resume=True, **arguments)
    assert "as many" in (caught.value.hint or "")
