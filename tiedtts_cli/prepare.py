"""`tiedtts prepare`: recordings become training data."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tiedtts.choices import CORPUS_FORMATS, DENOISING, HELD_OUT, LANGUAGES, LEAVE_OUT, LOCAL
from tiedtts_cli import engines, streams, talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least, bounds, choice, option, takes

if TYPE_CHECKING:
    from tiedtts.corpus.report import Report

SHOWN = 3
"""Recordings named for every reason."""
MANY = 0.2
"""Share of the recordings that is a lot to leave out."""


def parse_share(text: str) -> float:
    """Return `5%` or `0.05` as 0.05.

    Raises:
        UsageError: It is not a share from 0 to a half.
    """
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = float("nan")
    least, most = HELD_OUT
    if not least <= share <= most:
        raise UsageError(
            f"`--holdout` must be {least:.0%} to {most:.0%}, got: {text}", hint="write 5% or 0.05"
        )
    return share


def _checked_share(text: str) -> str:
    parse_share(text)
    return text


def _checked_denoising(decibels: float) -> float:
    if not DENOISING[0] <= decibels <= DENOISING[1]:
        raise UsageError(f"`--denoise` must be {bounds(DENOISING)} dB, got: {decibels:g}")
    return decibels


class Arguments(NamedTuple):
    """Recordings, and how they become data."""

    corpus: Annotated[Path, typer.Argument(help="Recordings of one speaker with their texts.")]
    output: Annotated[Path, option("--output", "-o", metavar="DATA", help="Folder to write.")]
    corpus_format: Annotated[
        str, choice("--format", CORPUS_FORMATS, help="Kind of corpus.", show_default=True)
    ] = "auto"
    speaker: Annotated[
        str | None, option("--speaker", metavar="NAME", help="Whose recordings, where there are several.")
    ] = None
    language: Annotated[
        str, choice("--language", LANGUAGES, help="en: the texts are English, whatever they look like.")
    ] = "auto"
    workers: Annotated[int | None, at_least(1, "--workers", help="Processes; one a core by default.")] = None
    holdout: Annotated[
        str, typer.Option(help="Share kept from training, for `eval`.", callback=_checked_share)
    ] = "5%"
    lexicon: Annotated[Path | None, option("--lexicon", help="Own pronunciations.")] = None
    licence: Annotated[str | None, option("--licence", metavar="TEXT", help="Licence of the recordings.")] = (
        None
    )
    aligner: Annotated[
        Path | None, option("--aligner", metavar="CKPT", help="Align by a trained DeepSpeech.")
    ] = None
    listen: Annotated[
        bool, typer.Option("--listen/--no-listen", help="Compare texts with what a recogniser hears.")
    ] = True
    leave_out: Annotated[
        str,
        choice("--leave-out", LEAVE_OUT, help="Suspects that are not used.", show_default=True),
    ] = "clear"
    decisions: Annotated[
        Path | None, option("--decisions", metavar="FILE", help="Lines `keep NAME` or `drop NAME`.")
    ] = None
    denoise: Annotated[
        float,
        typer.Option(
            metavar="DB",
            help=f"Take steady noise down by so much, {bounds(DENOISING)}.",
            callback=_checked_denoising,
        ),
    ] = 0.0
    seed: Annotated[int, typer.Option(help="Seed of the choice of what is held out.")] = 0
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the data of another corpus.")] = (
        False
    )
    engine: Annotated[
        str, option("--engine", metavar="NAME", help="ray: a cluster computes the features.")
    ] = LOCAL
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False


@takes(Arguments)
def prepare(given: Arguments) -> None:
    """Turn recordings and their texts into training data.

    \b
    tiedtts prepare LJSpeech-1.1 -o data
    tiedtts prepare recordings -o data --format folder --holdout 10%
    """  # noqa: D301
    if given.as_json:
        streams.need_stdout()
    engines.check(given.engine)
    from tiedtts.corpus.prepare import prepare

    net = None
    if given.aligner is not None:
        from tiedtts.measure.forced_alignment import NetAligner

        net = NetAligner(given.aligner)
    ear = None
    if given.listen:
        from tiedtts.measure.ear import CheckpointEar

        ear = CheckpointEar()
    with talk.progress("prepare", quiet=given.quiet) as show:
        report = prepare(
            given.corpus,
            given.output,
            format=given.corpus_format,
            speaker=given.speaker,
            language=None if given.language == "auto" else given.language,
            workers=given.workers,
            holdout=parse_share(given.holdout),
            lexicon=given.lexicon,
            seed=given.seed,
            licence=given.licence,
            aligner=net,
            ear=ear,
            leave_out=given.leave_out,
            decisions=given.decisions,
            denoise=given.denoise,
            overwrite=given.overwrite,
            engine=given.engine,
            progress=show,
        )
    if given.as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _show(report)
    if not given.quiet and not given.as_json:
        _tell_next(given.output, report)


def _show(report: "Report") -> None:
    """Print how many recordings are used, and why others are not."""
    typer.echo(
        f"{report.used} of {report.recordings} recordings used, {report.heldout} of them held out: "
        f"{talk.duration(report.seconds)} of speech, {report.phones} phones"
    )
    for line in (*reasons("rejected", report.rejected), *reasons("note", report.notes)):
        typer.echo(line)
    if report.unknown_words:
        typer.echo(f"guessed pronunciations: {_few(report.unknown_words)}")


def _tell_next(data: Path, report: "Report") -> None:
    """Say where the report is, what to listen to, and what comes next."""
    from tiedtts.corpus import amount
    from tiedtts.corpus.report import REPORT_PAGE

    talk.note(f"all of it: {data / 'report.md'}")
    if found := report.judgement.suspects:
        out = len(report.left_out)
        talk.note(
            f"suspects: {len(found)}, {out} of them left out (`--leave-out none|clear|all`): "
            f"listen to them: {data / REPORT_PAGE}"
        )
    if len(report.left_out) > MANY * report.recordings:
        talk.warning(
            f"{len(report.left_out)} of {report.recordings} recordings are left out: do texts and sounds fit?"
        )
    if report.expected is not None:
        talk.warning(report.expected)
    change = " --recipe adapt --init-from clara" if amount.adapts(report.seconds) else ""
    talk.note(f"next: tiedtts train {data} -o RUN{change}")


def reasons(title: str, found: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for every reason: how many recordings, why, the first of them."""
    lines = []
    for reason, ids in sorted(found.items(), key=lambda item: -len(item[1])):
        lines.append(f"{title}: {len(ids)} x {reason}: {_few(ids)}" if ids else f"{title}: {reason}")
    return lines


def _few(names: Sequence[str]) -> str:
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
