"""The report of `distil` on a corpus."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiedtts import storage
from tiedtts.corpus.picking.coverage import Coverage
from tiedtts.corpus.report import REPORT_JSON, REPORT_MARKDOWN, by_count

SHOWN = 10
"""Names listed for every reason in the readable report."""


@dataclass(frozen=True, kw_only=True)
class DistilReport:
    """How many texts have become clips, and why the others have not."""

    teacher: str
    """Name of the engine and its voice."""
    texts: int
    """Texts that were to be said."""
    clips: int
    """Clips in the corpus."""
    made: int
    """Clips that this run has made; the others were there."""
    seconds: float
    """Length of all clips in the corpus."""
    saved: int = 0
    """Texts whose clip is not that of the first attempt."""
    rejected: dict[str, list[str]] = field(default_factory=dict)
    """Names of texts without a clip, by reason."""
    failures: dict[str, str] = field(default_factory=dict)
    """Messages of the engine about texts at which it failed, by name."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """Remarks, each with the names of its texts; without names if it is not about single texts."""
    phones_per_second: float | None = None
    """Usual speed; None with too few clips to learn it from."""
    coverage: Coverage | None = None
    """Coverage of the chosen texts, if they were chosen."""
    heard_right: float | None = None
    """Share of the phones that the recogniser hears as they are; None if it has not listened."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return dataclasses.asdict(self)

    def to_markdown(self) -> str:
        """Return the report for a reader."""
        facts = {
            "texts": f"{self.texts:,}",
            "clips": f"{self.clips:,}",
            "of them not at the first attempt": f"{self.saved:,}",
            "speech": f"{self.seconds / 60:.1f} min",
        }
        if self.phones_per_second is not None:
            facts["phones per second"] = f"{self.phones_per_second:.1f}"
        if self.heard_right is not None:
            facts["phones that the recogniser hears as they are"] = f"{self.heard_right:.0%}"
        lines = [f"# Spoken by {self.teacher}", "", "| | |", "|---|---:|"]
        lines += [f"| {name} | {value} |" for name, value in facts.items()]
        lines += _section("Thrown away", self.rejected) + _section("Notes", self.notes)
        if self.coverage is not None:
            lines += ["", "## Texts that were chosen", "", *(f"- {line}" for line in self.coverage.lines())]
        if self.failures:
            lines += ["", "## What the engine said when it failed", ""]
            lines += [f"- `{name}`: {failure}" for name, failure in self.failures.items()]
        return "\n".join(lines) + "\n"

    def write(self, corpus: Path) -> None:
        """Write the report into the folder of the corpus, for programs and for readers."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        storage.write_bytes(corpus / REPORT_JSON, text.encode("utf-8", "replace"))
        storage.write_bytes(corpus / REPORT_MARKDOWN, self.to_markdown().encode("utf-8", "replace"))


def _section(title: str, reasons: Mapping[str, Sequence[str]]) -> list[str]:
    if not reasons:
        return []
    lines = ["", f"## {title}", ""]
    for reason, count in by_count(reasons):
        if not count:
            lines.append(f"- {reason}")
            continue
        names = ", ".join(f"`{name}`" for name in reasons[reason][:SHOWN])
        more = f" and {count - SHOWN} more" if count > SHOWN else ""
        lines.append(f"- {count} × {reason}: {names}{more}")
    return lines
