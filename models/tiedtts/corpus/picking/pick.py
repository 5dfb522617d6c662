"""`distil --pick`: the texts that cover sounds and ways of speaking best."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tiedtts import storage
from tiedtts.corpus import checks
from tiedtts.corpus.picking import kinds, units
from tiedtts.corpus.picking.cover import cover
from tiedtts.corpus.picking.coverage import Coverage, measure
from tiedtts.corpus.transcripts import Transcriber, Transcript
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.paths import StrPath, optional

MOST_PHONES = 200
"""Speech sounds in a text; more take longer than a clip may."""

_GUESSED = 2.0
"""How much more a text costs in which the pronunciation of a word is only guessed."""


@dataclass(frozen=True)
class Picked:
    """Texts that were chosen."""

    indices: Sequence[int]
    """Places in the list of all texts, in its order."""
    coverage: Coverage


def pick(
    texts: Sequence[str],
    count: int,
    *,
    mix: Mapping[str, float] | None = None,
    lexicon: StrPath | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Picked:
    """Choose texts; the same list gives the same choice.

    Args:
        texts: All texts; of equal ones the first counts.
        count: Number of texts to choose; all of them if there are fewer.
        mix: Share of each kind, `kinds.MIX` by default.
        lexicon: A user lexicon.
        progress: Told the share done, 0 to 1, and what goes on.

    Raises:
        ConfigError: An option does not fit.
        CorpusError: None of the texts can be read out.
        TextError: The lexicon cannot be read.
    """
    lexicon = optional(lexicon)
    if count < 1:
        raise ConfigError(f"`count` must be at least 1, got: {count}")
    mix = kinds.MIX if mix is None else mix
    kinds.check(mix)
    transcribe = Transcriber(lexicon)
    fit: list[tuple[int, Transcript]] = []
    seen: set[str] = set()
    repeated = 0
    for index, text in enumerate(texts):
        if progress is not None and index % 100 == 0:
            progress(0.9 * index / len(texts), f"reading text {index + 1} of {len(texts)}")
        if text in seen:
            repeated += 1
            continue
        seen.add(text)
        if len(text) <= checks.MOST_CHARACTERS and _is_fit(transcript := transcribe(text)):
            fit.append((index, transcript))
    if not fit:
        raise CorpusError(
            f"none of {len(texts)} texts can be read out", hint="is it a list with a text a line?"
        )
    if progress is not None:
        progress(0.9, f"choosing {count} of {len(fit)} texts")
    found = units.collect([transcript.phones for _, transcript in fit])
    groups = [kinds.kind_of(texts[index]) for index, _ in fit]
    # Between the most for a text, which long ones have, and the most for its length, which short ones have.
    sizes = [
        len(transcript.phones) ** 0.5 * (_GUESSED if transcript.guessed else 1.0) for _, transcript in fit
    ]
    taken = cover(found, sizes, groups, kinds.quotas(count, Counter(groups), mix))
    coverage = measure(found, taken, groups, kinds.MIX, len(texts) - repeated - len(fit))
    if progress is not None:
        progress(1.0, "chosen")
    return Picked(sorted(fit[place][0] for place in taken), coverage)


def pick_into(
    texts: Iterable[tuple[str | None, str]],
    output: StrPath,
    count: int,
    *,
    mix: Mapping[str, float] | None = None,
    lexicon: StrPath | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Coverage:
    """Choose texts and write them to a list, a line each: `text`, or `id|text` where one has a name.

    Args:
        texts: Name, or None, and text of each.
        output: The list.
        count: The same as for `pick`.
        mix: The same as for `pick`.
        lexicon: The same as for `pick`.
        progress: The same as for `pick`.

    Raises:
        ConfigError: The same as for `pick`.
        CorpusError: The same as for `pick`.
        TextError: The same as for `pick`.
        OutputError: The list cannot be written.
    """
    storage.check_writable(output)
    rows = list(texts)
    picked = pick([text for _, text in rows], count, mix=mix, lexicon=lexicon, progress=progress)
    lines = []
    for index in picked.indices:
        name, text = rows[index]
        # Without a name of its own, what stands before a bar would be taken for one.
        lines.append(f"{name}|{text}\n" if name is not None else f"{text.replace('|', ' ')}\n")
    storage.write_bytes(output, "".join(lines).encode())
    return picked.coverage


def _is_fit(transcript: Transcript) -> bool:
    speech = sum(phone.is_speech for phone in transcript.phones)
    return transcript.rejected is None and not transcript.notes and speech <= MOST_PHONES
