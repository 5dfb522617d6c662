import numpy as np
import pytest

from tests.speechd.exchange import Exchange, is_audio, kinds, sound
from tiedtts import list_voices
from tiedtts.audio import pitch
from tiedtts.audio.settings import AudioSettings

OTHERS = [name for name in list_voices() if name != "clara"]


def test_it_answers_as_the_server_expects(module: Exchange) -> None:
    [voices] = module.ask("LIST VOICES")
    assert voices.last == "200 OK VOICE LIST SENT"
    assert voices.lines[0] == b"clara\ten-US\tnone"
    assert voices.lines == tuple(f"{line}\ten-US\tnone".encode() for line in ["clara", *OTHERS])
    assert [event.last for event in module.ask("SET", "rate=10\nfuture=1")] == [
        "203 OK RECEIVING SETTINGS",
        "203 OK SETTINGS RECEIVED",
    ]
    assert module.ask("SET", "rate=x")[-1].last == "303 ERROR INVALID PARAMETER OR VALUE"
    assert module.ask("AUDIO", "audio_output_method=pulse")[-1].last == "300 MODULE ERROR"
    assert module.ask("LOGLEVEL", "log_level=x")[-1].last == "303 ERROR INVALID PARAMETER OR VALUE"
    assert module.ask("SING")[-1].last == "300 ERR UNKNOWN COMMAND"
    assert module.ask("DEBUG MAYBE")[-1].last == "302 ERROR BAD SYNTAX"


def test_a_message_is_heard_with_its_marks_in_their_places(module: Exchange) -> None:
    events = module.speak(
        '<speak>One<mark name="a"/> two three.<mark name="__spd_0"/> Four<mark name="z"/></speak>'
    )
    assert kinds(events) == [
        "701 BEGIN", "705 AUDIO", "a", "705 AUDIO", "__spd_0", "705 AUDIO", "z", "702 END",
    ]  # fmt: skip
    seconds = len(sound(events)) / 24000
    assert 1.0 < seconds < 3.5
    assert np.abs(sound(events)).max() > 3000


def test_nothing_to_say_begins_ends_and_passes_its_marks(module: Exchange) -> None:
    assert kinds(module.speak("<speak></speak>")) == ["701 BEGIN", "702 END"]
    assert kinds(module.speak("")) == ["701 BEGIN", "702 END"]
    assert kinds(module.speak('<speak><mark name="a"/> <mark name="b"/></speak>')) == [
        "701 BEGIN",
        "a",
        "b",
        "702 END",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Fish & chips",
        "<speak>5 < 6",
        "<p>one</p> two",
        "a</speak>",
        "<!DOCTYPE x><speak>a</speak>",
        "<speak><b>hi</speak>",
        "\0\x01 bell",
    ],
)
def test_text_that_is_no_ssml_is_read_all_the_same(module: Exchange, text: str) -> None:
    events = module.speak(text)
    assert kinds(events) == ["701 BEGIN", "705 AUDIO", "702 END"]


def test_speech_begins_and_ends_without_silence(module: Exchange) -> None:
    heard = np.flatnonzero(np.abs(sound(module.speak("Open."))) > 300)
    assert heard[0] < 0.03 * 24000
    assert len(sound(module.speak("Open."))) - heard[-1] < 0.1 * 24000


def test_parameters_are_heard(module: Exchange) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    usual = sound(module.speak(text))
    module.ask("SET", "rate=50")
    fast = sound(module.speak(text))
    module.ask("SET", "rate=0\nvolume=0")
    soft = sound(module.speak(text))
    module.ask("SET", "volume=100\nvoice=female2")
    other = sound(module.speak(text))
    module.ask("SET", "voice=male1\nsynthesis_voice=nora")
    named = sound(module.speak(text))
    module.ask("SET", "synthesis_voice=nobody")
    unknown = sound(module.speak(text))
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.12)
    assert np.abs(soft).max() == pytest.approx(np.abs(usual).max() / 2, rel=0.02)
    np.testing.assert_array_equal(named, other)
    np.testing.assert_array_equal(unknown, usual)
    assert len(other) != len(usual)


def test_the_pitch_moves_as_far_as_is_asked_for(module: Exchange) -> None:
    def movement(pitch_range: int) -> float:
        module.ask("SET", f"synthesis_voice=oscar\npitch_range={pitch_range}")
        found = pitch.track(sound(module.speak("All of them are at home.")) / 32768, AudioSettings())
        return float(np.std(found.log_f0[found.voiced > 0]))

    flat, usual, lively = movement(-100), movement(0), movement(100)
    assert flat < 0.3 * usual
    assert 1.4 * usual < lively < 2.2 * usual


def test_stop_ends_at_once_and_the_next_message_is_heard(module: Exchange) -> None:
    since = len(module.events)
    module.begin("<speak>" + "A long sentence that goes on and on. " * 40 + "</speak>")
    module.wait(is_audio, since)
    module.is_reading.clear()
    at = module.send("STOP\n")
    module.is_reading.set()
    stopped = module.wait(lambda event: event.last == "703 STOP", since)
    assert stopped.at - at < 5
    assert kinds(module.events[since + 2 :]) == ["701 BEGIN", "705 AUDIO", "703 STOP"]
    assert kinds(module.speak("Next.")) == ["701 BEGIN", "705 AUDIO", "702 END"]


def test_stop_before_the_first_sound_still_begins(module: Exchange) -> None:
    since = len(module.events)
    module.send("SPEAK\nHello there.\n.\nSTOP\n")
    module.wait(lambda event: event.last in ("703 STOP", "702 END"), since)
    assert kinds(module.events[since + 2 :])[0] == "701 BEGIN"
    # With nothing to stop, nothing is said.
    module.send("STOP\nPAUSE\n")
    assert module.ask("LIST VOICES")[-1].last == "200 OK VOICE LIST SENT"


def test_a_message_in_a_message_is_refused(module: Exchange) -> None:
    since = len(module.events)
    module.begin("<speak>" + "A long sentence that goes on and on. " * 40 + "</speak>")
    module.wait(is_audio, since)
    module.is_reading.clear()
    module.send("SPEAK\nTwo.\n.\n")
    module.is_reading.set()
    module.wait(lambda event: event.last == "301 ERROR CANT SPEAK", since)
    module.send("STOP\n")
    module.wait(lambda event: event.last == "703 STOP", since)


def test_keys_characters_and_icons_are_heard(module: Exchange) -> None:
    for request, data in (
        ("KEY", "control_shift_a"),
        ("CHAR", "a"),
        ("CHAR", "space"),
        ("CHAR", "ß"),
        ("SOUND_ICON", "bell"),
    ):
        assert kinds(module.speak(data, request)) == ["701 BEGIN", "705 AUDIO", "702 END"]
