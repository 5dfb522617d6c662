"""`tiedtts synth`: text becomes speech."""

from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts_cli import caches, synth_checks, talk
from tiedtts_cli.options import takes
from tiedtts_cli.synth_arguments import STDIO, Arguments

if TYPE_CHECKING:
    from tiedtts.audio.encoding import Encoding


@takes(Arguments)
def synth(given: Arguments) -> None:
    """Say a text.

    \b
    tiedtts synth "Hello there." -o hello.wav
    tiedtts synth -i lines.txt -d spoken      lines may be `id|text`
    """  # noqa: D301
    synth_checks.check(given)
    times = synth_checks.timestamps_file(given)
    encoding = _encoding(given)
    if _is_there(given, times):
        if not given.quiet:
            talk.note(f"{given.output} is there already")
        return
    settings = synth_checks.settings(given)
    if settings.cast:
        from tiedtts.speech import ensemble

        ensemble.check(settings)
    if not given.quiet and synth_checks.is_file_name(given.spoken or []):
        talk.warning(f"`{given.text}` is read as it stands; to say what is in the file: -i {given.text}")
    from tiedtts.batch.job import BatchSpec
    from tiedtts.speech.library import CHECKPOINT, DEFAULT

    voice = DEFAULT if given.voice is None else given.voice
    if given.vocoder is not None or voice.endswith(CHECKPOINT):
        # These need libraries that keep caches.
        caches.redirect()
    spec = BatchSpec(
        voice=voice,
        lexicon=tuple(map(str, given.lexicon or ())),
        vocoder=given.vocoder,
        encoding=encoding.told_by(Path(voice).stem),
        timestamps=given.timestamps,
    )
    if given.folder is None:
        from tiedtts_cli import synth_whole

        synth_whole.speak(given, spec, settings, times)
    else:
        from tiedtts_cli import synth_batch

        synth_batch.speak(given, given.folder, spec, settings)


def _encoding(given: Arguments) -> "Encoding":
    """Return how the sound is written, after a look at where it goes."""
    from tiedtts.audio import encoding

    suffix = None if given.file_format is None else encoding.of_name(given.file_format)
    if given.output is not None and given.output != STDIO:
        from tiedtts.audio import files

        files.check_target(given.output)
        suffix = suffix or encoding.of_path(given.output)
    made = encoding.Encoding(
        suffix=suffix or ".wav",
        subtype=given.subtype,
        sample_rate=given.sample_rate,
        lufs=given.normalize,
    )
    if given.normalize is not None:
        from tiedtts.audio import leveling

        leveling.check()
    from tiedtts import remote

    if given.folder is not None and remote.url(given.folder) is None:
        from tiedtts.batch import folder

        folder.check(given.folder)
    return made


def _is_there(given: Arguments, times: Path | None) -> bool:
    """Tell whether there is nothing to do, because a whole file is there."""
    if not given.skip_existing or given.output in (None, STDIO):
        return False
    from tiedtts.audio import wholeness

    return wholeness.is_there(given.output, times)
