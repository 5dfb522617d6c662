"""What became of a corpus: counts, reasons, names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tiedtts.audio import files

SHOWN = 10
"""Names listed for each reason in the readable report; the other one has all."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `prepare` found and made."""

    corpus: str
    """Name of the corpus."""
    format: str
    """How it was read."""
    licence: str | None
    """Of the recordings, if known."""
    recordings: int
    """Listed in the corpus."""
    used: int
    """In the data folder."""
    heldout: int
    """Of those, held out."""
    prompts: int
    """Different texts among those used."""
    seconds: float
    """Length of those used."""
    phones: int
    """Sounds, pauses not counted, in those used."""
    rejected: Mapping[str, Sequence[str]]
    """Reason to ids."""
    notes: Mapping[str, Sequence[str]]
    """What is worth knowing to ids or files."""
    guessed_words: Sequence[str]
    """Words that neither a lexicon nor a rule knows: their pronunciation was guessed."""
    alignment_score: float
    """Mean log density of a frame under the alignment."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    def write(self, folder: Path) -> None:
        """Write `report.json` and `report.md`."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        files.write_bytes(folder / "report.json", text.encode())
        files.write_bytes(folder / "report.md", self.markdown().encode())

    def markdown(self) -> str:
        """Return the report for people."""
        lines = [
            f"# {self.corpus}",
            "",
            f"{self.used} of {self.recordings} recordings, {self.seconds / 3600:.2f} h, "
            f"{self.prompts} texts, {self.phones} phones; {self.heldout} recordings held out.",
            f"Read as {self.format}; licence: {self.licence or 'unknown'}.",
            f"Mean alignment score: {self.alignment_score:.2f} per frame.",
        ]
        for title, groups in (("Not used", self.rejected), ("Worth knowing", self.notes)):
            if groups:
                lines += ["", f"## {title}", ""]
            lines += [f"- {reason}: {len(names)} ({_some(names)})" for reason, names in groups.items()]
        if self.guessed_words:
            lines += ["", "## Guessed pronunciations", "", _some(self.guessed_words, 100)]
        return "\n".join(lines) + "\n"


def _some(names: Sequence[str], count: int = SHOWN) -> str:
    more = f", and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
