"""Ties the weights of a model of ONNX: the same inputs and outputs, fewer numbers."""

import math
from dataclasses import replace
from pathlib import Path

from torch import nn

from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.graphs import described, expansions, model_files
from tiedtts.graphs.scopes import Scope
from tiedtts.graphs.tied_graph import TiedGraph
from tiedtts.graphs.weights import Weight, find
from tiedtts.tying import TiedLayer, TiePlan
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.report import TieReport

SCHEMES = ("codebook", "lowrank", "share")
"""Schemes for graphs."""
PART = "model"
"""Name of the net that a graph is."""


def tie(source: Path, target: Path, plan: TiePlan) -> TieReport:
    """Tie a model; what runs it needs nothing else than before.

    Args:
        source: The model; a voice of another program, for example.
        target: File to write; data of its own, if the source has some, beside it.
        plan: Which weights to tie, and how.

    Raises:
        CheckpointError: The source cannot be read, or what became of it does not run.
        ConfigError: The plan does not fit.
        OutputError: The target cannot be written.
    """
    _check(plan)
    model = model_files.read(source)
    main = Scope.of(model.graph)
    weights = find(main)
    if not weights:
        raise CheckpointError(f"{source} stores no weights of a product or a table that could be tied")
    version = model_files.version(model)
    if version < expansions.LOWEST:
        raise CheckpointError(
            f"{source} is written in version {version} of ONNX, and ties need {expansions.LOWEST}",
            hint="convert it with `onnx.version_converter`",
        )
    by_name = {weight.name: weight for weight in weights}
    parts, _, report = tie_parts({PART: _net(weights)}, plan)
    net = parts[PART]
    layers = {name: layer for name, layer in net.named_modules() if isinstance(layer, TiedLayer)}
    before = model_files.parameters(model)
    graph = TiedGraph(main, version)
    graph.replace(by_name, layers)
    known = {
        name: {
            "scheme": layer.scheme,
            "numbers": math.prod(by_name[name].tensor.dims),
            "tensors": graph.tensors.get(name, []),
            "key": graph.keys.get(name, ""),
        }
        for name, layer in layers.items()
    }
    described.describe(model, known)
    model_files.check_runs(model, source)
    model_files.write(target, model, source)
    after = model_files.parameters(model)
    return replace(report, parameters_before=before, parameters_after=after)


def _check(plan: TiePlan) -> None:
    """Refuse schemes that a graph cannot have."""
    for number, rule in enumerate(plan.rules, 1):
        if rule.scheme not in SCHEMES:
            raise ConfigError(
                f"`{rule.scheme}` cannot tie a graph of ONNX, in rule {number} of {plan.source}",
                hint=f"schemes that can are {', '.join(SCHEMES)}",
            )


def _net(weights: list[Weight]) -> nn.Module:
    """Return a tree of the layers that weights are."""
    root = nn.Module()
    for weight in weights:
        *above, last = weight.name.split(".")
        parent = root
        for step in above:
            if step not in parent._modules:
                parent.register_module(step, nn.Module())
            parent = parent.get_submodule(step)
        parent.register_module(last, weight.layer())
    return root
