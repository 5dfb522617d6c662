"""Ways to tie layers, and the budget that a choice of them has to keep."""

from dataclasses import dataclass, replace

from tiedtts.tying.plan import TieRule


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to tie some layers, or to leave them as they are."""

    layers: tuple[str, ...]
    """Names that begin with the part."""
    rules: tuple[TieRule, ...]
    """None of them where the layers stay as they are."""
    bytes: float
    """Size of the layers in the file that counts."""
    macs: float
    """Work of the layers."""
    change: float
    """Squared change of the layers' outputs over their square; of weights, where no data are known."""
    harm: float = 0.0
    """Harm to the whole net, measured or foretold from the change."""

    @property
    def key(self) -> str:
        """Scheme and options of the first rule, by which ways of several layers are told apart."""
        return rule_key(self.rules[0]) if self.rules else "plain"

    @property
    def scheme(self) -> str:
        """Scheme of its rules."""
        return self.rules[0].scheme if self.rules else "plain"

    def with_harm(self, harm: float) -> "Way":
        """Return the same with another harm."""
        return replace(self, harm=harm)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Bounds of a choice."""

    bytes: float | None = None
    """Size of all that is stored."""
    macs: float | None = None
    """Work of all layers."""
    harm: float | None = None
    """Harm that is accepted; the choice is then as small as it allows."""

    def keeps(self, size: float, work: float) -> bool:
        """Return whether a size and an amount of work are within the bounds."""
        fits = self.bytes is None or size <= self.bytes + 1e-6
        return fits and (self.macs is None or work <= self.macs * (1 + 1e-9))


def rule_key(rule: TieRule) -> str:
    """Return the scheme and the options of a rule as words."""
    told = rule.to_dict()
    options = told["options"]
    if rule.scheme == "codebook":
        # Its size is told even where it is the usual one.
        options = {"k": rule.options.k, **options}
    return " ".join((rule.scheme, *(f"{name}={value}" for name, value in options.items())))
