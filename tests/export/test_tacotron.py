"""A Tacotron's graphs, run in a loop of their own, say what torch says."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from tests.nets.tacotron.small import SMALL, phone_ids
from tiedtts.errors import ConfigError
from tiedtts.export import tacotron
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.tacotron.synthesis import speak
from tiedtts.tying import TiePlan, TieRule, tie

PLAIN = None
TIED = TiePlan(
    (
        TieRule("postnet.convolutions.1.0.conv", "identity", "share"),
        TieRule("*", "codebook", options={"k": 16}),
    )
)


@pytest.mark.parametrize("plan", [PLAIN, TIED], ids=["plain", "tied"])
def test_the_loop_outside_torch(plan: TiePlan | None, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Tacotron(SMALL).eval()
    if plan is not None:
        net = tie(net, plan)[0].eval()  # type: ignore[assignment]
    paths = tacotron.export(net, tmp_path / "small.onnx", {"name": "small"})
    assert [path.name for path in paths] == ["small.encoder.onnx", "small.step.onnx", "small.postnet.onnx"]
    encoder, step, postnet = (
        onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in paths
    )
    about = json.loads(step.get_modelmeta().custom_metadata_map["tiedtts"])
    assert about == {"name": "small", "graph": "step"}

    ids = phone_ids("Other words than those it was traced with.")
    wanted = speak(net, ids, drop=False, window=None, max_frames=24)
    memory, processed = encoder.run(None, {"ids": ids.numpy()[None]})
    feeds = {
        "memory": memory,
        "processed": processed,
        "before": np.zeros((1, SMALL.reduction * SMALL.n_mels), np.float32),
        "allowed": np.ones((1, len(ids)), np.bool_),
        **{f"keep{at}": np.ones((1, SMALL.prenet), np.float32) for at in range(2)},
    }
    for value in step.get_inputs():
        if value.name in tacotron.STATE:
            shape = [size if isinstance(size, int) else len(ids) for size in value.shape]
            feeds[value.name] = np.zeros(shape, np.float32)
    frames = []
    for _ in range(len(wanted.attention)):
        said = dict(zip((of.name for of in step.get_outputs()), step.run(None, feeds), strict=True))
        rows = said["frames"].reshape(SMALL.reduction, -1)
        frames.append(rows)
        feeds["before"] = rows[:, : SMALL.n_mels].reshape(1, -1)
        feeds |= {name: said[f"next_{name}"] for name in tacotron.STATE}
    (mel,) = postnet.run(None, {"frames": np.concatenate(frames)[None]})
    np.testing.assert_allclose(mel[0], wanted.mel, rtol=1e-4, atol=1e-4)


def test_a_name_without_its_suffix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a graph's name ends in .onnx"):
        tacotron.export(Tacotron(SMALL), tmp_path / "small.bin", {})
