from pathlib import Path

import numpy as np
import pytest

from tests.corpus.corpora import RATE, voice, write
from tiedtts.corpus import checks
from tiedtts.corpus.checks import listen, speaking_rate


def noise(seconds: float, level: float = 0.1) -> "np.ndarray":
    return level * np.random.default_rng(0).standard_normal(round(seconds * RATE))


