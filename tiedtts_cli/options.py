"""Options of commands: those of a few choices or bounds are checked where they are read."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, get_type_hints

import typer

from tiedtts_cli.boundary import UsageError

Record = TypeVar("Record")


def option(*names: str, help: str, panel: str | None = None, **settings: Any) -> Any:
    """Describe an option; help shows its default.

    Args:
        names: Its names.
        help: A few words.
        panel: Heading that it stands under.
        settings: Those of `typer.Option`; `show_default` is a text where `None` stands for something else,
            `autocompletion` a result of `completes`.
    """
    return typer.Option(*names, help=help, rich_help_panel=panel, **{"show_default": True, **settings})


def choice(name: str, known: Iterable[Any], *, ignore_case: bool = False, **settings: Any) -> Any:
    """Describe an option that takes one of a few values; `metavar` names all of them by default."""
    values = tuple(known)

    def check(value: Any) -> Any:
        if ignore_case and value is not None:
            value = value.lower()
        if value is not None and value not in values:
            raise UsageError(f"`{name}` must be one of {', '.join(map(str, values))}, got: {value}")
        return value

    shown = {"metavar": "|".join(map(str, values)), "autocompletion": completes(values)}
    return option(name, callback=check, **{**shown, **settings})


def completes(what: str | Iterable[object]) -> Callable[[str], list[str]]:
    """Return the completion of a value in the shell, which is loaded when somebody asks for it.

    Args:
        what: Name in `tiedtts_cli.completion`, such as `voice`, or the values that there are.
    """

    def complete(incomplete: str) -> list[str]:
        from tiedtts_cli import completion

        return (completion.KINDS[what] if isinstance(what, str) else completion.one_of(what))(incomplete)

    return complete


def at_least(smallest: int, name: str, **settings: Any) -> Any:
    """Describe an option that takes a whole number."""

    def check(value: int | None) -> int | None:
        if value is not None and value < smallest:
            raise UsageError(f"`{name}` must be at least {smallest}, got: {value}")
        return value

    return option(name, callback=check, **{"metavar": "N", **settings})


def bounds(range_: tuple[float, float]) -> str:
    """Write bounds for a help text: `0.25 to 4`."""
    return f"{range_[0]:g} to {range_[1]:g}"


def takes(record: type[Record]) -> Callable[[Callable[[Record], None]], Callable[..., None]]:
    """Let a command take its arguments as one record.

    Args:
        record: A named tuple. Its fields stand for parameters of the command, in types and defaults.
    """
    hints = get_type_hints(record, include_extras=True)
    fields: Any = record

    def decorate(command: Callable[[Record], None]) -> Callable[..., None]:
        def call(**values: Any) -> None:
            command(record(**values))

        parameters = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=fields._field_defaults.get(name, inspect.Parameter.empty),
                annotation=hints[name],
            )
            for name in fields._fields
        ]
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        call.__annotations__ = hints
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return call

    return decorate
