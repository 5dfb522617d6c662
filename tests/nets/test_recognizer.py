"""The phone recogniser."""

import numpy as np
import pytest
import torch

from tiedtts.errors import ConfigError
from tiedtts.measure.recognition import SILENCE_CLASS, Grammar
from tiedtts.nets.recognizer import CLASSES, Recognizer, RecognizerConfig
from tiedtts.text.phones import CONSONANTS, VOWELS

CONFIG = RecognizerConfig(width=8, blocks=2, n_mels=6, mel_mean=-4.0, mel_std=1.5)


@pytest.fixture
def net() -> Recognizer:
    torch.manual_seed(0)
    return Recognizer(CONFIG).eval()


def test_classes() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 40
    assert CLASSES[SILENCE_CLASS] == "sil"
    assert CLASSES[1:] == CONSONANTS + VOWELS


def test_mask_is_the_end_of_the_recording(net: Recognizer) -> None:
    mel = torch.randn(2, 30, 6) - 4
    mask = torch.ones(2, 30)
    mask[1, 21:] = 0
    mel[1, 21:] = 77.0
    with torch.no_grad():
        together = net(mel, mask)
        assert together.shape == (2, 30, 40)
        torch.testing.assert_close(together[0], net(mel[:1])[0])
        torch.testing.assert_close(together[1, :21], net(mel[1:, :21])[0])


def test_input_is_scaled(net: Recognizer) -> None:
    plain = Recognizer(RecognizerConfig(width=8, blocks=2, n_mels=6, mel_mean=0.0, mel_std=1.0)).eval()
    plain.load_state_dict(net.state_dict())
    mel = torch.randn(1, 9, 6)
    with torch.no_grad():
        torch.testing.assert_close(net(mel * 1.5 - 4), plain(mel))


def test_grammar_is_stored_with_the_weights(net: Recognizer) -> None:
    grammar = Grammar.count([np.array([0, 3, 3, 5, 0])])
    net.set_grammar(grammar.log_prior, grammar.log_bigram)
    other = Recognizer(CONFIG)
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(other.log_prior.numpy(), grammar.log_prior)
    np.testing.assert_array_equal(other.log_bigram.numpy(), grammar.log_bigram)


def test_every_weight_learns(net: Recognizer) -> None:
    net(torch.randn(2, 12, 6), torch.ones(2, 12)).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("width", 0, "at least 1"),
        ("blocks", 0, "at least 1"),
        ("kernel", 8, "odd and at least 1"),
        ("dropout", 1.0, r"in \[0, 1\)"),
        ("mel_std", 0.0, "positive"),
    ],
)
def test_sizes_that_cannot_be(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^`{name}` must be {wanted}, got: {value}$"):
        RecognizerConfig(**{name: value})
