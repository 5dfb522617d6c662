"""SSML is spoken: silence exact in samples, speed, pitch and volume where they are meant, marks in their places."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints.checkpoint import Checkpoint, save
from tiedtts.errors import ConfigError, TextError
from tiedtts.export.voice import export
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.speech.onnx_renderer import OnnxRenderer
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice

RATE = 24_000
CLAUSE = "the people of the valley came down from the hills"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net whose phones are long enough to be made shorter."""
    torch.manual_seed(0)
    acoustic = AcousticNet(AcousticConfig(width=16, encoder_blocks=1, variance_blocks=1, decoder_blocks=1))
    torch.nn.init.zeros_(acoustic.variance.head.weight)
    torch.nn.init.constant_(acoustic.variance.head.bias, np.log(9.0))
    parts = {"acoustic": acoustic, "vocoder": HarmonicVocoder(VocoderConfig(width=16, blocks=1))}
    path = tmp_path_factory.mktemp("voice") / "small.safetensors"
    save(path, Checkpoint(parts, AudioSettings(), {}))
    return path


@pytest.fixture(scope="module")
def voice(checkpoint: Path) -> Voice:
    export([checkpoint], checkpoint.with_suffix(".onnx"), precision="fp32")
    return Voice.load(checkpoint.with_suffix(".onnx"))


def say(voice: Voice, inside: str, **settings: float) -> Speech:
    speech = voice.say(f"<speak>{inside}</speak>", ssml=True, **settings)  # type: ignore[arg-type]
    assert sum(speech.durations) == len(speech.samples)
    assert len(speech.durations) == len(speech.phones)
    return speech


def lengths(speech: Speech) -> list[int]:
    """Return the samples of each word."""
    return [word.phones[-1].end - word.phones[0].start for word in speech.words]


def gap(speech: Speech, word: int) -> np.ndarray:
    """Return the samples before a word."""
    start = speech.words[word].phones[0].start
    return speech.samples[speech.words[word - 1].phones[-1].end if word else 0 : start]


def test_text_without_markup_is_what_it_is_without_ssml(voice: Voice) -> None:
    text = f"Two boats. {CLAUSE}, {CLAUSE}, for $5 at 3 p.m. Was it cold?"
    assert np.array_equal(say(voice, text).samples, voice.say(text).samples)
    tags = len("<speak><s>")
    moved = tuple(
        word._replace(span=(word.span[0] - tags, word.span[1] - tags))
        for word in say(voice, f"<s>{text}</s>").words
    )
    assert moved == voice.say(text).words


@pytest.mark.parametrize(("time", "samples"), [("500ms", 12_000), ("1.2345s", 29_628), ("10ms", 240)])
@pytest.mark.parametrize("place", ["inside", "comma", "sentence", "elements"])
def test_a_break_is_exact(voice: Voice, time: str, samples: int, place: str) -> None:
    before, after = {
        "inside": ("One boat", "came in."),
        "comma": ("One boat,", "two men."),
        "sentence": ("One boat.", "Two men."),
        "elements": ("<s>One boat</s>", "<s>two men</s>"),
    }[place]
    speech = say(voice, f'{before}<break time="{time}"/>{after}')
    silent = np.flatnonzero(np.diff(np.r_[1, gap(speech, 2) != 0, 1]))
    runs = np.diff(silent)[::2]
    # What is faded to zero beside the silence adds a sample at each end.
    assert samples <= runs.max() <= samples + 2
    longer = say(voice, f'{before}<break time="{time}"/><break time="1s"/>{after}')
    assert len(longer.samples) - len(speech.samples) == RATE
    assert lengths(longer) == lengths(speech)


def test_a_break_has_no_clicks(voice: Voice) -> None:
    speech = say(voice, 'One <break time="1s"/> boat.')
    pause = gap(speech, 1)
    zero = np.flatnonzero(np.diff(np.r_[1, pause != 0, 1]))
    assert np.abs(pause[zero[0] - 3 : zero[0]]).max(initial=0) < 0.05 * np.abs(speech.samples).max()


