"""Fixtures of the tests of Tacotron."""

import pytest
import torch

from tests.nets.tacotron.small import SMALL
from tiedtts.nets.tacotron.net import Tacotron


@pytest.fixture
def small() -> Tacotron:
    """Return a small Tacotron with fresh weights."""
    torch.manual_seed(0)
    return Tacotron(SMALL).eval()
