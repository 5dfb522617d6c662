"""The training state holds everything, exactly."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from tiedtts.checkpoints import tensor_files
from tiedtts.errors import CheckpointError
from tiedtts.training import state
from tiedtts.training.state import RunningMean


class Tied(nn.Module):
    """Two layers of one weight, a buffer that counts and one that does not."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(size, size)
        self.second = nn.Linear(size, size)
        self.second.weight = self.first.weight
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("scale", torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(x)))


class Run:
    """A net in training."""

    def __init__(self, seed: int, size: int = 3) -> None:
        torch.manual_seed(seed)
        self.net = Tied(size)
        self.mean = RunningMean(self.net, 0.9)
        self.optimizer = AdamW(self.net.parameters(), lr=0.1)

    def step(self, number: int) -> None:
        torch.manual_seed(number)
        self.optimizer.zero_grad()
        self.net(torch.randn(4, self.net.first.in_features)).square().mean().backward()
        self.optimizer.step()
        self.net.seen += 1
        self.mean.update(self.net)

    def save(self, path: Path) -> None:
        header = {"step": 3, "recipe": {"seed": 1}}
        state.save(path, header, {"net": self.net}, self.mean, {"optimizer": self.optimizer})

    def restore(self, path: Path) -> None:
        state.restore(path, {"net": self.net}, self.mean, {"optimizer": self.optimizer})


def trained(path: Path) -> Run:
    run = Run(0)
    for number in range(3):
        run.step(number)
    run.save(path)
    return run


def test_running_mean_by_hand() -> None:
    net = nn.Linear(1, 1, bias=False)
    net.weight.data.fill_(1.0)
    mean = RunningMean(net, 0.15)
    for value, share in ((2.0, 1 - 2 / 21), (5.0, 1 - 3 / 22), (-1.0, 1 - 0.15), (0.0, 1 - 0.15)):
        before = float(mean.weights["weight"])
        net.weight.data.fill_(value)
        mean.update(net)
        assert float(mean.weights["weight"]) == pytest.approx(before + share * (value - before))
    assert mean.steps == 4


def test_running_mean_is_a_copy_and_takes_counters_as_they_are() -> None:
    run = Run(0)
    start = run.mean.weights["first.weight"].clone()
    run.net.first.weight.data.add_(1)
    assert torch.equal(run.mean.weights["first.weight"], start)
    run.net.seen += 5
    run.mean.update(run.net)
    assert int(run.mean.weights["seen"]) == 5


def test_tied_weights_have_one_mean() -> None:
    run = Run(0)
    for number in range(5):
        run.step(number)
    assert torch.equal(run.mean.weights["first.weight"], run.mean.weights["second.weight"])
    other = Tied()
    other.load_state_dict(run.mean.weights)
    assert other.first.weight is other.second.weight


def test_restored_run_goes_on_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    first, second = trained(path), Run(99)
    second.restore(path)
    assert second.net.first.weight is second.net.second.weight
    for number in range(3, 8):
        first.step(number)
        second.step(number)
    assert second.mean.steps == 8
    for a, b in (
        (first.net.state_dict(), second.net.state_dict()),
        (first.mean.weights, second.mean.weights),
    ):
        assert a.keys() == b.keys()
        for name in a:
            assert torch.equal(a[name], b[name]), name


def test_save_restore_save_is_bit_equal(tmp_path: Path) -> None:
    path, again = tmp_path / "last.safetensors", tmp_path / "again.safetensors"
    trained(path)
    other = Run(99)
    other.restore(path)
    other.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_header(tmp_path: Path) -> None:
    trained(tmp_path / "last.safetensors")
    header = state.read_header(tmp_path / "last.safetensors")
    assert (header.step, header.mean_steps, header.recipe) == (3, 3, {"seed": 1})


def test_header_of_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for metadata in ({}, {"state": {"step": 1}}, {"state": 3}, {"tiedtts": {"parts": {}}}):
        tensor_files.write(path, {"a": torch.ones(1)}, metadata)
        with pytest.raises(CheckpointError, match="is not a training state"):
            state.read_header(path)


def test_state_of_another_net(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    with pytest.raises(CheckpointError, match=r"^cannot go on from (.|\n)*size mismatch") as error:
        Run(0, size=4).restore(path)
    assert error.value.hint is not None


@pytest.mark.parametrize("missing", ["net.scale", "mean.scale", "mean.first.weight"])
def test_state_that_lacks_a_tensor(missing: str, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    tensors, metadata = tensor_files.read(path)
    del tensors[missing]
    tensor_files.write(path, tensors, metadata)
    with pytest.raises(CheckpointError, match="cannot go on from"):
        Run(0).restore(path)


def test_state_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    tensors, _ = tensor_files.read(path)
    for metadata in ({}, {"state": "old"}, {"state": {"mean_steps": None}}):
        tensor_files.write(path, tensors, metadata)
        with pytest.raises(CheckpointError, match="cannot go on from"):
            Run(0).restore(path)


def test_damaged_state(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        Run(0).restore(path)
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        state.read_header(path)
