"""The recogniser that listens to recordings and to clips of a teacher, as far as a corpus knows it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Ear(Protocol):
    """Hears phones; may be called from several threads."""

    @property
    def key(self) -> str:
        """Digest of the recogniser: clips are listened to anew when it changes."""
        ...

    def hear(self, samples: npt.NDArray[np.float32], rate: int) -> list[str]:
        """Return the symbols of the phones in mono samples, (S,), at `rate` Hz."""
        ...
