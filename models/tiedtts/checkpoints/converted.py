"""Result of tying a checkpoint."""

import dataclasses
from typing import Any

from tiedtts.tying.report import TieReport


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conversion:
    """Result of a conversion."""

    report: TieReport
    """Layer by layer."""
    file_bytes_before: int
    """Size of the file that was read."""
    file_bytes_after: int
    """Size of the file that was written."""
    losses_before: dict[str, float] | None = None
    """On held-out recordings, if there were any."""
    losses_after: dict[str, float] | None = None
    """Held-out losses after tying."""
    notes: tuple[str, ...] = ()
    """Remarks on what was inferred or left out of another program's checkpoint."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        report = self.report
        return {
            "unique_parameters_before": report.parameters_before,
            "unique_parameters_after": report.parameters_after,
            "tying_ratio": report.tying_ratio,
            "file_bytes_before": self.file_bytes_before,
            "file_bytes_after": self.file_bytes_after,
            "heldout_losses_before": self.losses_before,
            "heldout_losses_after": self.losses_after,
            "notes": list(self.notes),
            "passed_over": list(report.passed_over),
            "layers": [dataclasses.asdict(row) for row in report.layers],
        }
