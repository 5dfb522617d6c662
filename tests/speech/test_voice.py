"""Voices speak: what goes in, what comes out, and what is refused."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tiedtts.audio.loudness import CEILING
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints.checkpoint import Checkpoint, save
from tiedtts.errors import ConfigError, TextError, VoiceError
from tiedtts.export.voice import export
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.settings import SENTENCE_PAUSE
from tiedtts.speech.library import find, list_voices
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice
from tiedtts.text.aligned import AlignedText
from tiedtts.text.frontend import LeftOut, Reading
from tiedtts.text.growing import Whole


@pytest.fixture(scope="module")
def voice_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    acoustic = AcousticNet(AcousticConfig(width=16, encoder_blocks=1, variance_blocks=1, decoder_blocks=1))
    torch.nn.init.constant_(acoustic.variance.head.bias, 2.0)
    parts = {"acoustic": acoustic, "vocoder": HarmonicVocoder(VocoderConfig(width=16, blocks=1))}
    folder = tmp_path_factory.mktemp("voice")
    save(folder / "small.safetensors", Checkpoint(parts, AudioSettings(), {}))
    export([folder / "small.safetensors"], folder / "small.onnx")
    return folder / "small.onnx"


@pytest.fixture(scope="module")
def voice(voice_file: Path) -> Voice:
    return Voice.load(voice_file)


def test_speech_is_complete(voice: Voice) -> None:
    speech = voice.say("Two boats, one harbour. Was it cold?")
    assert speech.sample_rate == voice.sample_rate == 24_000
    assert speech.samples.dtype == np.float32
    assert len(speech.phones) == len(speech.durations)
    assert sum(speech.durations) == len(speech.samples)
    assert speech.seconds == len(speech.samples) / 24_000
    assert np.isfinite(speech.samples).all()
    assert 0 < np.abs(speech.samples).max() <= 0.981
    assert speech.warnings == ()


def test_same_text_same_samples(voice: Voice, voice_file: Path) -> None:
    first = voice.say("A quiet morning.").samples
    assert (voice.say("A quiet morning.").samples == first).all()
    assert (Voice.load(voice_file).say("A quiet morning.").samples == first).all()
    assert not np.array_equal(voice.say("A quiet morning.", seed=1).samples, first)


def test_a_stream_reads_no_further_than_it_must(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    reading = voice.front_end._reading

    def told(written: AlignedText, left_out: LeftOut) -> Reading:
        read.append(written.text)
        return reading(written, left_out)

    monkeypatch.setattr(voice.front_end, "_reading", told)
    parts = voice.stream("One is here. Two \u65e5\u672c is here. Three is here. Four is here.")
    first = next(parts)
    assert read == ["One is here.", "Two \u65e5\u672c is here."]
    assert (first.text, first.is_last, first.warnings) == ("One is here.", False, ())
    rest = list(parts)
    assert [part.is_last for part in rest] == [False, False, True]
    assert len(rest[-1].warnings) == 1, "the last part knows what was left out of the text"


def joined(parts: Iterable[Speech]) -> np.ndarray:
    return np.concatenate([part.samples for part in parts])


def test_a_text_that_comes_in_pieces_is_spoken_as_the_whole_is(voice: Voice) -> None:
    text = (
        "It rained in the hills above the town all day, and nobody who lived there minded very much, I think. "
        "Dr. Who? 3.5 of them!\n\n# Later\n\nWhy should they?\n- One\n- Two \u2014 or $5"
    )
    whole = voice.say(text, speed=1.3, pause=0.3)
    for size in (1, 3, 50, 1_000):
        pieces = [text[place : place + size] for place in range(0, len(text), size)]
        parts = list(voice.stream(["", *pieces, ""], speed=1.3, pause=0.3))
        assert np.array_equal(joined(parts), whole.samples)
        assert [word for part in parts for word in part.words][-1].span == whole.words[-1].span
        assert sum(sum(part.durations) for part in parts) == len(whole.samples)
        assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_pieces_are_asked_for_when_there_is_nothing_to_say(voice: Voice) -> None:
    def coming() -> Iterator[str]:
        for piece in ("It rain", "ed. Nob", "ody mind", "ed! ", "Why", " should", " they?"):
            asked.append(piece)
            yield piece

    asked: list[str] = []
    parts = voice.stream(coming())
    assert (next(parts).text, asked[-1]) == ("It rained.", "ody mind")
    assert (next(parts).text, asked[-1]) == ("Nobody minded!", " should")
    assert (next(parts).text, next(parts, None)) == ("Why should they?", None)


def test_lines_that_are_waited_for_are_said_at_once(voice: Voice) -> None:
    pieces = map(Whole, ["\n", "One is here.\n", " \n", "\n", "...\n", "Two\n", "\nThree."])
    parts = list(voice.stream(pieces, pause=0.3))
    assert [part.text for part in parts] == ["One is here.", "", "Two", "Three."]
    assert parts[1].warnings == ("there is nothing to say in the text",)
    assert len(parts[1].samples) == 0
    whole = voice.say("One is here.\n\nTwo\n\nThree.", pause=0.3)
    assert np.array_equal(joined(parts), whole.samples)


def test_pieces_with_nothing_to_say(voice: Voice) -> None:
    assert list(voice.stream([])) == list(voice.stream(["", " \n"])) == []
    (part,) = voice.stream(["\u65e5", "\u672c"])
    assert len(part.samples) == 0
    assert "nothing to say" in part.warnings[0]
    parts = list(voice.stream(["One. \u65e5", "\u672c\u8a9e. Two. \u65e5\u672c. ", "Three."]))
    assert sum(len(part.warnings) for part in parts) >= 1
    with pytest.raises(TextError, match="a piece of a text must be a string, got: NoneType"):
        list(voice.stream(["One.", None]))  # type: ignore[list-item]


def test_ssml_in_pieces_is_one_document(voice: Voice) -> None:
    text = "<speak>One is <break time='1s'/> here. Two.</speak>"
    pieces = [text[place : place + 5] for place in range(0, len(text), 5)]
    assert np.array_equal(joined(voice.stream(pieces, ssml=True)), voice.say(text, ssml=True).samples)
    assert "looks like SSML" in " ".join(w for part in voice.stream(pieces) for w in part.warnings)


def test_spans_count_from_the_start_of_all_pieces(voice: Voice) -> None:
    pieces = ["\n", "One is $5.\n", "\n", " \n", "Two, then.\nAnd\n", "...", " three."]
    words = [word for part in voice.stream(pieces) for word in part.words]
    assert [word.text for word in words] == "One is five dollars Two then And three".split()
    assert ["".join(pieces)[slice(*word.span)] for word in words] == [word.written for word in words]


def test_stream_is_say_in_parts(voice: Voice) -> None:
    text = "It rained. Nobody minded! Why should they?"
    parts = list(voice.stream(text, speed=1.3, pitch=-3))
    assert len(parts) == 3
    whole = voice.say(text, speed=1.3, pitch=-3)
    assert np.array_equal(np.concatenate([p.samples for p in parts]), whole.samples)
    silence = round(SENTENCE_PAUSE / 1.3 * 24_000)
    assert not parts[0].samples[-silence:].any()


def test_a_long_opening_is_heard_before_the_rest_is_made(voice: Voice) -> None:
    clause = "the people of the valley came down from the hills"
    text = f"When it rained, {clause}, {clause}, {clause}. {clause}."
    parts = list(voice.stream(text))
    assert [len(part.phones) for part in parts] == [43, 65, 33]
    whole = voice.say(text)
    assert np.array_equal(np.concatenate([p.samples for p in parts]), whole.samples)
    assert whole.durations == tuple(n for part in parts for n in part.durations)
    silence = round(SENTENCE_PAUSE * 24_000)
    assert np.abs(parts[0].samples[-silence:]).max() > 0, "no pause of a sentence's end at a comma"
    assert not parts[1].samples[-silence:].any()
    second = list(voice.stream(["Well. ", text]))
    assert len(second) == 3, "only what is waited for is cut"


def test_words_are_timed_to_the_sample(voice: Voice) -> None:
    text = "Two boats, 45 men.\n\nWas it cold?"
    speech = voice.say(text, pause=0.1234, speed=1.1)
    assert [word.text for word in speech.words] == "Two boats forty five men Was it cold".split()
    assert [sentence.text for sentence in speech.sentences] == ["Two boats, 45 men.", "Was it cold?"]
    ends = np.cumsum(speech.durations)
    spans = [
        (phone.label, end - duration, end)
        for phone, duration, end in zip(speech.phones, speech.durations, ends.tolist(), strict=True)
        if phone.is_speech
    ]
    timed = [phone for word in speech.words for phone in word.phones]
    assert [(phone.label, phone.start, phone.end) for phone in timed] == spans
    assert [round(phone.end_s * 24_000) for phone in timed] == [end for *_, end in spans]
    assert all(end - start == round((end - start) / 256) * 256 for _, start, end in spans), "whole frames"
    parts = list(voice.stream(text, pause=0.1234, speed=1.1))
    offset = len(parts[0].samples)
    assert parts[1].words[0].phones[0].start + offset == speech.words[5].phones[0].start
    assert speech.words[5].start_s > speech.words[4].end_s + 2 * 0.1234
    late = list(voice.stream(["Well. ", "Go on."], pause=1.0))[1]
    assert late.words[0].start_s > 1.0, "the silence before a text that came later counts"


def test_edges_are_silent(voice: Voice) -> None:
    samples = voice.say("Edges.").samples
    assert samples[0] == samples[-1] == 0


def test_speed_changes_length(voice: Voice) -> None:
    text = "A long enough sentence to see how fast it is spoken."
    lengths = [voice.say(text, speed=speed).seconds for speed in (0.5, 1.0, 2.0)]
    assert lengths[0] > 1.7 * lengths[1]
    assert lengths[1] > 1.5 * lengths[2]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("speed", 0.0, "must be 0.25 to 4, got: 0"),
        ("speed", 9.0, "must be 0.25 to 4, got: 9"),
        ("speed", float("nan"), "must be 0.25 to 4, got: nan"),
        ("speed", float("inf"), "must be 0.25 to 4, got: inf"),
        ("speed", "fast", "must be a number, got: fast"),
        ("speed", None, "must be a number, got: None"),
        ("speed", True, "must be a number, got: True"),
        ("speed", 1j, "must be a number, got: 1j"),
        ("pitch", 99.0, "must be -24 to 24, got: 99"),
        ("pitch", "1", "must be a number, got: 1"),
        ("pitch", np.float32("nan"), "must be -24 to 24, got: nan"),
        ("volume", -97, "must be -96 to 20, got: -97"),
        ("volume", [6], r"must be a number, got: \[6\]"),
        ("pause", -0.1, "must be 0 to 60, got: -0.1"),
        ("pause", "long", "must be a number, got: long"),
        ("seed", -1, "must not be negative, got: -1"),
        ("seed", 1.5, "must be a whole number, got: 1.5"),
        ("seed", "seven", "must be a whole number, got: seven"),
        ("seed", float("nan"), "must be a whole number, got: nan"),
    ],
)
def test_settings_that_do_not_fit(voice: Voice, name: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^`{name}` {message}$") as caught:
        voice.say("Hello.", **{name: value})
    assert caught.value.hint


def test_settings_may_be_numbers_of_numpy(voice: Voice) -> None:
    said = voice.say("Hello.", speed=np.float32(1.5), pitch=np.int64(2), volume=np.int8(-3), seed=np.uint8(7))
    assert (said.samples == voice.say("Hello.", speed=1.5, pitch=2, volume=-3, seed=7).samples).all()


@pytest.mark.parametrize("text", [None, 5, b"Hello."])
def test_what_is_no_text(voice: Voice, text: Any) -> None:
    with pytest.raises(TextError, match=f"^a text must be a string, got: {type(text).__name__}$"):
        voice.say(text)


def test_volume(voice: Voice) -> None:
    text = "It rained. Nobody minded!"
    plain = voice.say(text)
    soft = voice.say(text, volume=-20)
    np.testing.assert_allclose(soft.samples, 0.1 * plain.samples, atol=1e-7)
    assert soft.durations == plain.durations
    loud = voice.say(text, volume=20).samples
    assert np.abs(loud).max() <= CEILING
    assert (loud**2).mean() > (plain.samples**2).mean()
    assert np.abs(voice.say(text, volume=-96).samples).max() < 2e-5


def test_pauses_are_whole_samples_of_silence(voice: Voice) -> None:
    text = "One is here. Two is here.\n\nThree is here."
    for settings, wanted in (
        ({}, 6_000),
        ({"speed": 2.0}, 3_000),
        ({"pause": 0.5}, 12_000),
        ({"pause": 0.50001, "speed": 2.0}, 12_000),
        ({"pause": 0}, 0),
    ):
        parts = list(voice.stream(text, **settings))
        alone = [next(voice.stream(part.text, **settings)) for part in parts]
        added = [len(part.samples) - len(own.samples) for part, own in zip(parts, alone, strict=True)]
        assert added == [wanted, 2 * wanted, 0]
        assert not any(part.samples[len(own.samples) :].any() for part, own in zip(parts, alone, strict=True))


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🙂🙂", "\x00\x07", "日本語"])
def test_nothing_to_say(voice: Voice, text: str) -> None:
    with pytest.raises(TextError, match="nothing to say"):
        voice.say(text)


def test_what_can_be_spoken_is(voice: Voice) -> None:
    speech = voice.say("Hello 日本語 there 🙂.")
    assert speech.warnings
    assert sum(p.is_speech for p in speech.phones) >= 6


def test_damaged_and_foreign_files(voice_file: Path, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    whole = voice_file.read_bytes()
    for name, data in (("cut", whole[: len(whole) // 2]), ("empty", b""), ("text", b"hello")):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        with pytest.raises(VoiceError, match="damaged or is not a voice"):
            Voice.load(path)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [x], [y])
    foreign = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(foreign, str(tmp_path / "foreign.onnx"))
    with pytest.raises(VoiceError, match="not a TiedTTS voice"):
        Voice.load(tmp_path / "foreign.onnx")


def test_checkpoint_where_a_voice_file_is_expected(voice_file: Path) -> None:
    with pytest.raises(VoiceError, match="is a checkpoint, not a voice") as caught:
        find(voice_file.with_suffix(".safetensors"))
    assert "tiedtts export" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["nobody", "missing.onnx", "../kathleen", ""])
def test_unknown_voice(name: str) -> None:
    with pytest.raises(VoiceError, match="no such voice"):
        Voice.load(name)


def test_voice_of_other_phones_or_newer_format(voice_file: Path, tmp_path: Path) -> None:
    import json

    import onnx

    for key, message in (("format", "newer than"), ("text", "other phones")):
        model = onnx.load(str(voice_file))
        metadata = json.loads(model.metadata_props[0].value)
        metadata[key] = 99 if key == "format" else metadata[key] | {"phones": ["x"]}
        model.metadata_props[0].value = json.dumps(metadata)
        onnx.save(model, str(tmp_path / "changed.onnx"))
        with pytest.raises(VoiceError, match=message):
            Voice.load(tmp_path / "changed.onnx")


def test_a_voice_is_in_the_package() -> None:
    assert "kathleen" in list_voices()
    voice = Voice.load()
    assert voice.name == "clara"
    speech = voice.say("The kettle is on.")
    assert 0.6 < speech.seconds < 2.5
    # Speech, not hum: loud and quiet stretches differ by far.
    level = np.sqrt((speech.samples[: 512 * 30].reshape(-1, 512) ** 2).mean(1))
    assert level.max() > 10 * np.median(level) or level.max() > 20 * level.min()


PHRASES = "Her face wore the tenderness which comes from affectionate reminiscence."


def test_a_phrase_break_is_heard_and_follows_the_pause(voice: Voice) -> None:
    lengths: dict[float | None, int] = {}
    for pause in (None, 0.125, 0.25, 0.5, 60.0):
        speech = voice.say(PHRASES, pause=pause)
        (place,) = (index for index, phone in enumerate(speech.phones) if phone.is_break)
        lengths[pause] = speech.durations[place]
        assert sum(speech.durations) == len(speech.samples)
        words = [word.text for word in speech.words if word.after_break]
        assert words == ["which"]
        before, after = speech.words[4:6]
        assert (after.phones[0].start - before.phones[-1].end) == lengths[pause]
    assert lengths == {None: 2160, 0.125: 1080, 0.25: 2160, 0.5: 4320, 60.0: 24_000}
    faster = voice.say(PHRASES, speed=2.0)
    assert [d for d, phone in zip(faster.durations, faster.phones, strict=True) if phone.is_break] == [1080]


def test_breaks_can_be_turned_off(voice: Voice) -> None:
    without = voice.say(PHRASES, breaks=False)
    assert not any(phone.is_break for phone in without.phones)
    assert not any(word.after_break for word in without.words)
    assert (voice.say(PHRASES, pause=0).samples == without.samples).all()
    assert len(voice.say(PHRASES).samples) > len(without.samples)


def test_a_drawn_out_break_is_silence_without_a_step(voice: Voice) -> None:
    long, usual = voice.say(PHRASES, pause=1.0), voice.say(PHRASES)
    place = next(index for index, phone in enumerate(long.phones) if phone.is_break)
    start = sum(long.durations[:place])
    ends = start + long.durations[place], start + usual.durations[place]
    quiet = np.flatnonzero(long.samples[start : ends[0]] == 0) + start
    assert len(quiet) >= long.durations[place] - usual.durations[place]
    assert np.abs(np.diff(long.samples[quiet[0] - 3 : quiet[-1] + 3])).max() < 1e-3
    # The words beside it are whole, but for the fades.
    fade = 120
    assert (long.samples[: start - fade] == usual.samples[: start - fade]).all()
    assert (long.samples[ends[0] + fade :] == usual.samples[ends[1] + fade :]).all()


def test_breaks_stand_in_markup_too(voice: Voice) -> None:
    slow = voice.say(f'<speak><prosody rate="50%">{PHRASES}</prosody></speak>', ssml=True)
    assert [d for d, phone in zip(slow.durations, slow.phones, strict=True) if phone.is_break] == [4320]
    text = PHRASES.replace("comes", '<prosody pitch="+2st" volume="+3dB">comes</prosody>')
    speech = voice.say(f"<speak>{text}</speak>", ssml=True, pause=0.4)
    assert [word.text for word in speech.words if word.after_break] == ["which"]
    assert sum(speech.durations) == len(speech.samples)
