"""Tie plans: which layers are tied, and how."""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tiedtts import documents, schema
from tiedtts.choices import BIASES
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.values import Bias


@dataclass(frozen=True, kw_only=True)
class _Tables:
    """A plan as files hold it."""

    tie: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A rule as files hold it."""

    layers: str
    scheme: str
    bias: str = "keep"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TieRule:
    """One way to tie the layers with matching names."""

    layers: str
    """Pattern of names, where `*` stands for anything, dots included."""
    scheme: str
    """Name in `SCHEMES`."""
    bias: Bias = "keep"
    """Treatment of biases."""
    options: Any = None
    """The scheme's own, its `options_type`; by default what that has by default."""

    def __post_init__(self) -> None:
        if not isinstance(self.layers, str) or not self.layers:
            raise ConfigError(f"`layers` must be a pattern of layer names, got: {self.layers!r}")
        if not isinstance(self.scheme, str) or self.scheme not in SCHEMES:
            raise ConfigError(
                f"there is no scheme `{self.scheme}`", hint=f"the schemes are {', '.join(SCHEMES)}"
            )
        if self.bias not in BIASES:
            raise ConfigError(f"`bias` must be one of {', '.join(BIASES)}, got: {self.bias}")
        options = {} if self.options is None else self.options
        if isinstance(options, Mapping):
            made = schema.build(SCHEMES[self.scheme].options_type, options, f"the options of `{self.scheme}`")
            object.__setattr__(self, "options", made)

    def matches(self, name: str) -> bool:
        """Return whether a layer's name fits the pattern."""
        return fnmatchcase(name, self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, from which `TiePlan.from_dict` makes the rule again."""
        options = {
            field.name: getattr(self.options, field.name)
            for field in dataclasses.fields(self.options)
            if getattr(self.options, field.name) != field.default
        }
        return {"layers": self.layers, "scheme": self.scheme, "bias": self.bias, "options": options}


@dataclass(frozen=True)
class TiePlan:
    """Rules in order: the first that matches a layer is the one that counts."""

    rules: tuple[TieRule, ...]
    """At least one."""
    source: str = field(default="the plan", compare=False)
    """Named in errors."""

    def __post_init__(self) -> None:
        if not self.rules:
            raise ConfigError(
                f"{self.source} ties nothing", hint="a plan has tables `[[tie]]` with `layers` and `scheme`"
            )

    @classmethod
    def read(cls, path: StrPath) -> "TiePlan":
        """Read a plan from a TOML file.

        Raises:
            ConfigError: It cannot be read, or is no plan.
        """
        return cls.from_toml(cls.read_text(path), f"`{os.fspath(path)}`")

    @staticmethod
    def read_text(path: StrPath) -> str:
        """Read the text of a file that should be a plan, or of a plan that comes with the package.

        Raises:
            ConfigError: It cannot be read.
        """
        return documents.read_text(path, "tiedtts.tying", "plans", "tie plan")

    @classmethod
    def from_toml(cls, text: str, source: str = "the plan") -> "TiePlan":
        """Read a plan from its text.

        Raises:
            ConfigError: It is not TOML, or holds unknown keys or wrong values.
        """
        return cls.from_dict(documents.from_toml(text, source), source)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "the plan") -> "TiePlan":
        """Make a plan from plain values.

        Raises:
            ConfigError: It holds unknown keys or wrong values.
        """
        given = values.get("tie", []) if isinstance(values, Mapping) else []
        if not isinstance(given, list) or not all(isinstance(table, Mapping) for table in given):
            raise ConfigError(
                f"`tie` in {source} must be a list of tables", hint="write `[[tie]]` above each rule"
            )
        rules = []
        for number, values_of in enumerate(schema.build(_Tables, values, source).tie, 1):
            where = f"rule {number} of {source}"
            table = schema.build(_Table, values_of, where)
            try:
                rules.append(TieRule(**vars(table)))
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}", hint=error.hint) from error
        return cls(tuple(rules), source)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, such as a checkpoint's header holds."""
        return {"tie": [rule.to_dict() for rule in self.rules]}

    def to_toml(self) -> str:
        """Return the text of a file from which `TiePlan.read` makes the plan again."""
        tables = []
        for rule in self.to_dict()["tie"]:
            options = rule.pop("options")
            lines = ["[[tie]]", *(f"{key} = {json.dumps(value)}" for key, value in rule.items())]
            if options:
                inner = ", ".join(f"{key} = {json.dumps(value)}" for key, value in options.items())
                lines.append(f"options = {{ {inner} }}")
            tables.append("\n".join(lines) + "\n")
        return "\n".join(tables)
