"""Tacotron's task: attention is told where to be, and training goes on where it stopped."""

import copy
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.nets.tacotron.small import SMALL
from tests.training import synthetic
from tiedtts.checkpoints import checkpoint
from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.training import recipe as recipes
from tiedtts.training.corpus import Corpus
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import TacotronRecipe
from tiedtts.training.tasks import tacotron
from tiedtts.training.tasks.tacotron import TacotronTask, wanted_attention
from tiedtts.training.train import train
from tiedtts.tying import TiePlan, TieRule, tie

NET = dataclasses.replace(SMALL, reduction=3, dropout=0.0, lpc_order=6, n_mels=80)
RECIPE = TacotronRecipe(
    net=NET, batch_size=2, discard=0.3, stages=(Stage(steps=4, learning_rate=1e-3, warmup=2),)
)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return synthetic.corpus()


@pytest.fixture(scope="module")
def task(corpus: Corpus) -> TacotronTask:
    torch.manual_seed(0)
    return TacotronTask(corpus, RECIPE, None)


def test_wanted_attention_is_the_alignment() -> None:
    wanted = wanted_attention(np.array([4, 2, 3]), 5, 2)
    assert wanted.sum(1) == pytest.approx(np.ones(5))
    assert wanted.argmax(1).tolist() == [0, 0, 1, 2, 2]
    # The last step has one frame of speech, and stays where the sentence ends.
    assert wanted[4, 2] > 0.9
    assert wanted[0].tolist() == pytest.approx([0.85 / 0.925, 0.075 / 0.925, 0])


def test_targets_are_normalised(task: TacotronTask, corpus: Corpus) -> None:
    assert len(task.train) == 3  # the worst alignment is left out
    lpc = np.concatenate([task._item(u, None)["mel"] for u in corpus.train])
    assert abs(lpc.mean()) < 0.01
    assert lpc.std() == pytest.approx(1.0, abs=0.01)
    batch = task.batch([0, 1], [0, 0])
    frames, steps = batch["mel"].shape[1], batch["stop"].shape[1]
    assert frames == 3 * steps
    assert batch["wanted"].shape == (2, steps, batch["ids"].shape[1])
    assert batch["lpc"].shape == (2, frames, 7)
    assert batch["stop"].sum(1).tolist() == [1, 1]


def test_padding_costs_nothing(task: TacotronTask) -> None:
    net = task.net.eval()
    with torch.no_grad():
        _, both = task.losses(net, task._collate(task.train[:2]))
        alone = [task.losses(net, task._collate([item]))[1] for item in task.train[:2]]
    for name, ratio in both.items():
        assert float(ratio.total) == pytest.approx(sum(float(a[name].total) for a in alone), rel=1e-4), name
        assert float(ratio.size) == sum(float(a[name].size) for a in alone)


def test_attention_learns_to_follow(task: TacotronTask) -> None:
    torch.manual_seed(0)
    net = Tacotron(task.config)
    net.lpc_mean.copy_(task.net.lpc_mean)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    batch = task.batch([0, 1], [0, 0])
    first = None
    for _ in range(40):
        _, parts = task.losses(net, batch)
        first = first or {name: float(ratio.value.detach()) for name, ratio in parts.items()}
        optimizer.zero_grad()
        torch.stack([task.weights[name] * ratio.value for name, ratio in parts.items()]).sum().backward()
        optimizer.step()
    assert float(parts["attention"].value.detach()) < 0.7 * first["attention"]  # type: ignore[index]
    assert float(parts["mel"].value.detach()) < 0.7 * first["mel"]  # type: ignore[index]
    assert 0 <= task.evaluate(net.eval())["attention_diagonal"] <= 1


