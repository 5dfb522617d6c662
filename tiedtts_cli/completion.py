"""Completion of values in the shell: names that come with the package, and the user's own files."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import tiedtts
from tiedtts.choices import SUBTYPES

Complete = Callable[[str], list[str]]
"""Takes what has been typed of a value, and returns what it may become."""

_PACKAGE = Path(tiedtts.__file__).parent
_MOST = 200
"""Files that are offered at once."""


def one_of(values: Iterable[object]) -> Complete:
    """Complete one of a few values, in capitals or not."""
    known = tuple(map(str, values))

    def complete(incomplete: str) -> list[str]:
        return [value for value in known if value.lower().startswith(incomplete.lower())]

    return complete


def named_or_file(names: Callable[[], Iterable[str]], *suffixes: str) -> Complete:
    """Complete a name, or a file with one of some suffixes.

    Nothing is returned where nothing fits, so that the shell offers files as it does by itself.
    """

    def complete(incomplete: str) -> list[str]:
        found = [] if os.sep in incomplete else [name for name in names() if name.startswith(incomplete)]
        return found + files(incomplete, suffixes)

    return complete


def files(incomplete: str, suffixes: Iterable[str]) -> list[str]:
    """Return files with one of some suffixes that a path may become, and folders, which end in a slash.

    A folder that is the only choice is opened: shells put a space behind the only choice, as if it were all.
    """
    begun = incomplete.rpartition("/")[2]
    shown = incomplete[: len(incomplete) - len(begun)]
    kinds = tuple(suffixes)
    choices: list[str] = []
    try:
        with os.scandir(os.path.expanduser(shown or ".")) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not entry.name.startswith(begun) or (entry.name.startswith(".") and not begun):
                    continue
                if entry.is_dir():
                    choices.append(f"{shown}{entry.name}/")
                elif entry.name.endswith(kinds):
                    choices.append(f"{shown}{entry.name}")
    except OSError:
        return []
    if len(choices) == 1 and choices[0].endswith("/"):
        return files(choices[0], kinds)
    return choices[:_MOST]


def _names(folder: str, *suffixes: str) -> Callable[[], list[str]]:
    """Return what lists the files of a folder of the package, without their suffixes."""
    return lambda: sorted(path.stem for path in (_PACKAGE / folder).iterdir() if path.suffix in suffixes)


# Not by `tiedtts.speech` and the like, which would load NumPy or torch for each press of a key.
_VOICES, _VOICE_FILES, _WEIGHTS = _names("voices", ".onnx", ".voice"), (".onnx", ".voice"), ".safetensors"
KINDS: Mapping[str, Complete] = {
    "voice": named_or_file(_VOICES, *_VOICE_FILES, _WEIGHTS),
    "whole_voice": named_or_file(_VOICES, *_VOICE_FILES),
    "weights": named_or_file(_VOICES, *_VOICE_FILES, _WEIGHTS, ".pt", ".pth", ".ckpt", ".bin"),
    "vocoder": named_or_file(lambda: ("harmonic", "wavenet", "lpc", "griffinlim"), _WEIGHTS),
    "recipe": named_or_file(_names("training/recipes", ".toml"), ".toml"),
    "plan": named_or_file(_names("tying/plans", ".toml"), ".toml"),
    "sound_format": one_of(suffix.lstrip(".") for suffix in SUBTYPES),
    "subtype": one_of(dict.fromkeys(name for names in SUBTYPES.values() for name in names)),
}
"""Completion of each kind of value."""
