"""Speakers of a corpus: a voice is made of one of them."""

from collections import Counter
from collections.abc import Sequence

from tiedtts.corpus.recordings import Recording
from tiedtts.errors import CorpusError
from tiedtts.quoting import LONGEST_QUOTE, quoted

ALL = "all"
"""Name that stands for every speaker."""
_SHOWN = 5
_BEGINNING = 16


def of(recordings: Sequence[Recording], speaker: str | None) -> list[Recording]:
    """Return the recordings of one speaker.

    Args:
        recordings: All that the corpus lists.
        speaker: The speaker's name, or its beginning; `all` takes every recording. Not needed where
            there is one speaker only.

    Raises:
        CorpusError: There are several, or none of this name.
    """
    counts = Counter(each.speaker for each in recordings if each.speaker)
    if speaker == ALL or (speaker is None and len(counts) < 2):
        return list(recordings)
    most = ", ".join(f"{_short(name)} ({count})" for name, count in counts.most_common(_SHOWN))
    listed = most + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")
    if speaker is None:
        raise CorpusError(
            f"the corpus has recordings of {len(counts)} speakers: {listed}",
            hint=f"a voice is made of one: `--speaker {_short(counts.most_common(1)[0][0])}`, "
            "or `--speaker all` if these are no speakers",
        )
    names = [speaker] if speaker in counts else [name for name in counts if name.startswith(speaker)]
    chosen = [each for each in recordings if each.speaker in names]
    if len(names) > 1:
        raise CorpusError(f"several speakers are {quoted(speaker)}: {', '.join(map(_short, names[:_SHOWN]))}")
    if not chosen:
        known = f"the corpus has {listed}" if counts else "the corpus does not say who speaks"
        raise CorpusError(f"no recordings of the speaker {quoted(speaker)}", hint=known)
    return chosen


def _short(name: str) -> str:
    """Return enough of a name to tell it from others; Common Voice has 128 characters."""
    return name if len(name) <= LONGEST_QUOTE else name[:_BEGINNING]
