"""Starting weights of each part: fresh, from a checkpoint, or from a run that stopped; tied by a plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from tiedtts import storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath
from tiedtts.speech import library, voice_nets
from tiedtts.training.runs import RECIPE
from tiedtts.tying import TiePlan
from tiedtts.tying.parts import tie_parts

PLAN = "tie.toml"
"""The tie plan of a run, in its folder."""


@dataclass(frozen=True)
class Start:
    """Where one part starts."""

    net: nn.Module | None = None
    """Nothing for fresh weights of the recipe's sizes."""
    plans: dict[str, TiePlan] = field(default_factory=dict)
    """How the net is tied, under the part's name; empty if it is not."""


class Starts:
    """Where the parts of a run start.

    Args:
        run: Folder of the run.
        init_from: Checkpoint or voice with weights for all or some of the parts.
        plan: Tie plan.
        fresh: Part name to a net of the recipe's sizes, for every part: a plan may have rules for those that
            are trained another time.
        parts: Names of the parts to be trained.
        resume: Go on with what the run has.

    Raises:
        ConfigError: The checkpoint has none of the parts, the plan does not fit the nets, or a resumed run
            was tied by another plan.
        CheckpointError: The checkpoint cannot be read.
    """

    def __init__(
        self,
        run: Path,
        init_from: StrPath | None,
        plan: Path | None,
        fresh: dict[str, nn.Module],
        parts: Sequence[str],
        *,
        resume: bool,
    ) -> None:
        self.run, self.resume = run, resume
        self._loaded = None if init_from is None else _load(init_from, parts)
        self._text = _plan_text(run, plan, resume)
        self._plans: dict[str, TiePlan] = {}
        if self._text is not None:
            whole = TiePlan.from_toml(self._text, f"`{plan or run / PLAN}`")
            loaded = {} if self._loaded is None else self._loaded.parts
            # Tied here to find errors in the plan before an hour of training rather than after it.
            nets = {part: loaded.get(part, net) for part, net in fresh.items()}
            self._plans = tie_parts(nets, whole)[1]
            if not set(parts) & set(self._plans):
                raise ConfigError(
                    f"{whole.source} ties nothing in {' or '.join(parts)}, only in {', '.join(self._plans)}",
                    hint="name the part with `--part`",
                )

    def file(self, part: str) -> Path:
        """Return where the net is kept that a part started from."""
        return self.run / part / "start.safetensors"

    def keep_plan(self) -> None:
        """Write the plan into the run's folder."""
        if self._text is not None:
            storage.write_bytes(self.run / PLAN, self._text.encode())
        elif not self.resume:
            (self.run / PLAN).unlink(missing_ok=True)

    def read(self, part: str) -> Start:
        """Return the net a part starts from, if there is one."""
        if self._goes_on(part):
            kept = checkpoint.load(self.file(part))
            return Start(kept.part(part), kept.plans)
        if self._loaded is None or part not in self._loaded.parts:
            return Start()
        plans = {name: plan for name, plan in self._loaded.plans.items() if name == part}
        return Start(self._loaded.parts[part], plans)

    def tie(self, part: str, start: Start, net: nn.Module) -> tuple[nn.Module, dict[str, TiePlan]]:
        """Return the net, tied if the plan has rules for it, and how it is tied.

        Args:
            part: Name of the part.
            start: Start that `read` returned.
            net: The net of `start`, or the fresh one.
        """
        if self._goes_on(part) or part not in self._plans:
            return net, start.plans
        # Fresh weights are tied at the size at which they were drawn.
        parts, plans, _ = tie_parts({part: net}, self._plans[part], rescale=start.net is None)
        return parts[part], plans

    def _goes_on(self, part: str) -> bool:
        return self.resume and self.file(part).is_file()


def _load(source: StrPath, parts: Iterable[str]) -> Checkpoint:
    """Read a checkpoint, or the nets of a voice, with one of the parts at least."""
    path = Path(source)
    is_voice = path.suffix in library.SUFFIXES or (not path.suffix and not path.exists())
    loaded = voice_nets.load(source) if is_voice else checkpoint.load(path)
    if not set(loaded.parts) & set(parts):
        raise ConfigError(
            f"{path} has none of the parts to train, only {', '.join(loaded.parts)}",
            hint="name the part with `--part`",
        )
    return loaded


def _plan_text(run: Path, plan: Path | None, resume: bool) -> str | None:
    """Return the text of the tie plan: that of the run where one goes on."""
    kept = run / PLAN
    old = kept.read_text(encoding="utf-8") if resume and kept.is_file() else None
    if plan is None:
        return old
    text = TiePlan.read_text(plan)
    if resume and run.is_dir() and text != old and (run / RECIPE).is_file():
        raise ConfigError(
            f"{run} was {'not tied' if old is None else 'tied by another plan'} when it began",
            hint="leave out `--tie`, or start a new run",
        )
    return text
