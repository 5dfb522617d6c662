import dataclasses
import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tiedtts.corpus.suspects import Judgement, Suspect
from tiedtts.measure.evaluation import Evaluation
from tiedtts.measure.listener import PhoneErrorRate
from tiedtts.stopping import Stopped
from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.main import main
from tiedtts_cli.prepare import parse_share

Captured = pytest.CaptureFixture[str]


class Core:
    """A function of the core that notes its arguments and returns what it is told to."""

    def __init__(self, result: Any, progress: Any = None) -> None:
        self.result, self.told = result, progress
        self.arguments: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.arguments, self.options = arguments, options
        if self.told is not None:
            self.options.pop("progress")(*self.told)
            self.options.pop("advise", None)
        return self.result


@dataclass(frozen=True)
class Report:
    recordings: int = 12
    used: int = 10
    heldout: int = 1
    seconds: float = 200.0
    phones: int = 900
    unknown_words: tuple[str, ...] = ("zorb",)
    judgement: Judgement = dataclasses.field(
        default_factory=lambda: Judgement((Suspect(id="g", reason="cut", clear=True, doubt=9.0),))
    )
    left_out: tuple[str, ...] = ("g",)
    expected: str | None = "3.3 minutes of speech are too little"

    @property
    def rejected(self) -> dict[str, list[str]]:
        return {"no text": ["a"], "too long": ["b", "c", "d", "e", "f"]}

    @property
    def notes(self) -> dict[str, list[str]]:
        return {"clipped": ["g"]}

    def to_dict(self) -> dict[str, Any]:
        return {"recordings": self.recordings}


@dataclass(frozen=True)
class State:
    part: str = "vocoder"
    step: int = 20
    steps: int = 20
    losses: Any = None
    seconds_left: float = 0.0
    place: int = 3
    parts: int = 3
    stage: int = 1
    stages: int = 1
    share: float = 1.0


