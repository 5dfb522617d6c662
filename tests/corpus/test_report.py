import json
from dataclasses import replace
from pathlib import Path

from tiedtts.corpus.report import Report, Scores, by_count

REPORT = Report(
    recordings=20,
    used=6,
    heldout=1,
    seconds=90.0,
    phones=900,
    rejected={"audio silent": ["a"], "audio empty": [f"r{n}" for n in range(12)]},
    notes={"resampled": ["é"]},
    unknown_words=["blorp", "zib"],
    alignment_score=Scores(-17.5, -20.25),
)

MARKDOWN = """# kathleen

| | |
|---|---:|
| recordings | 20 |
| used | 6 |
| held out | 1 |
| speech | 1.5 min |
| phones | 900 |
| phones per second | 10.0 |
| alignment score, mean | -17.50 |
| alignment score, worst | -20.25 |

## Rejected

- 12 × audio empty: `r0`, `r1`, `r2`, `r3`, `r4`, `r5`, `r6`, `r7`, `r8`, `r9` and 2 more
- 1 × audio silent: `a`

## Notes

- 1 × resampled: `é`

## Guessed pronunciations

blorp, zib
"""


def test_files(tmp_path: Path) -> None:
    REPORT.write(tmp_path, "kathleen")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == MARKDOWN
    values = json.loads((tmp_path / "report.json").read_bytes())
    assert values == REPORT.to_dict()
    assert values["alignment_score"] == {"mean": -17.5, "min": -20.25}
    assert values["notes"] == {"resampled": ["é"]}


def test_nothing_to_tell() -> None:
    text = replace(REPORT, rejected={}, notes={}, unknown_words=[]).to_markdown("k")
    assert text.endswith("| -20.25 |\n")
    assert "##" not in text


def test_the_most_common_comes_first() -> None:
    assert by_count({"b": ["1"], "a": ["1", "2"], "c": ["3"]}) == [("a", 2), ("b", 1), ("c", 1)]
