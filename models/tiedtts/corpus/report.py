"""The report on a corpus: what `prepare` kept, what it left out and why; `report.md` and `report.json`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiedtts import storage
from tiedtts.corpus import amount
from tiedtts.corpus.suspects import Judgement, Suspect

REPORT_JSON = "report.json"
REPORT_MARKDOWN = "report.md"
REPORT_PAGE = "report.html"
"""Page with the sounds of the most doubtful recordings."""
ADAPT = "tiedtts train DATA -o RUN --recipe adapt --init-from clara"
"""Command that changes a voice of the package."""
SHOWN = 10
"""Names listed for every reason in the readable report."""
WORST = 40
"""Suspects listed in the readable report."""


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
    judgement: Judgement = field(default_factory=Judgement)
    """Recordings that may not be what their texts say."""
    left_out: tuple[str, ...] = ()
    """Suspects that are not used."""
    alignment_gain: float | None = None
    """How much the alignment tells of its phones, see `tiedtts.corpus.trust`; nats a frame."""
    expected: str | None = None
    """The prospect of so much speech, if it is too little for a voice of its own."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

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
        if self.judgement.heard_right is not None:
            facts["phones heard as they are"] = f"{self.judgement.heard_right:.0%}"
        lines = [f"# {title}", "", "| | |", "|---|---:|"]
        lines += [f"| {name} | {value} |" for name, value in facts.items()]
        if self.expected is not None:
            lines += ["", f"{self.expected[0].upper()}{self.expected[1:]}."]
            if amount.adapts(self.seconds):
                lines += ["", f"Change a voice that can speak: `{ADAPT}`."]
        lines += self._suspects()
        lines += _section("Rejected", self.rejected) + _section("Notes", self.notes)
        if self.unknown_words:
            lines += ["", "## Guessed pronunciations", "", ", ".join(self.unknown_words)]
        return "\n".join(lines) + "\n"

    def _suspects(self) -> list[str]:
        """Return the section on suspects, the worst first."""
        found = self.judgement.suspects
        if not found:
            return []
        out = frozenset(self.left_out)
        lines = ["", "## Suspects", ""]
        lines += [f"{len(found)} recordings may not be what their texts say; `{REPORT_PAGE}` plays them.", ""]
        lines += ["| recording | | why | doubt |", "|---|---|---|---:|"]
        lines += [_row(each, each.id in out) for each in found[:WORST]]
        more = len(found) - WORST
        return [*lines, *(["", f"And {more} more, in `{REPORT_JSON}`."] if more > 0 else [])]

    def write(self, data: Path, title: str) -> None:
        """Write the report into a data folder, for programs and for readers."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        storage.write_bytes(data / REPORT_JSON, text.encode())
        storage.write_bytes(data / REPORT_MARKDOWN, self.to_markdown(title).encode())


def by_count(reasons: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """Return reasons and how often they occur, the most common first."""
    return sorted(((reason, len(names)) for reason, names in reasons.items()), key=lambda pair: -pair[1])


def _row(suspect: Suspect, is_left_out: bool) -> str:
    why = f"{suspect.reason}; {suspect.told}" if suspect.told else str(suspect.reason)
    # A bar would end the cell.
    why = why.replace("|", "\\|")
    return f"| `{suspect.id}` | {'left out' if is_left_out else 'used'} | {why} | {suspect.doubt:.1f} |"


def _section(title: str, reasons: Mapping[str, Sequence[str]]) -> list[str]:
    if not reasons:
        return []
    lines = ["", f"## {title}", ""]
    for reason, count in by_count(reasons):
        names = ", ".join(f"`{name}`" for name in reasons[reason][:SHOWN])
        more = f" and {count - SHOWN} more" if count > SHOWN else ""
        lines.append(f"- {count} × {reason}: {names}{more}")
    return lines
