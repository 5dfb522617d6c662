"""Scopes: the graph of an ONNX model and the graphs inside its nodes, which see the tensors around them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_GRAPH, _GRAPHS = 5, 10
"""Types of attributes that hold graphs."""


@dataclass(frozen=True)
class Use:
    """One place where a tensor is read."""

    scope: "Scope"
    """Graph with the node."""
    node: Any
    """The node (an `onnx.NodeProto`)."""
    position: int
    """Which of its inputs."""


@dataclass(eq=False)
class Scope:
    """A graph, and the graphs inside."""

    graph: Any
    """The graph (an `onnx.GraphProto`)."""
    inner: list["Scope"] = field(default_factory=list)
    """Graphs of its nodes, such as the branches of an `If`."""
    uses: dict[str, list[Use]] = field(default_factory=dict)
    """Name of each tensor to the places that read it, here and inside."""

    @classmethod
    def of(cls, graph: Any) -> "Scope":
        """Look through a graph."""
        found = cls(graph)
        own = {tensor.name for tensor in graph.initializer} | {value.name for value in graph.input}
        for node in graph.node:
            own.update(node.output)
        outside: dict[str, list[Use]] = {}
        for node in graph.node:
            for position, name in enumerate(node.input):
                if name:
                    found.uses.setdefault(name, []).append(Use(found, node, position))
            for inside in _graphs(node):
                scope = cls.of(inside)
                found.inner.append(scope)
                for name, uses in scope.uses.items():
                    # What a graph inside defines itself is none of ours.
                    if name not in scope.defined():
                        outside.setdefault(name, []).extend(uses)
        for name, uses in outside.items():
            found.uses.setdefault(name, []).extend(uses)
        return found

    def defined(self) -> set[str]:
        """Return the names of tensors that this graph itself defines."""
        names = {tensor.name for tensor in self.graph.initializer}
        names.update(value.name for value in self.graph.input)
        names.update(name for node in self.graph.node for name in node.output)
        return names

    def outputs(self) -> set[str]:
        """Return the names of the tensors that this graph gives back, and graphs inside give back from it."""
        names = {value.name for value in self.graph.output}
        for scope in self.inner:
            names |= scope.outputs() - scope.defined()
        return names

    def walk(self) -> Iterator["Scope"]:
        """Yield this scope and all inside."""
        yield self
        for scope in self.inner:
            yield from scope.walk()


def attribute(node: Any, name: str, default: Any = None) -> Any:
    """Return an attribute of a node."""
    from onnx import helper

    for each in node.attribute:
        if each.name == name:
            return helper.get_attribute_value(each)
    return default


def _graphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.type == _GRAPH:
            yield attribute.g
        elif attribute.type == _GRAPHS:
            yield from attribute.graphs
