"""Recipes: what a file may say, and what is said of a file that says something else."""

import dataclasses
from importlib import resources
from pathlib import Path

import pytest

from tiedtts.errors import ConfigError
from tiedtts.training import recipe
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import AlignerRecipe, VocoderRecipe

SHIPPED = sorted(
    file.name.removesuffix(".toml")
    for file in (resources.files("tiedtts.training") / "recipes").iterdir()
    if file.name.endswith(".toml")
)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_are_whole(name: str) -> None:
    loaded = recipe.load(name)
    for part in (loaded.aligner, loaded.acoustic, loaded.vocoder, loaded.joint):
        assert part.steps == sum(stage.steps for stage in part.stages) > 0


def test_default_is_shipped() -> None:
    assert recipe.DEFAULT in SHIPPED


def test_a_recipe_names_only_what_differs() -> None:
    default = recipe.load("default")
    own = recipe.parse("seed = 5\n[vocoder]\nclip = 3\n[vocoder.net]\nwidth = 64\n", "own.toml")
    net = dataclasses.replace(default.vocoder.net, width=64)
    vocoder = dataclasses.replace(default.vocoder, clip=3.0, net=net)
    assert own == dataclasses.replace(default, seed=5, vocoder=vocoder)
    assert recipe.parse("", "empty.toml") == default


def test_stages_are_replaced_as_a_whole() -> None:
    own = recipe.parse("[[acoustic.stages]]\nsteps = 10\nlearning_rate = 1e-3\n", "own.toml")
    assert own.acoustic.stages == (Stage(steps=10, learning_rate=1e-3),)
    assert own.acoustic.batch_size == recipe.load("default").acoustic.batch_size


def test_whole_numbers_are_numbers_too() -> None:
    own = recipe.parse("[acoustic]\nclip = 2\nbetas = [0, 0.5]\n", "own.toml")
    assert own.acoustic.clip == 2.0
    assert isinstance(own.acoustic.clip, float)
    assert own.acoustic.betas == (0.0, 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[vocoder]\narchitecture = "diphone"',
            "`x.toml`, `vocoder`: there is no architecture 'diphone' for this part",
        ),
        ("[vocoder]\narchitecture = 3", "`x.toml`, `vocoder.architecture` must be a text, got: 3"),
        ("seeds = 3", "unknown keys in `x.toml`: seeds"),
        (
            "[acoustic.net]\nchanels = 3\ndepth = 1",
            "unknown keys in `x.toml`, `acoustic.net`: chanels, depth",
        ),
        ("[[vocoder.stages]]\nstep = 1", "unknown keys in `x.toml`, `vocoder.stages[0]`: step"),
        ("seed = 1.5", "`x.toml`, `seed` must be a whole number, got: 1.5"),
        ("seed = true", "`x.toml`, `seed` must be a whole number, got: True"),
        ("[aligner]\nclip = 'no'", "`x.toml`, `aligner.clip` must be a number, got: 'no'"),
        ("[aligner]\nclip = false", "`x.toml`, `aligner.clip` must be a number, got: False"),
        ("acoustic = 3", "`x.toml`, `acoustic` must be a table, got: 3"),
        ("[acoustic]\nnet = [1]", "`x.toml`, `acoustic.net` must be a table, got: [1]"),
        ("[acoustic]\nstages = 3", "`x.toml`, `acoustic.stages` must be a list, got: 3"),
        ("[acoustic]\nstages = [3]", "`x.toml`, `acoustic.stages[0]` must be a table, got: 3"),
        ("[acoustic]\nstages = []", "`x.toml`, `acoustic`: a part needs at least one stage"),
        (
            "[acoustic]\nbetas = [0.9]",
            "`x.toml`, `acoustic.betas` must be a list of 2 values, got: [0.9]",
        ),
        ("[acoustic]\nbetas = [0.9, 'b']", "`x.toml`, `acoustic.betas[1]` must be a number, got: 'b'"),
        (
            "[[acoustic.stages]]\nsteps = 3\nlearning_rate = 1e-3\n[[acoustic.stages]]\nsteps = 0\n"
            "learning_rate = 1e-3",
            "`x.toml`, `acoustic.stages[1]`: `steps` must be at least 1, got: 0",
        ),
        (
            "[vocoder.net]\nkernel = 8",
            "`x.toml`, `vocoder.net`: `kernel` must be odd and at least 1, got: 8",
        ),
        (
            "[[vocoder.stages]]\nsteps = 1\nlearning_rate = 1e-3\nonly = [3]",
            "`x.toml`, `vocoder.stages[0].only[0]` must be a text, got: 3",
        ),
        ("evaluate_every = 0", "`x.toml`: `evaluate_every` must be at least 1, got: 0"),
        ("seed = -1", "`x.toml`: `seed` must be in [0, 2^32), got: -1"),
        ("recordings = -1", "`x.toml`: `recordings` must be 0 or more, got: -1"),
        ("[joint]\nsegment = 48", "unknown keys in `x.toml`, `joint`: segment"),
        ("[joint]\nchannels = 0", "`x.toml`, `joint`: `channels` must be at least 1, got: 0"),
        ("[joint]\ncontext_frames = -1", "`x.toml`, `joint`: `context_frames` must be 0 or more, got: -1"),
        (
            "[joint]\nwindows = [1024, 32]",
            "`x.toml`, `joint`: `windows` must be windows of 64 to 8192 samples, got: (1024, 32)",
        ),
        (
            "[joint]\nwindows = []",
            "`x.toml`, `joint`: `windows` must be windows of 64 to 8192 samples, got: ()",
        ),
        ("[joint]\nwindows = [1024.5]", "`x.toml`, `joint.windows[0]` must be a whole number, got: 1024.5"),
        (
            "[joint]\nnoise = [0.6, 0.0]",
            "`x.toml`, `joint`: `noise` must be two factors in [0.1, 10], got: (0.6, 0.0)",
        ),
        ("[joint]\nnoise = [0.6]", "`x.toml`, `joint.noise` must be a list of 2 values, got: [0.6]"),
        ("[joint]\nphase_weight = -1", "`x.toml`, `joint`: `phase_weight` must be 0 or more, got: -1.0"),
        ("[joint]\nadapter_rank = 999", "`x.toml`, `joint`: `adapter_rank` must be 0 to 256, got: 999"),
        ("[joint]\nstages = []", "`x.toml`, `joint`: a part needs at least one stage"),
        (
            '[joint]\narchitecture = "wavenet"',
            "`x.toml`, `joint`: there is no architecture 'wavenet' for this part",
        ),
        (
            'parts = ["joint", "both"]',
            "`x.toml`: `parts` must be some of aligner, acoustic, vocoder, joint, got: ('joint', 'both')",
        ),
        (
            'parts = ["joint"]\n[acoustic]\narchitecture = "tacotron"\n[[acoustic.stages]]\nsteps = 1\n'
            "learning_rate = 1e-3",
            "`x.toml`: joint training is for the architectures acoustic and harmonic, not tacotron and harmonic",
        ),
    ],
)
def test_errors_name_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        recipe.parse(text, "x.toml")
    assert str(error.value) == message


