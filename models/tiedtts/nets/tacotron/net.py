"""Tacotron 2: phones to frames by attention, one step after another.

Shen et al., "Natural TTS synthesis by conditioning WaveNet on mel spectrogram predictions", 2018. Beside the
mel spectrogram it says the parameters of linear prediction, pitch and voicing, for vocoders that want these.
Without them and with single symbols, it has the names and shapes that NVIDIA's implementation made common.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.attention import Convolution
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.tacotron.decoder import Decoder
from tiedtts.nets.variance import PhoneEmbedding


class TacotronFrames(NamedTuple):
    """Output of the net, normalised as in training; F frames, N = F / r steps."""

    coarse: Tensor
    """Mel spectrogram before the post-net, (B, F, M)."""
    mel: Tensor
    """Mel spectrogram, (B, F, M)."""
    lpc: Tensor | None
    """Line spectral frequencies and logarithm of the gain, in standard deviations, (B, F, P + 1)."""
    log_f0: Tensor | None
    """Pitch, in standard deviations, (B, F)."""
    voicing: Tensor | None
    """Logit of a pitch, (B, F)."""
    stop: Tensor
    """Logit of a step being the last, (B, N)."""
    attention: Tensor
    """(B, N, T)."""


class Encoder(nn.Module):
    """Convolutions over phones, then both directions of a recurrent layer."""

    def __init__(self, config: TacotronConfig) -> None:
        super().__init__()
        width = config.encoder_width
        self.dropout = config.dropout
        self.convolutions = nn.ModuleList(
            nn.Sequential(Convolution(width, width, config.encoder_kernel), nn.BatchNorm1d(width))
            for _ in range(config.encoder_convolutions)
        )
        self.lstm = nn.LSTM(width, width // 2, 1, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map (B, T, C) to (B, T, C); `mask` is 1 for real phones, (B, T)."""
        x = x.transpose(1, 2)
        for convolution in self.convolutions:
            if mask is not None:
                x = x * mask[:, None]
            x = F.dropout(F.relu(convolution(x)), self.dropout, self.training)
        x = x.transpose(1, 2)
        if mask is None:
            y: Tensor = self.lstm(x)[0]
            return y
        packed = pack_padded_sequence(x, mask.sum(1).long().cpu(), batch_first=True, enforce_sorted=False)
        y = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])[0]
        return y


class Postnet(nn.Module):
    """Convolutions over frames that mend what single steps could not see."""

    def __init__(self, config: TacotronConfig) -> None:
        super().__init__()
        width, bands = config.postnet_width, config.n_mels
        self.dropout = config.dropout
        sizes = [bands, *[width] * (config.postnet_convolutions - 1), bands]
        self.convolutions = nn.ModuleList(
            nn.Sequential(Convolution(inputs, outputs, config.postnet_kernel), nn.BatchNorm1d(outputs))
            for inputs, outputs in pairwise(sizes)
        )

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what is to be added to a mel spectrogram, (B, F, M); `mask` is 1 for real frames."""
        x = mel.transpose(1, 2)
        last = len(self.convolutions) - 1
        for at, convolution in enumerate(self.convolutions):
            if mask is not None:
                x = x * mask[:, None]
            x = convolution(x)
            x = F.dropout(torch.tanh(x) if at < last else x, self.dropout, self.training)
        return x.transpose(1, 2)


class Tacotron(nn.Module):
    """The net; `forward` is the training pass, `synthesis.speak` says a sentence."""

    lpc_mean: Tensor
    """Mean of line spectral frequencies and gain, (P + 1,)."""
    lpc_std: Tensor
    """Standard deviation of line spectral frequencies and gain, (P + 1,)."""

    def __init__(self, config: TacotronConfig) -> None:
        super().__init__()
        self.config = config
        if config.lpc_order:
            self.register_buffer("lpc_mean", torch.zeros(config.lpc_order + 1))
            self.register_buffer("lpc_std", torch.ones(config.lpc_order + 1))
        width = config.encoder_width
        self.embedding = nn.Embedding(config.symbols, width) if config.symbols else PhoneEmbedding(width)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.postnet = Postnet(config)

    def encode(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map phone, stress, position and clause ids, (B, T, 4), or symbols, (B, T), to (B, T, C)."""
        states: Tensor = self.encoder(self.embedding(ids), mask)
        return states

    def split(
        self, frames: Tensor, stop: Tensor, attention: Tensor, mask: Tensor | None = None
    ) -> TacotronFrames:
        """Tell what the decoder's values are, (B, F, outputs), and mend the mel spectrogram."""
        bands, order = self.config.n_mels, self.config.lpc_order
        coarse = frames[..., :bands]
        mel = coarse + self.postnet(coarse, mask)
        if not order:
            return TacotronFrames(coarse, mel, None, None, None, stop, attention)
        lpc = frames[..., bands : bands + order + 1]
        return TacotronFrames(coarse, mel, lpc, frames[..., -2], frames[..., -1], stop, attention)

    def forward(
        self, ids: Tensor, mel: Tensor, mask: Tensor | None = None, frame_mask: Tensor | None = None
    ) -> TacotronFrames:
        """Training pass: each step follows the true frames.

        Args:
            ids: (B, T, 4), or (B, T).
            mel: Normalised, (B, F, M), F a multiple of r.
            mask: 1 for real phones, (B, T).
            frame_mask: 1 for real frames, (B, F).
        """
        steps = self.decoder(self.encode(ids, mask), mel, mask, drop=self.training)
        return self.split(steps.frames, steps.stop, steps.attention, frame_mask)


def with_reduction(net: Tacotron, reduction: int) -> Tacotron:
    """Return the net as it says fewer frames in a step, to be trained on from there.

    To begin with long steps, in which attention is found soon, and to shorten them later is the gradual
    training of Mozilla TTS (2019). A step says the first frames of a longer one, and reads the last ones.

    Args:
        net: Without tied layers.
        reduction: Frames of a step, at most the net's own.

    Raises:
        ConfigError: The net says fewer.
    """
    config = net.config
    if reduction > config.reduction:
        raise ConfigError(
            f"a step of {config.reduction} frames cannot be made one of {reduction}",
            hint="start from a net with as many or more, or from nothing",
        )
    made = Tacotron(replace(config, reduction=reduction))
    state = dict(net.state_dict())
    said, read = config.outputs * reduction, config.n_mels * reduction
    for name in ("weight", "bias"):
        key = f"decoder.linear_projection.linear_layer.{name}"
        state[key] = state[key][:said]
    key = "decoder.prenet.layers.0.linear_layer.weight"
    state[key] = state[key][:, -read:]
    made.load_state_dict(state)
    return made.train(net.training)
