"""`tiedtts synth -d`: a sound file for every line of a list."""

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts.errors import TextError
from tiedtts_cli import boundary, talk
from tiedtts_cli.synth_arguments import Arguments

if TYPE_CHECKING:
    from tiedtts.batch.job import BatchSpec
    from tiedtts.batch.run import Report, Summary
    from tiedtts.remote import Mirror
    from tiedtts.settings import Settings


PLACES = ("file", "timestamps")
"""Names of files in a row."""


def speak(given: Arguments, folder: Path, spec: "BatchSpec", settings: "Settings") -> None:
    """Say every line into a file of its own, here or where a URL says.

    Raises:
        TextError: There are no lines, or some could not be said.
    """
    from tiedtts import remote

    place = remote.url(folder)
    with remote.fetched(list(given.inputs or [])) as inputs:
        given = given._replace(inputs=inputs or None)
        if place is None:
            _speak(given, folder, spec, settings)
            return
        from tiedtts.batch import manifest

        with remote.mirrored(place, manifest.NAME) as mirror:
            _speak(given, mirror.local, spec, settings, mirror)


def _speak(
    given: Arguments,
    folder: Path,
    spec: "BatchSpec",
    settings: "Settings",
    mirror: "Mirror | None" = None,
) -> None:
    """Say every line into a file in a folder of this machine, which may stand for one elsewhere."""
    from tiedtts.batch import lines, origin, run
    from tiedtts.batch.manifest import NAME

    stdin = sys.stdin.buffer
    rows, count = origin.rows(given.text, given.inputs or [], stdin, given.read_as, titles=given.titles)
    _keep_cover(given, folder)
    named = lines.named(rows, by=given.name_by, digits=lines.digits(count))
    begin = time.monotonic()
    manifest = b"" if mirror is None else _manifest(mirror)

    def report(report: "Report") -> None:
        nonlocal manifest
        if mirror is not None and report.error is None and not report.skipped:
            manifest += json.dumps(report.row, ensure_ascii=True).encode() + b"\n"
            mirror.send(*(report.row[key] for key in PLACES if key in report.row))
            mirror.keep(NAME, manifest)
        _report(report, given, None if mirror is None else mirror.place)

    def told(summary: "Summary", words: str) -> None:
        finished = summary.made + summary.skipped + summary.failed
        speed = summary.seconds / max(time.monotonic() - begin, 1e-9)
        share = min(finished / count, 1.0) if count else None
        if summary.share is not None:
            share = summary.share
            words = _of_book(summary)
        show(share, f"{speed:.0f} x real time, {words}" if summary.made else words)

    with contextlib.ExitStack() as stack:
        if mirror is not None:
            stack.callback(_send_rest, mirror)
        show = stack.enter_context(talk.progress("synth", quiet=given.quiet))
        summary = run.run(
            named,
            folder,
            spec,
            settings,
            skip_existing=given.skip_existing,
            workers=given.workers,
            live=not count and given.workers is None and origin.is_live(stdin),
            engine=given.engine,
            there=None if mirror is None else mirror.has,
            report=report,
            progress=told,
        )
    if not given.quiet:
        there = f", {summary.skipped} there already" if summary.skipped else ""
        files = f"{summary.made} file{'' if summary.made == 1 else 's'}"
        talk.note(
            f"{folder if mirror is None else mirror.place}: {files}, {talk.duration(summary.seconds)}{there}"
        )
    if given.verbose:
        spent = time.monotonic() - begin
        talk.note(
            f"{summary.seconds / spent:.0f} x real time: {summary.seconds:.1f} s of sound in {spent:.1f} s"
        )
    if summary.failed:
        total = summary.made + summary.skipped + summary.failed
        raise TextError(f"{summary.failed} of {total} lines could not be said")


def _manifest(mirror: "Mirror") -> bytes:
    """Return the rows of a folder elsewhere that are there already."""
    from tiedtts.batch.manifest import NAME

    path = mirror.local / NAME
    return path.read_bytes() if path.is_file() else b""


def _send_rest(mirror: "Mirror") -> None:
    """Send the manifest and a cover, at the end or when the run is stopped."""
    from tiedtts.batch.manifest import NAME

    for path in mirror.local.glob("cover.*"):
        if path.stat().st_size:
            mirror.send(path.name)
    if data := _manifest(mirror):
        mirror.keep(NAME, data, now=True)


def _of_book(summary: "Summary") -> str:
    """Return how much of a book has been spoken, in minutes of speech."""
    if not summary.share or summary.skipped:
        return f"{talk.duration(summary.seconds)} of speech"
    return f"{talk.duration(summary.seconds)} of about {talk.duration(summary.seconds / summary.share)}"


def _keep_cover(given: Arguments, folder: Path) -> None:
    """Put the cover of a book beside its chapters, if there is none yet."""
    from tiedtts import storage
    from tiedtts.batch import folder as folders
    from tiedtts.choices import BOOK

    books = [path for path in given.inputs or [] if path.suffix.lower() == BOOK]
    if len(books) != 1 or given.read_as not in ("auto", "file", "epub"):
        return
    from tiedtts.batch import books as readers

    found = readers.cover(books[0])
    if found is None:
        return
    folders.check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place := folder / f"cover{found[1]}"):
        storage.write_bytes(place, found[0])


def _report(report: "Report", given: Arguments, folder: str | None) -> None:
    """Say what became of a line: warnings and errors on stderr, the row on stdout.

    Args:
        report: What became of it.
        given: The arguments of the command.
        folder: URL of a folder elsewhere.
    """
    place = report.line.place

    def shown(name: str) -> str:
        return str(report.path.with_name(name)) if folder is None else f"{folder}/{name}"

    if given.verbose and report.error is None:
        what = "there already" if report.skipped else f"{report.row['seconds']:.2f} s"
        talk.note(f"{place}: {shown(report.path.name)}, {what}")
    if not given.quiet:
        for warning in report.row.get("warnings", report.line.warnings):
            talk.warning(f"{place}: {warning}")
    if report.error is not None:
        if report.trace and os.environ.get(boundary.TRACEBACK):
            print(report.trace, end="", file=sys.stderr)
        message, hint, _ = boundary.describe(report.error, "synth")
        talk.error(f"{place}: {message}", hint)
    elif given.as_json and not report.skipped:
        places = {key: shown(report.row[key]) for key in PLACES if key in report.row}
        print(json.dumps({**report.row, **places}), flush=True)
