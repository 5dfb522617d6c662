"""Tying whole models: rules, reports, errors, and the way back."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from tests.tying.cases import assert_alike, plan
from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import TiedLayer, TiePlan, TieReport, TieRule, tie, tie_map, untie
from tiedtts.tying.schemes.share import Share


class Net(nn.Module):
    """Two blocks between an embedding and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.emb = nn.Embedding(7, 4)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {"conv": nn.Conv1d(4, 4, 3, padding=1), "wide": nn.Linear(4, 8), "narrow": nn.Linear(8, 4)}
            )
            for _ in range(4)
        )
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 7, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.emb(ids)
        for block in self.blocks:
            x = x + block["conv"](x.transpose(1, 2)).transpose(1, 2)  # type: ignore[index]
            x = x + block["narrow"](torch.relu(block["wide"](x)))  # type: ignore[index]
        y: Tensor = self.head(self.norm(x))
        return y


IDS = torch.tensor([[0, 3, 6, 2], [1, 1, 5, 4]])


def test_the_first_rule_that_matches_counts() -> None:
    rules = TiePlan.from_toml(
        """
        [[tie]]
        layers = "blocks.0.*"
        scheme = "codebook"
        [[tie]]
        layers = "blocks.*.conv"
        scheme = "diagonal"
        [[tie]]
        layers = "blocks.*"
        scheme = "share"
        """
    )
    net, report = tie(Net(), rules)
    assert {row.layer: row.scheme for row in report.layers} == {
        **{f"blocks.0.{name}": "codebook" for name in ("conv", "wide", "narrow")},
        **{f"blocks.{at}.conv": "diagonal" for at in (1, 2, 3)},
        **{f"blocks.{at}.{name}": "share" for at in (1, 2, 3) for name in ("wide", "narrow")},
    }
    assert tie_map(net) == {
        "blocks.1.wide": ["blocks.2.wide", "blocks.3.wide"],
        "blocks.1.narrow": ["blocks.2.narrow", "blocks.3.narrow"],
    }
    assert net(IDS).shape == (2, 4, 7)


def test_the_report_counts() -> None:
    _, report = tie(Net(), plan("share", "blocks.*.wide", groups=2))
    rows = {row.layer: row for row in report.layers}
    assert [row.parameters_before for row in report.layers] == [40] * 4
    assert [row.parameters_after for row in report.layers] == [40, 8, 40, 8]
    assert [row.bytes_after for row in report.layers] == [160, 32, 160, 32]
    assert {row.kind for row in report.layers} == {"storage"}
    assert rows["blocks.1.wide"].note == "weights stored in `blocks.0.wide`"
    assert report.parameters_before == sum(value.numel() for value in Net().parameters())
    assert report.parameters_after == report.parameters_before - 64
    assert report.tying_ratio == report.parameters_before / report.parameters_after
    first, second = (Net().blocks[at]["wide"].weight for at in (0, 1))  # type: ignore[index]
    expected = (((first - second) / 2).norm() / first.norm()).item()
    assert rows["blocks.0.wide"].error == pytest.approx(expected, rel=1e-5)


def test_a_codebook_counts_its_indices() -> None:
    _, report = tie(Net(), plan("codebook", "head", k=4))
    (row,) = report.layers
    # Two bits each.
    assert (row.parameters_after, row.bytes_after) == (4, 16 + 28 // 4)


def test_the_model_stays_as_it_is() -> None:
    net = Net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    tied, _ = tie(net, plan("cluster", "blocks.*.wide", into="narrow"))
    with torch.no_grad():
        for value in tied.parameters():
            value.zero_()
    after = net.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())


@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
def test_untying_brings_the_names_back(bias: str) -> None:
    net = Net()
    tied, _ = tie(net, plan("codebook", bias=bias, k=3))
    plain = untie(tied)
    assert [(name, value.shape) for name, value in plain.state_dict().items()] == [
        (name, value.shape) for name, value in net.state_dict().items()
    ]
    assert not any(isinstance(layer, TiedLayer) for layer in plain.modules())
    torch.testing.assert_close(plain(IDS), tied(IDS))
    restored = Net()
    restored.load_state_dict(plain.state_dict())
    torch.testing.assert_close(restored(IDS), tied(IDS))


@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
def test_biases(bias: str) -> None:
    layer = nn.Conv1d(4, 4, 3)
    tied, _ = tie(layer, plan("diagonal", bias=bias))
    assert isinstance(tied, TiedLayer)
    stored = {name: value for name, value in tied.named_parameters() if name.startswith("bias")}
    full = untie(tied).bias
    assert layer.bias is not None
    if bias == "keep":
        assert torch.equal(full, layer.bias)  # type: ignore[arg-type]
    elif bias == "zero":
        assert not stored
        assert torch.equal(full, torch.zeros(4))  # type: ignore[arg-type]
    else:
        assert stored["bias_values"].shape == (1,)
        torch.testing.assert_close(full, layer.bias.mean().expand(4))