@pytest.mark.usefixtures("pictures")
def test_through_the_loop(data_folder: Path, tmp_path: Path) -> None:
    sizes = "\n".join(
        f"{key} = {getattr(NET, key)}" for key in vars(NET) if not key.startswith(("mel", "log"))
    )
    (tmp_path / "r.toml").write_text(
        "evaluate_every = 4\nillustrate_every = 4\n[acoustic]\narchitecture = 'tacotron'\nbatch_size = 2\n"
        f"[acoustic.net]\n{sizes}\n[[acoustic.stages]]\nsteps = 4\nlearning_rate = 1e-3\n"
    )
    made = train(
        data_folder, tmp_path / "run", recipe=str(tmp_path / "r.toml"), parts=["acoustic"], threads=1
    )
    net = checkpoint.load(made["acoustic"]).part("acoustic")
    assert isinstance(net, Tacotron)
    assert float(net.lpc_std.min()) > 0
    assert net.config == dataclasses.replace(
        NET, **{k: v for k, v in vars(net.config).items() if k.startswith(("mel", "log"))}
    )
    pictures = sorted(path.name for path in (tmp_path / "run" / "acoustic" / "step_4").iterdir())
    assert pictures == [
        f"{kind}{number}.{suffix}"
        for kind, suffix in (("attention", "png"), ("mel", "png"), ("recorded", "wav"), ("spoken", "wav"))
        for number in range(2)
    ]


def test_bands_too_even_are_spread(
    corpus: Corpus, task: TacotronTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says the recordings with 0.8 of their spread is told 1.25."""
    said = iter([u.features.mel for u in corpus.heldout])

    def flat(net: Tacotron, ids: torch.Tensor) -> SimpleNamespace:
        assert net.config.mel_spread == 1
        mel = next(said)
        return SimpleNamespace(mel=mel.mean(0) + 0.8 * (mel - mel.mean(0)))

    monkeypatch.setattr(tacotron, "speak", flat)
    net = copy.deepcopy(task.net)
    task.finish(net)
    assert net.config.mel_spread == pytest.approx(1.25, abs=1e-3)  # type: ignore[union-attr]


def test_the_shipped_recipe_differs_in_one_part() -> None:
    shipped, default = recipes.load("tacotron"), recipes.load("default")
    assert isinstance(shipped.acoustic, TacotronRecipe)
    assert shipped.acoustic.net.lpc_order == 32
    assert (shipped.aligner, shipped.vocoder) == (default.aligner, default.vocoder)


def test_a_recipe_with_shorter_steps_goes_on_from_longer_ones(corpus: Corpus, task: TacotronTask) -> None:
    net = task.net
    assert isinstance(net, Tacotron)
    short = dataclasses.replace(RECIPE, net=dataclasses.replace(NET, reduction=1))
    shorter = TacotronTask(corpus, short, net)
    assert shorter.config == dataclasses.replace(net.config, reduction=1)
    assert torch.equal(shorter.net.lpc_mean, net.lpc_mean)  # type: ignore[arg-type]
    batch = shorter.batch([0], [0])
    assert batch["stop"].shape[1] == batch["mel"].shape[1]
    _, parts = shorter.losses(shorter.net, batch)
    assert all(torch.isfinite(ratio.total) for ratio in parts.values())
    tied, _ = tie(net, TiePlan((TieRule("postnet.*.conv", "separable"),)))
    with pytest.raises(ConfigError, match="a tied net keeps its 3 frames a step, the recipe has 1"):
        TacotronTask(corpus, short, tied)  # type: ignore[arg-type]


def test_some_steps_follow_its_own_frames(corpus: Corpus, task: TacotronTask) -> None:
    net = task.net.train()
    own = TacotronTask(corpus, RECIPE, net)  # type: ignore[arg-type]
    own.begin(dataclasses.replace(RECIPE.stages[0], own_frames=0.5))
    batch = own.batch([0, 1], [0, 0])
    torch.manual_seed(1)
    followed = own._followed(net, batch)
    steps = (followed != batch["mel"]).any(-1).unflatten(1, (-1, NET.reduction))
    inside = batch["step_mask"] > 0
    # Whole steps, about half of them.
    assert torch.equal(steps.any(-1)[inside], steps[..., 0][inside])
    assert 0.25 < float(steps.any(-1)[inside].float().mean()) < 0.75
    assert not followed.requires_grad
    assert torch.equal(own._followed(net.eval(), batch), batch["mel"])
    assert torch.equal(task._followed(net.train(), batch), batch["mel"])
    with pytest.raises(ConfigError, match="`own_frames` must be in"):
        dataclasses.replace(RECIPE.stages[0], own_frames=1.5)
