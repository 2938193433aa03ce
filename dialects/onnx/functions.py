"""Local functions: an operator that the model defines by a graph of its own. They are inlined, node by node.

    twice(x) { y = Add(x, x); return y }        %t = onnx.Add(%a, %a) : ...   // loc("f1/Add")
    node f1: t = twice(a)                   →

Values inside get the calling node's name in front. An attribute that refers to one of the function's takes the value
that the call gives, or the function's default, and is left out where there is neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError

from .model import subgraphs_of
from .schemas import DEFAULT_DOMAIN

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto

MOST_NODES = 1_000_000
"""Functions that call functions can stand for any number of nodes; a model of more than these is an attack."""

MOST_CALLS = 60
"""Functions deep that a call may go."""

Key = tuple[str, str, str]


def inline_functions(model: ModelProto, opsets: Mapping[str, int]) -> None:
    """Replace every call of a local function in `model` by the function's nodes."""
    if not model.functions:
        return
    functions: dict[Key, FunctionProto] = {}
    for function in model.functions:
        key = (function.domain or DEFAULT_DOMAIN, function.name, function.overload)
        if key in functions:
            raise StepwellError(f"the model defines the function '{function.name}' of {key[0]} twice")
        functions[key] = function
    Inliner(functions, opsets).run(model)
    del model.functions[:]


class Inliner:
    """Copies bodies to where they are called, once it is known that this ends."""

    def __init__(self, functions: Mapping[Key, FunctionProto], opsets: Mapping[str, int]) -> None:
        self.functions = functions
        self.opsets = opsets
        self.sizes: dict[Key, int] = {}
        self.prefixes: set[str] = set()

    def run(self, model: ModelProto) -> None:
        if (count := self.size(model.graph.node, ())) > MOST_NODES:
            raise StepwellError(f"the model's functions stand for {count} nodes; at most {MOST_NODES} are supported")
        self.graph(model.graph)

    def size(self, nodes: Iterable[NodeProto], stack: tuple[Key, ...]) -> int:
        """How many nodes `nodes` stand for. `stack` are the functions that they are in."""
        if len(stack) > MOST_CALLS:
            raise StepwellError(f"functions call each other more than {MOST_CALLS} deep")
        count = 0
        for node in nodes:
            key = _key(node)
            count += 1 + sum(self.size(graph.node, stack) for _, graph in subgraphs_of(node))
            if (function := self.functions.get(key)) is None:
                continue
            if key in stack:
                raise StepwellError(f"the function '{node.op_type}' calls itself, so it has no end")
            if key not in self.sizes:
                self.sizes[key] = self.size(function.node, (*stack, key))
            count += self.sizes[key]
        return count

    def graph(self, graph: GraphProto) -> None:
        if any(_key(node) in self.functions for node in graph.node):
            nodes = [new for node in graph.node for new in self.node(node)]
            del graph.node[:]
            graph.node.extend(nodes)
        else:
            for node in graph.node:
                self.subgraphs(node)

    def subgraphs(self, node: NodeProto) -> None:
        for _, graph in subgraphs_of(node):
            self.graph(graph)

    def node(self, node: NodeProto) -> Iterator[NodeProto]:
        """`node`, or the nodes of the function that it calls."""
        if (function := self.functions.get(_key(node))) is None:
            copy = _copy(node)
            self.subgraphs(copy)
            yield copy
            return
        for inner in self.body(node, function):
            yield from self.node(inner)

    def body(self, call: NodeProto, function: FunctionProto) -> list[NodeProto]:
        """The nodes of `function` under the names and with the attributes of one call."""
        self.check(call, function)
        prefix = self.prefix(call.name or function.name)
        names = dict.fromkeys(function.input, "")
        names.update(zip(function.input, call.input, strict=False))
        # An output may be handed through from an input: then a node must still make it.
        outputs = {made: given for made, given in zip(function.output, call.output, strict=False) if given}
        handed_through = [(name, outputs.pop(name)) for name in list(outputs) if name in names]
        names.update(outputs)
        given = {attribute.name: attribute for attribute in (*function.attribute_proto, *call.attribute)}
        nodes = [_copy(node) for node in function.node]
        for node in nodes:
            node.name = f"{prefix}/{node.name or next(iter(node.output), node.op_type)}"
            _rename(node, names, prefix)
            _settle(node, given)
        for inside, outside in handed_through:
            nodes.append(type(call)(op_type="Identity", input=[names[inside]], output=[outside], name=prefix))
        return nodes

    def prefix(self, name: str) -> str:
        """What to put before the names inside of a call: `name`, with a number where another call has it."""
        free = itertools.chain((name,), (f"{name}.{n}" for n in itertools.count(len(self.prefixes))))
        prefix = next(candidate for candidate in free if candidate not in self.prefixes)
        self.prefixes.add(prefix)
        return prefix

    def check(self, call: NodeProto, function: FunctionProto) -> None:
        what = f"the call of function '{function.name}' in node '{call.name}'"
        if len(call.input) > len(function.input):
            raise StepwellError(f"{what} has {len(call.input)} inputs; the function has {len(function.input)}")
        if len(call.output) > len(function.output):
            raise StepwellError(f"{what} has {len(call.output)} outputs; the function has {len(function.output)}")
        known = {*function.attribute, *(attribute.name for attribute in function.attribute_proto)}
        for attribute in call.attribute:
            if attribute.name not in known:
                raise StepwellError(f"{what} gives an attribute '{attribute.name}', which the function does not have")
        for entry in function.opset_import:
            domain = entry.domain or DEFAULT_DOMAIN
            here = self.opsets.get(domain)
            uses = any(
                (node.domain or DEFAULT_DOMAIN) == domain and _key(node) not in self.functions for node in function.node
            )
            if uses and here is not None and here != entry.version:
                raise StepwellError(
                    f"the function '{function.name}' is written in opset {entry.version} of {domain}, "
                    f"but the model in opset {here}",
                    fix="export both with the same opset",
                )


