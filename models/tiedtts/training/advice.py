"""Advice before a training: which recipe fits, whether there is enough speech for it, and what to expect."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from tiedtts.corpus import amount
from tiedtts.corpus.amount import HOUR, LEAST
from tiedtts.corpus.manifest import Entry
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.recognizer import CLASSES
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training.recipe import DEFAULT, Recipe

ADAPT, TUNE = "adapt", "tune"
"""Recipes that go on from a voice: a small difference from it is learnt, or all of its weights change."""
RARE = 10
"""Occurrences of a sound below which it is hardly learnt."""
MOST_PASSES = 600
"""Passes over the corpus from which on a net learns its recordings by heart; `kathleen` took a hundred."""


@dataclass(frozen=True)
class Advice:
    """A sentence for whoever starts a training."""

    text: str
    warning: bool = False
    """Whether the outcome may not be as it was meant."""


@dataclass(frozen=True)
class Speech:
    """How much there is to learn from."""

    seconds: float
    recordings: int
    heldout: int
    rare: tuple[str, ...]
    """Sounds that hardly occur."""

    @classmethod
    def count(cls, entries: Iterable[Entry]) -> "Speech":
        """Count what the entries of a data folder have."""
        entries = list(entries)
        train = [entry for entry in entries if entry.split == "train"]
        sounds = Counter(row[0] for entry in train for row in entry.phones)
        rare = tuple(sound for sound in CLASSES[1:] if sounds[sound] < RARE)
        return cls(sum(entry.seconds for entry in train), len(train), len(entries) - len(train), rare)

    @property
    def told(self) -> str:
        """The amount in words."""
        return f"{amount.told(self.seconds)} ({self.recordings:,} recordings)"


def choose_recipe(speech: Speech, starting: Mapping[str, nn.Module]) -> str:
    """Return the name of the recipe that fits where none is named.

    Args:
        speech: How much there is to learn from.
        starting: Nets to start from, by part.
    """
    kinds = {"acoustic": AcousticNet, "vocoder": HarmonicVocoder}
    if not all(isinstance(starting.get(part), kind) for part, kind in kinds.items()):
        return DEFAULT
    return ADAPT if speech.seconds < HOUR else TUNE


def advise(
    speech: Speech, plan: Recipe, parts: Iterable[str], starting: Mapping[str, nn.Module], chosen: str | None
) -> Iterator[Advice]:
    """Yield what to know before the hours are spent.

    Args:
        speech: How much there is to learn from.
        plan: The recipe.
        parts: Parts that are trained.
        starting: Nets to start from, by part; none for a voice from nothing.
        chosen: Name of the recipe if it was chosen by how much speech there is.
    """
    parts = list(parts)
    yield Advice(f"{speech.told} to learn from, {speech.heldout:,} recordings held out")
    if chosen in (ADAPT, TUNE):
        other = (
            f"all weights, for an hour of speech and more, learn with `--recipe {TUNE}`"
            if chosen == ADAPT
            else f"a small difference, for less speech or a small file, is learnt with `--recipe {ADAPT}`"
        )
        learns = "a small difference from that voice is learnt" if chosen == ADAPT else "all weights learn"
        yield Advice(f"recipe `{chosen}`: {learns}; {other}")
    if not speech.heldout:
        yield Advice(
            "nothing is held out: neither losses on unseen recordings nor `eval` can tell how good it is; "
            "prepare with `--holdout 5%`",
            warning=True,
        )
    voice_parts = [part for part in parts if part in ("acoustic", "vocoder", "joint")]
    fresh = [part for part in voice_parts if part not in starting and part != "joint"]
    if fresh:
        yield from _from_nothing(speech, fresh)
    elif voice_parts and starting:
        yield from _from_a_voice(speech, plan, voice_parts, chosen)
    yield from _by_heart(speech, plan, [part for part in voice_parts if part == "acoustic"])


def _from_nothing(speech: Speech, fresh: list[str]) -> Iterator[Advice]:
    """Yield what too little speech makes of a voice that begins from nothing."""
    if speech.seconds >= HOUR:
        return
    yield Advice(
        f"{amount.too_little_for_a_voice(speech.seconds)}. Begin from a voice that can speak, which needs "
        "minutes only: add `--init-from clara`",
        warning=True,
    )
    if speech.rare and "acoustic" in fresh:
        some = ", ".join([*speech.rare[:8], *(["..."] if len(speech.rare) > 8 else [])])
        yield Advice(
            f"{len(speech.rare)} of {len(CLASSES) - 1} sounds occur fewer than {RARE} times ({some}): expect "
            "words with them to come out wrong",
            warning=True,
        )


def _from_a_voice(speech: Speech, plan: Recipe, parts: list[str], chosen: str | None) -> Iterator[Advice]:
    """Yield what too little speech, or more than the recipe can use, makes of a voice that goes on."""
    adapts = all(getattr(plan, part).adapter_rank for part in parts)
    if speech.seconds < LEAST:
        yield Advice(amount.too_little_to_change(speech.seconds), warning=True)
    elif not adapts and speech.seconds < HOUR:
        yield Advice(
            f"this recipe changes all weights, for which {speech.told} are little: expect it to forget "
            f"sounds that they do not have. `--recipe {ADAPT}` learns a small difference only",
            warning=True,
        )
    if adapts and speech.seconds >= HOUR and chosen is None:
        yield Advice(f"with so much speech, `--recipe {TUNE}` can learn more than a small difference")


def _by_heart(speech: Speech, plan: Recipe, parts: list[str]) -> Iterator[Advice]:
    """Yield a warning if a net would go over few recordings very often."""
    for part in parts:
        recipe = getattr(plan, part)
        passes = recipe.steps * recipe.batch_size / max(1, speech.recordings)
        if passes > MOST_PASSES and not recipe.adapter_rank:
            yield Advice(
                f"the {part} part would go over each recording {passes:,.0f} times (a hundred is usual): it "
                "learns them by heart. Where the held-out losses in the run's report rise again, more steps "
                "make it worse; give its stages fewer `steps` in a recipe of your own",
                warning=True,
            )
