"""Suspects: recordings of a corpus that may not be what their texts say.

Each is compared with all others, by how well its phones fit the sound (the score of its alignment) and by
what a recogniser hears in it, see `tiedtts.corpus.hearing`. Both together say how far it is from what is
usual; what is wrong with it is told by where the words are that nobody hears.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.corpus import hearing, limits, stretches, twins
from tiedtts.corpus.limits import Limits, Measured
from tiedtts.corpus.twins import Print
from tiedtts.quoting import quoted
from tiedtts.text.phones import Phone

SUSPECTS_VERSION = 2
"""Part of the key under which suspects are kept."""

NO_SPEECH = "no speech is heard in it"
OTHER_TEXT = "another text is said in it"
CUT_START = "the start of its text is not heard"
CUT_END = "the end of its text is not heard"
UNHEARD = "words of its text are not heard"
SAME = "the same sound as another recording"
SAME_OTHER_TEXT = "the same sound as another recording, with another text"
PART = "a part of another recording"
BEGINS = "begins in the middle of a sound"
ENDS = "ends in the middle of a sound"
FAR_OFF = "fits its text much worse than the others"
"""Reasons; a fixed text each, so that a report can count."""

DEAF = "the recogniser does not understand this voice: nobody has listened to the recordings"

_UNVOICED = 0.05
"""Share of voiced frames below which there is no voice."""
_NOTHING_HEARD = 0.15
"""Phones heard for each phone of the text below which nothing is said."""
_LEAST_CUT = 4
"""Phones at an edge that are not heard where a recording is cut."""
_CUT = 0.2
"""Share of a text that is missing in a recording that is clearly cut."""
_REST = -0.8
"""Cost of a phone in the rest of a recording that is cut: that is said as it should be."""
_BY_CHANCE = 0.0
"""Cost of a phone from which another text fits as well."""
_CLEAR = 6.0
"""Cost of the worst stretch, above what it may have, from which words are clearly missing."""
_BOTH, _ONE = 5.0, 2.0
"""Standard deviations by which both measures together, and the recogniser alone, are far from usual."""
_FAR_OFF = 6.0
"""Standard deviations by which an alignment alone is."""
_ABRUPT = 0.55
"""Loudness at an edge, between quiet and loud parts, above which it lies in the middle of a sound."""
_FEW = 0.1
"""Share of the recordings that may be abrupt at an edge; if more are, they are all cut close."""
_FITS = -1.2
"""Cost of a phone below which a text fits what is heard."""
_WORDS = 8
"""Words that are quoted of a text."""


@dataclass(frozen=True)
class Case:
    """A recording to be judged."""

    id: str
    text: str
    prompt: str
    phones: tuple[Phone, ...]
    """Phones and pauses of its alignment, (T,)."""
    durations: tuple[int, ...]
    """Frames of each, (T,)."""
    words: tuple[str, ...]
    """Words that `Phone.word` counts."""
    score: float
    """Score of its alignment."""
    speech: float
    """Seconds from the first to the last loud sample."""
    voiced: float
    """Share of its frames that have a pitch."""
    sound: Print
    edges: tuple[float, float] = (0.0, 0.0)
    """Loudness at its start and at its end, 0 as its quiet parts and 1 as its loud parts."""
    heard: tuple[str, ...] | None = None
    """Symbols that the recogniser hears; None if nobody has listened."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A recording that may not be what its text says."""

    id: str
    reason: str | None
    """Why; None for one that is only further from usual than most."""
    clear: bool
    """Whether it is beyond doubt."""
    doubt: float
    """How far it is from what is usual, standard deviations."""
    told: str = ""
    """The details, in words."""
    heard: tuple[str, ...] | None = None
    """Symbols that the recogniser hears."""
    frames: tuple[int, int] = (0, 0)
    """Where it fits worst: the first frame, and the one after the last."""


@dataclass(frozen=True)
class Judgement:
    """The findings about all recordings of a corpus."""

    ranked: tuple[Suspect, ...] = ()
    """The recordings, the most doubtful first; those without a reason only as far as they were asked for."""
    heard_right: float | None = None
    """Share of the phones that the recogniser hears as they are."""
    notes: tuple[str, ...] = ()
    """Remarks on all of it."""
    key: str = ""
    """Digest of what was judged."""

    @property
    def suspects(self) -> list[Suspect]:
        """The recordings with a reason."""
        return [each for each in self.ranked if each.reason is not None]


