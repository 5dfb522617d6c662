"""Several voices in one text: each sentence is made by the voice that is asked for, at one sampling rate."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import VoiceError
from tiedtts.settings import Settings
from tiedtts.speech import ensemble, timestamps
from tiedtts.speech.ensemble import Ensemble
from tiedtts.speech.renderer import Factors, Rendering
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice
from tiedtts.text.frontend import FrontEnd, Sentence

LEVELS = {"main": 0.1, "nora": 0.2, "felix": 0.3, "slow": 0.4}
FRONT_END = FrontEnd()


class Steady:
    """Makes the same sample again and again, by which it is known."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.audio = (
            AudioSettings() if name != "slow" else replace(AudioSettings(), sample_rate=22_050, f_max=8000.0)
        )
        self.said: list[str] = []

    def render(self, sentence: Sentence, *, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        self.said.append(sentence.text)
        durations = np.full(len(sentence.phones), 4, np.int64)
        size = int(durations.sum()) * self.audio.hop
        return Rendering(np.full(size, LEVELS[self.name], np.float32), durations)


def load(name: str) -> Steady:
    if name not in LEVELS:
        raise VoiceError(f"no such voice: {name}")
    return Steady(name)


@pytest.fixture
def voice() -> Voice:
    main = Steady("main")
    return Voice(main, FRONT_END, Ensemble(main, load, lambda: ["nora", "felix", "slow"]))


def who(speech: Speech) -> list[tuple[str, str]]:
    """Return which voice is heard in each sentence, and the sentence."""
    names = {level: name for name, level in LEVELS.items()}
    found = []
    for sentence in speech.sentences:
        word = sentence.words[0].phones
        level = float(speech.samples[(word[0].start + word[-1].end) // 2])
        found.append((names[round(level, 2)], sentence.text))
    return found


def test_a_script(voice: Voice) -> None:
    text = "Night.\nALICE: Who is there?\nBOB: Me.\n\nShe opens."
    speech = voice.say(text, cast={"ALICE": "nora", "Bob": "felix"})
    assert who(speech) == [
        *(("main", "Night."), ("nora", "Who is there?"), ("felix", "Me."), ("main", "She opens."))
    ]
    assert [sentence.speaker for sentence in speech.sentences] == ["", "ALICE", "Bob", ""]
    assert [text[slice(*word.span)] for word in speech.words] == [
        *("Night", "Who", "is", "there", "Me", "She", "opens")
    ]
    assert sum(speech.durations) == len(speech.samples)


def test_narrator_and_default(voice: Voice) -> None:
    text = "Night.\nALICE: Hello.\nCARL: Hi."
    assert who(voice.say(text, cast="ALICE=nora, narrator=felix, default=main")) == [
        *(("felix", "Night."), ("nora", "Hello."), ("main", "Hi."))
    ]
    assert who(voice.say("Night. Day.", cast="narrator=felix")) == [("felix", "Night."), ("felix", "Day.")]
    assert who(voice.say(text, cast="default=felix"))[0] == ("felix", "Night.")
    assert who(voice.say("<speak>Night.</speak>", ssml=True, cast="narrator=nora")) == [("nora", "Night.")]


def test_a_sentence_goes_on_with_another_voice(voice: Voice) -> None:
    speech = voice.say('"Come in," she said.', cast="quotes=nora")
    assert who(speech) == [("nora", '"Come in,"'), ("main", "she said.")]
    assert [phone.symbol for phone in speech.phones if phone.symbol in ",.?!"] == [",", "."]
    ends = [sentence.words[-1].phones[-1].end for sentence in speech.sentences]
    starts = [sentence.words[0].phones[0].start for sentence in speech.sentences]
    frames = 8 * voice.audio.hop
    assert starts[1] - ends[0] == frames + round(0.4 * 0.25 * voice.sample_rate)


def test_ssml(voice: Voice) -> None:
    text = "<speak>One <voice name='felix'>two <voice name='x'>three</voice></voice> four.</speak>"
    speech = voice.say(text, ssml=True)
    assert who(speech) == [("main", "One"), ("felix", "two three"), ("main", "four.")]
    assert speech.warnings == ("there is no voice named `x`, the voice before goes on",)
    for attributes, expected in (
        ("name='x nora'", "nora"),
        ("name='NORA'", "nora"),
        ("name='Lady M'", "felix"),
        ("gender='male'", "felix"),
        ("gender='female'", "nora"),
        ("name='main'", "main"),
        ("gender='neutral'", "main"),
        ("languages='en'", "main"),
    ):
        text = f"<speak><voice {attributes}>One.</voice></speak>"
        assert who(voice.say(text, ssml=True, cast={"Lady M": "felix"})) == [(expected, "One.")], attributes


def test_a_pause_between_voices_is_exact(voice: Voice) -> None:
    text = "<speak><voice name='felix'>One.</voice><break time='1s'/>two</speak>"
    for speech in (
        voice.say(text, ssml=True),
        voice.say("[voice felix]One.[/voice] [pause 1s] two", marks=True),
    ):
        first, second = speech.sentences
        frames = 8 * voice.audio.hop
        gap = second.words[0].phones[0].start - first.words[-1].phones[-1].end
        assert gap == frames + voice.sample_rate


def test_another_sampling_rate(voice: Voice) -> None:
    speech = voice.say("A: One two.\nB: Three.", cast="A=slow, B=nora")
    assert who(speech) == [("slow", "One two."), ("nora", "Three.")]
    assert sum(speech.durations) == len(speech.samples)
    first = speech.sentences[0]
    assert first.end_s - first.start_s == pytest.approx(4 * 256 * 5 / 22_050, abs=0.001)
    samples, lengths = ensemble.resampled(np.zeros(100, np.float32), np.array([60, 40]), 100, 100)
    assert (len(samples), lengths.tolist()) == (100, [60, 40])


def test_who_speaks_is_in_the_timestamps(voice: Voice) -> None:
    speech = voice.say("Night.\nA: One.", cast={"A": "nora"})
    assert '"speaker": "A"' in timestamps.encode(speech, "json").decode()
    assert "<v A>One.\n" in timestamps.encode(speech, "vtt").decode()
    assert "<v" not in timestamps.encode(speech, "srt").decode()


def test_subtitles_and_documents(voice: Voice) -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:05.000\n<v Alice>One.</v> <v Bob>Two.</v>\n\n00:06.000 --> 00:09.000\nBOB: Three [pause 1s] four [music]\n"
    speech = voice.say(text, markup="subtitles", cast="Alice=nora, Bob=felix", marks=True)
    assert who(speech) == [("nora", "One."), ("felix", "Two."), ("felix", "Three four")]
    assert [cue.text for cue in speech.cues] == ["One. Two.", "BOB: Three [pause 1s] four [music]"]
    assert speech.warnings == ("left out 1 sound in brackets",)
    page = "<h1>Play</h1><p>A: One.<br>B: Two."
    assert [name for name, _ in who(voice.say(page, markup="html", cast="A=nora, B=felix"))] == [
        *("main", "nora", "felix")
    ]


def test_in_pieces(voice: Voice) -> None:
    text = 'A: One.\nB: Two.\n\nThen "three," he said.'
    whole = voice.say(text, cast="A=nora, B=felix, quotes=felix")
    parts = list(voice.stream([text[:3], text[3:20], text[20:]], cast="A=nora, B=felix, quotes=felix"))
    assert np.array_equal(np.concatenate([part.samples for part in parts]), whole.samples)


def test_a_voice_that_there_is_not(voice: Voice) -> None:
    with pytest.raises(VoiceError, match="no such voice: nobody"):
        voice.say("A: One.", cast={"A": "nobody"})
    with pytest.raises(VoiceError, match="no such voice: nobody"):
        ensemble.check(Settings(cast={"A": "nobody"}))
    with pytest.raises(VoiceError, match=r"no such file: x\.safetensors"):
        ensemble.check(Settings(cast={"A": "x.safetensors"}))
    ensemble.check(Settings(cast={"A": "clara"}))


def test_each_voice_is_loaded_once() -> None:
    asked: list[str] = []

    def counted(name: str) -> Steady:
        asked.append(name)
        return load(name)

    main = Steady("main")
    voice = Voice(main, FRONT_END, Ensemble(main, counted, lambda: ["nora"]))
    for _ in range(2):
        voice.say("A: One.\nB: Two.\nA: Three.", cast="A=nora, B=main")
    assert asked == ["nora"]
