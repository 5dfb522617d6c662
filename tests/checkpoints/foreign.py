"""Small checkpoints of other programs, and what their tests share."""

import json
from typing import Any

import torch
from torch import Tensor

from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.tying import TiePlan, TieRule

ORDINARY = HifiganConfig(n_mels=4, channels=16)


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
