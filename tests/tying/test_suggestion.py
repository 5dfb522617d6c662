"""Plans that are proposed: what looks alike is found, what is chosen is within the bounds."""

import json

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.errors import ConfigError
from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.tying import TiePlan, tie
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.suggestion import suggest


def net() -> ConvNeXtStack:
    torch.manual_seed(2)
    return ConvNeXtStack(3, 16, 3, 2)


def test_equal_layers_are_found_and_shared() -> None:
    made = net()
    made.blocks[2].expand.load_state_dict(made.blocks[0].expand.state_dict())
    found = suggest({"part": made})
    assert found.alike[0].nearest == ("part.blocks.0.expand", "part.blocks.2.expand")
    assert found.alike[0].distance == pytest.approx(0, abs=1e-3)
    assert found.alike[-1].distance > 0.9


def test_a_low_rank_is_found() -> None:
    layer = nn.Linear(32, 32)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(32, 4) @ torch.randn(4, 32))
    found = suggest({"part": nn.ModuleDict({"map": layer})}, max_error=0.01)
    assert [each.rule.scheme for each in found.chosen] == ["lowrank"]
    assert found.chosen[0].error < 1e-5


def test_what_a_candidate_says_is_what_tying_does() -> None:
    made = net()
    found = suggest({"part": made})
    schemes = {each.rule.scheme for each in found.candidates}
    assert schemes == {"codebook", "lowrank", "cluster", "share"}
    for each in found.candidates:
        _, _, report = tie_parts({"part": made}, TiePlan((each.rule,)))
        assert tuple(row.layer for row in report.layers) == each.layers
        assert sum(row.parameters_after for row in report.layers) == each.parameters_after
        assert each.bytes_after < each.bytes_before


def test_the_plan_can_be_used() -> None:
    made = net()
    found = suggest({"part": made}, max_error=0.5)
    assert found.plan is not None
    again = TiePlan.from_toml(found.plan.to_toml())
    assert again == found.plan
    _, _, report = tie_parts({"part": made}, again)
    assert report.tying_ratio > 1.5
    assert json.loads(json.dumps(found.to_dict()))["plan"] == found.plan.to_dict()


def test_a_bound_that_nothing_keeps() -> None:
    found = suggest({"part": net()}, max_error=1e-9)
    assert found.plan is None
    assert found.candidates


def test_measured_loss_decides() -> None:
    made = net()

    def losses(parts: object) -> dict[str, float]:
        assert isinstance(parts, dict)
        # Whoever touches the `expand` layers pays for it.
        touched = any("expand" in name and "codebook" in name for name in parts["part"].state_dict())
        return {"part.loss": 2.0 if touched else 1.0}

    found = suggest({"part": made}, max_loss=1.5, losses=losses)
    chosen = {each.rule.layers: each.rule.scheme for each in found.chosen}
    assert chosen["part.blocks.*.expand"] != "codebook"
    assert all(each.loss in (1.0, 2.0) for each in found.candidates)


def test_progress_is_told() -> None:
    told: list[tuple[float, str]] = []
    suggest({"part": net()}, progress=lambda share, words: told.append((share, words)))
    assert told[0][0] == 0
    assert all(0 <= share < 1 for share, _ in told)


def test_nothing_to_tie() -> None:
    with pytest.raises(ConfigError, match="no layer that can be tied"):
        suggest({"part": nn.Sequential(nn.ReLU())})
    tied, _ = tie(nn.Sequential(nn.Linear(4, 4)), plan("codebook", k=2))
    with pytest.raises(ConfigError, match="all are tied already"):
        suggest({"part": tied})
