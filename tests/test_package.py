"""The names of the package, as a program or a notebook uses them."""

import base64
import io
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiedtts
from tiedtts import storage
from tiedtts.audio import files
from tiedtts.errors import AudioError, OutputError
from tiedtts.speech import player

ROOT = Path(__file__).parents[1]
TEXTS = [
    f"Number {n}: the kettle is on, zorb{'aeiou'[n % 5]}k said at {n + 1}:30; Dr. Frobn{n}cator read it."
    for n in range(8)
]
"""With words that no lexicon has, so that every part of the front end is at work."""


@pytest.fixture(scope="module")
def voice() -> tiedtts.Voice:
    return tiedtts.Voice.load()


@pytest.fixture(scope="module")
def speech(voice: tiedtts.Voice) -> tiedtts.Speech:
    return voice.say("Tea & <b>toast</b>.")


def test_the_names_are_there_and_nothing_else_is_imported() -> None:
    code = (
        "import sys, tiedtts; print(sorted({'numpy', 'onnxruntime', 'torch', 'soundfile'} & set(sys.modules)));"
        "print(all(hasattr(tiedtts, name) for name in tiedtts.__all__), set(tiedtts.__all__) <= set(dir(tiedtts)));"
        "print('torch' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "models")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split("\n")[:3] == ["[]", "True True", "False"]


def test_names_are_those_of_the_modules() -> None:
    from tiedtts import errors
    from tiedtts.settings import Settings
    from tiedtts.speech import speech, voice

    assert (tiedtts.Voice, tiedtts.Speech, tiedtts.Settings) == (voice.Voice, speech.Speech, Settings)
    assert tiedtts.TiedTTSError is errors.TiedTTSError
    assert "kathleen" in tiedtts.list_voices()
    with pytest.raises(AttributeError, match="module 'tiedtts' has no attribute 'voices_of_others'"):
        _ = tiedtts.voices_of_others  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", [".wav", ".FLAC", ".ogg", ".opus", ".mp3"])
def test_saved_in_the_format_of_the_suffix(speech: tiedtts.Speech, suffix: str, tmp_path: Path) -> None:
    speech.save(str(tmp_path / f"said{suffix}"))
    sound = files.read(tmp_path / f"said{suffix}")
    assert (sound.rate, sound.channels) == (speech.sample_rate, 1)
    assert len(sound.mono) / sound.rate == pytest.approx(speech.seconds, abs=0.01)
    assert np.corrcoef(sound.mono[: len(speech.samples)], speech.samples[: len(sound.mono)])[0, 1] > 0.9


def test_saved_with_other_numbers(speech: tiedtts.Speech, tmp_path: Path) -> None:
    speech.save(tmp_path / "a.wav", subtype="float", sample_rate=48_000)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.subtype, info.samplerate) == ("FLOAT", 48_000)
    speech.save(tmp_path / "b.wav", subtype="float")
    assert np.array_equal(files.read(tmp_path / "b.wav").mono, speech.samples)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.aiff", {}, "cannot tell the format"),
        ("a.wav", {"subtype": "opus"}, "have no subtype `opus`"),
        ("a.wav", {"sample_rate": 7}, "no device plays 7 Hz"),
        ("none/a.wav", {}, "cannot write"),
    ],
)
def test_not_saved(
    speech: tiedtts.Speech, name: str, options: dict[str, int | str], message: str, tmp_path: Path
) -> None:
    with pytest.raises((AudioError, OutputError), match=message) as error:
        speech.save(tmp_path / name, **options)  # type: ignore[arg-type]
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_a_player(speech: tiedtts.Speech) -> None:
    shown = speech._repr_html_()
    assert shown.startswith("<p>Tea &amp; &lt;b&gt;toast&lt;/b&gt;.</p><audio controls src=")
    data = re.search(r'src="data:audio/wav;base64,([A-Za-z0-9+/=]+)"></audio>$', shown)
    assert data is not None
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data[1])), dtype="int16")
    assert rate == speech.sample_rate
    assert np.array_equal(samples, files.to_pcm16(speech.samples))


def test_a_page_has_its_bounds() -> None:
    shown = player.html(np.zeros(8_000 * 301, np.float32), 8_000, "a" * 501, "save <it>")
    assert shown == f"<p>{'a' * 499}\u2026</p><p>301 s of sound: save &lt;it&gt;</p>"


def test_threads_share_a_voice(voice: tiedtts.Voice) -> None:
    """The other voice is new, so that all of them are the first to need the lexicon and the patterns."""
    expected = [voice.say(text, seed=n) for n, text in enumerate(TEXTS)]
    shared, together = tiedtts.Voice.load(), threading.Barrier(len(TEXTS), timeout=60)

    def whole(number: int) -> list[tiedtts.Speech]:
        together.wait()
        return [shared.say(TEXTS[number], seed=number)]

    def parts(number: int) -> list[tiedtts.Speech]:
        together.wait()
        return list(shared.stream(TEXTS[number], seed=number))

    with ThreadPoolExecutor(len(TEXTS)) as pool:
        for way in (whole, parts):
            for wanted, said in zip(expected, pool.map(way, range(len(TEXTS))), strict=True):
                assert np.array_equal(np.concatenate([part.samples for part in said]), wanted.samples)
                assert tuple(phone for part in said for phone in part.phones) == wanted.phones


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="no modes of files on this system")
def test_threads_that_save_leave_the_mask_alone(speech: tiedtts.Speech, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: storage.write_bytes(tmp_path / f"{n}", b"x"), range(200)))
        mask = os.umask(0o027)
    finally:
        os.umask(before)
    assert mask == 0o027
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
