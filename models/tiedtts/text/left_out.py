"""Counts what a text has that cannot be spoken, for warnings."""

from collections import Counter

from tiedtts.text.characters import Folded, script


class LeftOut:
    """Counts of what cannot be spoken."""

    def __init__(self) -> None:
        self.emoji = 0
        self.braces = 0
        self._foreign: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, folded: Folded) -> None:
        """Count what was left out of a sentence."""
        self.emoji += folded.emoji
        for word in folded.foreign:
            name = script(word)
            self._foreign[name] += 1
            self._first.setdefault(name, word)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each kind."""
        lines = []
        if self._foreign:
            count, names = self._foreign.total(), " and ".join(self._foreign)
            first = next(iter(self._first.values()))
            lines.append(
                f"skipped {count} {_plural('word', count)} in {names} script, the first: {first[:40]}"
            )
        if self.emoji:
            lines.append(f"skipped {self.emoji} emoji")
        if self.braces:
            lines.append(f"dropped {self.braces} unmatched {_plural('brace', self.braces)}")
        return tuple(lines)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"
