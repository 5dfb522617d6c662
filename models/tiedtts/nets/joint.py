"""Acoustic net and vocoder as one net, from phones to samples; only training uses it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder


class Heard(NamedTuple):
    """Segments of G frames as both nets make them."""

    mel: Tensor
    """(B, G, M), in standard deviations of the corpus."""
    log_f0: Tensor
    """(B, G), in standard deviations of the corpus."""
    voicing: Tensor
    """Logit of a frame being voiced, (B, G)."""
    harmonic: Tensor
    """Samples of the harmonics, (B, G * hop)."""
    noise: Tensor
    """Samples of the noise, (B, G * hop), or (B, N, G * hop) for several drawings."""


class JointNet(nn.Module):
    """Both nets of a voice: the vocoder reads the spectra that the acoustic net makes.

    Durations, pitch and energy of phones are the recording's: their predictor is not asked.

    Args:
        acoustic: The acoustic net; its dropout is turned off, since the vocoder should learn to read the
            spectra of synthesis.
        vocoder: The vocoder.
    """

    def __init__(self, acoustic: AcousticNet, vocoder: HarmonicVocoder) -> None:
        super().__init__()
        self.acoustic, self.vocoder = acoustic, vocoder
        for module in acoustic.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        pitch: Tensor,
        energy: Tensor,
        index: Tensor,
        position: Tensor,
        frame_mask: Tensor,
        place: Tensor,
        log_f0: Tensor,
        voiced: Tensor,
        pulses: Tensor,
        noise: Tensor,
    ) -> Heard:
        """Say segments of sentences.

        Args:
            ids: Phones of the whole sentences, (B, T, 4).
            mask: 1 for real phones, (B, T).
            pitch: Of each phone, normalised, (B, T).
            energy: Of each phone, normalised, (B, T).
            index: Phone of each frame of the segment and around it, (B, F); F a multiple of the stride.
            position: Place of each such frame in its phone, (B, F, 5).
            frame_mask: 1 for real ones of these frames, (B, F).
            place: Which of these frames make the segment, (B, G).
            log_f0: The recording's, natural logarithm of Hz, (B, G).
            voiced: The recording's, 0 to 1, (B, G).
            pulses: Pulse train at the recording's pitch, (B, G * hop).
            noise: White noise of variance one, (B, G * hop), or several drawings, (B, N, G * hop).
        """
        config = self.acoustic.config
        states = self.acoustic.encode(ids, mask)
        out = self.acoustic.decode(states, pitch, energy, index, position, frame_mask)
        mel = torch.gather(out.mel, 1, place[..., None].expand(-1, -1, config.n_mels))
        harmonic, hiss = self.vocoder(mel * config.mel_std + config.mel_mean, log_f0, voiced, pulses, noise)
        return Heard(
            mel, torch.gather(out.log_f0, 1, place), torch.gather(out.voicing, 1, place), harmonic, hiss
        )
