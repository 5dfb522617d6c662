"""Rules for many layers: what they cannot tie is passed over and told, what is one weight stays one."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.measure import counting
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.tying import TiePlan, TieRule, tie, untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.tied_layer import TiedLayer


class LanguageModel(nn.Module):
    """A table whose weight is that of the output map, and a layer between."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.emb = nn.Embedding(30, 8)
        self.inner = nn.Linear(8, 8)
        self.head = nn.Linear(8, 30)
        self.head.weight = self.emb.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(torch.relu(self.inner(self.emb(x))))
        return out


IDS = torch.arange(30).reshape(2, 15)


@pytest.mark.parametrize(("scheme", "options"), [("codebook", {"k": 4}), ("cluster", {"k": 9})])
def test_a_weight_that_two_layers_hold_is_tied_once(scheme: str, options: dict[str, int]) -> None:
    net = LanguageModel()
    tied, report = tie(net, plan(scheme, **options))
    assert net.head.weight is net.emb.weight
    assert report.parameters_before == 240 + 64 + 8 + 30
    assert torch.equal(tied.head.weight, tied.emb.weight)  # type: ignore[union-attr, arg-type]
    stored = [name for name in tied.state_dict() if name.startswith(("emb", "head"))]
    assert not [name for name in stored if name.startswith("head") and not name.startswith("head.bias")]
    counted = counting.count(tied)
    assert counted.unique_parameters == report.parameters_after
    assert counted.named_parameters == 240 + 240 + 64 + 8 + 30
    plain = untie(tied)
    assert plain.head.weight is plain.emb.weight
    torch.testing.assert_close(plain(IDS), tied(IDS))
    # Wherever a tie may be lost: copies, other types, files.
    for other in (copy.deepcopy(tied), copy.deepcopy(tied).double()):
        apart = untie(other)
        assert apart.head.weight is apart.emb.weight
        assert torch.equal(other.head.weight, other.emb.weight)  # type: ignore[union-attr, arg-type]
    again = rebuild(LanguageModel(), describe(tied), tied.state_dict())
    again.load_state_dict(tied.state_dict())
    torch.testing.assert_close(again(IDS), tied(IDS))
    back = untie(again)
    assert back.head.weight is back.emb.weight


def test_a_weight_that_is_laid_out_in_two_ways_is_passed_over() -> None:
    net = LanguageModel()
    tied, report = tie(net, plan("lowrank", rank=2))
    assert [row.layer for row in report.layers] == ["inner"]
    assert "hold one `weight`, which `lowrank` lays out in two ways" in report.passed_over[0]
    # What is passed over is a copy as all else is.
    assert tied.emb.weight is tied.head.weight
    with torch.no_grad():
        tied.emb.weight.zero_()  # type: ignore[union-attr, operator]
    assert net.emb.weight.any()


def test_whole_layers_that_share_all_parameters() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*(nn.Linear(6, 6) for _ in range(4)))
    for at in (1, 2):
        net[at].weight, net[at].bias = net[0].weight, net[0].bias  # type: ignore[union-attr]
    tied, report = tie(net, plan("lowrank", rank=2))
    assert report.parameters_before == 2 * 42
    assert report.parameters_after == 2 * (2 * 2 * 6 + 6)
    plain = untie(tied)
    assert plain[1].weight is plain[0].weight  # type: ignore[index]
    assert plain[2].bias is plain[0].bias  # type: ignore[index]
    assert plain[3].weight is not plain[0].weight  # type: ignore[index]


def test_what_a_rule_cannot_tie_is_told() -> None:
    net = nn.ModuleDict(
        {
            "a": nn.Linear(4, 6),
            "b": nn.Linear(3, 3),
            "slow": nn.Embedding(5, 5, max_norm=1.0),
            "small": nn.Linear(6, 6).to(torch.float8_e4m3fn),
        }
    )
    tied, report = tie(net, plan("codebook", k=2))
    assert [row.layer for row in report.layers] == ["a", "b"]
    assert [text.split(" cannot")[0] for text in report.passed_over] == ["`slow`", "`small`"]
    assert "its numbers have 8 bits already" in report.passed_over[1]
    tied, report = tie(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(2, 3)), plan("share"))
    assert [row.layer for row in report.layers] == ["0", "1"]
    assert "`2`, a Linear(2, 3), has no other layer to share with" in report.passed_over[0]
    with pytest.raises(ConfigError, match="its numbers have 8 bits already"):
        tie(net, plan("codebook", "small"))


def test_each_rule_must_tie_something() -> None:
    rules = TiePlan((TieRule("b", "codebook"), TieRule("*", "identity")))
    with pytest.raises(TiedTTSError, match="cannot be tied by `identity`"):
        tie(nn.ModuleDict({"a": nn.Linear(4, 6), "b": nn.Linear(3, 3)}), rules)


def test_a_generator_whose_blocks_are_one(tmp_path: Path) -> None:
    """Another program's net that is known here, with blocks that share their weights."""
    torch.manual_seed(0)
    net = Hifigan(HifiganConfig(n_mels=4, channels=16))
    first = net.resblocks[0].state_dict(keep_vars=True)
    state = net.state_dict()
    for key, value in first.items():
        other = f"resblocks.1.{key}"
        if state[other].shape == value.shape:
            state[other] = value.detach()
    torch.save({"generator": state}, tmp_path / "g")
    made = convert(tmp_path / "g", tmp_path / "t.safetensors", plan("codebook", "resblocks.*", k=4))
    revert(tmp_path / "t.safetensors", tmp_path / "back")
    written = torch.load(tmp_path / "back", weights_only=True)["generator"]
    given = torch.load(tmp_path / "g", weights_only=True)["generator"]
    shared = [
        key for key in given if given[key].data_ptr() in {v.data_ptr() for k, v in given.items() if k != key}
    ]
    assert shared
    assert shared == [
        key
        for key in written
        if written[key].data_ptr() in {v.data_ptr() for k, v in written.items() if k != key}
    ]
    assert made.report.parameters_before < sum(value.numel() for value in given.values())


def test_a_copy_keeps_its_layers_apart() -> None:
    tied, _ = tie(LanguageModel(), plan("codebook", k=4))
    layers = [layer for layer in tied.modules() if isinstance(layer, TiedLayer)]
    assert [sorted(layer.twins) for layer in layers] == [[], [], ["weight"]]


def test_a_rule_need_not_tie_something_in_every_part() -> None:
    parts = {
        "first": nn.ModuleDict({"a": nn.Conv1d(4, 4, 3)}),
        "second": nn.ModuleDict({"b": nn.Linear(4, 4)}),
    }
    tied, plans, report = tie_parts(parts, plan("separable"))
    assert [row.layer for row in report.layers] == ["first.a"]
    assert list(plans) == ["first"]
    assert tied["second"] is parts["second"]
    assert "`second.b`, a Linear(4, 4), cannot be tied by `separable`" in report.passed_over[0]
    # What is tied already is passed over as well, and the rest is tied.
    again, _, report = tie_parts(tied, plan("codebook", k=2))
    assert "`first.a` is tied already, by `separable`" in report.passed_over
    assert again["first"] is tied["first"]
    assert [row.layer for row in report.layers] == ["second.b"]
    with pytest.raises(ConfigError, match=r"`second\.b` is tied already, by `codebook`"):
        tie_parts(again, plan("codebook", "second.*"))
