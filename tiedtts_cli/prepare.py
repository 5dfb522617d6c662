"""`tiedtts prepare`: recordings become training data."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tiedtts_cli import streams, talk
from tiedtts_cli.boundary import UsageError

FORMATS = ("auto", "ljspeech", "arctic", "folder", "jsonl")
SHOWN = 3
"""Recordings named for every reason."""
MOST_HELD_OUT = 0.5
MOST_DENOISING = 40.0


def prepare(
    corpus: Annotated[Path, typer.Argument(help="Recordings of one speaker with their texts.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DATA", help="Folder to write.", show_default=False)
    ],
    corpus_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="Kind of corpus.")
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; one a core by default.", show_default=False)
    ] = None,
    holdout: Annotated[str, typer.Option(help="Share kept from training, for `eval`.")] = "5%",
    lexicon: Annotated[Path | None, typer.Option(help="Own pronunciations.", show_default=False)] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Licence of the recordings.", show_default=False)
    ] = None,
    aligner: Annotated[
        Path | None,
        typer.Option(metavar="CKPT", help="Align by a trained DeepSpeech.", show_default=False),
    ] = None,
    denoise: Annotated[
        float, typer.Option(metavar="DB", help="Take steady noise down by so much, 0 to 40.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the choice of what is held out.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the data of another corpus.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Turn recordings and their texts into training data.

    \b
    tiedtts prepare LJSpeech-1.1 -o data
    tiedtts prepare recordings -o data --format folder --holdout 10%
    """  # noqa: D301
    if as_json:
        streams.need_stdout()
    if corpus_format not in FORMATS:
        raise UsageError(f"unknown format `{corpus_format}`", hint=f"formats are {', '.join(FORMATS)}")
    if workers is not None and workers < 1:
        raise UsageError(f"`--workers` must be at least 1, got: {workers}")
    if not 0 <= denoise <= MOST_DENOISING:
        raise UsageError(f"`--denoise` must be 0 to {MOST_DENOISING:g} dB, got: {denoise:g}")
    share = parse_share(holdout)
    from tiedtts.corpus.prepare import prepare

    net = None
    if aligner is not None:
        from tiedtts.measure.forced_alignment import NetAligner

        net = NetAligner(aligner)
    with talk.progress("prepare", quiet=quiet) as show:
        report = prepare(
            corpus,
            output,
            format=corpus_format,
            workers=workers,
            holdout=share,
            lexicon=lexicon,
            seed=seed,
            licence=licence,
            aligner=net,
            denoise=denoise,
            overwrite=overwrite,
            progress=show,
        )
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    typer.echo(
        f"{report.used} of {report.recordings} recordings used, {report.heldout} of them held out: "
        f"{talk.duration(report.seconds)} of speech, {report.phones} phones"
    )
    for line in (*_reasons("rejected", report.rejected), *_reasons("note", report.notes)):
        typer.echo(line)
    if report.unknown_words:
        typer.echo(f"guessed pronunciations: {_few(report.unknown_words)}")
    if not quiet:
        talk.note(f"all of it: {output / 'report.md'}")
        talk.note(f"next: tiedtts train {output} -o RUN")


def parse_share(text: str) -> float:
    """Return `5%` or `0.05` as 0.05.

    Raises:
        UsageError: It is not a share from 0 to a half.
    """
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = float("nan")
    if not 0.0 <= share <= MOST_HELD_OUT:
        raise UsageError(f"`--holdout` must be 0% to 50%, got: {text}", hint="write 5% or 0.05")
    return share


def _reasons(title: str, reasons: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for every reason: how many recordings, why, the first of them."""
    lines = []
    for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines.append(f"{title}: {len(ids)} x {reason}: {_few(ids)}")
    return lines


def _few(names: Sequence[str]) -> str:
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
