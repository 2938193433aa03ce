"""What passes share that give a program other element types: of values, buffers and weights; ops in place of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph.types import dtype_of
from stepwell.dialects.memref import GlobalOp
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    TensorType,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Retyping:
    """`kinds`: an element type → the one that takes its place; `convert`: a weight's numbers (array, old type, new
    type). `was`: what the types of values were that have others now."""

    kinds: Mapping[Attribute, Attribute]
    convert: Callable[[Array, Attribute, Attribute], Array]
    was: dict[SSAValue, Attribute] = field(default_factory=dict[SSAValue, Attribute])
    buffers: dict[Attribute, Attribute] = field(default_factory=dict[Attribute, Attribute])

    def type(self, kind: Attribute) -> Attribute:
        if not isinstance(kind, MemRefType):
            return self.kinds.get(kind, kind)
        if kind not in self.buffers:
            buffer = cast("MemRefType[Attribute]", kind)
            element = self.kinds.get(buffer.element_type, buffer.element_type)
            self.buffers[kind] = MemRefType(element, buffer.get_shape(), buffer.layout, buffer.memory_space)
        return self.buffers[kind]

    def retype(self, ctx: Context, op: Operation) -> None:
        """Give `op`'s results, and the arguments of its blocks, the types of the device."""
        if isinstance(op, GlobalOp):
            self.retype_global(ctx, op)
        elif isinstance(op, func.FuncOp):
            inputs, outputs = op.function_type.inputs, op.function_type.outputs
            op.properties["function_type"] = FunctionType.from_lists(
                [*map(self.type, inputs)], [*map(self.type, outputs)]
            )
        for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
            if (kind := self.type(old := value.type)) != old:
                new = Rewriter.replace_value_with_new_type(value, kind)
                if old in self.kinds:
                    self.was[new] = old

    def retype_global(self, ctx: Context, op: GlobalOp) -> None:
        """The weight of a global as the device has it."""
        old, kind = op.type.get_element_type(), self.type(op.type)
        if kind == op.type:
            return
        value = op.initial_value
        if isinstance(value, DenseResourceAttr):
            array = ctx.weights[value.resource_handle.data]
        else:
            assert isinstance(value, DenseIntOrFPElementsAttr)
            array = np.array(list(value.get_values()), dtype_of(old)).reshape(op.type.get_shape())
        element = self.kinds[old]
        key = ctx.weights.add(f"{op.sym_name.data}.{element}", np.ascontiguousarray(self.convert(array, old, element)))
        op.properties["initial_value"] = DenseResourceAttr.from_params(key, TensorType(element, op.type.get_shape()))
        op.properties["type"] = kind


@dataclass
class Maker:
    """Ops in the place of `old`."""

    old: Operation

    def op(self, new: Operation) -> SSAValue:
        assert self.old.parent is not None
        new.location = self.old.location
        self.old.parent.insert_op_before(new, self.old)
        return new.results[0]

    def again(self, operands: list[SSAValue], kind: Attribute) -> SSAValue:
        """The old op, of other operands and with a result of type `kind`."""
        return self.op(type(self.old).create(operands=operands, result_types=[kind], properties=self.old.properties))

    def instead(self, value: SSAValue) -> None:
        """Nobody needs the old op any more."""
        old = self.old.results[0]
        if value.name_hint is None:
            value.name_hint = old.name_hint
        old.replace_all_uses_with(value)
        assert self.old.parent is not None
        self.old.parent.erase_op(self.old)

    def number(self, value: int) -> SSAValue:
        """An i32 of these bits."""
        return self.op(arith.ConstantOp(IntegerAttr(value - (1 << 32) if value >= 1 << 31 else value, i32)))

    def bits(self, make: Callable[..., Operation], a: SSAValue, b: int | SSAValue) -> SSAValue:
        return self.op(make(a, self.number(b) if isinstance(b, int) else b))
