import dataclasses
import io
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiedtts.errors import TextError, VoiceError
from tiedtts.settings import Settings
from tiedtts.speech.timing import Mark, ShownCue, SpokenPhone, SpokenSentence, SpokenWord
from tiedtts.text.phones import Phone

RATE = 8_000
DEFAULTS = Settings()


@dataclass(frozen=True)
class FakeSpeech:
    samples: np.ndarray
    sample_rate: int
    text: str
    phones: tuple[Phone, ...]
    warnings: tuple[str, ...] = ()
    sentences: tuple[SpokenSentence, ...] = ()
    marks: tuple[Mark, ...] = ()
    cues: tuple[ShownCue, ...] = ()
    is_last: bool = False
    durations: tuple[int, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


class FakeVoice:
    """Says a tenth of a second a word; what it was asked for stands in `calls`."""

    sample_rate = RATE

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.loaded: list[tuple[str, Any]] = []
        self.vocoders: list[str | None] = []

    def load(self, name: Any, *, lexicon: Any = None, vocoder: str | None = None) -> "FakeVoice":
        if name == "nobody":
            raise VoiceError("no such voice: nobody", hint="name an .onnx file or one of: fake")
        self.loaded.append((str(name), lexicon))
        self.vocoders.append(vocoder)
        return self

    def stream(self, text: str, settings: Settings = DEFAULTS) -> Iterator[FakeSpeech]:
        self.calls.append((text, dataclasses.asdict(settings)))
        if "interrupt" in text:
            raise KeyboardInterrupt
        if "bug" in text:
            raise ZeroDivisionError("division by zero")
        sentences = [part for part in text.replace("\n", " ").split(".") if part.strip()]
        if not sentences:
            raise TextError("there is nothing to say in the text", hint="give a text with words")
        warnings = ("cannot be spoken: \u263a",) if "\u263a" in text else ()
        for sentence in sentences:
            words, step = sentence.split(), RATE // 10
            samples = np.full(step * len(words), 0.25, np.float32)
            spoken = tuple(
                SpokenWord(word, (SpokenPhone("HH", n * step, n * step + step, RATE),))
                for n, word in enumerate(words)
            )
            timed = (SpokenSentence(sentence.strip(), spoken),)
            yield FakeSpeech(samples, RATE, sentence, (Phone("HH"), Phone("AH", 1)), warnings, timed)
            warnings = ()

    def say(self, text: str, settings: Settings = DEFAULTS) -> FakeSpeech:
        parts = list(self.stream(text, settings))
        samples = np.concatenate([part.samples for part in parts])
        return FakeSpeech(samples, RATE, text, parts[0].phones, parts[0].warnings)


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> FakeVoice:
    """Put a voice that needs no model in the place of the real ones."""
    fake = FakeVoice()
    module: Any = types.ModuleType("tiedtts.speech.voice")
    module.Voice = types.SimpleNamespace(load=fake.load)
    monkeypatch.setitem(sys.modules, "tiedtts.speech.voice", module)
    library: Any = types.ModuleType("tiedtts.speech.library")
    library.list_voices = lambda: ["fake", "other"]
    library.DEFAULT, library.CHECKPOINT = "fake", ".safetensors"
    monkeypatch.setitem(sys.modules, "tiedtts.speech.library", library)
    return fake


@pytest.fixture
def fake_core(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts a module of given names in the place of one of the core's."""

    def put(name: str, **names: Any) -> None:
        module = types.ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            monkeypatch.setattr(sys.modules[parent], child, module, raising=False)

    return put


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Stdin(io.TextIOWrapper):
    """Standard input: a pipe with bytes in it, or an empty terminal."""

    def __init__(self, data: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda data=b"", **options: monkeypatch.setattr(sys, "stdin", Stdin(data, **options))