def test_layers_that_share_biases_share_a_vector() -> None:
    net, _ = tie(Net(), plan("share", "blocks.*.wide", "share"))
    names = [name for name, _ in net.named_parameters() if ".wide." in name]
    assert names == ["blocks.0.wide.shared", "blocks.0.wide.bias_values"]
    mean = sum(block["wide"].bias for block in Net().blocks) / 4  # type: ignore[index]
    torch.testing.assert_close(net.blocks[3]["wide"].bias, mean)  # type: ignore[union-attr, index]


@pytest.mark.parametrize(("order", "sets"), [("sequence", "0011"), ("cycle", "0101")])
def test_orders(order: str, sets: str) -> None:
    net, _ = tie(Net(), plan("share", "blocks.*.conv", groups=2, order=order))
    weights = [block["conv"].weight for block in net.blocks]  # type: ignore[union-attr]
    for a in range(4):
        for b in range(4):
            assert torch.equal(weights[a], weights[b]) == (sets[a] == sets[b])


def test_layers_of_one_shape_share_only_on_demand() -> None:
    net = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("query", "key")})
    with pytest.raises(ConfigError, match=r"`query`, a Linear.4, 4., has no other layer to share with"):
        tie(net, plan("share"))
    tied, _ = tie(net, plan("share", by="shape"))
    assert tie_map(tied) == {"query": ["key"]}


def test_a_shared_basis_is_stored_once() -> None:
    net, report = tie(Net(), plan("lowrank", "blocks.*.narrow", shared=True, rank=3))
    assert [row.parameters_after for row in report.layers] == [3 * 8 + 4 * 3 + 4, *[4 * 3 + 4] * 3]
    downs = [block["narrow"].values()["down"] for block in net.blocks]  # type: ignore[union-attr, index]
    assert all(down is downs[0] for down in downs)
    # Of the four, only what three directions of their inputs hold is left, the best three.
    stack = torch.cat([block["narrow"].weight for block in Net().blocks])  # type: ignore[index]
    u, s, v = torch.linalg.svd(stack, full_matrices=False)
    best = (u[:, :3] * s[:3]) @ v[:3]
    torch.testing.assert_close(torch.cat([block["narrow"].weight for block in net.blocks]), best)  # type: ignore[union-attr, index]


@pytest.mark.parametrize(
    ("rules", "message", "hint"),
    [
        (plan("share", "blocks.9.*"), "no layer matches `blocks.9.*`, in rule 1", "blocks.0.conv"),
        (plan("share", "blocks.1"), "no layer matches `blocks.1`", "a ModuleDict: try `blocks.1.*`"),
        (plan("share", "norm"), "no layer matches `norm`", "emb, blocks.0.conv"),
        (plan("identity", "head"), "a Linear(4, 7), cannot be tied by `identity`: it", "lowrank"),
        (plan("separable", "head"), "no kernel of several taps", "lowrank, cluster, share, codebook"),
        (plan("identity", "emb"), "it has no channels to pass on one by one", "codebook"),
        (plan("lowrank", "head", rank=5), "a rank of 5 is above its own, 4", "cluster"),
        (plan("cluster", "head", k=8), "8 rows are more than its 7", "lowrank"),
        (plan("codebook", "head", dim=3), "its `weight` do not fall into runs of 3", "share"),
        (plan("share", "head"), "`head`, a Linear(4, 7), has no other layer to share with", "by"),
        (plan("share", "blocks.*", groups=4), "`groups` 4 leaves the 4 layers like `blocks", "1 to 3"),
        (plan("cluster", "head", into="tail"), "for `head` names no other layer: tail", "beside"),
        (plan("io", "emb", output="emb"), "for `emb` names no other layer: emb", "beside"),
        (plan("io", "emb", output="norm"), "`norm` cannot be tied: a LayerNorm has no weight", "leave"),
        (plan("io", "emb", output="blocks.0.wide"), "are not each other's transpose", "reads as many"),
    ],
)  # fmt: skip
def test_what_cannot_be_tied_is_named(rules: TiePlan, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tie(Net(), rules)
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_a_rule_that_another_hides() -> None:
    rules = (TieRule("blocks.*", "codebook"), TieRule("blocks.0.wide", "lowrank"))
    with pytest.raises(
        ConfigError, match=r"rule 2 of the plan, `blocks\.0\.wide`, is never used: rule 1"
    ) as error:
        tie(Net(), TiePlan(rules))
    assert "narrower one first" in str(error.value.hint)
    tied, _ = tie(Net(), TiePlan(rules[::-1]))
    assert {layer.scheme for layer in tied.modules() if isinstance(layer, TiedLayer)} == {
        "codebook",
        "lowrank",
    }


def test_a_tied_layer_is_not_tied_again() -> None:
    net, _ = tie(Net(), plan("share", "blocks.*.wide"))
    with pytest.raises(ConfigError, match=r"`blocks.0.wide` is tied already, by `share`"):
        tie(net, plan("codebook", "blocks.*.wide"))
    others, report = tie(net, plan("codebook"))
    assert "`blocks.0.wide` is tied already, by `share`" in report.passed_over
    assert {layer.scheme for layer in others.modules() if isinstance(layer, TiedLayer)} == {
        "share",
        "codebook",
    }
    again, _ = tie(net, plan("codebook", "blocks.*.narrow"))
    assert tie_map(again) == tie_map(net)


class Careful(nn.Linear):
    """May do more than its base."""


def test_layers_that_do_more_are_left_alone() -> None:
    with pytest.raises(ConfigError, match="no layer matches"):
        tie(nn.ModuleDict({"a": nn.LayerNorm(3)}), plan("share"))
    with pytest.raises(ConfigError, match="`a` cannot be tied: a Careful may do more than a Linear"):
        tie(nn.ModuleDict({"a": Careful(3, 3)}), plan("codebook"))
    with pytest.raises(ConfigError, match="an Embedding with `max_norm`"):
        tie(nn.Embedding(3, 3, max_norm=1.0), plan("codebook"))


def test_weight_norm_is_folded_in() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*(parametrizations.weight_norm(nn.Conv1d(3, 3, 3)) for _ in range(2)))
    weights = [layer.weight.detach().clone() for layer in net]
    tied, report = tie(net, plan("share"))
    torch.testing.assert_close(tied[1].weight, (weights[0] + weights[1]) / 2)  # type: ignore[index]
    # Nothing is left of the norms, which would count as free numbers.
    assert [name for name, _ in tied.named_parameters()] == ["0.shared", "0.bias_values", "1.bias_values"]
    assert [row.parameters_before for row in report.layers] == [30, 30]
    # Untied, it has them again, as the program that it is from expects.
    plain = untie(tied)
    assert list(plain.state_dict()) == list(net.state_dict())
    torch.testing.assert_close(plain[1].weight, tied[1].weight.clone())  # type: ignore[index]


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_stays_with_layers_that_are_passed_over(dim: int | None) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*(parametrizations.weight_norm(nn.Conv1d(3, size, 3), dim=dim) for size in (4, 5)))
    tied, report = tie(net, plan("lowrank", rank=5))
    assert [row.layer for row in report.layers] == ["1"]
    assert list(tied.state_dict())[:3] == list(net.state_dict())[:3]
    assert list(untie(tied).state_dict()) == list(net.state_dict())
    x = torch.randn(1, 3, 9)
    torch.testing.assert_close(untie(tied)[1](x), tied[1](x))  # type: ignore[index]


