"""One sentence as sound: in the speed, melody and loudness asked for, with the silence in it and after it."""

import numpy as np

from tiedtts.audio import loudness
from tiedtts.choices import SEMITONES, SPEEDS
from tiedtts.errors import VoiceError
from tiedtts.settings import Settings
from tiedtts.speech import pauses, timing
from tiedtts.speech.ensemble import resampled
from tiedtts.speech.renderer import Renderer
from tiedtts.speech.speech import Speech
from tiedtts.speech.timing import Mark
from tiedtts.text.frontend import Sentence


def make(
    sentence: Sentence,
    renderer: Renderer,
    settings: Settings,
    *,
    sample_rate: int,
    number: int,
    pause: float,
    warnings: tuple[str, ...] = (),
) -> Speech:
    """Let a voice say one sentence.

    Args:
        sentence: Its phones, and what a text asks of them.
        renderer: The voice that says it.
        settings: How to say it.
        sample_rate: Rate of the samples, Hz, which may be another than the voice's own.
        number: Place of the sentence in its text: each has noise of its own.
        pause: Silence after it, seconds.
        warnings: What is told of the text with it.

    Raises:
        VoiceError: The voice is damaged.
        ConfigError: A setting is no number.
    """
    count, prosody = len(sentence.phones), sentence.prosody
    speed = np.full(count, settings.speed, np.float32)
    pitch = np.full(count, settings.pitch, np.float32)
    if prosody is not None:
        speed = np.clip(speed * np.asarray(prosody.speed, np.float32), *SPEEDS)
        pitch = np.clip(pitch + np.asarray(prosody.pitch, np.float32), *SEMITONES)
    shift = pitch * np.float32(np.log(2) / 12)
    # What is no number is refused below, once, with words of our own.
    with np.errstate(all="ignore"):
        made = renderer.render(sentence, speed=speed, shift=shift, seed=[int(settings.seed), number])
    durations = made.durations * renderer.audio.hop
    samples = made.samples[: int(durations.sum())]
    if not np.isfinite(samples).all():
        raise VoiceError(
            f"the voice {renderer.name} is damaged: samples of its sound are not numbers",
            hint="take an earlier checkpoint, or make the voice again with `tiedtts export`",
        )
    samples, durations = resampled(samples, durations, renderer.audio.sample_rate, sample_rate)
    pauses.fade(samples, int(pauses.FADE * sample_rate))
    # Louder than there is room for: the sentence is turned down rather than clipped.
    samples *= min(1.0, loudness.CEILING / max(float(np.abs(samples).max(initial=0.0)), 1e-9))
    samples, lengths = pauses.with_breaks(samples, durations, sentence.phones, speed, settings, sample_rate)
    marks: tuple[Mark, ...] = ()
    volume = float(settings.volume)
    if prosody is not None:
        if any(prosody.volume) or volume:
            curve = loudness.curve(
                np.asarray(prosody.volume) + volume, lengths, int(2 * pauses.FADE * sample_rate)
            )
            samples = loudness.amplify(samples, curve, sample_rate)
        samples, lengths, marks = pauses.with_silence(samples, lengths, prosody, sample_rate)
    elif volume:
        samples = loudness.amplify(samples, 10 ** (volume / 20), sample_rate)
    silence = round(pause * sample_rate)
    ends: list[int] = lengths.tolist()
    ends[-1] += silence
    return Speech(
        np.concatenate([samples, np.zeros(silence, np.float32)]),
        sample_rate,
        sentence.text,
        sentence.phones,
        tuple(ends),
        (*warnings, *made.warnings),
        sentences=timing.sentence(sentence, ends, sample_rate),
        marks=marks,
    )
