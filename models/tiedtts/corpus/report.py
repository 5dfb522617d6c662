"""The report on a corpus: what `prepare` kept, what it left out and why; `report.md` and `report.json`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts import storage

REPORT_JSON = "report.json"
REPORT_MARKDOWN = "report.md"
SHOWN = 10
"""Names listed for every reason in the readable report."""


@dataclass(frozen=True)
class Scores:
    """Mean log densities of a frame under the alignment."""

    mean: float
    """Mean over all recordings."""
    min: float
    """Score of the worst recording."""


@dataclass(frozen=True)
class Report:
    """How much of a corpus can be used, and why the rest cannot."""

    recordings: int
    """Recordings that the corpus lists."""
    used: int
    """Recordings used, for training or held out."""
    heldout: int
    """Recordings kept from training."""
    seconds: float
    """Seconds of the recordings used, without the silence cut at the edges."""
    phones: int
    """Speech sounds in those used."""
    rejected: dict[str, list[str]]
    """Recordings that cannot be used, by reason."""
    notes: dict[str, list[str]]
    """Recordings used all the same, and lines of the corpus, by what was noticed."""
    unknown_words: list[str]
    """Words in no dictionary, whose pronunciation was guessed."""
    alignment_score: Scores

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return dataclasses.asdict(self)

    def to_markdown(self, title: str) -> str:
        """Return the report for a reader."""
        minutes = self.seconds / 60
        facts = {
            "recordings": str(self.recordings),
            "used": str(self.used),
            "held out": str(self.heldout),
            "speech": f"{minutes:.1f} min",
            "phones": str(self.phones),
            "phones per second": f"{self.phones / self.seconds:.1f}",
            "alignment score, mean": f"{self.alignment_score.mean:.2f}",
            "alignment score, worst": f"{self.alignment_score.min:.2f}",
        }
        lines = [f"# {title}", "", "| | |", "|---|---:|"]
        lines += [f"| {name} | {value} |" for name, value in facts.items()]
        lines += _section("Rejected", self.rejected) + _section("Notes", self.notes)
        if self.unknown_words:
            lines += ["", "## Guessed pronunciations", "", ", ".join(self.unknown_words)]
        return "\n".join(lines) + "\n"

    def write(self, data: Path, title: str) -> None:
        """Write the report into a data folder, for programs and for readers."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        storage.write_bytes(data / REPORT_JSON, text.encode())
        storage.write_bytes(data / REPORT_MARKDOWN, self.to_markdown(title).encode())


def by_count(reasons: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """Return reasons and how often they occur, the most common first."""
    return sorted(((reason, len(names)) for reason, names in reasons.items()), key=lambda pair: -pair[1])


def _section(title: str, reasons: Mapping[str, Sequence[str]]) -> list[str]:
    if not reasons:
        return []
    lines = ["", f"## {title}", ""]
    for reason, count in by_count(reasons):
        names = ", ".join(f"`{name}`" for name in reasons[reason][:SHOWN])
        more = f" and {count - SHOWN} more" if count > SHOWN else ""
        lines.append(f"- {count} × {reason}: {names}{more}")
    return lines
