"""Judging: which recogniser counts the wrong phones of a voice, and whether it hears well enough to do so."""

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tiedtts.audio.settings import AudioSettings
from tiedtts.choices import PARTS
from tiedtts.errors import CheckpointError
from tiedtts.measure import listener
from tiedtts.measure.listener import Listener, PhoneErrorRate

RELIABLE = 0.3
"""Largest share of the recordings' own phones that a judge may hear wrongly. One that does not understand
people either hears a voice as badly, and the ratio of both says nothing."""
GIVEN, RUN, PACKAGE = "the given recogniser", "the run's own recogniser", "the package's recogniser"
"""Names of judges."""
FILE = f"{PARTS[0]}.safetensors"

Counts = tuple[float, float]
"""Phones heard wrongly, and phones said."""


@dataclass
class Judge:
    """A recogniser, and what it has heard."""

    name: str
    ear: Listener
    voice: list[Counts] = field(default_factory=list)
    """Errors in what the voice says, of each text."""
    recordings: list[Counts] = field(default_factory=list)
    """Errors in recordings of the same texts; means where there are several."""

    def verdict(self) -> PhoneErrorRate:
        """Return the rates of errors; without a ratio if it hears too many wrong in the recordings."""
        return listener.phone_error_rate(self.voice, self.recordings, self.name, RELIABLE)


def of_run(voice: str | Path) -> Path | None:
    """Return the recogniser that was trained in the run whose folder a voice or a checkpoint stands in."""
    path = Path(voice)
    folders = [path.parent, *([path.parent.parent] if path.parent.name in PARTS else [])]
    if not path.is_file():
        return None
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def candidates(given: Path | None, run: Path | None, settings: AudioSettings) -> list[Judge]:
    """Return the recognisers that understand features of these settings, the preferred one first.

    Args:
        given: Checkpoint that is to judge, and no other.
        run: Checkpoint of the run of a voice, which knows the speaker.
        settings: Settings of the recordings.

    Raises:
        CheckpointError: A checkpoint cannot be read, or the given one needs other features.
    """
    if given is not None:
        ear = Listener.load(given)
        if not ear.understands(settings):
            raise CheckpointError(
                f"the recogniser of {given} was trained on other audio settings than the data folder's",
                hint="train one on this folder: `tiedtts train DATA --part aligner`",
            )
        return [Judge(GIVEN, ear)]
    judges: list[Judge] = []
    for name, path in ((RUN, run), (PACKAGE, listener.SHIPPED)):
        # Nobody has asked for it by name: one that writes letters, or is damaged, is passed over.
        with contextlib.suppress(CheckpointError):
            if path is not None and path.is_file():
                judges.append(Judge(name, Listener.load(path)))
    return [judge for judge in judges if judge.ear.understands(settings)]


def decide(judges: Sequence[Judge]) -> PhoneErrorRate | None:
    """Return the verdict of the first judge that is reliable, else of the first; None without any."""
    verdicts = [judge.verdict() for judge in judges if judge.voice]
    for place, verdict in enumerate(verdicts):
        if verdict.reliable:
            passed_over = {before.judge: before.natural for before in verdicts[:place]}
            return dataclasses.replace(verdict, passed_over=passed_over)
    return verdicts[0] if verdicts else None
