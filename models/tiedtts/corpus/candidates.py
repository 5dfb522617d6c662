"""Candidates: recordings of a corpus with their phones and features, as far as they pass every check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiedtts import schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks, extraction
from tiedtts.corpus.extraction import Elsewhere, Finding
from tiedtts.corpus.recordings import Recording
from tiedtts.corpus.transcripts import Transcriber, Transcript
from tiedtts.quoting import printable


@dataclass(frozen=True)
class Candidate:
    """A recording that can be aligned."""

    recording: Recording
    transcript: Transcript
    finding: Finding


def collect(
    recordings: Sequence[Recording],
    data: Path,
    settings: AudioSettings,
    *,
    lexicon: Path | None,
    denoise: float,
    workers: int,
    elsewhere: Elsewhere | None = None,
    progress: Callable[[float, str], None],
) -> tuple[list[Candidate], dict[str, list[str]]]:
    """Transcribe texts, compute features, and return what can be aligned, and the ids of the rest by reason.

    Args:
        recordings: All that the corpus lists.
        data: The data folder.
        settings: Rate, frames and pitch range.
        lexicon: A user lexicon.
        denoise: By how much steady noise is taken down, dB.
        workers: Number of processes.
        elsewhere: Computes features in place of processes of this machine.
        progress: Told the share done and what goes on.
    """
    rejected: dict[str, list[str]] = {}

    def reject(recording: Recording, reason: str) -> None:
        rejected.setdefault(reason, []).append(printable(recording.id))

    transcribe = Transcriber(lexicon)
    seen: set[str] = set()
    texts = []
    for number, recording in enumerate(recordings):
        if number % 100 == 0:
            progress(0.07 * number / len(recordings), f"text {number + 1} of {len(recordings)}")
        reason = _unfit(recording)
        transcript = Transcript() if reason else transcribe(recording.text)
        reason = checks.DUPLICATE if recording.id in seen else reason or transcript.rejected
        seen.add(recording.id)
        if reason is None:
            texts.append((recording, transcript))
        else:
            reject(recording, reason)
    findings = extraction.extract_all(
        [(recording.id, recording.audio) for recording, _ in texts],
        data,
        settings,
        denoise=denoise,
        workers=workers,
        elsewhere=elsewhere,
        progress=lambda share, message: progress(0.07 + 0.93 * share, message),
    )
    candidates = []
    for (recording, transcript), finding in zip(texts, findings, strict=True):
        speech = sum(phone.is_speech for phone in transcript.phones)
        reason = finding.rejected or checks.speaking_rate(speech, finding.speech)
        if reason is None:
            candidates.append(Candidate(recording, transcript, finding))
        else:
            reject(recording, reason)
    return candidates, rejected


def _unfit(recording: Recording) -> str | None:
    """Return why what a corpus says of a recording cannot be kept, if so."""
    fields = (recording.id, recording.text, recording.prompt, recording.audio.as_posix())
    if not all(map(schema.is_text, fields)):
        return checks.HALF
    return checks.LONG_TEXT if len(recording.text) > checks.MOST_CHARACTERS else None
