"""Make a graph that fails small: cut off what does not matter, one node after the other, as long as it still fails.

y = f(g(h(x)))   fails
y = f(g(v))      fails, with v = h(x) handed in, which is known
v = g(h(x))      does not, so f stays
"""

from __future__ import annotations

from collections.abc import Callable

import onnx
from onnx import NodeProto, helper

from . import Drawn
from .builder import captured, finished, stored, value_info


def reduced(graph: Drawn, fails: Callable[[Drawn], bool]) -> Drawn:
    """The smallest graph that this search finds: it fails, and would not without any of its nodes or outputs."""
    again = True
    while again:
        again = False
        for smaller in candidates(graph):
            if fails(smaller):
                graph, again = smaller, True
                break
    return graph


def candidates(graph: Drawn) -> list[Drawn]:
    """The graph with half of its outputs or one; with a node's results handed in; with constants as inputs."""
    nodes, outputs = list(graph.model.graph.node), list(graph.expected)
    found = [taken(graph, nodes, [name]) for name in outputs] if len(outputs) > 1 else []
    for at, node in enumerate(nodes):
        before, rest = nodes[:at], nodes[at + 1 :]
        if all(name in graph.values for name in node.output if name):
            found.append(taken(graph, [*before, *rest], outputs))
        ends = [name for name in node.output if name in graph.values]
        if ends and set(ends) != set(outputs):
            found.append(taken(graph, nodes, ends))
    size = len(nodes) + len(outputs)
    return [g for g in found if g is not None and 0 < len(g.model.graph.node) + len(g.expected) < size]


def taken(graph: Drawn, nodes: list[NodeProto], outputs: list[str]) -> Drawn | None:
    """The part of these nodes that gives these outputs. What nothing makes any more is handed in."""
    needed, kept = set(outputs), list[NodeProto]()
    for node in reversed(nodes):
        if needed & set(node.output):
            kept.insert(0, node)
            needed |= {name for name in (*node.input, *captured(node)) if name}
    made = {name for node in kept for name in node.output}
    outputs = [name for name in outputs if name in made]
    constants = {tensor.name: tensor for tensor in graph.model.graph.initializer}
    open_ = [name for name in graph.values if name in needed - made and name not in constants]
    if not outputs or not needed <= made | set(graph.values):
        return None
    proto = helper.make_graph(
        kept,
        "reduced",
        [value_info(name, graph.values[name]) for name in open_],
        [value_info(name, graph.values[name]) for name in outputs],
        [stored(graph.values[name], name) for name in constants if name in needed],
    )
    feeds = {name: graph.values[name] for name in open_}
    return Drawn(finished(proto), feeds, {name: graph.values[name] for name in outputs}, graph.values)


def text_of(graph: Drawn) -> str:
    """The graph in ONNX's text form, as `graph_of` reads it."""
    return onnx.printer.to_text(graph.model)
