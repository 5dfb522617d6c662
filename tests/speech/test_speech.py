"""Speech as `say` returns it: written anywhere, played, compared."""

import dataclasses
import io
import os
import shutil
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tiedtts.audio import files, playback, player_process
from tiedtts.audio.files import Sound
from tiedtts.choices import SUBTYPES
from tiedtts.errors import AudioError
from tiedtts.settings import Settings
from tiedtts.speech.speech import Speech
from tiedtts.text.phones import Phone

SHELL, PROGRAMS = shutil.which("sh"), os.environ["PATH"]
SAMPLES = np.sin(np.arange(2_400, dtype=np.float32) / 9)


def speech(**changes: object) -> Speech:
    made = Speech(SAMPLES.copy(), 24_000, "Ah.", (Phone("AA", 2, 0, 0, 0),), (2_400,))
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", SUBTYPES)
def test_bytes_are_those_of_the_file(suffix: str, tmp_path: Path) -> None:
    said = speech()
    said.save(tmp_path / f"a{suffix}")
    there = (tmp_path / f"a{suffix}").read_bytes()
    assert said.to_bytes(suffix.lstrip(".")) == said.to_bytes(suffix.upper()) == there
    buffer = io.BytesIO()
    said.save(buffer, format=suffix)
    assert buffer.getvalue() == there
    assert soundfile.info(io.BytesIO(there)).frames > 0


def test_a_format_stands_above_a_suffix(tmp_path: Path) -> None:
    speech().save(tmp_path / "take.1", format="flac", subtype="24", sample_rate=48_000)
    found = soundfile.info(tmp_path / "take.1")
    assert (found.format, found.subtype, found.samplerate) == ("FLAC", "PCM_24", 48_000)
    assert speech().to_bytes("flac", subtype="24", sample_rate=48_000) == (tmp_path / "take.1").read_bytes()


