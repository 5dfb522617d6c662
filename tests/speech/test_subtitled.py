"""Subtitles spoken: each cue at its time, hurried within limits, never over another."""

import json
from pathlib import Path

import numpy as np
import pytest

import tiedtts
from tests.cli.outputs import Captured
from tiedtts.audio import files
from tiedtts.errors import TextError
from tiedtts.speech import timestamps
from tiedtts_cli.main import main


def srt(*rows: tuple[float, float, str]) -> str:
    return "\n\n".join(
        f"{n}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n{t}" for n, (a, b, t) in enumerate(rows, 1)
    )


@pytest.fixture(scope="module")
def voice() -> tiedtts.Voice:
    return tiedtts.Voice.load()


LONG = "This is much longer than there is time for it."
TALK = srt((1.0, 3.0, "Hello there."), (3.5, 4.5, LONG), (8.0, 9.0, "and so we"), (9.0, 12.0, "went home."))


def test_cues_begin_at_their_times_and_silence_is_silent(voice: tiedtts.Voice) -> None:
    speech = voice.say(TALK, markup="subtitles")
    rate = voice.sample_rate
    starts = [cue.start for cue in speech.cues]
    assert starts == [round(seconds * rate) for seconds in (1.0, 3.5, 8.0, 9.0)]
    assert (
        len(speech.samples)
        == 12 * rate
        == sum(speech.durations)
        + sum(
            (
                cue.start - end
                for cue, end in zip(speech.cues, (0, *(c.end for c in speech.cues)), strict=False)
            ),
            12 * rate - speech.cues[-1].end,
        )
    )
    place = 0
    for cue in (*speech.cues, None):
        end = len(speech.samples) if cue is None else cue.start
        assert not speech.samples[place:end].any()
        if cue is not None:
            assert np.abs(speech.samples[cue.start : cue.end]).max() > 0.05
            place = cue.end
    assert all(a.end <= b.start for a, b in zip(speech.cues, speech.cues[1:], strict=False))
    assert [cue.factor for cue in speech.cues] == [1.0, 1.4, 1.0, 1.0]
    assert [sentence.start_s for sentence in speech.sentences] == pytest.approx(
        [1.03, 3.53, 8.03, 9.03], abs=0.001
    )
    assert [TALK[slice(*word.span)] for word in speech.words if word.text in ("Hello", "so")] == [
        "Hello",
        "so",
    ]
    over = speech.cues[1].end_s - 4.5
    assert speech.warnings == (
        f"cue 2, 00:00:03,500, ends {over:.2f} s after its time",
        "of 4 cues 1 hurried, up to 1.40 x, 1 ran on into the silence behind them",
    )


def test_speed_is_no_more_than_is_needed(voice: tiedtts.Voice) -> None:
    alone = voice.say(srt((0, 9, LONG)), markup="subtitles").cues[0]
    room = round((alone.end - alone.start) / 1.2 / voice.sample_rate, 3)
    fitted = voice.say(srt((0, room, LONG), (room, room + 1, "Yes.")), markup="subtitles")
    assert fitted.cues[0].end <= round(room * voice.sample_rate) == fitted.cues[1].start
    assert 1.15 < fitted.cues[0].factor < 1.3
    assert fitted.cues[0].end_s > 0.93 * room
    assert fitted.warnings == (f"of 2 cues 1 hurried, up to {fitted.cues[0].factor:.2f} x",)
    unhurried = voice.say(srt((0, room, LONG), (room, room + 1, "Yes.")), markup="subtitles", hurry=1)
    assert unhurried.cues[0].end == unhurried.cues[1].start == alone.end
    assert unhurried.warnings[0].startswith("cue 1, 00:00:00,000, ends ")
    assert unhurried.warnings[1].startswith("cue 2, 00:00:0"), "it begins late"


def test_subtitles_out_are_those_in_at_their_real_times(voice: tiedtts.Voice) -> None:
    speech = voice.say(TALK.replace("Hello there.", "<i>Hello</i>\nthere."), markup="subtitles")
    written = timestamps.encode(speech, "srt").decode()
    assert written.startswith("1\n00:00:01,000 --> 00:00:01,")
    assert "\nHello\nthere.\n\n2\n00:00:03,500 --> " in written
    again = voice.say(written, markup="subtitles")
    assert [cue.factor for cue in again.cues] == pytest.approx([1, 1.4, 1, 1], abs=0.05)


def test_a_cue_that_cannot_be_said_is_told(voice: tiedtts.Voice) -> None:
    speech = voice.say(srt((0, 1, "Hi."), (1, 2, "日本")), markup="subtitles")
    assert "1 could not be said, the first was 2: there is nothing to say" in speech.warnings[-1]
    with pytest.raises(TextError, match="there is nothing to say"):
        voice.say(srt((1, 2, "日本")), markup="subtitles")


def test_the_command(tmp_path: Path, capsys: Captured) -> None:
    talk = tmp_path / "talk.vtt"
    talk.write_text("WEBVTT\n\n00:01.000 --> 00:02.500\n<v Anna>Hello &amp; welcome.\n")
    sound = tmp_path / "out.wav"
    assert main(["synth", "-i", str(talk), "-o", str(sound), "--timestamps", "vtt", "--json"]) == 0
    out, err = capsys.readouterr()
    (cue,) = json.loads(out)["cues"]
    assert (cue["number"], cue["start"], cue["speed"]) == (1, 1.0, 1.0)
    assert err == f"{sound}: 2.50 s\n"
    read = files.read(sound)
    assert not read.mono[: read.rate].any()
    assert len(read.mono) == 2.5 * read.rate
    assert "\nHello &amp; welcome.\n" in (tmp_path / "out.vtt").read_text()
    assert main(["synth", "-i", str(talk), "-d", str(tmp_path / "all"), "-q"]) == 0
    assert (tmp_path / "all" / "talk.wav").read_bytes()[44:][-1000:] == sound.read_bytes()[-1000:]
