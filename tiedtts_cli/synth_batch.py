"""`tiedtts synth -d`: a sound file for every line of a list."""

import json
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts.errors import TextError
from tiedtts_cli import boundary, talk

if TYPE_CHECKING:
    from tiedtts.batch.job import Work
    from tiedtts.batch.lines import Row
    from tiedtts.batch.run import Report, Summary
    from tiedtts.settings import Settings


PLACES = ("file", "timestamps")
"""Names of files in a row."""


def speak(
    text: str | None,
    paths: Sequence[Path],
    folder: Path,
    work: "Work",
    settings: "Settings",
    *,
    read_as: str,
    name_by: str,
    skip_existing: bool,
    workers: int | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Say every line into a file of its own.

    Raises:
        TextError: There are no lines, or some could not be said.
    """
    from tiedtts.batch import lines, run

    rows, count = _rows(text, paths, read_as)
    named = lines.named(rows, by=name_by, digits=lines.digits(count))
    begin = time.monotonic()

    def told(summary: "Summary", words: str) -> None:
        finished = summary.made + summary.skipped + summary.failed
        speed = summary.seconds / max(time.monotonic() - begin, 1e-9)
        share = min(finished / count, 1.0) if count else None
        show(share, f"{speed:.0f} x real time, {words}" if summary.made else words)

    with talk.progress("synth", quiet=quiet) as show:
        summary = run.run(
            named,
            folder,
            work,
            settings,
            skip_existing=skip_existing,
            workers=workers,
            live=not count and workers is None and _is_pipe(),
            report=lambda report: _report(report, as_json=as_json, quiet=quiet, verbose=verbose),
            progress=told,
        )
    if not quiet:
        there = f", {summary.skipped} there already" if summary.skipped else ""
        files = f"{summary.made} file{'' if summary.made == 1 else 's'}"
        talk.note(f"{folder}: {files}, {talk.duration(summary.seconds)}{there}")
    if verbose:
        spent = time.monotonic() - begin
        talk.note(
            f"{summary.seconds / spent:.0f} x real time: {summary.seconds:.1f} s of sound in {spent:.1f} s"
        )
    if summary.failed:
        total = summary.made + summary.skipped + summary.failed
        raise TextError(f"{summary.failed} of {total} lines could not be said")


def _rows(text: str | None, paths: Sequence[Path], read_as: str) -> tuple[Iterator["Row"], int]:
    """Return the utterances and about how many there are, 0 if nobody knows."""
    import io

    from tiedtts.batch import readers

    kind = "lines" if read_as in ("auto", "file") else read_as
    if paths and paths != [Path("-")]:
        sources = readers.sources(paths, read_as)
        counts = [source.count() for source in sources]
        # What comes through a pipe cannot be counted before it is read.
        known = [count for count in counts if count is not None]
        count = sum(known) if len(known) == len(counts) else 0
        return (row for source in sources for row in source.rows()), count
    if text is None or text == "-":
        return readers.rows(sys.stdin.buffer, kind, "stdin"), 0
    data = text.encode("utf-8", "surrogateescape")
    return readers.rows(io.BytesIO(data), kind, "the text"), 1 + data.count(b"\n")


def _is_pipe() -> bool:
    """Whether the lines on stdin may come one by one."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except OSError:
        return False


def _report(report: "Report", *, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say what became of a line: warnings and errors on stderr, the row on stdout."""
    place = report.line.place
    if verbose and report.error is None:
        what = "there already" if report.skipped else f"{report.row['seconds']:.2f} s"
        talk.note(f"{place}: {report.path}, {what}")
    if not quiet:
        for warning in report.row.get("warnings", report.line.warnings):
            talk.warning(f"{place}: {warning}")
    if report.error is not None:
        if report.trace and os.environ.get(boundary.TRACEBACK):
            print(report.trace, end="", file=sys.stderr)
        message, hint, _ = boundary.describe(report.error, "synth")
        talk.error(f"{place}: {message}", hint)
    elif as_json and not report.skipped:
        places = {key: str(report.path.with_name(report.row[key])) for key in PLACES if key in report.row}
        print(json.dumps({**report.row, **places}), flush=True)
