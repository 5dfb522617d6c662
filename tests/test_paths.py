"""Paths: text, `Path` and any other object that stands for a path, wherever a function takes one."""

import ast
from pathlib import Path

import pytest

import tiedtts
from tiedtts import documents, paths, storage
from tiedtts.audio import files
from tiedtts.errors import VoiceError
from tiedtts.speech import library
from tiedtts.tying import TiePlan

PACKAGE = Path(tiedtts.__file__).parent
PUBLIC = (
    *("audio/files.py", "audio/wholeness.py", "storage.py", "documents.py"),
    *("speech/speech.py", "speech/voice.py", "speech/library.py", "speech/voice_nets.py"),
    *(
        "tying/plan.py",
        "checkpoints/checkpoint.py",
        "checkpoints/conversion.py",
        "checkpoints/other_formats.py",
    ),
    *("checkpoints/weight_files.py", "checkpoints/tensor_files.py", "export/voice.py", "export/card.py"),
    *("corpus/prepare.py", "corpus/features.py", "corpus/manifest.py", "corpus/teacher/distil.py"),
    *("corpus/picking/pick.py", "training/train.py", "training/corpus.py", "training/recipe.py"),
    *("measure/evaluation.py", "measure/statistics.py", "measure/listener.py", "batch/run.py"),
)
"""Modules whose functions are called from outside of the package."""
PLAN = '[[tie]]\nlayers = "*"\nscheme = "lowrank"\n'


class Place:
    """Stands for a path, and has nothing else of one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


KINDS = pytest.mark.parametrize("kind", [str, Path, Place])


@KINDS
def test_plans(kind: type, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN)
    assert TiePlan.read(kind(tmp_path / "p.toml")) == TiePlan.from_toml(PLAN)
    assert TiePlan.read_text(kind(tmp_path / "p.toml")) == PLAN


@KINDS
def test_sounds(kind: type, tmp_path: Path) -> None:
    storage.write_bytes(kind(tmp_path / "a.wav"), b"")
    said = tiedtts.Voice.load(kind(library.find("clara")), lexicon=[kind(lexicon(tmp_path))]).say("Zorbak.")
    said.save(kind(tmp_path / "a.wav"), timestamps="srt")
    assert files.read(kind(tmp_path / "a.wav")).rate == said.sample_rate
    assert (tmp_path / "a.srt").read_text()
    assert [phone.symbol for phone in said.phones[1:3]] == ["Z", "UW"]


def lexicon(folder: Path) -> Path:
    (folder / "mine.txt").write_text("zorbak  Z UW1\n")
    return folder / "mine.txt"


@KINDS
def test_checkpoints(kind: type, tmp_path: Path) -> None:
    import torch

    from tiedtts.checkpoints import checkpoint
    from tiedtts.checkpoints.conversion import convert, revert
    from tiedtts.measure.statistics import statistics

    torch.save({"a.weight": torch.ones(8, 8)}, tmp_path / "a.pt")
    tied = kind(tmp_path / "tied.safetensors")
    convert(kind(tmp_path / "a.pt"), tied, TiePlan.from_toml(PLAN))
    assert checkpoint.is_checkpoint(tied)
    assert checkpoint.load(tied).plans
    assert statistics(tied).parts
    revert(tied, kind(tmp_path / "plain.pt"))
    assert (tmp_path / "plain.pt").is_file()


def test_a_name_is_no_path() -> None:
    assert library.find("clara").name.startswith("clara.")
    with pytest.raises(VoiceError, match=r"no such voice: \./clara"):
        library.find("./clara")


def test_one_path_is_a_list_of_itself(tmp_path: Path) -> None:
    assert (
        paths.several(str(tmp_path))
        == paths.several(tmp_path)
        == paths.several([str(tmp_path)])
        == [tmp_path]
    )
    assert paths.optional(None) is None
    assert documents.read_text(Place(tmp_path / lexicon(tmp_path)), "tiedtts.tying", "plans", "list")


def test_no_function_takes_only_one_kind_of_path() -> None:
    found = 0
    for name in PUBLIC:
        body = ast.parse((PACKAGE / name).read_text("utf-8")).body
        methods = [node for record in body if isinstance(record, ast.ClassDef) for node in record.body]
        for node in (*body, *methods):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            for argument in (*node.args.args, *node.args.kwonlyargs):
                kind = "" if argument.annotation is None else ast.unparse(argument.annotation)
                assert "Path" not in kind.replace("StrPath", ""), (
                    f"{name}: {node.name}({argument.arg}) takes a StrPath"
                )
                found += "StrPath" in kind
    assert found > 40
