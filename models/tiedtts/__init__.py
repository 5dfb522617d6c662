"""TiedTTS: tiny neural voices, made small and fast by weight tying.

    voice = tiedtts.Voice.load()
    voice.say("Hello there.").save("hello.wav")
    for part in voice.stream(text): ...

Axes in the docstrings: B batch, T text phones, F frames, S samples, C channels, M mel bands,
N steps of a loop.
"""

import os
from typing import TYPE_CHECKING

from tiedtts.errors import TiedTTSError

if TYPE_CHECKING:
    from tiedtts.settings import Settings
    from tiedtts.speech.library import list_voices
    from tiedtts.speech.speech import Speech
    from tiedtts.speech.voice import Voice

__all__ = ["Settings", "Speech", "TiedTTSError", "Voice", "__version__", "list_voices"]

__version__ = "0.1.0"

# Read when ONNX Runtime is imported, which would keep an id of the device and call a host of its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_PLACES = {
    "Settings": "settings",
    "Speech": "speech.speech",
    "Voice": "speech.voice",
    "list_voices": "speech.library",
}
"""Modules of names that are looked up at first use: numpy and ONNX Runtime take longer than a `--help`."""

# A type checker would take any name for known.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