def test_strengths_of_breaks(voice: Voice) -> None:
    base = len(say(voice, 'One<break time="1s"/>boat.').samples) - RATE
    for strength, seconds in (("x-weak", 0.1), ("weak", 0.2), ("medium", 0.4), ("strong", 0.7)):
        made = say(voice, f'One<break strength="{strength}"/>boat.')
        assert len(made.samples) - base == round(seconds * RATE)


def test_breaks_at_the_ends(voice: Voice) -> None:
    plain = voice.say("One boat.").samples
    speech = say(voice, '<break time="300ms"/>One boat.<break time="700ms"/>')
    assert len(speech.samples) == len(plain) + RATE
    assert not speech.samples[:7_200].any()
    assert not speech.samples[-16_800:].any()
    assert np.array_equal(speech.samples[7_200:-16_800], plain)


def test_a_break_is_in_place_of_the_usual_silence(voice: Voice) -> None:
    usual = len(voice.say("One boat. Two men.", pause=0).samples)
    for pause in (0.0, 0.5):
        made = say(voice, 'One boat. <break time="1s"/> Two men.', pause=pause)
        assert len(made.samples) == usual + RATE
    assert len(say(voice, "<p>One boat.</p><p>Two men.</p>", pause=0.5).samples) == usual + RATE
    assert len(say(voice, "<s>One boat</s><s>Two men.</s>", pause=0.5).samples) == usual + RATE // 2


def test_speed_holds_for_its_words_only(voice: Voice) -> None:
    plain = lengths(voice.say("Not you or him but her."))
    slow = lengths(say(voice, 'Not <prosody rate="50%">you or</prosody> him but her.'))
    assert [round(new / old, 1) for new, old in zip(slow, plain, strict=True)] == [1, 2, 2, 1, 1, 1]
    both = lengths(say(voice, 'Not <prosody rate="50%">you or</prosody> him but her.', speed=2.0))
    assert both[1:3] == plain[1:3], "the two factors are multiplied"


def test_volume_holds_for_its_words_only(voice: Voice) -> None:
    text = "Not you or him but her."
    plain = voice.say(text)
    soft = say(voice, 'Not you <prosody volume="-20dB">or him</prosody> but her.')
    ratio = [
        np.abs(soft.samples[w.phones[0].start + 500 : w.phones[-1].end - 500]).sum()
        / np.abs(plain.samples[w.phones[0].start + 500 : w.phones[-1].end - 500]).sum()
        for w in plain.words
    ]
    np.testing.assert_allclose(ratio, [1, 1, 0.1, 0.1, 1, 1], rtol=1e-4)
    start = plain.words[2].phones[0].start
    gain = soft.samples[start - 600 : start + 600] / plain.samples[start - 600 : start + 600]
    assert np.abs(np.diff(gain)).max() < 0.02, "no step"
    assert (
        not say(voice, 'Not <prosody volume="silent">you</prosody>.')
        .samples[plain.words[1].phones[0].start + 500 : plain.words[1].phones[-1].end - 500]
        .round(4)
        .any()
    )


