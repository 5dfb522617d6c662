"""Help in groups: a command's options and the program's commands under the headings that they name."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

_COLUMN = 26
"""Width of the options' names, the same under all headings."""
_COMMAND_COLUMN = 9
"""Width of the commands' names."""


class GroupedCommand(TyperCommand):
    """A command that shows its options by `rich_help_panel`, without the time that rich takes."""

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


def _write(groups: dict[str, list[tuple[str, str]]], formatter: Any, column: int) -> None:
    formatter.write_paragraph()
    # Without blank lines between them: all of it on one screen.
    for title, records in groups.items():
        formatter.write_heading(title)
        with formatter.indentation():
            formatter.write_dl(records, col_max=column + 4, col_spacing=1)
