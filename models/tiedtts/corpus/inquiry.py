"""The inquiry into recordings: they are listened to and judged, unless an earlier run has done so."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tiedtts import documents, schema
from tiedtts.corpus import listening, shifts, suspects, twins
from tiedtts.corpus.alignment import Alignment
from tiedtts.corpus.candidates import Candidate
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import FEATURES
from tiedtts.corpus.report import REPORT_JSON
from tiedtts.corpus.suspects import Case, Judgement
from tiedtts.errors import ConfigError

Heard = Sequence[Sequence[str]]
Progress = Callable[[float, str], None]


def listen(
    found: Sequence[Candidate], data: Path, rate: int, ear: Ear, *, workers: int, progress: Progress
) -> Heard:
    """Return what a recogniser hears in each recording.

    Args:
        found: The recordings.
        data: The data folder.
        rate: Its sampling rate, Hz.
        ear: The recogniser.
        workers: Recordings that are listened to at once.
        progress: Told the share done and what goes on.

    Raises:
        CorpusError: The texts belong to other recordings, each to the one before or after, or features are
            damaged.
    """
    heard = listening.listen(
        data, [each.finding.features for each in found], rate, ear, workers=workers, progress=progress
    )
    symbols = [[phone.symbol for phone in each.transcript.phones] for each in found]
    shifts.check([each.recording.id for each in found], symbols, heard)
    return heard


def key(alignment: str, ear: Ear | None) -> str:
    """Return a digest that changes when recordings must be judged anew.

    Args:
        alignment: Digest of the recordings and their alignment.
        ear: The recogniser, if there is one.
    """
    versions = [suspects.SUSPECTS_VERSION, alignment, "" if ear is None else ear.key]
    return hashlib.sha256(json.dumps(versions).encode()).hexdigest()


def judge(
    kept: Sequence[Candidate],
    aligned: Sequence[Alignment],
    heard: Heard | None,
    data: Path,
    rate: int,
    key: str,
) -> Judgement:
    """Judge the recordings that are aligned.

    Args:
        kept: The recordings.
        aligned: Their alignments.
        heard: What is heard in each, if anybody has listened.
        data: The data folder.
        rate: Its sampling rate, Hz.
        key: Digest of all that.
    """
    known = _known(data, key)
    if known is not None:
        return known
    cases = []
    for number, (candidate, alignment) in enumerate(zip(kept, aligned, strict=True)):
        features = Features.load(data / FEATURES / candidate.finding.features)
        cases.append(
            Case(
                id=candidate.recording.id,
                text=candidate.recording.text,
                prompt=candidate.recording.prompt,
                phones=alignment.phones,
                durations=alignment.durations,
                words=candidate.transcript.words,
                score=alignment.score,
                speech=candidate.finding.speech,
                voiced=suspects.voiced(features.voiced),
                edges=suspects.edges(features.samples, rate),
                sound=twins.fingerprint(features.mel),
                heard=None if heard is None else tuple(heard[number]),
            )
        )
    return suspects.judge(cases, key=key)


def _known(data: Path, key: str) -> Judgement | None:
    """Return the judgement of an earlier run over the same recordings."""
    try:
        values = documents.from_json((data / REPORT_JSON).read_bytes(), "the report")
        known = schema.build(Judgement, values["judgement"], "the judgement")
    # A judgement only saves time: a damaged one costs nothing but that.
    except (OSError, ConfigError, KeyError, TypeError):
        return None
    return known if known.key == key else None
