"""The page on which the most doubtful recordings are listened to: one file with all sounds."""

import base64
import html
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import files
from tiedtts.corpus import manifest
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import Entry
from tiedtts.corpus.report import REPORT_PAGE, Report
from tiedtts.corpus.suspects import Suspect
from tiedtts.errors import CorpusError
from tiedtts.text.phones import Phone

MOST = 40
"""Recordings on the page."""
_TEMPLATE = Path(__file__).parent / "data" / "page.html"
_COLUMNS = 240
"""Columns of the picture of a sound."""
_HEIGHT = 40
"""Its height, in the same units."""


def write(data: Path, source: Path, title: str, report: Report, entries: Sequence[Entry]) -> None:
    """Write the page of the recordings that a report ranks, or remove an old one where it ranks none.

    Args:
        data: The data folder.
        source: The corpus, for the command that takes decisions into account.
        title: Name of the corpus.
        report: The report on it.
        entries: Its recordings, those that are left out as well.
    """
    ranked = report.judgement.ranked[:MOST]
    listened = report.judgement.heard_right is not None
    if not (report.judgement.suspects or (ranked and listened)):
        (data / REPORT_PAGE).unlink(missing_ok=True)
        return
    rate = manifest.read_settings(data).sample_rate
    known = {entry.id: entry for entry in entries}
    out = frozenset(report.left_out)
    items = [_item(data, rate, known[each.id], each, each.id in out) for each in ranked if each.id in known]
    command = (
        f"tiedtts prepare {shlex.quote(str(source))} -o {shlex.quote(str(data))} --decisions decisions.txt"
    )
    values = {
        "title": html.escape(title),
        "summary": html.escape(_summary(report)),
        "items": "\n".join(items),
        "command": html.escape(command),
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    before, *parts = text.split("[[")
    filled = [before]
    for part in parts:
        # Never a second time, or a name with brackets could ask for another value.
        name, _, rest = part.partition("]]")
        filled += [values[name], rest]
    storage.write_bytes(data / REPORT_PAGE, "".join(filled).encode())


def _summary(report: Report) -> str:
    found = report.judgement.suspects
    if not found:
        return f"Nothing speaks against any of {report.used} recordings; these are the least usual ones."
    return (
        f"{len(found)} of {report.used + len(report.left_out)} recordings may not be what their texts say; "
        f"{len(report.left_out)} of them are left out."
    )


def _item(data: Path, rate: int, entry: Entry, suspect: Suspect, is_left_out: bool) -> str:
    """Return a recording as an item of the list."""
    try:
        features = Features.load(data / manifest.FEATURES / entry.features)
    except CorpusError:
        return ""
    hop = len(features.samples) / max(features.frames, 1)
    start, end = (place * hop / rate for place in suspect.frames)
    sound = base64.b64encode(files.encode(features.samples, rate, "MP3")).decode()
    name = html.escape(entry.id)
    tag = '<span class="tag out">left out</span>' if is_left_out else '<span class="tag used">used</span>'
    why = "; ".join(filter(None, [suspect.reason, suspect.told])) or "nothing speaks against it"
    said = " ".join(Phone(*row).symbol for row in entry.phones if Phone(*row).is_speech)
    heard = (
        ""
        if suspect.heard is None
        else f"<br/>heard: <code>{html.escape(' '.join(suspect.heard)) or 'nothing'}</code>"
    )
    choices = "".join(
        f'<label><input type="radio" name="d-{name}" value="{value}"{"" if value else " checked"}/> '
        f"{label}</label>"
        for value, label in (("", "undecided"), ("keep", "keep"), ("drop", "leave out"))
    )
    doubt = f'<span class="doubt">doubt {suspect.doubt:.1f}</span>'
    place = f'data-start="{start:.3f}" data-end="{end:.3f}"'
    return f"""<li tabindex="0" data-name="{name}" {place} aria-label="{name}">
<div class="head"><span class="name">{name}</span>{tag}{doubt}</div>
<p class="said">{html.escape(entry.text)}</p>
<p class="soft">{html.escape(why[0].upper() + why[1:])}</p>
{_picture(features.samples, suspect.frames, features.frames)}
<div class="play"><audio controls preload="none" src="data:audio/mpeg;base64,{sound}"></audio>
<fieldset aria-label="decision on {name}">{choices}</fieldset></div>
<details><summary>Phones</summary>text: <code>{html.escape(said)}</code>{heard}</details>
</li>"""


def _picture(samples: npt.NDArray[np.float32], marked: tuple[int, int], frames: int) -> str:
    """Return the loudness of a sound over time as SVG, with a part of it marked."""
    parts = np.array_split(np.abs(samples), min(_COLUMNS, max(len(samples), 1)))
    peaks = np.array([part.max(initial=0.0) for part in parts])
    heights = peaks / max(float(peaks.max(initial=0.0)), 1e-6) * (_HEIGHT / 2 - 1)
    step = _COLUMNS / len(parts)
    bar = 0.7 * step
    path = "".join(
        f"M{index * step:.1f} {_HEIGHT / 2 - height:.1f}h{bar:.2f}v{2 * height:.1f}h-{bar:.2f}z"
        for index, height in enumerate(np.maximum(heights, 0.3))
    )
    start, end = (place * _COLUMNS / max(frames, 1) for place in marked)
    shade = (
        ""
        if (start, end) == (0, _COLUMNS)
        else f'<rect x="{start:.1f}" width="{end - start:.1f}" height="{_HEIGHT}"/>'
    )
    return (
        f'<svg class="wave" viewBox="0 0 {_COLUMNS} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="loudness over time">{shade}<path d="{path}"/></svg>'
    )