def test_parameters_shared_by_hand_are_not_parted() -> None:
    net = Net()
    net.head.weight = net.emb.weight
    with pytest.raises(TiedTTSError, match="`head` and `emb` hold one `weight`"):
        tie(net, plan("codebook", "head"))
    tied, report = tie(net, plan("io", "emb", output="head"))
    torch.testing.assert_close(tied(IDS), net(IDS))
    assert report.parameters_after == report.parameters_before


def test_a_module_in_two_places_stays_one() -> None:
    layer = nn.Linear(3, 3)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    tied, report = tie(net, plan("codebook", k=2))
    assert tied[0] is tied[2]  # type: ignore[index]
    assert [row.layer for row in report.layers] == ["0"]
    plain = untie(tied)
    assert plain[0] is plain[2]  # type: ignore[index]


def test_layers_that_a_model_runs_itself() -> None:
    # torch's attention reads the weight of its last layer, and does not call it.
    torch.manual_seed(0)
    net = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    tied, _ = tie(net, plan("codebook", k=16))
    x = torch.randn(2, 5, 8)
    assert_alike(tied(x), untie(tied)(x))


def energy(net: nn.Module, report: TieReport) -> float:
    weights = [net.get_submodule(row.layer).weight for row in report.layers]
    return sum(weight.detach().square().sum().item() for weight in weights)  # type: ignore[union-attr, operator]


@pytest.mark.parametrize(
    "rules",
    [
        plan("share", "blocks.*.wide"),
        plan("identity", "blocks.*.conv"),
        plan("lowrank", "blocks.*.wide", rank=1),
        plan("lowrank", "blocks.*.wide", rank=2, shared=True),
        plan("codebook", "head", k=2),
        plan("cluster", "blocks.*.wide", k=2, repair=False),
    ],
)
def test_fresh_weights_keep_their_norm(rules: TiePlan) -> None:
    net = Net()
    tied, report = tie(net, rules, rescale=True)
    assert energy(tied, report) == pytest.approx(energy(net, report), rel=0.02)
    assert energy(*tie(net, rules)) < 0.95 * energy(net, report)


def test_a_layer_taken_out_brings_what_it_shares() -> None:
    net, _ = tie(Net(), plan("share", "blocks.*.wide"))
    layer = net.blocks[2]["wide"]  # type: ignore[union-attr, index]
    assert isinstance(layer, Share)
    plain = layer.untie()
    assert torch.equal(plain.weight, net.blocks[0]["wide"].weight)  # type: ignore[union-attr, index, arg-type]