def judge(cases: Sequence[Case], *, key: str = "", shown: int = 12) -> Judgement:
    """Compare recordings with each other and rank them by doubt.

    Args:
        cases: The recordings that can be used by themselves.
        key: Digest of them.
        shown: Recordings that are ranked whether there is anything against them or not.
    """
    said = [hearing.encode([phone.symbol for phone in case.phones]) for case in cases]
    heard = [None if case.heard is None else hearing.encode(case.heard) for case in cases]
    measured = [Measured(*each) for each in zip(said, (case.speech for case in cases), heard, strict=True)]
    court = _Court(cases, measured, limits.learn(measured, few=True))
    found = {suspect.id: suspect for index in range(len(cases)) if (suspect := court.suspect(index))}
    pairs = twins.find([case.sound for case in cases], [case.prompt for case in cases])
    for suspect in court.twins(pairs, found):
        found[suspect.id] = suspect
    others = [court.plain(index) for index, case in enumerate(cases) if case.id not in found]
    others.sort(key=lambda each: -each.doubt)
    ranked = sorted(found.values(), key=lambda each: (not each.clear, -each.doubt))
    listened = any(case.heard is not None for case in cases)
    deaf = listened and court.limits.habits is None
    return Judgement(
        (*ranked, *others[: max(0, shown - len(ranked))]),
        court.limits.right,
        (DEAF,) if deaf else (),
        key,
    )


