"""What every family of graph-to-linalg stands on: one function on its way down, its loops, and the ops of a loop body.

A graph op becomes one or a few `linalg.generic`. Their loops come in one order, which the next step relies on: the dims
of the output first, in its order (the last is contiguous), then the dims that are reduced. So with
Loops({"m": 4, "n": 8}, {"k": 16}) and a body that adds the product of its two elements to what it has so far,

    at.generic(loops, [(a, loops.map("m", "k")), (b, loops.map("k", "n"))], f32, body, init=0.0)
  gives
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<4x8xf32>
    %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
    linalg.generic {indexing_maps = [(m, n, k) -> (m, k), (m, n, k) -> (k, n), (m, n, k) -> (m, n)],
                    iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b) outs(%fill)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.weights import Array
from xdsl.builder import Builder
from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import (
    AffineMapAttr,
    AnyFloat,
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
)
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.dialects.linalg.ops import FillOp, GenericOp, IndexOp, YieldOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.rewriter import InsertPoint

Number: TypeAlias = float | int | bool
Tensor: TypeAlias = TensorType[Attribute]
Splat: TypeAlias = FloatAttr | IntegerAttr


def tensor_type(value: SSAValue) -> Tensor:
    """The type of a value that is a ranked tensor of static shape. Raises `StepwellError` when a dim is dynamic."""
    kind = value.type
    assert isinstance(kind, TensorType)
    kind = cast(Tensor, kind)
    if not kind.has_static_shape():
        owner = value.owner
        raise StepwellError(
            f"a tensor of type {kind} has a dim that is not known",
            where=owner if isinstance(owner, Operation) else None,
            fix="bind the shapes first: bind-shapes, infer-shapes, fold-constants, canonicalize",
        )
    return kind


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return tensor_type(value).get_shape()


def element_of(value: SSAValue) -> Attribute:
    """The element type as the graph level says it: `ui8` is still unsigned here."""
    return tensor_type(value).element_type


def integer(type: Attribute) -> IntegerType:
    """`type`, which is an integer's."""
    assert isinstance(type, IntegerType)
    return cast(IntegerType, type)


def signless(type: Attribute) -> Attribute:
    """`ui8` is `i8` below the graph level, also inside a tensor type; all else stays."""
    if isinstance(type, IntegerType):
        return IntegerType(cast(IntegerType, type).width.data)
    if isinstance(type, TensorType):
        type = cast(Tensor, type)
        return TensorType(signless(type.element_type), type.get_shape())
    return type


def scalar_attribute(number: Number, type: Attribute) -> Splat:
    """`number` as an attribute of a signless element type; a number that the type cannot hold is rounded to it."""
    if isinstance(type, AnyFloat):
        return FloatAttr(float(np.float32(number)) if type.bitwidth == 32 else float(number), type)
    return IntegerAttr(int(number), integer(type), truncate_bits=True)


class Loops:
    """The loops of one generic by name, sizes given: parallel ones in the order of the output, then reductions.

    A reduction of size 1 is no loop: its name stands for the constant 0.
    """

    def __init__(self, parallel: Mapping[str, int], reduction: Mapping[str, int] | None = None):
        kept = {name: size for name, size in (reduction or {}).items() if size != 1}
        self.parallel = dict(parallel)
        self.reduction = kept
        self._exprs: dict[str, AffineExpr] = {name: AffineExpr.constant(0) for name in reduction or {}}
        for position, name in enumerate((*parallel, *kept)):
            self._exprs[name] = AffineExpr.dimension(position)

    def __getitem__(self, name: str) -> AffineExpr:
        return self._exprs[name]

    def map(self, *results: str | AffineExpr) -> AffineMap:
        """The map from these loops to an operand's dims, each given by a loop's name or an expression."""
        exprs = tuple(self._exprs[r] if isinstance(r, str) else r for r in results)
        return AffineMap(len(self.parallel) + len(self.reduction), 0, exprs)

    @property
    def output(self) -> AffineMap:
        return self.map(*self.parallel)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.parallel.values())

    @property
    def iterators(self) -> ArrayAttr[IteratorTypeAttr]:
        parallel = [IteratorTypeAttr.parallel()] * len(self.parallel)
        return ArrayAttr([*parallel, *[IteratorTypeAttr.reduction()] * len(self.reduction)])


