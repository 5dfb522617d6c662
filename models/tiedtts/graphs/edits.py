"""Edits of a graph, made together at the end: nodes that are looked at stay what they are meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Edits:
    """Changes to one graph."""

    graph: Any
    """The graph (an `onnx.GraphProto`)."""
    first: list[Any] = field(default_factory=list)
    """Nodes that go before all others."""
    tensors: list[Any] = field(default_factory=list)
    """Tensors that are added."""
    gone: set[str] = field(default_factory=set)
    """Names of tensors that are no longer stored."""
    _instead: dict[int, tuple[Any, list[Any]]] = field(default_factory=dict)

    def put(self, node: Any, instead: Iterable[Any] = ()) -> None:
        """Put nodes in the place of one; none, to remove it."""
        self._instead[id(node)] = node, list(instead)

    def make(self) -> None:
        """Make the changes."""
        graph = self.graph
        nodes = [*self.first]
        for node in graph.node:
            # The node itself is kept in the table, so that its identity is no other's.
            _, instead = self._instead.get(id(node), (node, [node]))
            nodes.extend(instead)
        kept = [type(node).FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(kept)
        # In old graphs everything that is stored is an input as well, which a caller could replace.
        for values in (graph.initializer, graph.input, graph.value_info):
            for at in reversed(range(len(values))):
                if values[at].name in self.gone:
                    del values[at]
        graph.initializer.extend(self.tensors)
