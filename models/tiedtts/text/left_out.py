"""Counts what a text has that cannot be spoken, for warnings."""

from collections import Counter

from tiedtts.text.characters import Folded, script
from tiedtts.text.inline import phones

NOTHING = "there is nothing to say in the text"


class LeftOut:
    """Counts of what cannot be spoken."""

    def __init__(self) -> None:
        self.emoji = 0
        self.braces = 0
        self._texts: Counter[str] = Counter()
        self._phones: Counter[str] = Counter()
        self._signs: Counter[str] = Counter()
        self._foreign: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, folded: Folded) -> None:
        """Count what was left out of a sentence."""
        self.emoji += folded.emoji
        for word in folded.foreign:
            name = script(word)
            self._foreign[name] += 1
            self._first.setdefault(name, word)
        self._signs.update(folded.signs)

    def phones(self, found: str) -> str:
        """Return the phones of something in braces, and count what is none."""
        piece, wrong = phones(found)
        if wrong:
            self._phones[f"`{wrong[:20]}` in `{found[:60]}`"] += 1
        return piece

    def text(self, found: str) -> str:
        """Return what stands in braces that hold no phones, and count it."""
        bare = found.strip("{}").strip()
        if bare:
            self._texts[bare] += 1
        return f" {bare} "

    @property
    def wrong_phones(self) -> bool:
        """Whether something in braces was no phones, or not all of it."""
        return bool(self._phones or self._texts)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each kind."""
        lines = []
        if self._foreign:
            count, names = self._foreign.total(), " and ".join(self._foreign)
            first = next(iter(self._first.values()))
            lines.append(
                f"skipped {count} {plural('word', count)} in {names} script, the first: {first[:40]}"
            )
        if self.emoji:
            lines.append(f"skipped {self.emoji} emoji")
        if self._signs:
            count, first = self._signs.total(), next(iter(self._signs))
            lines.append(f"skipped {count} {plural('sign', count)} without a name, the first: {first}")
        for what, count in self._phones.items():
            lines.append(f"left out {what}, which is not a phone" + (f", {count} times" if count > 1 else ""))
        if self._texts:
            count, first = self._texts.total(), next(iter(self._texts))
            lines.append(
                f"read {count} {plural('text', count)} in braces as words, for these are not phones, "
                f"the first: {{{first[:60]}}}"
            )
        if self.braces:
            lines.append(f"dropped {self.braces} unmatched {plural('brace', self.braces)}")
        return tuple(lines)


def plural(noun: str, count: int) -> str:
    """Return the form of a noun that goes with a count."""
    return noun if count == 1 else noun + "s"
