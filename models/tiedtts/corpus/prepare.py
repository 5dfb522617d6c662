"""`prepare`: recordings and their texts become a data folder that training reads."""

import contextlib
from dataclasses import replace
from pathlib import Path

from tiedtts import cluster, locking
from tiedtts.audio import mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.choices import DENOISING, HELD_OUT, LEAVE_OUT, LOCAL
from tiedtts.corpus import data_folder, filling, provenance, readers, speakers
from tiedtts.corpus import decisions as deciding
from tiedtts.corpus import language as languages
from tiedtts.corpus.aligners import Aligner, HmmAligner, Progress
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.report import Report
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath, optional
from tiedtts.processes import cores
from tiedtts.quoting import printable
from tiedtts.text.pronounce import user_lexicon


def prepare(
    source: StrPath,
    data: StrPath,
    *,
    format: str = "auto",
    speaker: str | None = None,
    language: str | None = None,
    workers: int | None = None,
    holdout: float = 0.05,
    settings: AudioSettings | None = None,
    lexicon: StrPath | None = None,
    seed: int = 0,
    licence: str | None = None,
    aligner: Aligner | None = None,
    ear: Ear | None = None,
    leave_out: str = "clear",
    decisions: StrPath | None = None,
    denoise: float = 0.0,
    overwrite: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Report:
    """Check a corpus, compute features and alignments, and write the data folder.

    Can be stopped at any moment and run again: what is done is kept, and what changed is done anew.

    Args:
        source: The corpus, see `readers.read`.
        data: Folder to write; made if missing.
        format: Format of the corpus, or `auto`.
        speaker: Whose recordings are taken, where the corpus names several; see `speakers.of`.
        language: `en` takes the texts for English whatever they look like.
        workers: Number of processes; one for every core by default.
        holdout: Share of the prompts, 0 to 0.5, whose recordings are kept from training.
        settings: Rate, frames and pitch range; the defaults if not given.
        lexicon: A user lexicon.
        seed: Seed of the choice of what is held out.
        licence: Licence of the recordings; by default what a licence file in it, or its teacher, names.
        aligner: Aligns the recordings; by default models are trained on them, see `alignment.align`.
        ear: Recogniser that listens to the recordings, see `suspects`; without it words are not compared.
        leave_out: Suspects that are left out: `none`, the `clear` ones, or `all`.
        decisions: File of recordings that stay or do not, whatever is found, see `decisions.read`.
        denoise: By how much steady noise is taken down, dB, see `tiedtts.audio.denoising`.
        overwrite: Replace what `data` has of another corpus.
        engine: `local`, or a Ray cluster, `ray` or `ray:ADDRESS`, whose nodes compute the features.
        progress: Told the share done, 0 to 1, and what goes on.

    Raises:
        ConfigError: An option does not fit, there is no such engine or cluster, or the settings have too
            many mel bands for their window.
        ImportError: A package of the extra `train` is not installed.
        FolderError: `data` has another corpus, or another run writes to it.
        CorpusError: The corpus cannot be read, nothing in it can be used, or `data` holds other things.
        TextError: The lexicon cannot be read.
    """
    source = Path(source)
    data = Path(data)
    lexicon = optional(lexicon)
    if not HELD_OUT[0] <= holdout <= HELD_OUT[1]:
        raise ConfigError(f"`holdout` must be in [{HELD_OUT[0]:g}, {HELD_OUT[1]:g}], got: {holdout}")
    if workers is not None and workers < 1:
        raise ConfigError(f"`workers` must be at least 1, got: {workers}")
    if leave_out not in LEAVE_OUT:
        raise ConfigError(f"`leave_out` must be one of {', '.join(LEAVE_OUT)}, got: {leave_out}")
    if not DENOISING[0] <= denoise <= DENOISING[1]:
        raise ConfigError(f"`denoise` must be 0 to {DENOISING[1]:g} dB, got: {denoise:g}")

    def tell(share: float, message: str) -> None:
        if progress is not None:
            # Rounded, so that where one part ends and the next begins it never steps back.
            progress(round(share, 6), message)

    if lexicon is not None:
        user_lexicon.read(lexicon)
    # First of all: a corpus that is not finished has no list of its recordings either.
    teacher = provenance.of_finished(source)
    recordings, notes = readers.read(source, format)
    recordings = speakers.of(recordings, speaker)
    if language is None:
        languages.check(recordings)
    elif not language.casefold().startswith("en"):
        raise ConfigError(f"`language` must be `en`, got: {language}", hint="TiedTTS reads English only")
    notes = {note: [printable(name) for name in names] for note, names in notes.items()}
    job = filling.Job(
        source=source,
        data=data,
        language=language,
        title=source.resolve().name,
        workers=workers or cores(),
        holdout=holdout,
        audio=AudioSettings() if settings is None else settings,
        lexicon=lexicon,
        seed=seed,
        licence=licence,
        teacher=teacher,
        aligner=HmmAligner(data) if aligner is None else aligner,
        ear=ear,
        leave_out=leave_out,
        decisions={} if decisions is None else deciding.read(Path(decisions)),
        denoise=denoise,
        tell=tell,
    )
    # Settings that do not fit and a package that is missing show here, not in every recording.
    mel.filterbank(job.audio)
    place = cluster.address(engine)
    with contextlib.ExitStack() as stack:
        if place is not None:
            from tiedtts.corpus.cluster_extraction import ClusterExtraction

            nodes = stack.enter_context(cluster.joined(place, workers))
            job = replace(job, elsewhere=ClusterExtraction(nodes))
        data_folder.make(data)
        stack.enter_context(locking.hold(data, deep=True))
        if not overwrite:
            data_folder.check_corpus(data, job.title, recordings)
        return filling.fill(job, recordings, notes)
