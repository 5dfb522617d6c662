"""The model card of a voice: what it is, who spoke what it has learnt from, and how it was trained."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tiedtts import storage
from tiedtts.choices import SEMITONES, SPEEDS
from tiedtts.paths import StrPath

PARTS = {"acoustic": "acoustic net", "vocoder": "vocoder"}
"""Parts of a voice, and what people call them."""
UNKNOWN = "not told"
LONGEST_CHAIN = 100
"""Nets that a net may have begun from, one after the other."""


def write(path: StrPath, metadata: Mapping[str, Any]) -> None:
    """Write the card of a voice.

    Args:
        path: Markdown file.
        metadata: Result of `tiedtts.export.voice.export` or of `tiedtts.export.difference.export`.

    Raises:
        OutputError: It cannot be written.
    """
    path = Path(path)
    storage.write_bytes(path, text(metadata).encode("utf-8", "replace"))


def text(metadata: Mapping[str, Any]) -> str:
    """Return the card of a voice as Markdown."""
    origins = {part: metadata.get("provenance", {}).get(part, {}) for part in PARTS}
    lines = [f"# {_plain(metadata['name'])}", "", *_table(_facts(metadata, origins)), "", "## Data", ""]
    for names, origin in _alike(origins, _data):
        lines += [f"The {names}: {_data(origin)}.", ""]
        if isinstance(origin.get("teacher"), dict):
            lines += [*_teacher(origin["teacher"]), ""]
        for base in _bases(origin):
            lines += [f"It began from `{_plain(base.get('name'))}`: {_data(base)}.", ""]
            if isinstance(base.get("teacher"), dict):
                lines += [*_teacher(base["teacher"]), ""]
    lines += ["## Training", ""]
    lines += [f"The {names}: {_training(origin)}." for names, origin in _alike(origins, _training)]
    return "\n".join(lines) + "\n"


def _facts(metadata: Mapping[str, Any], origins: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    stored, named = metadata["parameters"], metadata.get("named_parameters") or metadata["parameters"]
    untied = f"; {sum(named.values()):,} if nothing were tied" if named != stored else ""
    work = sum(metadata["macs_per_second"].values())
    speed, pitch = (f"{low:g} to {high:g}" for low, high in (SPEEDS, SEMITONES))
    told = (each for origin in origins.values() for each in (origin, *_bases(origin)))
    licences = dict.fromkeys(_plain(origin.get("licence") or UNKNOWN) for origin in told)
    change = metadata.get("change")
    own = (
        {"Change": f"{change['numbers']:,} numbers of its own, all others are those of `{change['base']}`"}
        if isinstance(change, dict)
        else {}
    )
    return {
        "Language": _plain(metadata.get("language", UNKNOWN)),
        "Sound": f"{metadata['audio']['sample_rate']:,} Hz, one channel",
        "File": f"{metadata['file_bytes']:,} bytes, weights as {metadata['precision']}",
        "Nets": f"{sum(stored.values()):,} parameters, acoustic net and vocoder together{untied}",
        "Work": f"{work / 1e6:.0f} million multiply-accumulates a second",
        "Controls": f"speed {speed}, pitch {pitch} semitones",
        "Licence of what it has learnt from": ", ".join(licences),
        "Made with": f"TiedTTS {_plain(metadata['version'])}",
        **own,
    }


def _data(origin: Mapping[str, Any]) -> str:
    """Return a corpus in words."""
    if "corpus" not in origin:
        return f"its corpus is {UNKNOWN}"
    words = [f"corpus `{_plain(origin['corpus'])}`"]
    if isinstance(origin.get("recordings"), int):
        words.append(f"{origin['recordings']:,} recordings")
    if isinstance(origin.get("seconds"), (int, float)):
        words.append(f"{origin['seconds'] / 3600:.2f} hours")
    if isinstance(origin.get("heldout"), int):
        words.append(f"{origin['heldout']:,} of them held out")
    return ", ".join([*words, f"licence: {_plain(origin.get('licence') or UNKNOWN)}"])


def _bases(origin: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the nets that a part began from, the one it was trained from first."""
    found: list[Mapping[str, Any]] = []
    while isinstance(origin := origin.get("base", None), dict) and origin and len(found) < LONGEST_CHAIN:
        found.append(origin)
    return found


def _teacher(teacher: Mapping[str, Any]) -> list[str]:
    """Return rows on who has said a corpus in place of a person, see `tiedtts.corpus.provenance`."""
    settings = teacher.get("settings")
    settings = dict(settings) if isinstance(settings, dict) else {}
    thrown = teacher.get("thrown_away")
    thrown = thrown if isinstance(thrown, dict) else {}
    facts = {
        "Teacher": _plain(teacher.get("name") or UNKNOWN),
        "Licence of its speech": _plain(teacher.get("licence") or UNKNOWN),
        "Where it is from": _plain(teacher.get("source") or UNKNOWN),
        "Command": f"`{_plain(settings.pop('command'))}`" if "command" in settings else UNKNOWN,
        "Settings": ", ".join(f"{_plain(key)} {_plain(value)}" for key, value in settings.items()) or UNKNOWN,
        "Finished": f"{_plain(teacher.get('date'))}, TiedTTS {_plain(teacher.get('version'))}",
        "Texts": f"{_plain(teacher.get('texts'))}, SHA-256 `{_plain(teacher.get('texts_sha256'))}`",
        "Clips": _plain(teacher.get("clips")),
        "Thrown away": ", ".join(f"{_plain(count)} × {_plain(why)}" for why, count in thrown.items())
        or "none",
    }
    return ["No person has read it aloud: it is the speech of another synthesiser.", "", *_table(facts)]


def _training(origin: Mapping[str, Any]) -> str:
    recipe = origin.get("recipe")
    kind = recipe.get("architecture") if isinstance(recipe, dict) else None
    words = [f"{origin['steps']:,} steps"] if isinstance(origin.get("steps"), int) else []
    words += [f"from `{_plain(base.get('name'))}` on" for base in _bases(origin)[:1]]
    if isinstance(origin.get("joint_steps"), int):
        words.append(f"{origin['joint_steps']:,} steps together with the other net")
    words += [f"architecture {_plain(kind)}"] if kind else []
    words += [f"seed {_plain(origin['seed'])}"] if "seed" in origin else []
    words += [f"TiedTTS {_plain(origin['version'])}"] if "version" in origin else []
    return ", ".join(words) or UNKNOWN


def _alike(
    origins: Mapping[str, Mapping[str, Any]], tell: Callable[[Mapping[str, Any]], str]
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the names of parts and where they come from; parts of which the same is told stand together."""
    told: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
    for part, origin in origins.items():
        bases = [(base.get("name"), _data(base), base.get("teacher")) for base in _bases(origin)]
        key = f"{tell(origin)} {(origin.get('teacher'), bases) if tell is _data else ''}"
        told.setdefault(key, ([], origin))[0].append(PARTS[part])
    return [(" and the ".join(names), origin) for names, origin in told.values()]


def _table(facts: Mapping[str, str]) -> list[str]:
    rows = (f"| {name} | {value.replace('|', '/')} |" for name, value in facts.items())
    return ["| | |", "|---|---|", *rows]


def _plain(value: object) -> str:
    """Return a value of a file on one line."""
    return UNKNOWN if value is None else " ".join(str(value).split())
