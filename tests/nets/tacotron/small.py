"""A small Tacotron for tests, and phones to read."""

import torch
from torch import Tensor

from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.text.frontend import FrontEnd

SMALL = TacotronConfig(
    encoder_width=16,
    encoder_convolutions=2,
    attention_rnn=12,
    decoder_rnn=10,
    attention=8,
    location_filters=4,
    location_kernel=7,
    prenet=6,
    postnet_width=8,
    postnet_convolutions=3,
    reduction=2,
    lpc_order=4,
    n_mels=5,
)


def phone_ids(text: str) -> Tensor:
    return torch.from_numpy(FrontEnd()(text)[0].ids)
