"""Starting weights of each part: fresh, from a checkpoint, or from a run that stopped; tied by a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from tiedtts import storage
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.choices import PARTS
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath
from tiedtts.speech import library, voice_nets
from tiedtts.training.runs import RECIPE
from tiedtts.tying import TiePlan
from tiedtts.tying.parts import tie_parts

PLAN = "tie.toml"
"""The tie plan of a run, in its folder."""
INIT = "init.safetensors"
"""The nets that a run began from, in its folder: parts whose turn comes after a kill start from them, too."""
SPOKEN = ("acoustic", "vocoder")
"""Parts that a voice consists of."""
_LEFT_OUT = ("recipe", "alignment", "processes", "joint_recipe", "learned_ties")
"""Facts of a net that are not told of one that began from it."""


@dataclass(frozen=True)
class Start:
    """Where one part starts."""

    net: nn.Module | None = None
    """Nothing for fresh weights of the recipe's sizes."""
    plans: dict[str, TiePlan] = field(default_factory=dict)
    """How the net is tied, under the part's name; empty if it is not."""
    base: dict[str, Any] = field(default_factory=dict)
    """Facts on the net that it began from: its name, and where that is from; empty for fresh weights."""


class Starts:
    """Where the parts of a run start.

    Args:
        run: Folder of the run.
        loaded: Nets to start from, with weights for all or some of the parts.
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
        loaded: Checkpoint | None,
        plan: Path | None,
        fresh: dict[str, nn.Module],
        parts: Sequence[str],
        *,
        resume: bool,
    ) -> None:
        self.run, self.resume = run, resume
        self._loaded = loaded
        nets = nets_of(parts)
        if loaded is not None and not set(loaded.parts) & set(nets):
            raise ConfigError(
                f"{next(iter(loaded.provenance.values()))['name']} has none of the parts to train, "
                f"only {', '.join(loaded.parts)}",
                hint="name the part with `--part`",
            )
        self._text = _plan_text(run, plan, resume)
        self._plans: dict[str, TiePlan] = {}
        if self._text is not None:
            whole = TiePlan.from_toml(self._text, f"`{plan or run / PLAN}`")
            # Tied here to find errors in the plan before an hour of training rather than after it.
            known = {p: self.parts.get(p, net) for p, net in fresh.items()}
            self._plans = tie_parts(known, whole, acts=lambda rule: True)[1]
            if not set(nets) & set(self._plans):
                raise ConfigError(
                    f"{whole.source} ties nothing in {' or '.join(nets)}, only in {', '.join(self._plans)}",
                    hint="name the part with `--part`",
                )

    def file(self, part: str) -> Path:
        """Return where the net is kept that a part started from."""
        return self.run / part / "start.safetensors"

    @property
    def parts(self) -> dict[str, nn.Module]:
        """Nets to start from, by part; none if all weights are fresh."""
        return {} if self._loaded is None else self._loaded.parts

    @property
    def bases(self) -> dict[str, dict[str, Any]]:
        """Facts on the nets to start from, by part: their name, and where they are from."""
        return {} if self._loaded is None else self._loaded.provenance

    def check_audio(self, audio: AudioSettings) -> None:
        """Refuse nets to start from that were trained on features of another kind.

        Raises:
            ConfigError: They were.
        """
        check_audio(None if self._loaded is None else self._loaded.audio, audio)

    def keep(self) -> None:
        """Write the nets that the run begins from, and the plan, into its folder, for when it goes on."""
        if self._loaded is not None:
            checkpoint.save(self.run / INIT, self._loaded)
        elif not self.resume:
            (self.run / INIT).unlink(missing_ok=True)
        if self._text is not None:
            storage.write_bytes(self.run / PLAN, self._text.encode())
        elif not self.resume:
            (self.run / PLAN).unlink(missing_ok=True)

    def read(self, part: str) -> Start:
        """Return the net a part starts from, if there is one."""
        if self._goes_on(part):
            kept = checkpoint.load(self.file(part))
            return Start(kept.part(part), kept.plans, kept.provenance.get(part, {}).get("base", {}))
        if self._loaded is None or part not in self._loaded.parts:
            return Start()
        plans = {name: plan for name, plan in self._loaded.plans.items() if name == part}
        return Start(self._loaded.parts[part], plans, self._loaded.provenance.get(part, {}))

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
        parts, plans, _ = tie_parts(
            {part: net},
            self._plans[part],
            rescale=start.net is None,
            acts=lambda rule: rule.learn is None,
        )
        return parts[part], plans

    def to_learn(self, part: str, done: Mapping[str, TiePlan]) -> dict[str, TiePlan]:
        """Return the plan of a net by which it learns ties, under the part's name; nothing if it learns none.

        Args:
            part: Name of the part.
            done: How the net is tied already; what it has learnt in an earlier turn is among these.
        """
        if part not in self._plans:
            return {}
        tied = done[part].rules if part in done else ()
        plan = self._plans[part]
        rules = tuple(rule.at_once if rule.at_once in tied else rule for rule in plan.rules)
        found = TiePlan(rules, plan.source)
        return {part: found} if found.is_learned else {}

    def _goes_on(self, part: str) -> bool:
        return self.resume and self.file(part).is_file()


def nets_of(parts: Sequence[str]) -> list[str]:
    """Return the nets that some parts train: joint training is of both nets of a voice."""
    return list(dict.fromkeys(net for part in parts for net in (SPOKEN if part == "joint" else (part,))))


def begun_from(run: Path) -> Checkpoint | None:
    """Return the nets that a run which goes on began from; None if its weights were fresh.

    Raises:
        CheckpointError: The file is damaged.
    """
    path = run / INIT
    return checkpoint.load(path) if path.is_file() else None


def load(source: StrPath | None) -> Checkpoint | None:
    """Read a checkpoint, or the nets of a voice, to start from.

    Args:
        source: Checkpoint, voice file or name of a voice in the package; None for fresh weights.

    Returns:
        The nets. In place of their provenance stand the facts that a net which began from them tells.

    Raises:
        VoiceError: There is no such voice.
        CheckpointError: The checkpoint cannot be read.
    """
    if source is None:
        return None
    path = Path(source)
    is_voice = path.suffix in library.SUFFIXES or (not path.suffix and not path.exists())
    loaded = voice_nets.load(source) if is_voice else checkpoint.load(path)
    name = library.plain_name(source) if is_voice else path.stem
    # The one name that all voices of runs have says less than their folder's.
    name = path.resolve().parent.name if name in (*PARTS, "voice") and not is_voice else name
    loaded.provenance = {
        part: {"name": name, **{k: v for k, v in facts.items() if k not in _LEFT_OUT}}
        for part, facts in {part: loaded.provenance.get(part, {}) for part in loaded.parts}.items()
    }
    return loaded


def check_audio(theirs: AudioSettings | None, audio: AudioSettings) -> None:
    """Refuse nets that were trained on features of another kind.

    Args:
        theirs: Settings of these nets; None fits all.
        audio: Settings of the recordings.

    Raises:
        ConfigError: They were.
    """
    if theirs is not None and _features(theirs) != _features(audio):
        raise ConfigError(
            f"the nets to start from were trained at {theirs.sample_rate} Hz with other spectrograms "
            f"than this data folder's, of {audio.sample_rate} Hz",
            hint="prepare the recordings with the settings of that voice, or start from another one",
        )


def _features(audio: AudioSettings) -> tuple[float, ...]:
    """Return the settings that nets depend on."""
    return (audio.sample_rate, audio.n_fft, audio.hop, audio.n_mels, audio.f_min, audio.f_max)


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
