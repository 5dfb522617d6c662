"""A small corpus in memory: syllables of harmonic tones and noise."""

import dataclasses
import math

import numpy as np
import torch

from tiedtts.audio import mel, pitch
from tiedtts.audio.excitation import pulse_train
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import Features
from tiedtts.text.phones import Phone, encode
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import Recipe, load
from tiedtts.training.tasks.task import Task

AUDIO = AudioSettings(sample_rate=16_000, n_fft=512, hop=160, n_mels=20, f_max=8_000.0)
"""Small frames, so that nets and losses take milliseconds."""
STAGES = (Stage(steps=4, learning_rate=1e-3, warmup=2),)

LEVEL = 0.3
"""Level of the pulses: nothing is clipped."""


def utterance(seed: int, syllables: int = 4) -> Utterance:
    """Fricative and vowel by turns, noise and a tone, between silences of 8 and 14 frames."""
    rng = np.random.default_rng(seed)
    phones = [Phone("sil")]
    for word in range(syllables):
        phones += [Phone("S", 0, 1, 2, word), Phone("AA", 2, 3, 2, word)]
    phones.append(Phone("."))
    durations = np.array([8, *rng.integers(5, 12, 2 * syllables), 14])
    log_f0 = np.full(durations.sum(), math.log(150 + 20 * seed), np.float32)
    log_f0 += 0.1 * np.sin(np.arange(len(log_f0)) / 9).astype(np.float32)
    is_vowel = np.repeat([phone.symbol == "AA" for phone in phones], durations)
    is_noise = np.repeat([phone.symbol == "S" for phone in phones], durations)
    phase = np.full(len(log_f0), seed, np.float32)
    samples = pulse_train(log_f0, is_vowel.astype(np.float32), AUDIO.hop, AUDIO.sample_rate, phase)
    noise = rng.standard_normal(len(samples)) * np.repeat(0.001 + 0.05 * is_noise, AUDIO.hop)
    samples = (LEVEL * (samples + noise)).astype(np.float32)
    features = Features(
        samples,
        mel.log_mel(samples, AUDIO),
        log_f0,
        is_vowel,
        pitch.fundamental_phase(samples, log_f0, AUDIO),
    )
    ids = encode(phones)
    return Utterance(f"u{seed}", f"text {seed}", tuple(phones), ids, durations, features, -float(seed))


def corpus() -> Corpus:
    """Six recordings, two of them held out; lengths and pitches differ."""
    everything = [utterance(seed, 2 + 2 * (seed % 3)) for seed in range(6)]
    return Corpus(AUDIO, tuple(everything[:4]), tuple(everything[4:]))


def small_recipe() -> Recipe:
    """Tiny nets without dropout."""
    default = load("default")
    common = {"batch_size": 3, "stages": STAGES}
    blocks = {"encoder_blocks": 1, "variance_blocks": 1, "decoder_blocks": 1}
    replace = dataclasses.replace
    return replace(
        default,
        aligner=replace(
            default.aligner, **common, net=replace(default.aligner.net, width=8, blocks=1, dropout=0.0)
        ),
        acoustic=replace(
            default.acoustic,
            **common,
            net=replace(default.acoustic.net, width=8, **blocks, dropout=0.0, variance_dropout=0.0),
        ),
        vocoder=replace(
            default.vocoder,
            **common,
            segment_frames=16,
            net=replace(default.vocoder.net, width=8, blocks=1, n_fft=320),
        ),
    )


def check_losses_add_up(made: Task) -> None:
    """Check that two processes with a part of a batch each arrive at the sums of one with all of it."""
    net = made.net.eval()
    with torch.no_grad():
        _, whole = made.losses(net, made.batch([0, 1, 2], [1, 2, 3]))
        _, first = made.losses(net, made.batch([0], [1]))
        _, second = made.losses(net, made.batch([1, 2], [2, 3]))
    assert set(whole) == set(made.weights)
    for name, ratio in whole.items():
        torch.testing.assert_close(first[name].total + second[name].total, ratio.total, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(first[name].size + second[name].size, ratio.size, rtol=1e-4, atol=1e-4)
