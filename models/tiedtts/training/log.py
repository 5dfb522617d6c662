"""The log of a run: losses by step in a CSV file, and in TensorBoard where asked for."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiedtts import extras, storage
from tiedtts.errors import ConfigError


class Log:
    """Rows of named numbers by step; columns may grow as training goes on.

    Args:
        path: CSV file; rows after `step` are dropped, as a resumed run makes them again.
        step: Step the run goes on from.
        tensorboard: Folder for TensorBoard's events, or None.
    """

    def __init__(self, path: Path, step: int, tensorboard: Path | None = None) -> None:
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.is_file():
            try:
                with path.open(newline="", encoding="utf-8") as file:
                    self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
            except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
                raise ConfigError(
                    f"{path} is not the log of a run: {error}", hint="move it away, or start a new run"
                ) from error
        self._writer: Any = None
        if tensorboard is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise ConfigError(
                    "TensorBoard is not installed", hint=extras.install_command("tensorboard")
                ) from error
            self._writer = SummaryWriter(str(tensorboard), purge_step=step + 1)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write a row; the file is replaced as a whole, so that it is never half a row."""
        self.rows.append({"step": str(step), **{k: f"{v:.6g}" for k, v in values.items()}})
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        storage.write_bytes(self.path, text.getvalue().encode())
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
            self._writer.flush()

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._writer is not None:
            self._writer.close()
