"""A graph that is being tied: weights become operations on fewer numbers."""

from collections.abc import Mapping
from typing import Any

from tiedtts.graphs import expansions, products
from tiedtts.graphs.edits import Edits
from tiedtts.graphs.scopes import Scope
from tiedtts.graphs.weights import Weight
from tiedtts.tying.tied_layer import TiedLayer


class TiedGraph:
    """A model of ONNX while its weights are replaced.

    Args:
        main: The graph of the model and those inside; they are changed.
        version: Version of ONNX that it is written in.
    """

    def __init__(self, main: Scope, version: int) -> None:
        self._main = main
        self._version = version
        self._names = {name for scope in main.walk() for name in scope.defined()}
        self._edits = {id(scope.graph): Edits(scope.graph) for scope in main.walk()}
        self._stored: dict[tuple[Any, ...], str] = {}
        """Layer and name of each value, or what else tells numbers apart, to the name of their tensor."""
        self.tensors: dict[str, list[str]] = {}
        """Names of the tensors that are stored for a layer."""
        self.keys: dict[str, str] = {}
        """Name of the weight that the graph computes for a layer."""

    def replace(self, weights: Mapping[str, Weight], layers: Mapping[str, TiedLayer]) -> None:
        """Replace the weights of layers that are tied.

        Args:
            weights: By the names of their layers.
            layers: Tied layers, by the same names.
        """
        name_of = {id(layer): name for name, layer in layers.items()}
        owners = {
            name: name if layer.shared_with is None else name_of[id(layer.shared_with.layer)]
            for name, layer in layers.items()
        }
        lenders = {owner for name, owner in owners.items() if owner != name}
        for name, layer in layers.items():
            weight = weights[name]
            self._edits_of(weight.scope).gone.add(weight.key)
            if weight.constant is not None:
                self._edits_of(weight.scope).put(weight.constant)
            # Graphs that lie apart may need what is shared: all of them see the main one.
            scope = self._main if owners[name] in lenders else weight.scope
            if products.can_split(weight, layer):
                self._split(weight, layer, scope, owners[name])
            else:
                self._expand(weight, layer, scope, owners[name])
        # Those inside first: nodes with graphs in them are copied with what is inside.
        for edits in reversed(self._edits.values()):
            edits.make()

    def _expand(self, weight: Weight, layer: TiedLayer, scope: Scope, owner: str) -> None:
        """Let a weight be computed when the graph is loaded."""
        from onnx import numpy_helper

        nodes, tensors = expansions.of(weight, layer, self._version)
        short = {"": "", "weight": weight.key}
        values = layer.values()
        for tensor in tensors:
            array = numpy_helper.to_array(tensor)
            if tensor.name in values:
                of = owner if tensor.name in layer.shared_values else weight.name
                short[tensor.name] = self._store_value(scope, of, tensor.name, array)
            else:
                # Sizes and such, which many layers have in common.
                key = str(array.dtype), array.shape, array.tobytes()
                short[tensor.name] = self._store(self._main, key, "k", array)
        if scope is not weight.scope:
            short["weight"] = self._fresh(weight.key)
            for use in weight.uses:
                use.node.input[use.position] = short["weight"]
        self.keys[weight.name] = short["weight"]
        for node in nodes:
            for name in node.output:
                if name not in short:
                    short[name] = self._fresh(f"t{len(self._names):x}")
            # Short: each would cost more than what it computes from.
            node.name = node.doc_string = ""
            node.input[:] = [short[name] for name in node.input]
            node.output[:] = [short[name] for name in node.output]
        self._edits_of(scope).first.extend(nodes)

    def _split(self, weight: Weight, layer: TiedLayer, scope: Scope, owner: str) -> None:
        """Put two products in the place of each that reads a weight."""
        pair = zip(("down", "up"), products.factors(weight, layer), strict=True)
        down, up = (
            self._store_value(scope, owner if name in layer.shared_values else weight.name, name, array)
            for name, array in pair
        )
        for use in weight.uses:
            if use.node.op_type == "Transpose":
                self._edits_of(use.scope).put(use.node)
        for use in products.uses(weight):
            middle = self._fresh(f"{weight.name}.middle")
            self._edits_of(use.scope).put(use.node, products.split(use.node, down, up, middle))

    def _store_value(self, scope: Scope, layer: str, value: str, array: Any) -> str:
        """Store a value of a layer, see `_store`."""
        name = self._store(scope, (layer, value), f"{layer}.{value}", array)
        known = self.tensors.setdefault(layer, [])
        known.extend(() if name in known else (name,))
        return name

    def _store(self, scope: Scope, key: tuple[Any, ...], name: str, array: Any) -> str:
        """Store numbers, if they are not yet; return the name of their tensor.

        Args:
            scope: Graph that gets them.
            key: What tells them from others.
            name: Name of the tensor, if it is free.
            array: The numbers.
        """
        from onnx import numpy_helper

        if key not in self._stored:
            self._stored[key] = self._fresh(name)
            self._edits_of(scope).tensors.append(numpy_helper.from_array(array, self._stored[key]))
        return self._stored[key]

    def _edits_of(self, scope: Scope) -> Edits:
        return self._edits[id(scope.graph)]

    def _fresh(self, name: str) -> str:
        """Return a name that no tensor has."""
        found, at = name, 2
        while found in self._names:
            found, at = f"{name}_{at}", at + 1
        self._names.add(found)
        return found