def test_an_open_file_tells_its_format_by_its_name_or_gets_wav(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    speech().save(buffer)
    assert buffer.getvalue() == speech().to_bytes("wav")
    with (tmp_path / "a.flac").open("wb") as file:
        speech().save(file)
    assert (tmp_path / "a.flac").read_bytes() == speech().to_bytes("flac")
    with tempfile.TemporaryFile() as file:
        speech().save(file)
        file.seek(0)
        assert file.read() == speech().to_bytes("wav")
    with (tmp_path / "a.aac").open("wb") as file, pytest.raises(AudioError, match="from its suffix"):
        speech().save(file)


def test_a_file_goes_on_where_it_is() -> None:
    buffer = io.BytesIO(b"head")
    buffer.seek(4)
    speech().save(buffer, format="ogg")
    assert buffer.getvalue() == b"head" + speech().to_bytes("ogg")


@pytest.mark.parametrize(
    ("target", "options", "said", "way_out"),
    [
        (io.BytesIO(), {"format": "aac"}, "no format `aac`", "wav, flac, ogg, opus, mp3"),
        (io.BytesIO(), {"format": "wav", "timestamps": "srt"}, "timestamps need a path", "encode"),
        (io.BytesIO(), {"format": "mp3", "subtype": "24"}, "no subtype `24`", "mp3"),
        (io.StringIO(), {"format": "wav"}, "does not take bytes", '"wb"'),
        (7, {"format": "wav"}, "not to: int", "save("),
        (None, {}, "not to: NoneType", "save("),
    ],
)
def test_what_cannot_be_saved_is_said(
    target: object, options: dict[str, str], said: str, way_out: str
) -> None:
    with pytest.raises(AudioError, match=said) as caught:
        speech().save(target, **options)  # type: ignore[arg-type]
    assert way_out in (caught.value.hint or "")
    assert not hasattr(target, "getvalue") or not target.getvalue(), "nothing is written before all is known"


@pytest.mark.parametrize("name", ["", "aac", 16, None])
def test_formats_that_there_are_not(name: object) -> None:
    with pytest.raises(AudioError, match="no format"):
        speech().to_bytes(name)  # type: ignore[arg-type]


def test_speeches_are_equal_if_all_of_them_is() -> None:
    said = speech()
    assert said == said == speech()
    assert hash(said) == hash(speech())
    others = [
        speech(samples=np.append(SAMPLES, np.float32(0))),
        speech(samples=SAMPLES * 0.5),
        speech(text="Oh."),
        speech(sample_rate=16_000),
        speech(warnings=("odd",)),
        speech(is_last=False),
    ]
    assert all(said != other for other in others)
    assert said != "Ah."
    assert len({said, speech(), *others}) == 1 + len(others)
    assert said in [others[0], speech()]
    said.samples[0] = 0.5
    assert hash(said) == hash(speech()), "the samples may be changed"
    assert said != speech()


def test_other_records_with_arrays_are_compared_alike() -> None:
    first, second = (Sound(np.ones((3, 1), np.float32), 8_000) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Sound(np.zeros((3, 1), np.float32), 8_000)
    assert first != Sound(np.ones((4, 1), np.float32), 8_000)
    assert first != Settings()


def test_a_speech_is_shown_in_a_line() -> None:
    assert repr(speech()) == "<Speech 'Ah.', 0.10 s, 24000 Hz>"
    assert len(repr(speech(text="word " * 1000))) < 100


def put_player(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "aplay") -> Path:
    """Put a program called `aplay` on an otherwise empty search path; it is told where it may write."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    program = folder / name
    program.write_text(f'#!{SHELL}\nPATH="{PROGRAMS}"\nout="{folder}"\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_systems_player_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_player(tmp_path, monkeypatch, 'printf "%s " "$@" > "$out/told"; cat > "$out/heard"')
    speech().play()
    assert (tmp_path / "told").read_text().split() == "-q -t raw -f S16_LE -c 1 -r 24000".split()
    heard = np.frombuffer((tmp_path / "heard").read_bytes(), "<i2")
    assert np.array_equal(heard, files.to_pcm16(SAMPLES))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('cat > "$out/heard"; echo "no card" >&2; exit 1', "cannot play with aplay: no card"),
        ("exit 3", "cannot play with aplay: it ended with status 3"),
    ],
)
def test_a_player_that_fails_says_why(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_player(tmp_path, monkeypatch, script)
    with pytest.raises(AudioError, match=said) as caught:
        speech(samples=np.zeros(1_000_000, np.float32)).play()
    assert caught.value.hint == "write a file instead of playing"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("reads", ["", "head -c 100 > /dev/null;", "cat > /dev/null;"])
def test_the_next_player_plays_all_where_the_first_finds_no_server(
    reads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_player(tmp_path, monkeypatch, f'{reads} echo "Connection refused" >&2; exit 1', "paplay")
    put_player(tmp_path, monkeypatch, 'cat > "$out/heard"')
    with playback.player(24_000) as add:
        for part in (SAMPLES, SAMPLES[:10]):
            add(part)
    heard = np.frombuffer((tmp_path / "heard").read_bytes(), "<i2")
    assert np.array_equal(heard, files.to_pcm16(np.concatenate([SAMPLES, SAMPLES[:10]])))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_each_player_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_player(tmp_path, monkeypatch, 'echo "Connection refused" >&2; exit 1', "paplay")
    put_player(tmp_path, monkeypatch, 'echo "no card" >&2; exit 1')
    with pytest.raises(AudioError, match="paplay: Connection refused; cannot play with aplay: no card"):
        speech().play()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_player_that_has_played_is_not_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_process, "TRIAL_SECONDS", 0.0)
    put_player(tmp_path, monkeypatch, "cat > /dev/null; exit 1", "paplay")
    put_player(tmp_path, monkeypatch, 'cat > "$out/heard"')
    with pytest.raises(AudioError, match=r"^cannot play with paplay: it ended with status 1$"):
        speech().play()
    assert not (tmp_path / "heard").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_systems_player_plays_where_portaudio_finds_no_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_player(tmp_path, monkeypatch, 'cat > "$out/heard"')
    module: Any = types.ModuleType("sounddevice")
    module.PortAudioError = type("PortAudioError", (Exception,), {})

    def refuse(**settings: object) -> None:
        raise module.PortAudioError("no device")

    module.OutputStream = refuse
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    speech().play()
    assert len((tmp_path / "heard").read_bytes()) == 2 * len(SAMPLES)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_player_stops_with_what_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_player(tmp_path, monkeypatch, "exec sleep 600")
    with pytest.raises(KeyboardInterrupt), playback.player(8_000) as add:  # noqa: PT012
        add(np.zeros(10, np.float32))
        raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these have a player")
def test_without_a_player_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match=r"`sounddevice`.* aplay") as caught:
        speech().play()
    assert "[play]" in (caught.value.hint or "")
