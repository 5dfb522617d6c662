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
from tiedtts.tying.learn import LEARNED, Learn
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
    learn: Any = False


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
    learn: Learn | None = None
    """Schedule on which the tie is learnt in training, from weights that are free at first."""

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
        if not isinstance(self.learn, Learn):
            object.__setattr__(self, "learn", Learn.of(self.learn, "`learn`"))
        if self.learn is not None:
            self._check_learn()

    def _check_learn(self) -> None:
        """Refuse to learn a tie that cannot be."""
        if self.scheme not in LEARNED:
            raise ConfigError(
                f"a tie by `{self.scheme}` cannot be learnt",
                hint=f"`learn` is for {' and '.join(LEARNED)}; without it, layers are tied before training",
            )
        if (
            self.learn is not None
            and self.learn.soft
            and (self.scheme != "cluster" or self.options.scales != "none")
        ):
            raise ConfigError("groups are `soft` in `cluster` only, without scales", hint="leave out `soft`")
        if getattr(self.options, "by", "") == "activations":
            raise ConfigError(
                'what is learnt by pulling weights together is alike by weights, not `by = "activations"`',
                hint="leave out `by`, or `learn`",
            )

    def matches(self, name: str) -> bool:
        """Return whether a layer's name fits the pattern."""
        return fnmatchcase(name, self.layers)

    @property
    def at_once(self) -> "TieRule":
        """The same tie, made at once; what a learnt tie is in the end."""
        return dataclasses.replace(self, learn=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, from which `TiePlan.from_dict` makes the rule again."""
        learn = {} if self.learn is None else {"learn": _changed(self.learn) or True}
        options = _changed(self.options)
        return {"layers": self.layers, "scheme": self.scheme, "bias": self.bias, "options": options, **learn}


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

    @property
    def is_learned(self) -> bool:
        """Whether some of its ties are learnt in training."""
        return any(rule.learn is not None for rule in self.rules)

    def check_without_training(self) -> None:
        """Refuse a plan with ties that only training can make.

        Raises:
            ConfigError: It has some.
        """
        for number, rule in enumerate(self.rules, 1):
            if rule.learn is not None:
                raise ConfigError(
                    f"rule {number} of {self.source} has `learn`: its tie comes about in training, for which "
                    "there are no data here",
                    hint="train with it, `tiedtts train DATA -o RUN --init-from CKPT --tie PLAN`, or leave "
                    "`learn` out, which ties at once",
                )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, such as a checkpoint's header holds."""
        return {"tie": [rule.to_dict() for rule in self.rules]}

    def to_toml(self) -> str:
        """Return the text of a file from which `TiePlan.read` makes the plan again."""
        tables = []
        for rule in self.to_dict()["tie"]:
            if not rule["options"]:
                del rule["options"]
            lines = ["[[tie]]", *(f"{key} = {_toml(value)}" for key, value in rule.items())]
            tables.append("\n".join(lines) + "\n")
        return "\n".join(tables)


def _changed(options: Any) -> dict[str, Any]:
    """Return what is not as it is by default."""
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != field.default
    }


def _toml(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    return f"{{ {', '.join(f'{key} = {json.dumps(inner)}' for key, inner in value.items())} }}"
