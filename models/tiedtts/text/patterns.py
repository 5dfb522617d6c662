"""Patterns that are compiled when a text first needs them: all together would be a part of a cold start."""

import re


class Lazy:
    """A regular expression, compiled at its first use.

    Args:
        pattern: The expression.
        flags: Those of `re.compile`.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern = pattern
        self._flags = flags
        self._compiled: re.Pattern[str] | None = None

    def __call__(self) -> re.Pattern[str]:
        """Return the compiled pattern."""
        if self._compiled is None:
            self._compiled = re.compile(self._pattern, self._flags)
        return self._compiled