def _key(node: NodeProto) -> Key:
    return (node.domain or DEFAULT_DOMAIN, node.op_type, node.overload)


def _copy(node: NodeProto) -> NodeProto:
    copy = type(node)()
    copy.CopyFrom(node)
    return copy


def _rename(node: NodeProto, names: Mapping[str, str], prefix: str) -> None:
    """Give the values of `node` and of its subgraphs the names that they have outside of the function."""

    def outside(name: str) -> str:
        return names[name] if name in names else f"{prefix}/{name}" if name else ""

    inputs, outputs = [outside(name) for name in node.input], [outside(name) for name in node.output]
    del node.input[:], node.output[:]
    node.input.extend(inputs)
    node.output.extend(outputs)
    for _, graph in subgraphs_of(node):
        for value in (*graph.input, *graph.output, *graph.value_info):
            value.name = outside(value.name)
        for tensor in graph.initializer:
            tensor.name = outside(tensor.name)
        for sparse in graph.sparse_initializer:
            sparse.values.name = outside(sparse.values.name)
        for inner in graph.node:
            _rename(inner, names, prefix)


def _settle(node: NodeProto, given: Mapping[str, AttributeProto]) -> None:
    """Put the values of a call in the place of references to the function's attributes."""
    settled: list[AttributeProto] = []
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            settled.append(attribute)
        elif (value := given.get(attribute.ref_attr_name)) is not None:
            copy = type(attribute)()
            copy.CopyFrom(value)
            copy.name = attribute.name
            settled.append(copy)
    _replace(node, settled)
    for _, graph in subgraphs_of(node):
        for inner in graph.node:
            _settle(inner, given)


def _replace(node: NodeProto, attributes: Iterable[AttributeProto]) -> None:
    kept = [type(attribute).FromString(attribute.SerializeToString()) for attribute in attributes]
    del node.attribute[:]
    node.attribute.extend(kept)
