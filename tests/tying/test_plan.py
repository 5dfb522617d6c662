"""Tie plans: what they may say, and what is wrong with the others."""

from pathlib import Path

import pytest

from tiedtts.errors import ConfigError
from tiedtts.measure.counting import count
from tiedtts.training import architectures
from tiedtts.training import recipe as recipes
from tiedtts.tying import TiePlan, TieRule
from tiedtts.tying import plan as plans
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.schemes.lowrank import LowRankOptions
from tiedtts.tying.schemes.share import ShareOptions

PLAN = """
[[tie]]
layers = "decoder.blocks.*"
scheme = "share"
bias = "zero"
options = { groups = 2, order = "cycle" }

[[tie]]
layers = "*"
scheme = "lowrank"
options = { ratio = 1 }
"""


def test_a_plan_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    first, second = TiePlan.read(path).rules
    assert first == TieRule("decoder.blocks.*", "share", "zero", ShareOptions(groups=2, order="cycle"))
    assert second == TieRule("*", "lowrank", "keep", LowRankOptions(ratio=1.0))
    assert isinstance(second.options.ratio, float)


def test_plain_values_make_the_plan_again() -> None:
    plan = TiePlan.from_toml(PLAN)
    values = plan.to_dict()
    assert values["tie"][0] == {
        "layers": "decoder.blocks.*",
        "scheme": "share",
        "bias": "zero",
        "options": {"groups": 2, "order": "cycle"},
    }
    assert TiePlan.from_dict(values) == plan


def test_a_star_crosses_dots() -> None:
    assert TieRule("a.*.c", "share").matches("a.b.d.c")
    assert not TieRule("a.*", "share").matches("b.a.c")
    assert not TieRule("A", "share").matches("a")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the plan ties nothing", "[[tie]]"),
        ("tie = 3", "`tie` in the plan must be a list of tables", "[[tie]]"),
        ("[[tie]", "the plan is not TOML", None),
        ("[[ties]]", "unknown keys in the plan: ties", "known keys are tie"),
        ("[[tie]]\nscheme='share'", "rule 1 of the plan lacks a key: `layers`", None),
        ("scheme='share'\ngroups=2", "rule 1 of the plan: groups", "options"),
        ("scheme='shared'", "rule 1 of the plan: there is no scheme `shared`", "lowrank"),
        ("[[tie]]\nlayers=3\nscheme='share'", "rule 1 of the plan, `layers` must be a text, got: 3", None),
        ("scheme='share'\nbias='one'", "`bias` must be one of keep, share, zero, got: one", None),
        ("scheme='share'\noptions=2", "`options` must be a table, got: 2", None),
        ("scheme='share'\noptions={group=2}", "unknown keys in the options of `share`: group", "groups"),
        ("scheme='identity'\noptions={k=2}", "unknown keys in the options of `identity`: k", "there are none"),
        ("scheme='share'\noptions={groups='2'}", "`groups` must be a whole number, got: '2'", None),
        ("scheme='share'\noptions={groups=true}", "must be a whole number, got: True", None),
        ("scheme='share'\noptions={groups=0}", "`groups` must be at least 1, got: 0", None),
        ("scheme='share'\noptions={order='up'}", "`order` must be one of sequence, cycle", None),
        ("scheme='share'\noptions={by='name'}", "`by` must be one of role, shape, got: name", None),
        ("scheme='lowrank'\noptions={rank=0}", "`rank` must be at least 1, got: 0", None),
        ("scheme='lowrank'\noptions={ratio=1.5}", "`ratio` must be above 0 and at most 1", None),
        ("scheme='lowrank'\noptions={rank=2,ratio=0.5}", "`rank` and `ratio` both", "one"),
        ("scheme='lowrank'\noptions={groups=2}", "only with `shared = true`", None),
        ("scheme='lowrank'\noptions={shared=1}", "`shared` must be true or false, got: 1", None),
        ("scheme='separable'\noptions={order='up'}", "`order` must be one of pointwise-first", None),
        ("scheme='cluster'\noptions={k=2,ratio=0.5}", "`k` and `ratio` both", "one"),
        ("scheme='cluster'\noptions={into=3}", "`into` must be a text, got: 3", None),
        ("scheme='codebook'\noptions={dim=0}", "`dim` must be at least 1, got: 0", None),
        ("scheme='io'", "scheme `io` needs `output`", "output"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, message: str, hint: str | None) -> None:
    if text.startswith("scheme="):
        text = f"[[tie]]\nlayers='*'\n{text}"
    with pytest.raises(ConfigError) as caught:
        TiePlan.from_toml(text)
    assert message in str(caught.value)
    assert hint is None or hint in (caught.value.hint or "")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"tie plan `.*plan\.toml` is not UTF-8"):
        TiePlan.read(path)
    with pytest.raises(ConfigError, match="cannot read tie plan"):
        TiePlan.read(tmp_path / "none.toml")


SHIPPED = sorted(path.stem for path in (Path(plans.__file__).parent / "plans").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_plans_fit_the_recipes_they_are_for(name: str) -> None:
    family = "tacotron-mel" if name == "tacotron-io" else name.split("-")[0]
    recipe = recipes.load(family)
    parts = {part: architectures.fresh(getattr(recipe, part)) for part in ("aligner", "acoustic", "vocoder")}
    plan = TiePlan.read(Path(name))
    tied, plans_of, _ = tie_parts(parts, plan)
    assert plans_of
    for part in plans_of:
        assert count(tied[part]).unique_parameters < 0.96 * count(parts[part]).unique_parameters