def test_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^`x.toml`, `acoustic.stages\[0\]` lacks a key: .*learning_rate"):
        recipe.parse("[[acoustic.stages]]\nsteps = 3", "x.toml")


def test_unknown_key_shows_the_known() -> None:
    with pytest.raises(ConfigError) as error:
        recipe.parse("[[vocoder.stages]]\nstep = 1", "x.toml")
    assert error.value.hint is not None
    assert "learning_rate, only, own_frames, repulsion, steps, warmup" in error.value.hint


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("learning_rate", 0.0, "in (0, 1)"),
        ("learning_rate", float("nan"), "in (0, 1)"),
        ("warmup", -1, "0 or more"),
        ("final", 1.5, "in [0, 1]"),
        ("adversarial", -0.1, "0 or more"),
        ("feature_matching", float("inf"), "0 or more"),
        ("discriminator_lead", -1, "0 or more"),
        ("discriminator_rate", 0.0, "in (0, 1]"),
    ],
)
def test_stages_that_cannot_be(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ConfigError) as error:
        Stage(**{"steps": 1, "learning_rate": 0.1, name: value})
    assert str(error.value) == f"`{name}` must be {wanted}, got: {value}"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("batch_size", 0, "at least 1"),
        ("weight_decay", -1.0, "0 or more"),
        ("betas", (0.9, 1.0), "two numbers in [0, 1)"),
        ("clip", 0.0, "more than 0"),
        ("ema", 1.0, "in [0, 1)"),
        ("segment_frames", 0, "at least 1"),
        ("complex_weight", -1.0, "0 or more"),
        ("predicted_mels", 1.1, "in [0, 1]"),
    ],
)
def test_parts_that_cannot_be(name: str, value: object, wanted: str) -> None:
    with pytest.raises(ConfigError) as error:
        VocoderRecipe(**{"stages": (Stage(steps=1, learning_rate=0.1),), name: value})
    assert str(error.value) == f"`{name}` must be {wanted}, got: {value}"


def test_nobody_judges_the_aligner() -> None:
    with pytest.raises(ConfigError, match="no use for a discriminator"):
        AlignerRecipe(stages=(Stage(steps=1, learning_rate=0.1, adversarial=0.1),))


def test_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("seed = \n")
    with pytest.raises(ConfigError, match=r"^recipe `.*x\.toml` is not TOML: .*line 1"):
        recipe.load(str(path))


def test_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 4\n")
    assert recipe.load(str(path)).seed == 4


@pytest.mark.parametrize("name", ["no.toml", "no", "folder"])
def test_no_such_recipe(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=f"^cannot read recipe `{name}`: ") as error:
        recipe.load(name)
    assert error.value.hint == f"name a .toml file or one of {', '.join(SHIPPED)}"


def test_recipe_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match=r"^recipe `.*latin\.toml` is not UTF-8$") as error:
        recipe.load(str(path))
    assert error.value.hint == "save it as UTF-8"
