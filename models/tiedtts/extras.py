"""Extras: the command that installs one beside the copy of TiedTTS that is running."""

import json
from pathlib import Path

import tiedtts


def install_command(extra: str = "") -> str:
    """Return the command that installs TiedTTS with an extra from where this copy came from.

    Args:
        extra: Name of the extra; none by default.
    """
    return f'pip install "{_requirement(f"[{extra}]" if extra else "")}"'


def _requirement(extra: str) -> str:
    # Asked for by errors only, and not imported for speech that needs no extra.
    from importlib import metadata
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        # Written by pip for everything that does not come from an index of packages.
        origin = json.loads(metadata.distribution("tiedtts").read_text("direct_url.json") or "{}")
        url = str(origin.get("url", ""))
        if "vcs_info" in origin:
            return f"tiedtts{extra} @ {origin['vcs_info']['vcs']}+{url}"
        if urlsplit(url).scheme == "file":
            place = Path(url2pathname(urlsplit(url).path))
            if place.exists():
                return f"{place}{extra}"
    except (metadata.PackageNotFoundError, ValueError, KeyError, AttributeError):
        pass
    checkout = Path(tiedtts.__file__).parents[2]
    return f"{checkout if (checkout / 'pyproject.toml').is_file() else 'tiedtts'}{extra}"
