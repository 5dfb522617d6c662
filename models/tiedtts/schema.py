"""Schema: values read from a file are checked against the dataclass that describes them.

The fields of a dataclass say which keys there are and what kind of value each has. What does not fit is a
`ConfigError` that names the place.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from tiedtts.documents import TOO_DEEP
from tiedtts.errors import ConfigError
from tiedtts.quoting import LARGEST, named, shown

DEEPEST = 32
"""Lists and tables inside each other; what this program writes has fewer than ten."""
TAG = "architecture"
"""Field whose default tells the dataclasses of a union apart."""

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}

T = TypeVar("T")
Converter = Callable[[Any, str, str], Any]
"""Takes a value, the name of its source and its key; returns the value as the field holds it."""


def build(kind: type[T], values: Any, source: str, key: str = "", *, open_ended: bool = False) -> T:
    """Make a dataclass from nested plain values; every key and every value is checked.

    Args:
        kind: The dataclass. Its fields may be numbers, texts, other dataclasses, tuples, dicts, optional
            values, unions of dataclasses with a field `architecture`, and `Any` for plain values.
        values: Values of a file.
        source: Named in errors, with quotes of its own.
        key: Where in the file the values stand.
        open_ended: Keys that are not known are left out, not refused.

    Raises:
        ConfigError: A key is unknown or missing, or a value is of the wrong kind or out of range.
    """
    table = source + (f", `{key}`" if key else "")
    if not isinstance(values, Mapping):
        raise ConfigError(f"{table} must be a table, got: {shown(values)}")
    converters = _fields(typing.cast(Any, kind))
    if not open_ended and (unknown := [name for name in values if name not in converters]):
        raise ConfigError(
            f"unknown keys in {table}: {', '.join(sorted(map(named, unknown)))}",
            hint=f"known keys are {', '.join(sorted(converters))}" if converters else "there are none",
        )
    inner = f"{key}." if key else ""
    built = {
        name: converters[name](value, source, inner + name)
        for name, value in values.items()
        if name in converters
    }
    if missing := [name for name in _required(typing.cast(Any, kind)) if name not in built]:
        raise ConfigError(f"{table} lacks a key: {', '.join(f'`{name}`' for name in missing)}")
    try:
        return kind(**built)
    except ConfigError as error:
        raise ConfigError(f"{table}: {error}", hint=error.hint) from error


def is_text(value: Any) -> bool:
    """Return whether a value is a text that can be written: half a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _fields(kind: Any) -> dict[str, Converter]:
    """Return what checks each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {field.name: _converter(hints[field.name]) for field in dataclasses.fields(kind) if field.init}


@cache
def _required(kind: Any) -> tuple[str, ...]:
    """Return the fields that have no default."""
    missing = dataclasses.MISSING
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is missing and field.default_factory is missing
    )


def _converter(kind: Any) -> Converter:
    """Return what checks a value against a declared type."""
    if kind is Any:
        return _plain
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union(inner)
    if origin is typing.Literal:
        return _choice(inner)
    if origin is tuple and inner[-1:] == (...,):
        return _list(inner[0])
    if origin is tuple:
        return _row(inner)
    if origin is dict:
        return _table(inner[1])
    if dataclasses.is_dataclass(kind):
        own = typing.cast("type[Any]", kind)
        return _tagged((own,)) if _tag(own) is not None else lambda v, source, key: build(own, v, source, key)
    return _SCALARS[kind]


def _refused(source: str, key: str, wanted: str, value: Any) -> ConfigError:
    return ConfigError(f"{source}, `{key}` must be {wanted}, got: {shown(value)}")


def _whole(value: Any, source: str, key: str) -> int:
    if type(value) is not int:
        raise _refused(source, key, _KINDS[int], value)
    if not -LARGEST <= value <= LARGEST:
        raise _refused(source, key, "a whole number below 2^63", value)
    return value


def _real(value: Any, source: str, key: str) -> float:
    if type(value) is int and -LARGEST <= value <= LARGEST:
        return float(value)
    if type(value) is not float:
        raise _refused(source, key, _KINDS[float], value)
    if not math.isfinite(value):
        raise _refused(source, key, "a finite number", value)
    return value


def _truth(value: Any, source: str, key: str) -> bool:
    if type(value) is not bool:
        raise _refused(source, key, _KINDS[bool], value)
    return value


def _text(value: Any, source: str, key: str) -> str:
    if not isinstance(value, str):
        raise _refused(source, key, _KINDS[str], value)
    if not is_text(value):
        raise _refused(source, key, "a text of whole characters", value)
    return value


_SCALARS: dict[Any, Converter] = {int: _whole, float: _real, bool: _truth, str: _text}


def _plain(value: Any, source: str, key: str) -> Any:
    """Check values that are kept as they are: what can be written to a file again, not nested too deeply."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise ConfigError(f"{source}, `{key}`: {TOO_DEEP}")
        below: list[Any] = []
        for each in level:
            if isinstance(each, Mapping):
                below += each.keys()
                below += each.values()
            elif isinstance(each, (list, tuple)):
                below += each
            elif isinstance(each, str):
                _text(each, source, key)
            elif type(each) is int:
                _whole(each, source, key)
        level, depth = below, depth + 1
    return value


