"""Architectures of the parts: the net, the default recipe and the task that belong together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.nets.recognizer import Recognizer
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.training.part_recipe import PartRecipe
from tiedtts.training.recipe import (
    AcousticRecipe,
    AlignerRecipe,
    DeepSpeechRecipe,
    TacotronRecipe,
    VocoderRecipe,
    WaveNetRecipe,
)
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.aligner import AlignerTask
from tiedtts.training.tasks.deepspeech import DeepSpeechTask
from tiedtts.training.tasks.tacotron import TacotronTask
from tiedtts.training.tasks.task import Task
from tiedtts.training.tasks.vocoder import VocoderTask
from tiedtts.training.tasks.wavenet import WaveNetTask


@dataclass(frozen=True)
class Architecture:
    """How a part of one kind is made and trained."""

    net: type[nn.Module]
    """Class of the net, made of a recipe's `net`."""
    recipe: str
    """Name of the recipe in the package that trains such nets."""
    task: Callable[..., Task]
    """Sets up data and losses of a corpus, a recipe and a net; without a net, of a fresh one."""


ARCHITECTURES: dict[type[PartRecipe], Architecture] = {
    AlignerRecipe: Architecture(Recognizer, "default", AlignerTask),
    DeepSpeechRecipe: Architecture(DeepSpeech, "deepspeech", DeepSpeechTask),
    AcousticRecipe: Architecture(AcousticNet, "default", AcousticTask),
    TacotronRecipe: Architecture(Tacotron, "tacotron", TacotronTask),
    VocoderRecipe: Architecture(HarmonicVocoder, "default", VocoderTask),
    WaveNetRecipe: Architecture(WaveNet, "wavenet", WaveNetTask),
}
"""Architectures by the class of recipe that `architecture` chooses."""


def of_net(net: nn.Module) -> Architecture | None:
    """Return the architecture of a net, or nothing if this program does not train such nets."""
    return next((kind for kind in ARCHITECTURES.values() if isinstance(net, kind.net)), None)


def fresh(recipe: Any) -> nn.Module:
    """Make the net of a part's recipe, with fresh weights."""
    return ARCHITECTURES[type(recipe)].net(recipe.net)
