"""ONNX files as modules of the onnx dialect: one node, one op; nothing is changed, and nothing is left out.

    import_onnx(ctx, Path("model.onnx"))     a file, its bytes, or an onnx.ModelProto

A node becomes its op, with the node's name as location. An initializer becomes an `onnx.Constant` at the top of its
graph, also where it is an input as well (IR version 3 had no other way): the caller does not hand it in. Sparse
tensors are made dense. Local functions are inlined (`functions.py`), since their bodies are nodes like others.
Types are those that the file states, refined by ONNX's own shape inference.

Whatever a file can have wrong ends in one `StepwellError`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError, printable
from stepwell.locations import node_location
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    NoneType,
    StringAttr,
    f32,
    i64,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.utils.exceptions import VerifyException

from .functions import inline_functions
from .model import check_names, load_model, opsets_of, subgraphs_of
from .ops import TENSORS, NoValueOp, OnnxOp, YieldOp, op_class
from .order import check_distinct, check_operators, node_name, sort_graphs
from .schemas import DEFAULT_DOMAIN
from .scope import Scope
from .shapes import infer_shapes, refine_types
from .tensors import TensorAttribute, TensorReader, tensor_attribute
from .types import ELEMENT_TYPES
from .value_types import UNKNOWN, interface, stated_type, type_of

if TYPE_CHECKING:
    from onnx import (
        AttributeProto,
        GraphProto,
        ModelProto,
        NodeProto,
        TensorProto,
        ValueInfoProto,
    )

LONGEST_MESSAGE = 20_000
"""Characters: enough to name a hundred unknown operators."""


def import_onnx(ctx: Context, source: Path | str | bytes | ModelProto) -> ModuleOp:
    """The model as a module. Its weights go to `ctx.weights`. Raises `StepwellError` for what cannot be read."""
    path = Path(source) if isinstance(source, Path | str) else None
    try:
        return _import(ctx, load_model(source), path)
    except StepwellError as error:
        where = error.location() or (None if path is None else path.name)
        raise StepwellError(readable(error.what), None if where is None else readable(where), error.fix) from None
    except RecursionError:
        raise StepwellError("the model nests types or graphs too deeply") from None


def _import(ctx: Context, model: ModelProto, path: Path | None) -> ModuleOp:
    check_names(model)
    opsets = opsets_of(model)
    inline_functions(model, opsets)
    check_operators(model, opsets)
    check_distinct("output", [value.name for value in model.graph.output])
    sort_graphs(model.graph)
    builder = Builder(ctx, TensorReader(None if path is None else path.parent), None if path is None else path.name)
    module = ModuleOp([])
    module.attributes["stepwell.level"] = StringAttr("onnx")
    module.attributes["onnx.opset"] = DictionaryAttr({name: IntegerAttr(v, i64) for name, v in opsets.items()})
    main, scope = builder.main(model.graph)
    module.body.block.add_op(main)
    verify(module)
    refine_types(scope, infer_shapes(model))
    main.update_function_type()
    main.properties["res_attrs"] = interface(model.graph.output, main.function_type.outputs.data)
    verify(module)
    return module


def verify(module: ModuleOp) -> None:
    """Each op against its schema. Raises for the first that breaks a rule, naming its node."""
    for op in module.walk():
        if not isinstance(op, OnnxOp):
            continue
        try:
            op.verify_()
        except VerifyException as error:
            raise StepwellError(f"{op.op_type}: {error}", where=op) from None


@dataclass
class Builder:
    """Makes ops of nodes."""

    ctx: Context
    tensors: TensorReader
    file: str | None
    absent: NoValueOp = field(default_factory=NoValueOp)

    def main(self, graph: GraphProto) -> tuple[FuncOp, Scope]:
        stored = {tensor.name for tensor in graph.initializer}
        stored |= {sparse.values.name for sparse in graph.sparse_initializer}
        inputs = [value for value in graph.input if value.name not in stored]
        types = [stated_type(value, "input") for value in inputs]
        if not graph.output:
            raise StepwellError("the graph has no outputs, so there is nothing to compute")
        block = Block(arg_types=types)
        scope = self.fill(block, graph, inputs, None)
        if self.absent.result.first_use is not None:
            first = block.first_op
            block.insert_op_before(self.absent, first) if first is not None else block.add_op(self.absent)
        results = [scope[value.name] for value in graph.output]
        block.add_op(ReturnOp(*results))
        main = FuncOp("main", (types, [value.type for value in results]), Region(block))
        if inputs:
            main.properties["arg_attrs"] = interface(inputs, types)
        return main, scope

    def subgraph(self, graph: GraphProto, outer: Scope) -> tuple[Region, Scope]:
        types = [type_of(value.type) for value in graph.input]
        block = Block(arg_types=types)
        scope = self.fill(block, graph, graph.input, outer)
        block.add_op(YieldOp([scope[value.name] for value in graph.output]))
        return Region(block), scope

    def fill(self, block: Block, graph: GraphProto, inputs: Sequence[ValueInfoProto], outer: Scope | None) -> Scope:
        """Add the ops of `graph`: its initializers, then its nodes."""
        scope = Scope(outer)
        for value, argument in zip(inputs, block.args, strict=True):
            scope.define(value.name, argument)
        for tensor in graph.initializer:
            self.initializer(block, scope, tensor.name, self.tensor(tensor, f"initializer '{tensor.name}'"))
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            what = f"sparse initializer '{name}'"
            array = self.tensors.read_sparse(sparse, what)
            value = tensor_attribute(self.ctx, name, array, ELEMENT_TYPES[sparse.values.data_type])
            self.initializer(block, scope, name, value)
        stated = {value.name: type_of(value.type) for value in (*graph.value_info, *graph.output)}
        for index, node in enumerate(graph.node):
            block.add_op(self.node(node, index, scope, stated))
        return scope

    def initializer(self, block: Block, scope: Scope, name: str, value: TensorAttribute) -> None:
        op = op_class(DEFAULT_DOMAIN, "Constant").create(
            result_types=[value.type],
            properties={"value": value},
            location=node_location(name, self.file),
        )
        block.add_op(op)
        scope.define(name, op.results[0])

    def node(self, node: NodeProto, index: int, scope: Scope, stated: dict[str, Attribute]) -> Operation:
        made = op_class(node.domain or DEFAULT_DOMAIN, node.op_type)
        graphs = dict(subgraphs_of(node))
        regions: list[Region] = []
        for name in made.region_names:
            if name not in graphs:
                regions.append(Region())
                continue
            region, scope.inner[index, name] = self.subgraph(graphs.pop(name), scope)
            regions.append(region)
        if graphs:
            raise StepwellError(
                f"{node.op_type} has no attribute '{next(iter(graphs))}' that is a graph", self.at(node)
            )
        inputs = [scope[name] if name else self.absent.result for name in without_tail(node.input)]
        outputs = without_tail(node.output)
        properties: dict[str, Attribute] = {}
        for attribute in node.attribute:
            if attribute.name in properties:
                raise StepwellError(f"attribute '{attribute.name}' is given twice", self.at(node))
            if attribute.name not in made.region_names:
                properties[attribute.name] = self.attribute(attribute, node)
            elif not attribute.HasField("g"):
                raise StepwellError(f"{node.op_type}: attribute '{attribute.name}' must be a graph", self.at(node))
        types: list[Attribute] = [stated.get(name, UNKNOWN) if name else NoneType() for name in outputs]
        if made.name == "onnx.Constant" and isinstance(value := properties.get("value"), TENSORS):
            types = [cast(TensorAttribute, value).type for _ in outputs]
        op = made.create(
            operands=inputs,
            result_types=types,
            properties=properties,
            regions=regions,
            location=node_location(node_name(node), self.file),
        )
        for name, result in zip(outputs, op.results, strict=True):
            if name:
                scope.define(name, result)
        return op

    def attribute(self, proto: AttributeProto, node: NodeProto) -> Attribute:
        what = f"attribute '{proto.name}' of node '{node_name(node)}'"
        if proto.ref_attr_name:
            raise StepwellError(f"{what} refers to '{proto.ref_attr_name}', but it is not inside of a function")
        match proto.type:
            case proto.INT:
                return IntegerAttr(proto.i, i64)
            case proto.FLOAT:
                return FloatAttr(proto.f, f32)
            case proto.STRING:
                return StringAttr(text_of(proto.s, what))
            case proto.INTS:
                return DenseArrayBase.from_list(i64, list(proto.ints))
            case proto.FLOATS:
                return DenseArrayBase.from_list(f32, list(proto.floats))
            case proto.STRINGS:
                return ArrayAttr([StringAttr(text_of(text, what)) for text in proto.strings])
            case proto.TENSOR:
                return self.tensor(proto.t, what)
            case proto.SPARSE_TENSOR:
                array = self.tensors.read_sparse(proto.sparse_tensor, what)
                return tensor_attribute(
                    self.ctx, node_name(node), array, ELEMENT_TYPES[proto.sparse_tensor.values.data_type]
                )
            case proto.TYPE_PROTO:
                return type_of(proto.tp)
            case _:
                kind = (
                    proto.AttributeType.Name(proto.type) if proto.type in proto.AttributeType.values() else proto.type
                )
                raise StepwellError(f"{what} is of kind {kind}, which no operator of ONNX has")

    def tensor(self, proto: TensorProto, what: str) -> TensorAttribute:
        array = self.tensors.read(proto, what)
        return tensor_attribute(self.ctx, proto.name or "constant", array, ELEMENT_TYPES[proto.data_type])

    def at(self, node: NodeProto) -> str:
        return f"node '{node_name(node)}'" + (f", {self.file}" if self.file is not None else "")


def text_of(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise StepwellError(f"{what} is not UTF-8: {data[:60]!r}") from None


def without_tail(names: Sequence[str]) -> Sequence[str]:
    """`names` without the empty ones at the end, which say nothing."""
    end = len(names)
    while end and not names[end - 1]:
        end -= 1
    return names[:end]


def readable(text: str) -> str:
    """A message for a screen: names are a stranger's, and may be endless or hold control characters."""
    return re.sub(r"\S{160,}", lambda match: f"{match[0][:120]}…", printable(text[:LONGEST_MESSAGE]))