def _union(kinds: tuple[Any, ...]) -> Converter:
    """Return a check for an optional value, or for one of several dataclasses."""
    others = tuple(kind for kind in kinds if kind is not type(None))
    if len(others) > 1:
        return _tagged(others)
    one = _converter(others[0])
    return lambda value, source, key: None if value is None else one(value, source, key)


def _choice(known: tuple[Any, ...]) -> Converter:
    def convert(value: Any, source: str, key: str) -> Any:
        if not isinstance(value, (str, int)) or value not in known:
            raise _refused(source, key, f"one of {', '.join(map(str, known))}", value)
        return value

    return convert


def _tag(kind: type[Any]) -> str | None:
    """Return what a dataclass is called among others, if it has a name."""
    default = next((field.default for field in dataclasses.fields(kind) if field.name == TAG), None)
    return default if isinstance(default, str) else None


def _tagged(kinds: tuple[type[Any], ...]) -> Converter:
    """Return a check for one of several dataclasses, told apart by a field; the first without it."""
    by_name = {_tag(kind): kind for kind in kinds}

    def convert(value: Any, source: str, key: str) -> Any:
        name = next(iter(by_name))
        if isinstance(value, Mapping) and TAG in value:
            name = _text(value[TAG], source, f"{key}.{TAG}")
        if name not in by_name:
            raise ConfigError(
                f"{source}, `{key}`: there is no {TAG} {shown(name)} for this part",
                hint=f"known are {', '.join(str(known) for known in by_name)}",
            )
        return build(by_name[name], value, source, key)

    return convert


def _list(kind: Any) -> Converter:
    """Return a check for a list of values of one kind."""
    one = _converter(kind)

    def convert(value: Any, source: str, key: str) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise _refused(source, key, "a list", value)
        return tuple(one(item, source, f"{key}[{n}]") for n, item in enumerate(value))

    def whole(value: Any, source: str, key: str) -> tuple[Any, ...]:
        # A manifest holds millions: one look at all of them instead of a call for each.
        fits = isinstance(value, (list, tuple)) and set(map(type, value)) == {int}
        return (
            tuple(value)
            if fits and min(value) >= -LARGEST and max(value) <= LARGEST
            else convert(value, source, key)
        )

    return whole if kind is int else convert


def _row(kinds: tuple[Any, ...]) -> Converter:
    """Return a check for a list of so many values, each of a kind of its own."""
    converters = [_converter(kind) for kind in kinds]

    def convert(value: Any, source: str, key: str) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or len(value) != len(converters):
            raise _refused(source, key, f"a list of {len(converters)} values", value)
        return tuple(
            one(item, source, f"{key}[{n}]")
            for n, (one, item) in enumerate(zip(converters, value, strict=True))
        )

    return convert


def _table(kind: Any) -> Converter:
    """Return a check for a table with any keys and values of one kind."""
    one = _converter(kind)

    def convert(value: Any, source: str, key: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _refused(source, key, "a table", value)
        return {
            _text(name, source, key): one(item, source, f"{key}.{named(name)}")
            for name, item in value.items()
        }

    return convert