def loops_over(shape: Sequence[int]) -> Loops:
    """Parallel loops over a shape, named d0, d1, ..."""
    return Loops({f"d{i}": size for i, size in enumerate(shape)})


@dataclass
class Body:
    """Writes the scalar ops of one generic's body."""

    builder: Builder

    def emit(self, op: Operation) -> SSAValue:
        return self.builder.insert(op).results[0]

    def constant(self, number: Number, type: Attribute) -> SSAValue:
        return self.emit(arith.ConstantOp(scalar_attribute(number, type)))

    def index(self, loop: int) -> SSAValue:
        return self.emit(IndexOp(loop))

    def position(self, number: int) -> SSAValue:
        """A constant of type index."""
        return self.emit(arith.ConstantOp(IntegerAttr.from_index_int_value(number)))

    def add(self, x: SSAValue, y: SSAValue) -> SSAValue:
        return self.emit(arith.AddfOp(x, y) if isinstance(x.type, AnyFloat) else arith.AddiOp(x, y))

    def sub(self, x: SSAValue, y: SSAValue) -> SSAValue:
        return self.emit(arith.SubfOp(x, y) if isinstance(x.type, AnyFloat) else arith.SubiOp(x, y))

    def mul(self, x: SSAValue, y: SSAValue) -> SSAValue:
        return self.emit(arith.MulfOp(x, y) if isinstance(x.type, AnyFloat) else arith.MuliOp(x, y))

    def select(self, condition: SSAValue, yes: SSAValue, no: SSAValue) -> SSAValue:
        return self.emit(arith.SelectOp(condition, yes, no))

    def convert(self, x: SSAValue, type: Attribute) -> SSAValue:
        """A float as another float type, exactly or rounded to nearest; the 16-bit ones go through f32."""
        if x.type == type:
            return x
        assert isinstance(x.type, AnyFloat) and isinstance(type, AnyFloat)
        if x.type.bitwidth == type.bitwidth:  # f16 and bf16
            return self.convert(self.convert(x, f32), type)
        wider = x.type.bitwidth < type.bitwidth
        return self.emit(arith.ExtFOp(x, type) if wider else arith.TruncFOp(x, type))


def compute_type(type: Attribute) -> Attribute:
    """The type in which a body works: 16-bit floats are storage only, their arithmetic is f32's."""
    return f32 if isinstance(type, AnyFloat) and type.bitwidth < 32 else signless(type)


BodyFn: TypeAlias = Callable[..., SSAValue]
"""`body(b, *elements)`, with what the output holds so far as the last element when there are reduction loops."""