class _Court:
    """Judges recordings, knowing all of them."""

    def __init__(self, cases: Sequence[Case], measured: Sequence[Measured], found: Limits) -> None:
        self.limits = found
        self._cases = cases
        self._measured = measured
        scores = np.array([case.score for case in cases])
        low, middle, high = np.percentile(scores, [25, 50, 75]) if len(cases) else (0.0, 0.0, 0.0)
        self._misfits = (middle - scores) / max((high - low) / 1.349, 1e-6)
        loud = np.array([case.edges for case in cases]).reshape(-1, 2) > _ABRUPT
        self._abrupt = loud & (loud.mean(0) < _FEW) if len(cases) else loud
        self._worst = np.array([self._worst_of(each) for each in measured])

    def _worst_of(self, each: Measured) -> float:
        if self.limits.habits is None or each.heard is None:
            return self.limits.middle
        return self.limits.habits.worst(each.said, each.heard)

    def _unheard(self, index: int) -> float:
        """Return by how many standard deviations the recogniser hears less than usual."""
        return float((self._worst[index] - self.limits.middle) / max(self.limits.spread, 1e-6))

    def doubt(self, index: int) -> float:
        """Return how far a recording is from what is usual."""
        return max(self._unheard(index), 0.0) + max(float(self._misfits[index]), 0.0)

    def plain(self, index: int) -> Suspect:
        """Return a recording that nothing speaks against."""
        return Suspect(
            id=self._cases[index].id,
            reason=None,
            clear=False,
            doubt=round(self.doubt(index), 2),
            heard=self._cases[index].heard,
        )

    def suspect(self, index: int) -> Suspect | None:
        """Return what speaks against a recording, if anything does."""
        case, each = self._cases[index], self._measured[index]
        if case.voiced < _UNVOICED:
            return self._found(index, NO_SPEECH, clear=True, told="it has no voice")
        if self.limits.habits is not None and each.heard is not None:
            far = self._unheard(index) > _ONE and self.doubt(index) > _BOTH
            if self._worst[index] > self.limits.worst or far:
                return self._by_ear(index)
        if (reason := self.limits.reason(each)) not in (None, limits.UNHEARD):
            return self._found(index, str(reason), clear=False)
        if self._misfits[index] > _FAR_OFF:
            return self._found(index, FAR_OFF, clear=False)
        if self._abrupt[index].any():
            return self._found(index, BEGINS if self._abrupt[index, 0] else ENDS, clear=False)
        return None

    def _by_ear(self, index: int) -> Suspect:
        """Return what is wrong with a recording of which the recogniser does not hear all words."""
        each, habits = self._measured[index], self.limits.habits
        assert habits is not None
        assert each.heard is not None
        count = len(each.said)
        if len(each.heard) < _NOTHING_HEARD * count:
            return self._found(index, NO_SPEECH, clear=True, phones=(0, count))
        pairs = habits.align(each.said, each.heard)
        start, end = stretches.missed_at_start(pairs), stretches.missed_at_end(pairs)
        rest = stretches.between(pairs, start, count - end)
        fits = bool(rest) and sum(habits.step(*pair) for pair in rest) < _REST * len(rest)
        missed = max(start, end)
        if missed >= _LEAST_CUT and fits:
            place = (0, start) if start >= end else (count - end, count)
            reason = CUT_START if start >= end else CUT_END
            return self._found(index, reason, clear=missed >= _CUT * count, phones=place)
        if habits.cost(each.said, each.heard) >= _BY_CHANCE * count:
            return self._found(index, OTHER_TEXT, clear=True, told=self._other(index), phones=(0, count))
        clear = self._worst[index] > self.limits.worst + _CLEAR
        return self._found(index, UNHEARD, clear=bool(clear), phones=stretches.worst(habits, pairs))

    def _other(self, index: int) -> str:
        """Return which other text is heard in a recording, if it is one of the corpus."""
        habits, heard = self.limits.habits, self._measured[index].heard
        assert habits is not None
        assert heard is not None
        best, cost = None, _FITS
        for case, other in zip(self._cases, self._measured, strict=True):
            near = 0.6 * len(heard) <= len(other.said) <= 1.6 * len(heard)
            if near and (found := habits.cost(other.said, heard) / len(other.said)) < cost:
                best, cost = case, found
        return "" if best is None else f"it sounds like the text of {best.id}: {quoted(best.text, 80)}"

    def _found(
        self, index: int, reason: str, *, clear: bool, told: str = "", phones: tuple[int, int] | None = None
    ) -> Suspect:
        case = self._cases[index]
        spoken = [place for place, phone in enumerate(case.phones) if phone.is_speech]
        frames = (0, sum(case.durations))
        if phones is not None and phones[1] > phones[0] and phones != (0, len(spoken)):
            places = spoken[phones[0] : phones[1]]
            ends = np.cumsum(case.durations)
            frames = (int(ends[places[0]]) - case.durations[places[0]], int(ends[places[-1]]))
            told = told or f'"{quoted(_words(case, places), 80)}"'
        return Suspect(
            id=case.id,
            reason=reason,
            clear=clear,
            doubt=round(self.doubt(index), 2),
            told=told,
            heard=case.heard,
            frames=frames,
        )

    def twins(self, pairs: Sequence[twins.Twins], found: dict[str, Suspect]) -> list[Suspect]:
        """Return the recordings that are the same sound as others: of each pair the more doubtful one."""
        told: dict[int, Suspect] = {}
        for pair in pairs:
            if pair.first in told or pair.second in told:
                continue
            first, second = pair.first, pair.second
            doubtful = [self._cases[index].id in found for index in (first, second)]
            # Of two that are alike in all else the first one stays.
            worse = (
                first if (doubtful[0], self.doubt(first)) > (doubtful[1], self.doubt(second) + 1) else second
            )
            other = self._cases[second if worse == first else first]
            if self._cases[worse].id in found:
                # What is wrong with it is told already, and more.
                continue
            same_text = self._cases[worse].prompt == other.prompt
            reason = SAME_OTHER_TEXT if not same_text else SAME if pair.whole else PART
            clear = same_text and pair.whole
            told[worse] = self._found(index=worse, reason=reason, clear=clear, told=f"as {other.id}")
        return list(told.values())


def _words(case: Case, places: Sequence[int]) -> str:
    """Return the words that some phones belong to."""
    numbers = dict.fromkeys(case.phones[place].word for place in places if case.phones[place].word >= 0)
    words = [case.words[number] for number in numbers if number < len(case.words)]
    return " ".join(words[:_WORDS]) + (" ..." if len(words) > _WORDS else "")


def edges(samples: npt.NDArray[np.float32], rate: int) -> tuple[float, float]:
    """Return how loud a recording is at its start and at its end.

    Args:
        samples: Mono, (S,).
        rate: Sampling rate, Hz.

    Returns:
        Two levels, 0 as its quiet parts and 1 as its loud parts.
    """
    step = rate // 100
    count = len(samples) // step
    if not count:
        return 0.0, 0.0
    levels = np.log((samples[: count * step].reshape(count, step) ** 2).mean(1) + 1e-9)
    low, high = np.percentile(levels, [5, 95])
    spread = max(float(high - low), 1e-6)
    return float((levels[:2].max() - low) / spread), float((levels[-2:].max() - low) / spread)


def voiced(track: npt.NDArray[np.bool_]) -> float:
    """Return the share of frames that have a pitch, (F,)."""
    return float(track.mean()) if len(track) else 0.0
