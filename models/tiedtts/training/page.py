"""The page of a run: losses as curves, pictures and sounds of each step side by side, in one file."""

import contextlib
import csv
import html
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from tiedtts import storage
from tiedtts.training import chart, gallery
from tiedtts.training.gallery import Gallery, Steps
from tiedtts.training.page_words import CURVES, PARTS, STYLE, TOGGLE, meaning
from tiedtts.training.part_recipe import PartRecipe

FILE = "report.html"
"""File of the page, in the folder of the run."""
HELDOUT = "heldout_"
"""First letters of the names of losses on held-out recordings, in logs."""
_HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
)

Rows = Sequence[Mapping[str, str]]


@dataclass
class Page:
    """The page of a run, made anew from what lies in its folder: so it is right after a kill, too.

    Args:
        run: Folder of the run.
        recipes: Recipe of each part that is trained.
        texts: The illustrated sentences, in the order of the numbers in file names.
        about: Facts on the run in words, by heading.
    """

    run: Path
    recipes: Mapping[str, PartRecipe]
    texts: Sequence[str]
    about: Mapping[str, str]
    _steps: dict[str, int] = field(default_factory=dict, init=False)
    """Steps done of parts whose log may tell of more: of a run that was killed and goes on."""
    _gallery: Gallery = field(default_factory=Gallery, init=False, repr=False)

    def reach(self, part: str, step: int) -> None:
        """Write the page after so many steps of a part."""
        self._steps[part] = step
        self.write()

    def write(self) -> None:
        """Write the page.

        Raises:
            OutputError: It cannot be written.
        """
        # It need not be on the disk at once: it is easily made again.
        storage.write_bytes(self.run / FILE, self.text().encode("utf-8", "replace"), sync=False)

    def text(self) -> str:
        """Return the page as HTML."""
        title = html.escape(self.run.resolve().name)
        facts = {**self.about, "Page written": time.strftime("%Y-%m-%d %H:%M")}
        table = "".join(f"<tr><th>{html.escape(k)}<td>{html.escape(v)}" for k, v in facts.items())
        sections = {part: self._section(part) for part in PARTS}
        waiting = [PARTS[part] for part in self.recipes if not sections[part]]
        later = f"<p>Still to come: {', '.join(waiting)}." if waiting else ""
        return (
            f"{_HEAD}<title>{title}: training</title><style>{STYLE}</style><h1>{title}</h1>"
            f"<p>How this training goes. Reload the page to see more.<table>{table}</table>"
            f"{''.join(sections.values())}{later}<script>{TOGGLE}</script></html>\n"
        )

    def _section(self, part: str) -> str:
        """Return the section of a part; nothing if it has not begun."""
        folder, end = self.run / part, self._steps.get(part)
        rows = [row for row in _log(folder) if end is None or int(row["step"]) <= end]
        shown: Steps = [each for each in gallery.illustrated(folder) if end is None or each[0] <= end]
        done = max([end or 0, *(int(row["step"]) for row in rows), *(step for step, _ in shown)])
        if not done:
            return ""
        recipe = self.recipes.get(part)
        stages = [stage.steps for stage in recipe.stages] if recipe is not None else [done]
        words = f"Step {done:,}" + (f" of {sum(stages):,}." if recipe is not None else ".")
        if len(stages) > 1:
            words += f" {len(stages)} stages; dashed lines show where one ends."
        charts = "".join(_charts(rows, max(done, sum(stages)), list(accumulate(stages))[:-1]))
        return (
            f'<section><h2>{PARTS[part].capitalize()}</h2><p>{words}<div class="charts">{charts}</div>'
            f"{''.join(self._gallery.rows(shown, self.texts))}</section>"
        )


def _log(folder: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of the log of a part that can be read."""
    with (
        contextlib.suppress(OSError, ValueError, TypeError, KeyError, csv.Error),
        (folder / "log.csv").open(newline="", encoding="utf-8") as file,
    ):
        for row in csv.DictReader(file):
            int(row["step"])
            yield row


def _charts(rows: Rows, last: int, ends: Sequence[int]) -> Iterator[str]:
    """Yield a chart for each loss, of training and held-out recordings together."""
    columns = [name for row in rows for name in row if isinstance(name, str) and name != "step"]
    names = dict.fromkeys(name.removeprefix(HELDOUT) for name in columns)
    # The held-out recordings say most, and the learning rate is no loss.
    for name in sorted(names, key=lambda name: (name == "learning_rate", HELDOUT + name not in columns)):
        series = {"training": _points(rows, name), "heldout": _points(rows, HELDOUT + name)}
        drawn = chart.draw({key: points for key, points in series.items() if points}, last, ends)
        if drawn:
            legend = "".join(f'<i class="{key}">{CURVES[key]}</i>' for key, of in series.items() if of)
            words = f"<b>{html.escape(name.replace('_', ' '))}</b> {legend}<br>{html.escape(meaning(name))}"
            yield f"<figure><figcaption>{words}</figcaption>{drawn}</figure>"


def _points(rows: Rows, name: str) -> list[tuple[int, float]]:
    """Return steps and values of a column; what is no number is left out."""
    points = []
    for row in rows:
        with contextlib.suppress(ValueError):
            if row.get(name):
                points.append((int(row["step"]), float(row[name])))
    return points
