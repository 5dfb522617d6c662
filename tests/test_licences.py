"""Licences of everything that `pip install .` brings."""

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


def declared(extra: str | None = None) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] if extra is None else project["optional-dependencies"][extra]


def installed_by(requirements: list[str]) -> dict[str, metadata.Distribution]:
    """Return the distributions that requirements bring, by name; the requirements of each come with it."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        name = canonicalize_name(wanted.name)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        distribution = metadata.distribution(name)
        if name not in found or wanted.extras:
            found[name] = distribution
            for each in ("", *wanted.extras):
                waiting += [(Requirement(text), each) for text in distribution.requires or ()]
    return found


def licences(distribution: metadata.Distribution) -> list[str]:
    """Return all that a distribution says of its licence; of a whole text, the first lines."""
    about = distribution.metadata
    told = [*about.get_all("License-Expression", []), *about.get_all("License", [])]
    told += [each for each in about.get_all("Classifier", []) if each.startswith("License ::")]
    return ["\n".join(text.splitlines()[:3]) for text in told if text.strip() not in ("", "UNKNOWN")]


def is_gpl(licence: str) -> bool:
    """Tell whether a licence is the GPL or the AGPL, and neither the LGPL nor one of several to choose from."""
    gpl = re.compile(r"\bA?GPL|(?<!Lesser )(?<!Library )General Public License", re.IGNORECASE)
    return all(
        gpl.search(re.sub(r"\bGPL\S* WITH \S*exception\S*", "", choice, flags=re.IGNORECASE))
        for choice in licence.split(" OR ")
    )


@pytest.mark.parametrize(
    ("licence", "gpl"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("MIT AND GPL-2.0-only", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("GPL-2.0-only OR BSD-3-Clause", False),
        ("LGPL-2.1-or-later", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("Apache License 2.0", False),
    ],
)
def test_what_is_gpl(licence: str, gpl: bool) -> None:
    assert is_gpl(licence) is gpl


def test_the_light_installation_brings_nothing_under_the_gpl() -> None:
    found = installed_by(declared())
    told = {name: licences(distribution) for name, distribution in found.items()}
    assert {"numpy", "onnxruntime", "soundfile", "typer", "cffi", "pygments"} <= told.keys()
    assert [name for name, texts in told.items() if not texts] == []
    assert {name: texts for name, texts in told.items() if any(map(is_gpl, texts))} == {}


def test_neither_does_the_extra_for_training() -> None:
    found = installed_by([*declared(), *declared("train")])
    assert "torch" in found
    # They compile themselves, and bring a hundred megabytes.
    assert found.keys().isdisjoint({"librosa", "numba", "llvmlite"})
    assert {name for name in found if any(map(is_gpl, licences(found[name])))} == set()


def test_neither_does_the_extra_for_serving() -> None:
    pytest.importorskip("starlette")
    found = installed_by([*declared(), *declared("serve")])
    assert {"starlette", "uvicorn", "prometheus-client", "anyio", "h11", "wyoming"} <= found.keys()
    assert {name for name in found if any(map(is_gpl, licences(found[name])))} == set()


@pytest.mark.skipif(sys.platform != "linux", reason="one system is enough")
def test_the_light_installation_is_small() -> None:
    found = installed_by(declared())
    assert found.keys().isdisjoint(
        {"torch", "librosa", "numba", "scipy", "nltk", "g2p-en", "distance", "matplotlib"}
    )


def test_notices_are_in_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in project["license-files"]:
        assert (ROOT / name).is_file(), name
    notice = (ROOT / "models/tiedtts/text/data/NOTICE-g2p-en").read_text(encoding="utf-8")
    assert "Apache License, Version 2.0" in notice
    assert "Changed by TiedTTS" in notice
