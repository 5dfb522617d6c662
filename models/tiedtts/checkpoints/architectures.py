"""Architectures: the nets that a checkpoint can hold, by the names they have in headers."""

from typing import Any

from torch import nn

from tiedtts.errors import CheckpointError
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig
from tiedtts.nets.state_dict import StateDictConfig, StateDictNet
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet

ARCHITECTURES: dict[str, tuple[type[Any], type[nn.Module]]] = {
    "acoustic": (AcousticConfig, AcousticNet),
    "tacotron": (TacotronConfig, Tacotron),
    "harmonic": (VocoderConfig, HarmonicVocoder),
    "wavenet": (WaveNetConfig, WaveNet),
    "recognizer": (RecognizerConfig, Recognizer),
    "deepspeech": (DeepSpeechConfig, DeepSpeech),
    "hifigan": (HifiganConfig, Hifigan),
    "state_dict": (StateDictConfig, StateDictNet),
}
"""Name to the classes of configuration and net."""


def architecture(net: nn.Module) -> str:
    """Return the name that a net's class has in headers.

    Raises:
        CheckpointError: The class has none.
    """
    for name, (_, kind) in ARCHITECTURES.items():
        if type(net) is kind:
            return name
    raise CheckpointError(f"nets of class {type(net).__name__} have no checkpoint format")
