"""The lead of sound that is made over sound that is heard."""

from time import monotonic


class Lead:
    """Seconds that are left to listen to, if each sound is heard as soon as it and those before it can be."""

    def __init__(self) -> None:
        self._end = 0.0

    def add(self, seconds: float) -> None:
        """Count sound that was made."""
        self._end = max(self._end, monotonic()) + seconds

    @property
    def seconds(self) -> float:
        """Seconds that are left."""
        return max(0.0, self._end - monotonic())
