"""Advice before a training: how much speech there is, which recipe fits, what to expect."""

import dataclasses
from pathlib import Path

import pytest
from torch import nn

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus import amount
from tiedtts.corpus.manifest import read_manifest
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.training import recipe as recipes
from tiedtts.training.advice import ADAPT, TUNE, Advice, Speech, advise, choose_recipe
from tiedtts.training.train import train

SPOKEN = ("acoustic", "vocoder")


@pytest.fixture(scope="module")
def nets() -> dict[str, nn.Module]:
    return {
        "acoustic": AcousticNet(
            AcousticConfig(width=8, encoder_blocks=1, variance_blocks=1, decoder_blocks=1)
        ),
        "vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=1)),
    }


def speech(minutes: float, recordings: int | None = None, **changes: object) -> Speech:
    recordings = round(minutes * 20) if recordings is None else recordings
    return dataclasses.replace(Speech(60 * minutes, recordings, 10, ()), **changes)


def told(
    minutes: float, recipe: str, starting: dict[str, nn.Module], chosen: str | None = None, **changes: object
) -> list[Advice]:
    plan = recipes.load(recipe)
    return list(advise(speech(minutes, **changes), plan, plan.parts, starting, chosen))


def warnings(*arguments: object, **options: object) -> str:
    return " | ".join(advice.text for advice in told(*arguments, **options) if advice.warning)


def test_counts_what_is_learnt_from(data_folder: Path) -> None:
    entries = read_manifest(data_folder)
    found = Speech.count(entries)
    assert (found.recordings, found.heldout) == (8, 2)
    assert found.seconds == pytest.approx(sum(e.seconds for e in entries if e.split == "train"))
    assert "ZH" in found.rare
    assert len(found.rare) > 30


def test_an_hour_is_enough_from_nothing() -> None:
    assert warnings(77, "default", {}) == ""
    assert told(77, "default", {})[0].text.startswith(
        "77.0 minutes of speech (1,540 recordings) to learn from"
    )
    assert told(180, "tiny", {})[0].text.startswith("3.0 hours of speech")


@pytest.mark.parametrize(
    ("minutes", "expected"), [(2, "hardly understood"), (19, "hardly understood"), (40, "flat melody")]
)
def test_too_little_from_nothing_is_told_with_what_to_expect(minutes: float, expected: str) -> None:
    text = warnings(minutes, "default", {}, rare=("ZH", "OY"))
    assert "too little for a voice from nothing" in text
    assert expected in text
    assert "--init-from" in text
    assert "2 of 39 sounds occur fewer than 10 times (ZH, OY)" in text


def test_few_recordings_are_learnt_by_heart() -> None:
    assert "over each recording 1,850 times" in warnings(2, "default", {})
    assert "over each recording" not in warnings(77, "tiny", {})
    # Long recordings: much speech in few of them.
    assert "over each recording" in warnings(90, "default", {}, recordings=60)


def test_nothing_held_out() -> None:
    assert "nothing is held out" in warnings(77, "default", {}, heldout=0)


def test_the_recipe_that_fits_the_amount(nets: dict[str, nn.Module]) -> None:
    assert choose_recipe(speech(12), nets) == ADAPT
    assert choose_recipe(speech(61), nets) == TUNE
    assert choose_recipe(speech(12), {"vocoder": nets["vocoder"]}) == recipes.DEFAULT
    other = Tacotron(TacotronConfig(prenet=8))
    assert choose_recipe(speech(12), {**nets, "acoustic": other}) == recipes.DEFAULT


def test_fine_tuning(nets: dict[str, nn.Module]) -> None:
    assert warnings(12, ADAPT, nets) == ""
    assert any("recipe `adapt`" in advice.text for advice in told(12, ADAPT, nets, ADAPT))
    assert "too little even to change another voice" in warnings(0.5, ADAPT, nets)
    assert warnings(90, TUNE, nets) == ""
    assert "forget" in warnings(12, TUNE, nets)
    assert "forget" in warnings(12, "tiny", nets)
    assert any("--recipe tune" in advice.text for advice in told(90, ADAPT, nets))


def test_recipes_that_go_on_train_no_aligner() -> None:
    assert recipes.load(ADAPT).parts == ("acoustic", "joint")
    assert recipes.load(TUNE).parts == SPOKEN


def test_joint_training_alone(nets: dict[str, nn.Module]) -> None:
    """From a voice it is fine-tuning; nets that a run has made from nothing have nothing to forget."""

    def heard(minutes: float, recipe: str, starting: dict[str, nn.Module]) -> str:
        told = advise(speech(minutes), recipes.load(recipe), ("joint",), starting, None)
        return " | ".join(advice.text for advice in told if advice.warning)

    assert heard(12, ADAPT, nets) == ""
    assert "forget" in heard(12, "default", nets)
    assert heard(12, "default", {}) == ""


def test_told_before_anything_is_trained(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    heard: list[Advice] = []

    def listen(advice: Advice) -> None:
        heard.append(advice)
        if advice.warning:
            raise Enough

    with pytest.raises(Enough):
        train(data_folder, tmp_path / "run", recipe=recipe, accelerator="cpu", advise=listen)
    assert "too little for a voice from nothing" in heard[-1].text
    assert not (tmp_path / "run").exists()


def test_a_voice_to_start_from_brings_its_recipe_and_no_aligner(
    data_folder: Path, recipe: Path, nets: dict[str, nn.Module], tmp_path: Path
) -> None:
    """Seven seconds of speech: `adapt`; with a recipe that names no parts, those of the voice."""
    from tiedtts.audio.settings import AudioSettings

    path = tmp_path / "voice.safetensors"
    checkpoint.save(path, Checkpoint(dict(nets), AudioSettings()))

    class Enough(Exception):
        pass

    seen: list[str] = []

    def listen(advice: Advice) -> None:
        seen.append(advice.text)

    def stop(state: object) -> None:
        raise Enough

    for name, part in ((None, "acoustic"), (str(recipe), "acoustic")):
        with pytest.raises(Enough):
            train(
                data_folder,
                tmp_path / f"run{name is None}",
                recipe=name,
                init_from=path,
                accelerator="cpu",
                threads=1,
                advise=listen,
                progress=stop,
            )
        run = tmp_path / f"run{name is None}"
        assert (run / part).is_dir()
        assert not (run / "aligner").exists()
    assert any("recipe `adapt`" in text for text in seen)
    assert "adapter_rank" in (tmp_path / "runTrue" / "recipe.toml").read_text()


def test_prepare_and_train_say_the_same(nets: dict[str, nn.Module]) -> None:
    for minutes, nothing in ((0.5, False), (12, True), (40, True)):
        said = amount.expected(60 * minutes)
        assert said is not None
        assert said in (warnings(minutes, "default", {}) if nothing else warnings(minutes, ADAPT, nets))
    assert amount.expected(3600) is None