@dataclass
class Lowering:
    """One function on its way down: where new ops go, and what each graph value has become."""

    ctx: Context
    builder: Builder
    is_kernel: bool = False
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    tables: list[Attribute] = field(default_factory=list[Attribute])
    """Constants that a kernel's callers hand in as further arguments."""
    counters: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """The numbers of steps that loops count, as indices."""
    home: Builder = field(init=False)
    """Where constants go: into the function's own block, whatever region is on its way down."""

    def __post_init__(self) -> None:
        self.home = self.builder

    def emit(self, op: Operation) -> SSAValue:
        return self.builder.insert(op).results[0]

    def __getitem__(self, value: SSAValue) -> SSAValue:
        """What a graph value has become: a tensor. A constant is made where it is first asked for as a tensor."""
        if (found := self.values.get(value)) is not None:
            return found
        owner = value.owner
        assert isinstance(owner, graph.ConstantOp), "a value is used before its definition"
        number = self.splat(value) if self.is_kernel else None
        made = self.constant(owner.value) if number is None else self.fill(shape_of(value), number)
        if isinstance(made.owner, Operation):
            made.owner.location = owner.location
        self.values[value] = made
        return made

    def splat(self, value: SSAValue) -> Splat | None:
        """The one number of a constant whose elements are all equal, else None."""
        owner = value.owner
        if not isinstance(owner, graph.ConstantOp):
            return None
        attribute = owner.value
        if isinstance(attribute, DenseResourceAttr) or not len(attribute) or not attribute.is_splat():
            return None
        first = cast(Number, next(iter(attribute.iter_values())))
        return scalar_attribute(first, signless(element_of(value)))

    def constant(self, attribute: Attribute) -> SSAValue:
        """A constant tensor. A kernel cannot hold one: its callers do, and hand it in as a further argument."""
        elements = signless_constant(attribute)
        if not self.is_kernel:
            return self.home.insert(arith.ConstantOp(elements)).result
        block = self.builder.insertion_point.block
        self.tables.append(elements)
        return block.insert_arg(elements.get_type(), len(block.args))

    def table(self, array: Array, hint: str) -> SSAValue:
        """Numbers worked out while compiling (indices and weights of a resize, say) as a constant tensor."""
        return self.constant(graph.constant(self.ctx, array, hint).value)

    def empty(self, shape: Sequence[int], element: Attribute) -> SSAValue:
        return self.emit(tensor.EmptyOp((), TensorType(element, shape)))

    def fill(self, shape: Sequence[int], number: Splat) -> SSAValue:
        """A tensor that holds one number everywhere."""
        scalar = self.emit(arith.ConstantOp(number))
        return self.emit(FillOp((scalar,), (self.empty(shape, scalar.type),)))

    def generic(
        self,
        loops: Loops,
        inputs: Sequence[tuple[SSAValue, AffineMap]],
        element: Attribute,
        body: BodyFn,
        *,
        init: Number | None = None,
    ) -> SSAValue:
        """A generic over `loops` with one output of type `element`. Reductions start from `init`."""
        reduces = bool(loops.reduction)
        if reduces:
            assert init is not None
            output = self.fill(loops.shape, scalar_attribute(init, element))
        else:
            output = self.empty(loops.shape, element)
        operands = tuple(value for value, _ in inputs)
        elements = [cast(Tensor, value.type).element_type for value in operands]
        block = Block(arg_types=[*elements, element])
        b = Body(Builder(InsertPoint.at_end(block)))
        result = body(b, *(block.args if reduces else block.args[:-1]))
        b.builder.insert(YieldOp(result))
        maps = [AffineMapAttr(m) for _, m in inputs] + [AffineMapAttr(loops.output)]
        return self.emit(
            GenericOp(operands, (output,), Region(block), ArrayAttr(maps), loops.iterators, (output.type,))
        )

    def elementwise(
        self, inputs: Sequence[SSAValue], shape: Sequence[int], element: Attribute, body: BodyFn
    ) -> SSAValue:
        """A generic over `shape` whose inputs are broadcast as numpy does."""
        loops = loops_over(shape)
        return self.generic(loops, [(x, broadcast_map(loops, x)) for x in inputs], element, body)

    def converted(self, x: SSAValue, element: Attribute) -> SSAValue:
        """A float tensor with elements of another float type."""
        kind = cast(Tensor, x.type)
        if kind.element_type == element:
            return x

        def convert(b: Body, value: SSAValue) -> SSAValue:
            return b.convert(value, element)

        return self.elementwise((x,), kind.get_shape(), element, convert)


def broadcast_map(loops: Loops, value: SSAValue) -> AffineMap:
    """The map that aligns a value's dims with the last ones of the output; a dim of size 1 is stretched."""
    names = list(loops.parallel)
    shape = cast(Tensor, value.type).get_shape()
    zero = AffineExpr.constant(0)
    aligned = names[len(names) - len(shape) :]
    return loops.map(
        *(name if size == loops.parallel[name] else zero for name, size in zip(aligned, shape, strict=True))
    )


def signless_constant(attribute: Attribute) -> DenseResourceAttr | DenseIntOrFPElementsAttr[Any]:
    """The same elements under a signless type."""
    assert isinstance(attribute, DenseResourceAttr | DenseIntOrFPElementsAttr)
    elements = cast("DenseResourceAttr | DenseIntOrFPElementsAttr[Any]", attribute)
    kind: Any = signless(elements.get_type())
    if isinstance(elements, DenseResourceAttr):
        return DenseResourceAttr(elements.resource_handle, kind)
    return DenseIntOrFPElementsAttr(kind, elements.data)


Rule: TypeAlias = Callable[[Any, Lowering], SSAValue]
"""How one op goes down: `rule(op, at)` writes new ops through `at` and returns what stands for the op's result."""

Rules: TypeAlias = dict[str, Rule]
"""Rules by the op's name."""
