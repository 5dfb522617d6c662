"""Calibration: runs of a net on inputs, so that ties can look at what its layers read and write."""

import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tiedtts.errors import ConfigError, TiedTTSError, is_out_of_memory
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.tying import layers
from tiedtts.tying.listening import listen
from tiedtts.tying.moments import Moments

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)(?![\w])")
"""Number in a line of words."""
Run = Callable[[Mapping[str, nn.Module], Path], Any]
"""Runs nets, given them and the checkpoint that they come from; returns their outputs."""


def calibration(source: str) -> Run:
    """Return what runs nets.

    Args:
        source: `MODULE:FUNCTION`, a function that is called with the path of a checkpoint, loads it with its
            own program, runs that on some inputs and returns outputs: tensors, arrays, numbers, or lists
            and dicts of these. Or a `.npz` file, see `inputs`.

    Raises:
        ConfigError: There is no such function or file.
    """
    if source.endswith(".npz"):
        return inputs(Path(source))
    module, colon, name = source.rpartition(":")
    if not colon or not module or not name:
        raise ConfigError(
            f"inputs are `MODULE:FUNCTION` or a `.npz` file, got: {source}",
            hint="FUNCTION takes the path of a checkpoint, runs its program with it, and returns the outputs",
        )
    # As `python -m` does: the module may lie in the current folder.
    sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"there is no module `{error.name}`, which `{source}` needs",
            hint="name one that lies in the current folder or is installed",
        ) from error
    except AttributeError as error:
        raise ConfigError(f"`{source}` cannot be found: {error}") from error
    # Whatever a module of the user's does when it is imported.
    except Exception as error:
        raise ConfigError(f"`{module}` cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove("")
    if not callable(found):
        raise ConfigError(f"`{source}` is no function, but a {type(found).__name__}")

    def run(parts: Mapping[str, nn.Module], path: Path) -> Any:
        return _guarded(source, lambda: found(path))

    return run


def inputs(path: Path) -> Run:
    """Return what runs nets on arrays.

    Args:
        path: `.npz` file. Its arrays are arguments of the net's `forward`, by their names. For a net of which
            only names of tensors are known they are inputs of layers, each by the name of its layer.

    Raises:
        ConfigError: It cannot be read, or holds no arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: torch.from_numpy(np.array(file[name])) for name in file.files}
    except FileNotFoundError as error:
        raise ConfigError(f"no such file: {path}") from error
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ConfigError(f"{path} cannot be read as arrays: {error}") from error
    if not arrays:
        raise ConfigError(f"{path} holds no arrays")

    def run(parts: Mapping[str, nn.Module], _: Path) -> Any:
        named = {name: layer for name in arrays if (layer := _layer(parts, name)) is not None}
        if named:
            return {name: _guarded(f"{path}, {name}", partial(named[name], arrays[name])) for name in named}
        outputs = {}
        for part, net in parts.items():
            if isinstance(net, StateDictNet):
                continue
            known = inspect.signature(net.forward).parameters
            given = {name: value for name, value in arrays.items() if name in known}
            if given:
                outputs[part] = _guarded(str(path), partial(net.eval(), **given))
        if not outputs:
            raise ConfigError(
                f"the arrays of {path} fit nothing in the checkpoint: {', '.join(list(arrays)[:5])}",
                hint="name them as the layers whose inputs they are, or as arguments of the net's `forward`",
            )
        return outputs

    return run


def command(template: str) -> Run:
    """Return what runs a program on a checkpoint.

    Args:
        template: Command line, in which `{file}` stands for the path of a checkpoint such as the first one.
            The numbers in the last line of its output are a loss, if there is one, else outputs.

    Raises:
        ConfigError: There is no `{file}` in it, or it cannot be split into words.
    """
    if "{file}" not in template:
        raise ConfigError(
            f"a command that measures names `{{file}}`, got: {template}",
            hint="write, for example, 'python evaluate.py {file}'",
        )
    try:
        words = shlex.split(template, posix=os.name != "nt")
    except ValueError as error:
        raise ConfigError(f"the command cannot be split into words: {error}") from error

    def run(parts: Mapping[str, nn.Module], path: Path) -> list[float]:
        given = [word.replace("{file}", str(path)) for word in words]
        try:
            done = subprocess.run(given, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            raise ConfigError(f"`{given[0]}` cannot be run: {error.strerror or error}") from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            raise TiedTTSError(f"`{template}` failed with status {done.returncode}: {said}")
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        numbers = _NUMBER.findall(lines[-1]) if lines else []
        if not numbers:
            raise TiedTTSError(
                f"`{template}` printed no number in its last line",
                hint="print a loss, of which less is better, or several outputs",
            )
        return [float(number) for number in numbers]

    return run


def seen_by(run: Run, parts: Mapping[str, nn.Module], path: Path) -> tuple[dict[str, Moments], Any]:
    """Run nets, and return the moments of their weights, and the outputs; see `tiedtts.tying.listening`.

    Raises:
        ConfigError: None of the weights was used.
        TiedTTSError: The program failed.
    """
    seen, outputs = listen(parts, lambda: run(parts, path))
    if not seen:
        raise ConfigError(
            "what was run uses none of the checkpoint's weights, or on too few inputs",
            hint="it must load the checkpoint that it is given, and run in torch, in this process",
        )
    return seen, outputs


def _layer(parts: Mapping[str, nn.Module], name: str) -> nn.Module | None:
    """Return a layer by its name, with or without its part's, if there is one."""
    for part, net in parts.items():
        for of in (name, name.removeprefix(f"{part}.")):
            try:
                found = net.get_submodule(of) if of else None
            except AttributeError:
                continue
            if found is not None and layers.plain_type(found) is not None:
                return found
    return None


def _guarded(what: str, call: Callable[[], Any]) -> Any:
    """Call what the user gave, whose errors are told as such."""
    try:
        with torch.no_grad():
            return call()
    except TiedTTSError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = f"{type(error).__name__}: {str(error).strip() or 'no reason given'}".splitlines()[0]
        raise TiedTTSError(f"{what} failed: {reason}") from error
