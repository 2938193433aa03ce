"""What must hold of a model's graphs before ops can be made of them: names are defined, once, and before their uses.

ONNX wants nodes sorted; exporters do not always sort them, so an unsorted graph is sorted here. A cycle has no order
and is an error that names its nodes, as does each name that nothing defines. Operators that ONNX does not have are
reported all at once, with how often each occurs and where.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError

from .model import graphs_of, subgraphs_of
from .schemas import DEFAULT_DOMAIN, schema

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MOST_NAMED = 5
"""So many nodes are named of those that have one fault in common; the rest are counted."""


def check_operators(model: ModelProto, opsets: Mapping[str, int]) -> None:
    """Raise one error that lists every operator which the model's opsets do not have."""
    unknown: dict[str, list[str]] = defaultdict(list)
    for graph in graphs_of(model.graph):
        for node in graph.node:
            if (fault := _fault(node, opsets)) is not None:
                unknown[fault].append(node_name(node))
    if not unknown:
        return
    rows = [f"\n    {fault}: {listed(names)}" for fault, names in sorted(unknown.items())]
    plural = "operator is" if len(rows) == 1 else "operators are"
    raise StepwellError(
        f"{len(rows)} {plural} not supported:{''.join(rows)}",
        fix="export the model with operators of ONNX only, in a newer opset if it has them",
    )


def _fault(node: NodeProto, opsets: Mapping[str, int]) -> str | None:
    """Why `node` cannot be read; None when its operator exists."""
    domain = node.domain or DEFAULT_DOMAIN
    name = node.op_type if domain == DEFAULT_DOMAIN else f"{domain}.{node.op_type}"
    if (opset := opsets.get(domain)) is None:
        return f"{name} (the model states no opset of {domain})"
    found = schema(domain, node.op_type, opset)
    if found is None:
        return f"{name} (not in opset {opset} of {domain})"
    return f"{name} (deprecated since opset {found.since})" if found.deprecated else None


def node_name(node: NodeProto) -> str:
    """What to call a node: its name, or else the first value that it makes."""
    return node.name or next((name for name in node.output if name), node.op_type)


def listed(names: Sequence[str]) -> str:
    """`3 nodes ('a', 'b', 'c')`, and no more names than a person reads."""
    shown = ", ".join(f"'{name}'" for name in names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} {'node' if len(names) == 1 else 'nodes'} ({shown}{more})"


def sort_graphs(graph: GraphProto, outer: frozenset[str] = frozenset()) -> None:
    """Sort the nodes of `graph` and of all graphs inside of it. Raises for names undefined or defined twice."""
    given = [value.name for value in graph.input]
    stored = [tensor.name for tensor in graph.initializer]
    stored += [sparse.values.name for sparse in graph.sparse_initializer]
    check_distinct("input", given)
    check_distinct("initializer", stored)
    there = {*given, *stored}
    made: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in made or name in there:
                first = f"node '{node_name(graph.node[made[name]])}'" if name in made else "an input or initializer"
                raise StepwellError(
                    f"two things make the value '{name}': {first} and node '{node_name(node)}'",
                    fix="every value must have a name of its own",
                )
            made[name] = index
    defined = outer.union(there, made)
    uses = [_uses(node) for node in graph.node]
    undefined: dict[str, list[str]] = defaultdict(list)
    for node, names in zip(graph.node, uses, strict=True):
        for name in names - defined:
            undefined[name].append(node_name(node))
    for value in graph.output:
        if value.name not in defined:
            undefined[value.name].append(f"output {value.name}")
    if undefined:
        shown = sorted(undefined.items())[:MOST_NAMED]
        rows = "; ".join(f"'{name}' in {listed(nodes)}" for name, nodes in shown)
        raise StepwellError(f"{len(undefined)} names are used, but nothing makes them: {rows}")
    order = _order(graph, [{made[name] for name in names if name in made} for names in uses])
    if order != list(range(len(order))):
        nodes = [graph.node[index] for index in order]
        copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copies)
    for node in graph.node:
        for _, inner in subgraphs_of(node):
            sort_graphs(inner, defined)


def _uses(node: NodeProto) -> set[str]:
    """The names that `node` needs from its own graph or those around: its inputs, and what its subgraphs see."""
    names = set(filter(None, node.input))
    for _, graph in subgraphs_of(node):
        names |= free_names(graph)
    return names


def free_names(graph: GraphProto) -> set[str]:
    """Names that `graph` uses and does not make."""
    made = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    made |= {sparse.values.name for sparse in graph.sparse_initializer}
    used = {value.name for value in graph.output}
    for node in graph.node:
        made.update(node.output)
        used |= _uses(node)
    return used - made


def _order(graph: GraphProto, needs: Sequence[set[int]]) -> list[int]:
    """Indices of nodes so that each comes after those that it needs; as they stand where that is so already."""
    if all(max(need, default=-1) < index for index, need in enumerate(needs)):
        return list(range(len(needs)))
    users: dict[int, list[int]] = defaultdict(list)
    missing = [len(need) for need in needs]
    for index, need in enumerate(needs):
        for other in need:
            users[other].append(index)
    ready = [index for index, count in enumerate(missing) if count == 0]
    order: list[int] = []
    while ready:
        order.append(index := heapq.heappop(ready))
        for user in users[index]:
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, user)
    if len(order) == len(needs):
        return order
    cycle = [node_name(graph.node[index]) for index in _cycle(needs, [i for i, n in enumerate(missing) if n])]
    raise StepwellError(f"the graph has a cycle, so that nothing can be computed first: {listed(cycle)}")


def _cycle(needs: Sequence[set[int]], left: Sequence[int]) -> list[int]:
    """One cycle among the nodes that could not be ordered, in the order in which values flow."""
    rest, path, place = set(left), list[int](), dict[int, int]()
    index = left[0]
    while index not in place:
        place[index] = len(path)
        path.append(index)
        index = min(needs[index] & rest)
    cycle = path[place[index] :][::-1]
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def check_distinct(kind: str, names: Sequence[str]) -> None:
    """Raise where one of a graph's inputs (outputs, initializers) has no name, or that of another."""
    if "" in names:
        raise StepwellError(f"the graph has an {kind} without a name")
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise StepwellError(f"the graph has {'two' if count == 2 else count} {kind}s with the name '{name}'")