def test_pitch_holds_for_its_words_only(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[np.ndarray] = []
    render = voice.renderer.render

    def told(sentence, **options):  # type: ignore[no-untyped-def]
        asked.append(options["shift"])
        return render(sentence, **options)

    monkeypatch.setattr(voice.renderer, "render", told)
    speech = say(voice, 'Not <prosody pitch="+3st">you</prosody> or <emphasis>him</emphasis>.', pitch=2.0)
    words = [phone.word for phone in speech.phones]
    semitones = asked[0] * 12 / np.log(2)
    for word, wanted in enumerate((2, 5, 2, 3)):
        np.testing.assert_allclose(semitones[[n == word for n in words]], wanted, rtol=1e-5)
    plain = voice.say("Not you or him.", pitch=2.0)
    assert not np.array_equal(speech.samples[: len(plain.samples)], plain.samples[: len(speech.samples)])


def test_marks(voice: Voice) -> None:
    speech = say(
        voice,
        '<mark name="a"/>One <mark name="b"/>boat<mark name="c"/><break time="1s"/><mark name="d"/> came.'
        '<mark name="e"/><break time="2s"/><mark name="f"/>Two<mark name="g"/>',
    )
    one, boat, came, two = speech.words
    places = {mark.name: mark.sample for mark in speech.marks}
    assert list(places) == list("abcdefg")
    assert places["a"] == 0
    assert places["b"] == boat.phones[0].start == one.phones[-1].end
    assert places["c"] == boat.phones[-1].end
    assert places["d"] == came.phones[0].start
    assert places["f"] - places["e"] == 2 * RATE
    assert came.phones[-1].end <= places["e"] < places["f"] <= two.phones[0].start
    assert places["g"] == two.phones[-1].end
    assert [round(mark.time_s * RATE) for mark in speech.marks] == sorted(places.values())


def test_a_long_opening_keeps_its_markup(voice: Voice) -> None:
    inside = (
        f'When it rained, <prosody rate="50%">{CLAUSE}</prosody>, <mark name="m"/>{CLAUSE},'
        f' <break time="1s"/> and <prosody rate="50%">so</prosody> <mark name="n"/>on.'
    )
    text = f"When it rained, {CLAUSE}, {CLAUSE}, and so on."
    speech, plain = say(voice, inside), voice.say(text)
    assert len(list(voice.stream(text))) == 2
    assert [word.text for word in speech.words] == [word.text for word in plain.words]
    slow = [round(new / old, 1) for new, old in zip(lengths(speech), lengths(plain), strict=True)]
    assert slow == [1] * 3 + [2] * 10 + [1] * 11 + [2, 1]
    assert [mark.sample for mark in speech.marks] == [
        speech.words[13].phones[0].start,
        speech.words[-1].phones[0].start,
    ]
    assert len(gap(speech, 23)) >= RATE


def test_checkpoints_speak_it_too(checkpoint: Path, voice: Voice) -> None:
    inside = 'Not <prosody rate="50%" pitch="+3st">you</prosody> or him.'
    speech = say(Voice.load(checkpoint), inside)
    assert speech.durations == say(voice, inside).durations


def test_voices_of_format_1_have_one_speed_a_sentence(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, np.ndarray]] = []
    renderer = voice.renderer
    assert isinstance(renderer, OnnxRenderer)
    session = renderer._session

    class Scalar:
        def run(self, outputs: object, inputs: dict[str, np.ndarray]) -> object:
            asked.append(inputs)
            count = inputs["ids"].shape[1]
            each = {name: np.full((1, count), inputs[name][0]) for name in ("speed", "shift")}
            return session.run(outputs, {"ids": inputs["ids"], **each})

    monkeypatch.setattr(renderer, "_session", Scalar())
    monkeypatch.setattr(renderer, "_each_phone", False)
    assert voice.say("Not you.", speed=1.5, pitch=12).warnings == ()
    assert [asked[0][name].tolist() for name in ("speed", "shift")] == [
        [1.5],
        [pytest.approx(np.log(2), rel=1e-6)],
    ]
    speech = say(voice, 'Not <prosody rate="50%">you</prosody>. <prosody rate="50%">Him.</prosody>')
    assert speech.warnings == (
        "this voice has one speed and one pitch a sentence: changes within one are averaged",
    )
    assert 0.5 < asked[1]["speed"][0] < 1
    twice = say(voice, 'Not <prosody rate="50%">you</prosody>. Not <prosody rate="50%">him</prosody>.')
    assert twice.warnings == speech.warnings, "told once"
    assert asked[2]["speed"].tolist() == [0.5]


def test_warnings_and_refusals(voice: Voice) -> None:
    speech = say(voice, "One <audio src='x'>boat</audio>.")
    assert [word.text for word in speech.words] == ["One", "boat"]
    assert speech.warnings == ("the SSML element `audio` is unknown, its text is read",)
    with pytest.raises(TextError, match="not well-formed in line 1"):
        voice.say("<speak>One", ssml=True)
    with pytest.raises(TextError, match="document type or an entity of its own"):
        voice.say('<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>', ssml=True)
    with pytest.raises(TextError, match="nothing to say"):
        voice.say('<speak><break time="1s"/></speak>', ssml=True)
    with pytest.raises(ConfigError, match="`ssml` must be true or false, got: yes"):
        voice.say("One.", ssml="yes")  # type: ignore[arg-type]
    assert voice.say("<speak>One.</speak>").warnings == (
        "the text looks like SSML but is read as it stands: `--ssml`, in Python `ssml=True`",
    )
