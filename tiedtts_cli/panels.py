"""Help in groups: a command's options and the program's commands under the headings that they name."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from tiedtts_cli.boundary import UsageError

_COLUMN = 26
"""Width of the options' names, the same under all headings."""
_COMMAND_COLUMN = 9
"""Width of the commands' names."""
_DEFAULT = re.compile(r"\[default: [^]]*\]")
_BLANK = "\N{NO-BREAK SPACE}"


class GroupedCommand(TyperCommand):
    """A command that shows its options by `rich_help_panel`, without the time that rich takes.

    It refuses an option that is given twice, of which others take the last and forget the first.
    """

    def make_parser(self, ctx: Any) -> Any:
        """Return the parser of its arguments."""
        parser: Any = super().make_parser(ctx)
        if not ctx.resilient_parsing:
            parse = parser.parse_args

            def checked(args: list[str]) -> Any:
                _refuse_long_names(self.params, args)
                args = _with_values(self.params, args)
                parsed = parse(args=args)
                _refuse_repeated(parsed[2])
                return parsed

            parser.parse_args = checked
        return parser

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                panel = getattr(parameter, "rich_help_panel", None)
                title = panel or ("Arguments" if is_argument else "Options")
                name, text = record
                default = getattr(parameter, "show_default", None)
                if isinstance(default, str):
                    # Written with parentheses, which mean nothing to a reader.
                    text = text.replace(f"({default})", default)
                # A default is not torn apart at the end of a line.
                text = _DEFAULT.sub(lambda found: found[0].replace(" ", _BLANK), text)
                groups.setdefault(title, []).append((f"{name:<{_COLUMN}}", text))
        _write(groups, formatter, _COLUMN)


class GroupedProgram(TyperGroup):
    """A program that shows its commands by `rich_help_panel`, in the order in which they are declared."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write commands, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            title = getattr(command, "rich_help_panel", None) or "Commands"
            text = command.get_short_help_str(formatter.width)
            groups.setdefault(title, []).append((f"{name:<{_COMMAND_COLUMN}}", text))
        _write(groups, formatter, _COMMAND_COLUMN)


def _with_values(known: Iterable[Any], arguments: Sequence[str]) -> list[str]:
    """Return arguments in which an option has an empty value whose value may be left out, and is.

    Args:
        known: Parameters of the command; the `metavar` of such a one stands in brackets.
        arguments: Its arguments.
    """
    # An argument may have such a metavar, too, and its name is a word that somebody may say.
    options = (each for each in known if each.param_type_name == "option")
    optional = {name for each in options if (each.metavar or "").startswith("[") for name in each.opts}
    filled: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return [*filled, *arguments[place:]]
        following = arguments[place + 1 : place + 2]
        left_out = argument in optional and (not following or following[0].startswith("-"))
        filled.append(f"{argument}=" if left_out else argument)
    return filled


def _refuse_repeated(given: Iterable[Any]) -> None:
    """Refuse an option that takes one value and has two.

    Args:
        given: Parameters in the order of the arguments, one for each time that it is given.

    Raises:
        UsageError: One is given twice.
    """
    seen: set[str] = set()
    for each in given:
        if each.param_type_name != "option" or each.multiple or each.is_flag or each.count:
            continue
        name = max(each.opts, key=len)
        if name in seen:
            several = "one command writes one file; `-d DIR` of `synth` makes a file for each line"
            raise UsageError(
                f"`{name}` is given twice",
                hint=several if name == "--output" else "which one is meant? leave the other out",
            )
        seen.add(name)


def _refuse_long_names(known: Iterable[Any], arguments: Sequence[str]) -> None:
    """Refuse `-voice NAME`: read as letters, it would be other options, and write a file called `ice`.

    Args:
        known: Parameters of the command.
        arguments: Its arguments.

    Raises:
        UsageError: The name of an option stands behind one dash.
    """
    for argument in arguments:
        if argument == "--":
            return
        name = argument.partition("=")[0]
        # What follows `-d` and others of one letter may be anything, but hardly the rest of a name.
        is_long = len(name) > 3 and name[0] == "-" != name[1]
        if is_long and any(f"-{name}" in parameter.opts for parameter in known):
            raise UsageError(f"no such option: {name}", hint=f"you mean `-{name}`")


def _write(groups: dict[str, list[tuple[str, str]]], formatter: Any, column: int) -> None:
    formatter.write_paragraph()
    # Without blank lines between them: all of it on one screen.
    for title, records in groups.items():
        formatter.write_heading(title)
        with formatter.indentation():
            begin = len(formatter.buffer)
            formatter.write_dl(records, col_max=column + 4, col_spacing=1)
            formatter.buffer[begin:] = [text.replace(_BLANK, " ") for text in formatter.buffer[begin:]]
