"""`tiedtts distil`: a speech engine says texts, and what it says becomes a corpus."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tiedtts.choices import LOCAL, READ_AS
from tiedtts.errors import TextError, TiedTTSError
from tiedtts_cli import engines, streams, talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least, choice, option, takes
from tiedtts_cli.prepare import reasons

if TYPE_CHECKING:
    from tiedtts.corpus.ear import Ear
    from tiedtts.corpus.teacher.engine import Teacher
    from tiedtts.corpus.teacher.report import DistilReport

TIMEOUT = 60.0
"""Seconds that an engine may take for a text, if nothing else is said."""
STDOUT = Path("/dev/stdout")
MANY = 0.2
"""Share of the texts without a clip that is worth a warning."""


def _checked_timeout(seconds: float) -> float:
    if not 0 < seconds < float("inf"):
        raise UsageError(f"`--timeout` must be more than 0 seconds, got: {seconds:g}")
    return seconds


class Arguments(NamedTuple):
    """Texts, the engine that says them, and what is expected of its clips."""

    texts: Annotated[list[Path], typer.Argument(metavar="TEXTS...", help="Lists of texts; `-` is stdin.")]
    output: Annotated[
        Path, option("--output", "-o", metavar="CORPUS", help="Folder to write; a list without --command.")
    ]
    command: Annotated[
        str | None, option("--command", help="Engine: {text} or stdin, {output} or stdout.")
    ] = None
    json_lines: Annotated[bool, typer.Option("--json-lines", help="It stays, and reads JSON lines.")] = False
    teacher: Annotated[str | None, option("--teacher", metavar="NAME", help="Engine and voice.")] = None
    licence: Annotated[
        str | None, option("--licence", metavar="TEXT", help="What its speech may be used for.")
    ] = None
    source: Annotated[
        str | None, option("--source", metavar="TEXT", help="Where it is from, and its own data.")
    ] = None
    read_as: Annotated[
        str, choice("--read-as", READ_AS, metavar="KIND", help="Kind of list: lines, csv, jsonl, file.")
    ] = "auto"
    pick: Annotated[int | None, at_least(1, "--pick", help="Say those N texts that cover sounds best.")] = (
        None
    )
    mix: Annotated[
        list[str] | None, option("--mix", metavar="KIND=SHARE", help="Another share of a kind of texts.")
    ] = None
    workers: Annotated[int | None, at_least(1, "--workers", help="Engines; one a core by default.")] = None
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Patience for a text.", callback=_checked_timeout)
    ] = TIMEOUT
    retries: Annotated[
        int, at_least(0, "--retries", help="Further attempts at a text.", show_default=True)
    ] = 1
    seed: Annotated[int, at_least(0, "--seed", help="Of the first attempt.", show_default=True)] = 0
    lexicon: Annotated[Path | None, option("--lexicon", help="Own pronunciations.")] = None
    listen: Annotated[
        bool, typer.Option("--listen/--no-listen", help="Compare words with what a recogniser hears.")
    ] = True
    aligner: Annotated[
        Path | None, option("--aligner", metavar="CKPT", help="Recogniser, in place of the package's.")
    ] = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what another engine has said.")] = (
        False
    )
    engine: Annotated[
        str, option("--engine", metavar="NAME", help="ray: the command is run on a cluster.")
    ] = LOCAL
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False


@takes(Arguments)
def distil(given: Arguments) -> None:
    """Let a speech engine say texts, and make a corpus of what it says.

    \b
    tiedtts distil texts.txt -o corpus --command 'flite -t {text} -o {output}'
    tiedtts distil texts.txt -o corpus --command 'python say.py' --json-lines
    tiedtts distil texts.txt -o picked.txt --pick 2000
    """  # noqa: D301
    if given.command is None and given.pick is None:
        raise UsageError(
            "an engine is missing", hint="name it with `--command`, or only choose texts with `--pick`"
        )
    if given.aligner is not None and not given.listen:
        raise UsageError("`--aligner` and `--no-listen` exclude each other", hint="leave one of them out")
    engines.check(given.engine)
    if given.as_json:
        streams.need_stdout()
    if given.command is None:
        _pick(given)
        return
    from tiedtts.corpus.teacher.distil import distil

    mix = _mix(given)
    teacher = _teacher(given, given.command)
    ear = _ear(given)
    texts = _texts(given)
    with talk.progress("distil", quiet=given.quiet) as show:
        report = distil(
            texts,
            given.output,
            teacher,
            name=given.teacher or Path(given.command.split()[0]).name,
            licence=given.licence,
            source=given.source,
            workers=given.workers or (_cores() if given.engine == LOCAL else None),
            seed=given.seed,
            retries=given.retries,
            pick=given.pick,
            mix=mix,
            lexicon=given.lexicon,
            ear=ear,
            overwrite=given.overwrite,
            engine=given.engine,
            progress=show,
        )
    if given.as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _show(report)
    if not given.quiet and not given.as_json:
        talk.note(f"all of it: {given.output / 'report.md'}")
        talk.note(f"next: tiedtts prepare {given.output} -o DATA")
    if not given.quiet and report.clips < (1 - MANY) * report.texts:
        talk.warning(f"{report.texts - report.clips} of {report.texts} texts have no clip: does all fit?")


def _pick(given: Arguments) -> None:
    """Choose texts and write them to a list; nothing is spoken."""
    from tiedtts.corpus.picking.pick import pick_into

    output = STDOUT if str(given.output) in ("-", "/dev/fd/1") else given.output
    if output.is_dir():
        raise UsageError(
            f"{given.output} is a folder, and without an engine the chosen texts go to a file",
            hint="name the engine with `--command`, or a file with `-o`",
        )
    assert given.pick is not None
    mix = _mix(given)
    texts = _texts(given)
    with talk.progress("pick", quiet=given.quiet) as show:
        coverage = pick_into(texts, output, given.pick, mix=mix, lexicon=given.lexicon, progress=show)
    if given.as_json:
        typer.echo(json.dumps(coverage.to_dict(), indent=2))
    # Where the list itself goes to stdout, nothing else does.
    elif output != STDOUT:
        for line in coverage.lines():
            typer.echo(line)


def _mix(given: Arguments) -> dict[str, float] | None:
    """Return the shares of kinds: the usual ones, but for those that are given."""
    if not given.mix:
        return None
    from tiedtts.corpus.picking.kinds import MIX

    shares = dict(MIX)
    for text in given.mix:
        kind, _, share = text.partition("=")
        try:
            shares[kind.strip()] = float(share.strip().rstrip("%")) / (
                100 if share.strip().endswith("%") else 1
            )
        except ValueError:
            raise UsageError(
                f"`--mix` must be KIND=SHARE, got: {text}", hint='for example --mix "questions=30%"'
            ) from None
    return shares


def _teacher(given: Arguments, command: str) -> "Teacher":
    if given.json_lines:
        from tiedtts.corpus.teacher.json_lines import JsonLinesTeacher

        return JsonLinesTeacher(command, timeout=given.timeout)
    from tiedtts.corpus.teacher.command import CommandTeacher

    return CommandTeacher(command, timeout=given.timeout)


def _ear(given: Arguments) -> "Ear | None":
    if not given.listen:
        return None
    from tiedtts import extras

    try:
        from tiedtts.measure.ear import CheckpointEar
    except ModuleNotFoundError as error:
        raise TiedTTSError(
            f"the package `{error.name}`, by which clips are listened to, is not installed",
            hint=f"{extras.install_command('train')}, or leave it out with `--no-listen`",
        ) from error
    return CheckpointEar() if given.aligner is None else CheckpointEar(given.aligner)


def _texts(given: Arguments) -> list[tuple[str | None, str]]:
    """Return name and text of each line; tell of those that cannot be read.

    Raises:
        TextError: There are none.
    """
    from tiedtts.batch import lines, origin

    rows, _ = origin.rows(None, given.texts, sys.stdin.buffer, given.read_as)
    texts: list[tuple[str | None, str]] = []
    bad = 0
    for row in rows:
        line = next(iter(lines.named([row])))
        if line.error is not None or not line.text:
            bad += 1
            if not given.quiet:
                talk.warning(f"{line.place}: {line.error or 'there is nothing to say'}, left out")
            continue
        texts.append((None if row.id is None else line.id, line.text))
    if not texts:
        raise TextError("there is nothing to say in the texts", hint="give a list with a text a line")
    return texts


def _cores() -> int:
    from tiedtts.processes import cores

    return cores()


def _show(report: "DistilReport") -> None:
    """Print how many texts have become clips, and why the others have not."""
    again = f", {report.saved} not at the first attempt" if report.saved else ""
    typer.echo(
        f"{report.clips} of {report.texts} texts spoken by {report.teacher}: "
        f"{talk.duration(report.seconds)} of speech{again}"
    )
    for line in (*reasons("thrown away", report.rejected), *reasons("note", report.notes)):
        typer.echo(line)
    for line in report.coverage.lines() if report.coverage is not None else ():
        typer.echo(line)
    for name, failure in list(report.failures.items())[:1]:
        typer.echo(f"the engine, at {name}: {failure}")
