"""The pieces of the benchmarks around the article's nets, and of the page to listen to."""

import numpy as np
import pytest
import torch

from tests.benchmarks import article, listen
from tests.nets.tacotron.small import SMALL
from tests.training import synthetic
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.training import recipe as recipes


def test_every_tie_is_of_a_recipe_and_has_columns() -> None:
    for name, part in article.PARTS.items():
        recipe = getattr(recipes.load(name), part)
        assert recipe.architecture == name.split("-")[0]
        assert article.COLUMNS[name]
        assert article.TIES[name]


def test_report() -> None:
    row = {
        "recipe": "deepspeech",
        "study": "trained",
        "name": "share",
        "steps": 150,
        "parameters": 12_345,
        "macs_per_second": 1.26e6,
        "file_bytes": 54_321,
        "before": {"phone_error_rate": 0.5, "ctc": 1.0},
        "after": {"phone_error_rate": 0.25, "ctc": 0.5},
    }
    text = article.report([row])
    assert "**deepspeech, on the trained net: at once, after a fine-tune, 150 steps**" in text
    assert "| share | 12,345 | 1.3 | 54 | 50.0%, 25.0% | 1, 0.5 |" in text


def test_distortion_of_what_is_said_right(monkeypatch: pytest.MonkeyPatch) -> None:
    utterance = synthetic.utterance(1)
    torch.manual_seed(0)
    net = Tacotron(SMALL.__class__(**{**vars(SMALL), "n_mels": 20, "lpc_order": 6})).eval()
    with torch.no_grad():
        wrong = article.distortion(net, utterance, synthetic.AUDIO)
    real = article.lpc.analyse(utterance.features.samples, synthetic.AUDIO, 6)
    values = torch.from_numpy(np.concatenate([real.lsf, real.log_gain[:, None]], axis=1))[None]
    forward = net.forward
    monkeypatch.setattr(
        net, "forward", lambda ids, mel: forward(ids, mel)._replace(lpc=values[:, : mel.shape[1]])
    )
    with torch.no_grad():
        assert article.distortion(net, utterance, synthetic.AUDIO) == pytest.approx(0.0, abs=1e-3)
    assert wrong > 1.0


def test_titles() -> None:
    assert listen._title("kathleen") == "Kathleen"
    assert listen._title("run/voice.safetensors:lpc") == "Voice through lpc"
    assert listen._title("small.onnx:out/wave.safetensors") == "Small through wave"
