"""Folders of Hugging Face: a model with its configuration, tied by way of the library that it is from.

What `from_pretrained` loads becomes a folder that it loads. Only the classes of `transformers` itself are
used: no code of a folder is run, and nothing is fetched.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from torch import nn

from tiedtts import storage
from tiedtts.checkpoints import shards
from tiedtts.checkpoints.converted import Conversion
from tiedtts.checkpoints.header import PART
from tiedtts.checkpoints.shard_writer import LARGEST
from tiedtts.errors import CheckpointError, OutputError
from tiedtts.extras import install_command
from tiedtts.tying import TiePlan, count_parameters, untie
from tiedtts.tying.parts import tie_parts

CONFIG = "config.json"
"""File by which such a folder is known."""
_METHOD = "tiedtts"
"""Name of the method in configurations of tied models."""
_WEIGHTS = (".safetensors", ".bin", ".h5", ".msgpack", ".onnx", ".gguf", ".pt", ".pth", ".index.json")
"""Ends of names of files that are not copied: weights in other formats would be the old ones."""


def is_folder(path: Path) -> bool:
    """Return whether a folder is one that `from_pretrained` loads."""
    return path.is_dir() and bool(_config(path).get("architectures"))


def is_tied(path: Path) -> bool:
    """Return whether a folder, or that of a file in it, has a tied model."""
    method = _config(path if path.is_dir() else path.parent).get("quantization_config")
    return isinstance(method, dict) and method.get("quant_method") == _METHOD


def is_target(path: Path) -> bool:
    """Return whether a path names a folder and not a file."""
    return path.is_dir() or not path.suffix or os.fspath(path).endswith(os.sep)


def tie(source: Path, target: Path, plan: TiePlan, largest: int | None) -> Conversion:
    """Tie the model of a folder.

    Args:
        source: Folder.
        target: Folder to make; it must not be there, or be empty.
        plan: Which layers to tie, and how.
        largest: Bytes of each file.

    Raises:
        CheckpointError: The model cannot be loaded, or `transformers` is not installed.
        ConfigError: The plan does not fit.
        OutputError: The target cannot be written.
    """
    _check_target(target)
    model = load(source)
    parts, _, report = tie_parts({PART: model}, plan)
    before = shards.size(source)
    del model
    return Conversion(
        report=report,
        file_bytes_before=before,
        file_bytes_after=_write(source, target, parts[PART], largest),
    )


def revert(source: Path, target: Path, largest: int | None) -> int:
    """Untie the model of a folder; return its number of parameters.

    Raises:
        CheckpointError: The model cannot be loaded, or `transformers` is not installed.
        OutputError: The target cannot be written.
    """
    _check_target(target)
    plain = untie(load(source))
    _write(source, target, plain, largest)
    return count_parameters(plain)


def load(path: Path) -> nn.Module:
    """Load the model of a folder, tied as it is.

    Raises:
        CheckpointError: It cannot be loaded, weights are missing, or `transformers` is not installed.
    """
    try:
        import transformers

        from tiedtts.tying import pretrained
    except (ImportError, OSError) as error:
        raise CheckpointError(
            f"{path} is a folder of Hugging Face, and `transformers` cannot be loaded: {error}",
            hint=f"pip install 'transformers>=5', beside {install_command('train')}; or name a file to write",
        ) from error
    del pretrained
    names = [name for name in _config(path).get("architectures", []) if isinstance(name, str)]
    kind: Any = getattr(transformers, names[0], None) if names else None
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        raise CheckpointError(
            f"{path} has a model of class {names[0] if names else 'unknown'}, which `transformers` lacks",
            hint="name a file to write, NAME.safetensors: its tensors are tied by their names",
        )
    known: Any = kind
    try:
        model, about = known.from_pretrained(
            path, local_files_only=True, dtype="auto", output_loading_info=True
        )
    # Whatever a damaged folder leads to.
    except Exception as error:
        from tiedtts.errors import is_out_of_memory

        if is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
    if missing := sorted(map(str, about.get("missing_keys", ()))):
        raise CheckpointError(f"{path} lacks weights of its model: {', '.join(missing[:3])}")
    made: nn.Module = model.eval()
    return made


def _config(path: Path) -> dict[str, Any]:
    """Return the configuration in a folder; nothing if it has none."""
    try:
        found = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _check_target(target: Path) -> None:
    """Refuse a folder that holds something."""
    storage.check_writable(target.parent / f"{target.name}.new")
    if target.is_dir() and any(target.iterdir()):
        raise OutputError(f"{target} is a folder with files in it", hint="name a new folder, or an empty one")


def _write(source: Path, target: Path, model: Any, largest: int | None) -> int:
    """Write a model as a folder, with what else is in the first one; return the size of its weights."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished") as above:
        made = Path(above, "made")
        made.mkdir()
        for file in sorted(source.iterdir()):
            if file.is_file() and not file.name.lower().endswith(_WEIGHTS) and not file.name.startswith("."):
                shutil.copyfile(file, made / file.name)
        model.save_pretrained(made, max_shard_size=largest or LARGEST)
        size = shards.size(made)
        if target.is_dir():
            target.rmdir()
        os.replace(made, target)
    return size