def test_prepare(fake_core: Any, capsys: Captured) -> None:
    core = Core(Report(), (0.5, "x"))
    fake_core("tiedtts.corpus.prepare", prepare=core)
    fake_core("tiedtts.measure.ear", CheckpointEar=lambda: "an ear")
    options = "--format arctic --workers 2 --holdout 10% --lexicon l.txt --licence CC0 --seed 3".split()
    assert main(["prepare", "corpus", "-o", "data", *options]) == 0
    assert core.arguments == (Path("corpus"), Path("data"))
    assert core.options == {
        "format": "arctic",
        "speaker": None,
        "language": None,
        "workers": 2,
        "holdout": 0.1,
        "lexicon": Path("l.txt"),
        "seed": 3,
        "licence": "CC0",
        "aligner": None,
        "ear": "an ear",
        "leave_out": "clear",
        "decisions": None,
        "denoise": 0.0,
        "engine": "local",
        "overwrite": False,
    }
    assert capsys.readouterr() == (
        "10 of 12 recordings used, 1 of them held out: 3 min 20 s of speech, 900 phones\n"
        "rejected: 5 x too long: b, c, d, and 2 more\n"
        "rejected: 1 x no text: a\n"
        "note: 1 x clipped: g\n"
        "guessed pronunciations: zorb\n",
        "all of it: data/report.md\n"
        "suspects: 1, 1 of them left out (`--leave-out none|clear|all`): listen to them: data/report.html\n"
        "warning: 3.3 minutes of speech are too little\n"
        "next: tiedtts train data -o RUN --recipe adapt --init-from clara\n",
    )
    more = "--leave-out all --decisions d.txt --no-listen --speaker anna --language en -q".split()
    assert main(["prepare", "corpus", "-o", "data", *more]) == 0
    changed = {
        "leave_out": "all",
        "decisions": Path("d.txt"),
        "ear": None,
        "speaker": "anna",
        "language": "en",
    }
    assert {name: core.options[name] for name in changed} == changed
    capsys.readouterr()
    assert main(["prepare", "corpus", "-o", "data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"recordings": 12}
    fake_core("tiedtts.measure.forced_alignment", NetAligner=lambda path: ("net", path))
    assert main(["prepare", "corpus", "-o", "data", "--aligner", "a.st", "-q"]) == 0
    assert core.options["aligner"] == ("net", Path("a.st"))
    assert main(["prepare", "corpus", "-o", "data", "--denoise", "15", "-q"]) == 0
    assert core.options["denoise"] == 15.0


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("0", 0.0), ("12.5%", 0.125)])
def test_shares(text: str, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["5", "-1%", "51%", "1", "nan", "nan%", "some", "", "%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match=f"got: {text}$"):
        parse_share(text)


def test_train(fake_core: Any, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(losses={"mel": 0.51234, "log_f0": 0.1})
    core = Core({"vocoder": Path("run/vocoder.st"), "voice": Path("run/voice.st")}, (state,))
    fake_core("tiedtts.training.train", train=core, PARTS=("aligner", "acoustic", "vocoder"))
    assert main(["train", "data", "-o", "run"]) == 0
    assert core.arguments == (Path("data"), Path("run"))
    assert core.options == {
        "recipe": None,
        "parts": None,
        "resume": False,
        "init_from": None,
        "tie": None,
        "tensorboard": False,
        "precision": "auto",
        "devices": "auto",
        "accelerator": "auto",
        "threads": None,
        "overwrite": False,
    }
    assert capsys.readouterr() == (
        "run/vocoder.st\nrun/voice.st\n",
        "how it goes: run/report.html\nvocoder: 20 steps done, mel 0.512 log_f0 0.1\nnext: tiedtts export run/voice.st -o voice.onnx\n",
    )
    options = (
        "--recipe r.toml --part vocoder --init-from c.st --tie plan.toml --precision bf16 "
        "--accelerator cpu --devices 2 --threads 3 --tensorboard -q"
    ).split()
    assert main(["train", "data", "-o", "run", *options]) == 0
    assert core.options == {
        "recipe": "r.toml",
        "parts": ("vocoder",),
        "resume": False,
        "init_from": "c.st",
        "tie": Path("plan.toml"),
        "tensorboard": True,
        "precision": "bf16",
        "devices": 2,
        "accelerator": "cpu",
        "threads": 3,
        "overwrite": False,
    }
    assert capsys.readouterr().err == ""
    shown: list[tuple[float, str]] = []
    monkeypatch.setattr(talk, "progress", lambda *_, **__: nullcontext(lambda *of: shown.append(of)))
    core.told = (State(step=5, stage=2, stages=3, share=0.4, seconds_left=4000.0, losses={"mel": 0.5}),)
    assert main(["train", "data", "-o", "run", "-q"]) == 0
    assert shown == [(0.4, "1 h 06 min left; vocoder (3 of 3), stage 2 of 3, step 5/20, mel 0.5")]
    capsys.readouterr()
    monkeypatch.setenv("RANK", "1")
    assert main(["train", "data", "-o", "run", "--resume"]) == 0
    assert core.options["resume"] is True
    assert capsys.readouterr() == ("", "")


def test_a_stopped_training_names_a_command_that_works(fake_core: Any, here: Path, capsys: Captured) -> None:
    """`--resume` and `--init-from` exclude each other: the same command would be refused."""

    def stopped(*arguments: Any, **options: Any) -> None:
        raise Stopped(15, "the same command with `--resume` goes on there")

    fake_core("tiedtts.training.train", train=stopped)
    assert main(["train", "data", "-o", "run", "--init-from", "clara"]) == 143
    assert capsys.readouterr().err.endswith("with `--resume` goes on there, without `--init-from`\n")
    assert main(["train", "data", "-o", "run"]) == 143
    assert capsys.readouterr().err.endswith("with `--resume` goes on there\n")


def test_advice_is_said_before_training(fake_core: Any, capsys: Captured) -> None:
    def core(*arguments: Any, advise: Any, **options: Any) -> dict[str, Path]:
        advise(SimpleNamespace(text="12 minutes", warning=False))
        advise(SimpleNamespace(text="too little", warning=True))
        return {}

    fake_core("tiedtts.training.train", train=core)
    assert main(["train", "data", "-o", "run"]) == 0
    assert capsys.readouterr().err == "12 minutes\nwarning: too little\n"
    assert main(["train", "data", "-o", "run", "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_export(fake_core: Any, capsys: Captured) -> None:
    voice = {"parameters": {"acoustic": 1_000_000, "vocoder": 234}, "file_bytes": 2_345_678}
    core = Core(SimpleNamespace(files=[Path("v.onnx")], voice=voice))
    fake_core("tiedtts.export.voice", export_files=core)
    assert main(["export", "a.st", "b.st", "-o", "v.onnx", "--name", "kim", "--precision", "fp32"]) == 0
    assert core.arguments == ([Path("a.st"), Path("b.st")], Path("v.onnx"))
    assert core.options == {"name": "kim", "precision": "fp32"}
    assert capsys.readouterr() == ("", "v.onnx: 1,000,234 parameters, 2.35 MB\n")
    assert main(["export", "a.st", "-o", "v.onnx", "-q"]) == 0
    assert core.options == {"name": None, "precision": "fp16"}
    assert capsys.readouterr() == ("", "")
    steps = Core(SimpleNamespace(files=[Path("v.encoder.onnx"), Path("v.step.onnx")], voice=None))
    fake_core("tiedtts.export.voice", export_files=steps)
    assert main(["export", "a.st", "-o", "v.onnx"]) == 0
    assert steps.arguments == ([Path("a.st")], Path("v.onnx"))
    out, err = capsys.readouterr()
    assert out == "v.encoder.onnx\nv.step.onnx\n"
    assert "tiedtts synth --voice a.st" in err


RATE = PhoneErrorRate(synthesised=0.1, natural=0.2, ratio=0.5, interval=(0.4, 0.6), judge="the recogniser")
FOUND = Evaluation(
    recordings=40,
    mel_cepstral_distortion_db=4.684,
    f0_error_cents=None,
    log_f0_correlation=None,
    voicing_error=0.135,
    speaking_rate_ratio=1.2,
    phone_duration_correlation=0.86,
    log_f0_spread=0.71,
    mel_spread=0.96,
    phone_error_rate=RATE,
    real_time_factor=0.012,
    between_takes=None,
)


def test_eval(fake_core: Any, voice: Any, here: Path, capsys: Captured) -> None:
    core = Core(FOUND, (1.0, ""))
    fake_core("tiedtts.measure.evaluation", evaluate=core)
    (here / "run").mkdir()
    for name in ("my.onnx", "aligner.safetensors"):
        (here / "run" / name).touch()
    assert main(["eval", "run/my.onnx", "data", "--aligner", "a.st", "--limit", "4"]) == 0
    assert voice.loaded == [("run/my.onnx", None)]
    assert core.arguments == (voice, Path("data"))
    run_aligner = Path("run/aligner.safetensors")
    assert core.options == {"aligner": Path("a.st"), "run_aligner": run_aligner, "limit": 4}
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("run/my.onnx beside 40 held-out recordings")
    lines = out.splitlines()
    assert "spectrum: mel-cepstral distortion  4.68 dB       5.50 dB or less    met" in lines
    assert "pace                               1.20 x        0.95 x to 1.05 x   missed" in lines
    assert "pitch: error                       not measured  300 cents or less" in lines
    assert max(map(len, lines)) <= 100
    # Names of fields are for programs.
    assert "_" not in out
    assert main(["eval", "my.onnx", "data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == FOUND.to_dict()
    core.result = dataclasses.replace(FOUND, recordings=3, left_out=("x: damaged",))
    assert main(["eval", "my.onnx", "data"]) == 0
    err = capsys.readouterr().err
    assert "warning: only 3 recordings" in err
    assert "warning: left out: x: damaged" in err
    assert main(["eval", "my.onnx", "data", "-q"]) == 0
    assert capsys.readouterr().err == "warning: left out: x: damaged\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "distil texts.txt -o corpus",
        "distil texts.txt --command cat",
        "distil texts.txt -o corpus --command cat --timeout 0",
        "distil texts.txt -o corpus --command cat --retries -1",
        "distil texts.txt -o corpus --command cat --no-listen --aligner a.st",
        "distil texts.txt -o corpus --pick 0",
        "distil texts.txt -o list.txt --pick 2 --mix questions",
        "distil texts.txt -o . --pick 2",
        "prepare corpus",
        "prepare corpus -o data --format wav",
        "prepare corpus -o data --workers 0",
        "prepare corpus -o data --holdout 5",
        "train data",
        "train data -o run --part ear",
        "train data -o run --precision 16",
        "train data -o run --accelerator tpu",
        "train data -o run --devices 0",
        "train data -o run --threads 0",
        "train data -o run --resume --init-from c.st",
        "export -o v.onnx",
        "export a.st -o v.onnx --precision int4",
        "eval v.onnx",
        "eval v.onnx data --limit 0",
        "speak",
        "--loud",
    ],
)
def test_wrong_usage_ends_with_2(arguments: str, capsys: Captured) -> None:
    assert main(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint"]
