"""The sizes of a Tacotron 2 from the shapes of its tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.net import Tacotron

KEYS = (
    "embedding.weight",
    "encoder.lstm.weight_ih_l0",
    "decoder.attention_rnn.weight_ih",
    "decoder.linear_projection.linear_layer.weight",
    "postnet.convolutions.0.0.conv.weight",
)
"""Keys that a state dict of NVIDIA's Tacotron 2 has, among others."""


def build(tensors: Mapping[str, Tensor]) -> Tacotron | str:
    """Return the net with these tensors, or why they are another net's."""
    try:
        config = _config(tensors)
        with torch.device("meta"):
            net = Tacotron(config)
    except (KeyError, IndexError, ValueError, ConfigError, ZeroDivisionError) as error:
        return f"{type(error).__name__}: {error}"
    wanted = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in tensors.items()}
    for key in sorted(wanted.keys() | given.keys()):
        if wanted.get(key) != given.get(key):
            return f"`{key}` is {given.get(key, 'missing')}, not {wanted.get(key, 'there')}"
    with torch.device("meta"):
        net = Tacotron(config)
    net.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()},
        assign=True,
    )
    return net.eval()


def _config(tensors: Mapping[str, Tensor]) -> TacotronConfig:
    """Infer sizes; what they imply for the other tensors is checked afterwards."""

    def shape(key: str) -> tuple[int, ...]:
        return tuple(tensors[key].shape)

    def count(stem: str) -> int:
        return len({key.split(".")[2] for key in tensors if key.startswith(f"{stem}.convolutions.")})

    attention = "decoder.attention_layer"
    filters, _, location_kernel = shape(f"{attention}.location_layer.location_conv.conv.weight")
    post = shape("postnet.convolutions.0.0.conv.weight")
    prenet, frames = shape("decoder.prenet.layers.0.linear_layer.weight")
    symbols, width = shape("embedding.weight")
    return TacotronConfig(
        symbols=symbols,
        encoder_width=width,
        encoder_convolutions=count("encoder"),
        encoder_kernel=shape("encoder.convolutions.0.0.conv.weight")[2],
        attention_rnn=shape("decoder.attention_rnn.weight_hh")[1],
        decoder_rnn=shape("decoder.decoder_rnn.weight_hh")[1],
        attention=shape(f"{attention}.query_layer.linear_layer.weight")[0],
        location_filters=filters,
        location_kernel=location_kernel,
        prenet=prenet,
        postnet_width=post[0],
        postnet_convolutions=count("postnet"),
        postnet_kernel=post[2],
        reduction=frames // post[1],
        n_mels=post[1],
        dropout=0.5,
    )
