"""ONNX files as modules of the onnx dialect: one node, one op; nothing is changed, and nothing is left out.

    import_onnx(ctx, Path("model.onnx"))     a file, its bytes, or an onnx.ModelProto

A node becomes its op, with the node's name as location. An initializer becomes an `onnx.Constant` at the top of its
graph, also where it is an input as well (IR version 3 had no other way): the caller does not hand it in. Sparse
initializers are made dense. Local functions are inlined (`functions.py`), since their bodies are nodes like others.
Types are those that the file states, refined by ONNX's own shape inference.

Whatever a file can have wrong ends in one `StepwellError`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import node_location
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    NoneType,
    StringAttr,
    TensorType,
    UnrankedTensorType,
    f32,
    i64,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from .functions import inline_functions
from .model import check_names, load_model, opsets_of, subgraphs_of
from .ops import NoValueOp, OnnxOp, YieldOp, op_class
from .order import check_operators, node_name, sort_graphs
from .schemas import DEFAULT_DOMAIN
from .tensors import TensorReader, tensor_attribute
from .types import ELEMENT_TYPES, OptionalType, SeqType, UnknownType

if TYPE_CHECKING:
    from onnx import (
        AttributeProto,
        GraphProto,
        ModelProto,
        NodeProto,
        TensorProto,
        TensorShapeProto,
        TypeProto,
        ValueInfoProto,
    )

MOST_ELEMENTS = 1 << 40
"""An input or output of more elements is a mistake, or an attack."""

KEPT_FOR_INFERENCE = 1 << 10
"""Shape inference reads shapes, axes and the like from small tensors; all bigger ones are kept from it."""

UNKNOWN = UnknownType()


def import_onnx(ctx: Context, source: Path | str | bytes | ModelProto) -> ModuleOp:
    """The model as a module. Its weights go to `ctx.weights`. Raises `StepwellError` for what cannot be read."""
    path = Path(source) if isinstance(source, Path | str) else None
    try:
        return _import(ctx, load_model(source), path)
    except StepwellError as error:
        if error.where is None and path is not None:
            error.where = path.name
        raise


def _import(ctx: Context, model: ModelProto, path: Path | None) -> ModuleOp:
    check_names(model)
    opsets = opsets_of(model)
    inline_functions(model, opsets)
    check_operators(model, opsets)
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
class Scope:
    """The values of one graph by name, and the scopes of the graphs inside of it by (number of node, attribute)."""

    outer: Scope | None = None
    values: dict[str, SSAValue] = field(default_factory=dict[str, SSAValue])
    inner: dict[tuple[int, str], Scope] = field(default_factory=dict[tuple[int, str], "Scope"])

    def __getitem__(self, name: str) -> SSAValue:
        scope = self
        while name not in scope.values:
            assert scope.outer is not None, "sort_graphs has seen that every name is defined"
            scope = scope.outer
        return scope.values[name]

    def define(self, name: str, value: SSAValue) -> None:
        value.name_hint = hint_of(name)
        self.values[name] = value


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

    def initializer(self, block: Block, scope: Scope, name: str, value: Attribute) -> None:
        op = op_class(DEFAULT_DOMAIN, "Constant").create(
            result_types=[value.type],  # pyright: ignore
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
        op = made.create(
            operands=inputs,
            result_types=[stated.get(name, UNKNOWN) if name else NoneType() for name in outputs],
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

    def tensor(self, proto: TensorProto, what: str) -> Attribute:
        array = self.tensors.read(proto, what)
        return tensor_attribute(self.ctx, proto.name or "constant", array, ELEMENT_TYPES[proto.data_type])

    def at(self, node: NodeProto) -> str:
        return f"node '{node_name(node)}'" + (f", {self.file}" if self.file is not None else "")


# -- types ------------------------------------------------------------------------------------------------------------


def type_of(proto: TypeProto) -> Attribute:
    """A stated type; `!onnx.unknown` where none is stated."""
    match proto.WhichOneof("value"):
        case "tensor_type":
            element = ELEMENT_TYPES.get(proto.tensor_type.elem_type)
            if element is None:
                return UNKNOWN
            if not proto.tensor_type.HasField("shape"):
                return UnrankedTensorType(element)
            return TensorType(element, [size_of(dim) for dim in proto.tensor_type.shape.dim])
        case "sequence_type":
            return SeqType(type_of(proto.sequence_type.elem_type))
        case "optional_type":
            return OptionalType(type_of(proto.optional_type.elem_type))
        case _:
            return UNKNOWN


def size_of(dim: TensorShapeProto.Dimension) -> int:
    """A dim that is stated as a number; exporters that mean "any" also write -1."""
    return dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else DYNAMIC_INDEX


def stated_type(value: ValueInfoProto, role: str) -> Attribute:
    """The type of an input of the model, which the file must state."""
    type = type_of(value.type)
    what = f"{role} '{value.name}'"
    if isinstance(type, UnknownType):
        kind = value.type.WhichOneof("value")
        said = "a type without elements" if kind == "tensor_type" else f"a {kind}" if kind else "no type"
        raise StepwellError(f"{what} has {said}, so what to hand in is not known")
    if isinstance(type, TensorType):
        dims = value.type.tensor_type.shape.dim
        if any(dim.HasField("dim_value") and dim.dim_value < -1 for dim in dims):
            raise StepwellError(f"{what} has a negative dim: {[dim.dim_value or dim.dim_param for dim in dims]}")
        count = 1
        for size in type.get_shape():
            count *= max(size, 1)
        if count > MOST_ELEMENTS:
            raise StepwellError(f"{what} has dims {list(type.get_shape())}: {count} elements are too many")
    return type


def interface(values: Sequence[ValueInfoProto], types: Sequence[Attribute]) -> ArrayAttr[DictionaryAttr]:
    """What @main says of each input (or output): its name, and its dims, where one may be a symbol."""
    return ArrayAttr([DictionaryAttr(said_of(value, type)) for value, type in zip(values, types, strict=True)])


def said_of(value: ValueInfoProto, type: Attribute) -> dict[str, Attribute]:
    said: dict[str, Attribute] = {"stepwell.name": StringAttr(value.name)}
    if isinstance(type, TensorType):
        stated = value.type.tensor_type.shape.dim
        symbols = (
            [dim.dim_param for dim in stated] if len(stated) == type.get_num_dims() else [""] * type.get_num_dims()
        )
        said["stepwell.dims"] = ArrayAttr(
            [
                StringAttr(symbol) if size == DYNAMIC_INDEX else IntegerAttr(size, i64)
                for size, symbol in zip(type.get_shape(), symbols, strict=True)
            ]
        )
    return said


# -- shape inference --------------------------------------------------------------------------------------------------


def infer_shapes(model: ModelProto) -> GraphProto | None:
    """The graph with the types that ONNX's shape inference finds; None where it fails.

    It copies the model, so weights are taken out first: of those only the type is needed.
    """
    import onnx.shape_inference

    drop_weights(model.graph)
    try:
        return onnx.shape_inference.infer_shapes(model).graph
    except Exception:  # it raises whatever C++ throws; the graph level infers shapes on its own
        return None


def drop_weights(graph: GraphProto) -> None:
    """Put the type in the place of each big tensor."""
    for index in range(len(graph.initializer) - 1, -1, -1):
        tensor = graph.initializer[index]
        if is_big(tensor):
            state_type(graph, tensor.name, tensor)
            del graph.initializer[index]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t") and is_big(attribute.t):
                if node.op_type == "Constant" and node.output:
                    state_type(graph, node.output[0], attribute.t)
                attribute.ClearField("t")
        for _, inner in subgraphs_of(node):
            drop_weights(inner)


def is_big(tensor: TensorProto) -> bool:
    return tensor.data_location == tensor.EXTERNAL or tensor.ByteSize() > KEPT_FOR_INFERENCE


def state_type(graph: GraphProto, name: str, tensor: TensorProto) -> None:
    info = graph.value_info.add(name=name)
    info.type.tensor_type.elem_type = tensor.data_type
    for dim in tensor.dims:
        info.type.tensor_type.shape.dim.add(dim_value=dim)


def refine_types(scope: Scope, graph: GraphProto | None) -> None:
    """Give the values of `scope` what `graph` knows of their types beyond what they have."""
    if graph is None:
        return
    for info in (*graph.value_info, *graph.output):
        value = scope.values.get(info.name)
        if value is None or isinstance(value.owner, Block):
            continue
        refined = merge(value.type, type_of(info.type))
        if refined != value.type:
            scope.values[info.name] = Rewriter.replace_value_with_new_type(value, refined)
    for (index, name), inner in scope.inner.items():
        refine_types(inner, dict(subgraphs_of(graph.node[index])).get(name))


def merge(stated: Attribute, inferred: Attribute) -> Attribute:
    """Of two types of one value what both know; where they disagree, what was inferred."""
    if isinstance(inferred, UnknownType):
        return stated
    if not isinstance(inferred, TensorType | UnrankedTensorType):
        return inferred
    if not isinstance(stated, TensorType) or stated.element_type != inferred.element_type:
        return inferred
    if isinstance(inferred, UnrankedTensorType):
        return stated
    if stated.get_num_dims() != inferred.get_num_dims():
        return inferred
    sizes = zip(stated.get_shape(), inferred.get_shape(), strict=True)
    return TensorType(inferred.element_type, [a if b == DYNAMIC_INDEX else b for a, b in sizes])


# -- names ------------------------------------------------------------------------------------------------------------


def hint_of(name: str) -> str | None:
    """A value's name as the text may show it: `%conv1.out`. A number at the end would be lost, so it gets a dot."""
    hint = re.sub(r"[^A-Za-z0-9_$.-]", "_", name[:80])
    hint = re.sub(r"_(\d+)$", r".\1", hint)
    return hint if not hint or hint[0].isalpha() or hint[0] == "_" else f"v{hint}"


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
