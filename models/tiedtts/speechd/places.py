"""Places of Speech Dispatcher in a user's home, and its configuration for the whole system."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "tiedtts"
"""Name of the module, by which clients choose it."""
SYSTEM = Path("/etc/speech-dispatcher")
"""Configuration of the whole system."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Folders and files that an installation touches."""

    configuration: Path
    """Folder of the user's own configuration."""
    data: Path
    """Folder of the user's data; the server finds modules by a path that goes through it."""
    system: Path = SYSTEM
    """Folder of the system's configuration."""

    @classmethod
    def of_user(cls, environment: Mapping[str, str] = os.environ) -> "Places":
        """Return the places of the user who runs this, as the XDG base directories have them."""
        home = Path(environment.get("HOME") or Path.home())
        configuration = environment.get("XDG_CONFIG_HOME") or home / ".config"
        data = environment.get("XDG_DATA_HOME") or home / ".local" / "share"
        return cls(configuration=Path(configuration) / "speech-dispatcher", data=Path(data))

    @property
    def program(self) -> Path:
        """The file that the server runs."""
        return self.data.parent / "libexec" / "speech-dispatcher-modules" / f"sd_{NAME}"

    @property
    def module(self) -> Path:
        """Configuration of the module."""
        return self.configuration / "modules" / f"{NAME}.conf"

    @property
    def server(self) -> Path:
        """The user's configuration of the server."""
        return self.configuration / "speechd.conf"
