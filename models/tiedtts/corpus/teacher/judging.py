"""Which clips of a teacher make up the corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tiedtts.corpus import hearing, limits
from tiedtts.corpus.limits import Limits, Measured
from tiedtts.corpus.teacher.clips import Clip, Journal
from tiedtts.corpus.teacher.texts import Text
from tiedtts.corpus.transcripts import Transcript


@dataclass(frozen=True)
class Verdict:
    """The verdict on a text that was said."""

    clip: Clip
    """The last attempt."""
    reason: str | None
    """Why it is thrown away, if so."""


class Judge:
    """Compares each clip with all others.

    What is usual is learnt from the first attempts alone: it is the same after a kill and a new start.

    Args:
        texts: All texts, with what each comes to.
        journal: Clips that there are.
        ear: Which recogniser has listened.
    """

    def __init__(self, texts: Mapping[Text, Transcript], journal: Journal, ear: str) -> None:
        self._ear = ear
        self._said = {
            text.id: hearing.encode([phone.symbol for phone in spoken.phones])
            for text, spoken in texts.items()
        }
        self._journal = journal
        firsts = (attempts[0] for text in texts if (attempts := journal.of(text.id, text.key)))
        self.limits: Limits = limits.learn([self._measured(clip) for clip in firsts if clip.rejected is None])

    def verdict(self, text: Text) -> Verdict | None:
        """Return what becomes of a text; None if it was not said."""
        attempts: Sequence[Clip] = self._journal.of(text.id, text.key)
        if not attempts:
            return None
        clip = attempts[-1]
        return Verdict(clip, clip.rejected or self.limits.reason(self._measured(clip)))

    def _measured(self, clip: Clip) -> Measured:
        listened = clip.heard is not None and clip.ear == self._ear and self._ear
        heard = hearing.encode((clip.heard or "").split()) if listened else None
        return Measured(self._said[clip.id], clip.speech, heard)
