"""Turn tensors into buffers, destination passing: a kernel writes into buffers that its caller hands in.

    func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %y = linalg.generic {...} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {...} -> tensor<4xf32>
      func.return %y : tensor<4xf32>
    }
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %b = arith.constant dense_resource<bias> : tensor<4xf32>
      %y = func.call @add(%x, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %z = func.call @relu(%y) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %z : tensor<4xf32>
    }
  becomes
    func.func private @relu(%x: memref<4xf32>, %out: memref<4xf32> {stepwell.inplace = array<i64: 0>}) {
      linalg.generic {...} ins(%x : memref<4xf32>) outs(%out : memref<4xf32>) {...}
      func.return
    }
    memref.global "private" constant @bias : memref<4xf32> = dense_resource<bias>
    func.func @main(%x: memref<4xf32>, %out: memref<4xf32>) {
      %b = memref.get_global @bias : memref<4xf32>
      %y = memref.alloc() : memref<4xf32>
      func.call @add(%x, %b, %y) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
      func.call @relu(%y, %out) : (memref<4xf32>, memref<4xf32>) -> ()
      func.return
    }

Kernels: see `bufferize_kernel.py`. In @main a call's result is an output argument where it is returned, else an
allocation; what is returned but was not made here (an input, a weight, one result twice) goes through a copy kernel.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import GlobalOp
from stepwell.locations import stamp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func, memref, tensor
from xdsl.dialects.builtin import (
    DenseResourceAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from .bufferize_kernel import bufferize_kernel, copy, erase_unused_views, invert
from .inplace import mark_inplace
from .views import Buffer, Groups, buffer_for, collapse, expand, groups_of, shape_of, tensor_type, type_of

ENTRY = "main"
KERNEL = "stepwell.kernel"
Reshape = tensor.ExpandShapeOp | tensor.CollapseShapeOp
RESHAPES = (tensor.ExpandShapeOp, tensor.CollapseShapeOp)


@dataclass(frozen=True)
class Bufferize(ModulePass):
    name = "bufferize"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = None
        for op in list(module.body.block.ops):
            if not isinstance(op, func.FuncOp) or op.body.first_block is None or not holds_tensors(op):
                continue
            if len(op.body.blocks) != 1:
                raise StepwellError(f"@{op.sym_name.data} has more than one block", op)
            if op.sym_name.data == ENTRY:
                main = op
                continue
            inputs = len(op.body.block.args)
            bufferize_kernel(op)
            mark_inplace(op, inputs)
        if main is not None:
            EntryBuffers(module, main).run()


def holds_tensors(function: func.FuncOp) -> bool:
    """A function without tensors stands on buffers already."""
    values = [*function.body.block.args, *(result for op in function.body.block.ops for result in op.results)]
    return any(tensor_type(value) is not None for value in values)


@dataclass
class EntryBuffers:
    """The rewriting of @main."""

    module: ModuleOp
    main: func.FuncOp
    buffers: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    output_of: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    """A call's result that stands, perhaps reshaped, in the output argument of this number."""
    outs: list[SSAValue] = field(default_factory=list[SSAValue])
    globals: dict[Attribute, GlobalOp] = field(default_factory=dict[Attribute, GlobalOp])
    symbols: set[str] = field(default_factory=set[str])
    at: Operation | None = None

    def run(self) -> None:
        block = self.main.body.block
        terminator = block.last_op
        assert isinstance(terminator, func.ReturnOp)
        returned = list(terminator.operands)
        self.symbols = {name.data for op in self.module.body.block.ops if (name := _symbol(op)) is not None}
        for n, value in enumerate(returned):
            root = _path(value)[0]
            if isinstance(root.owner, func.CallOp) and root not in self.output_of:
                self.output_of[root] = n
        arguments = list(block.args)
        for arg in arguments:
            self.buffers[arg] = block.insert_arg(buffer_for(arg), len(block.args))
            self.buffers[arg].name_hint = arg.name_hint
        for n, value in enumerate(returned):
            out = block.insert_arg(buffer_for(value), len(block.args))
            out.name_hint = "out" if len(returned) == 1 else f"out{n}"
            self.outs.append(out)
        ops = list(block.ops)
        for op in ops:
            self.at = op
            self._rewrite(op)
        for op in reversed(ops):
            if not isinstance(op, func.ReturnOp):
                block.erase_op(op)
        erase_unused_views(block)
        for arg in arguments:
            block.erase_arg(arg)
        self.main.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
        for name in ("arg_attrs", "res_attrs"):
            self.main.properties.pop(name, None)

    def _rewrite(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self._constant(op)
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp():
                self.buffers[op.result] = self._reshaped(self.buffer(op.src), op)
            case func.CallOp():
                self._call(op)
            case func.ReturnOp():
                self._return(op)
            case _:
                raise StepwellError(f"{op.name} cannot stand in @{ENTRY} when it is bufferized", op)

    def buffer(self, value: SSAValue) -> SSAValue:
        return self.buffers.get(value, value)

    def _add(self, op: Operation) -> Operation:
        assert self.at is not None and self.at.parent is not None
        stamp([op], self.at.location)
        self.at.parent.insert_op_before(op, self.at)
        return op

    def _constant(self, op: arith.ConstantOp) -> None:
        if tensor_type(op.result) is None:
            raise StepwellError(f"a scalar constant cannot stand in @{ENTRY}", op)
        known = self.globals.get(op.value)
        if known is None:
            value = op.value
            hint = value.resource_handle.data if isinstance(value, DenseResourceAttr) else op.result.name_hint
            known = GlobalOp(self._free_symbol(hint or "constant"), buffer_for(op.result), value)
            known.location = op.location
            self.globals[value] = known
            self.module.body.block.insert_op_before(known, self.main)
        get = memref.GetGlobalOp(known.sym_name.data, buffer_for(op.result))
        get.memref.name_hint = re.sub(r"\W", "_", known.sym_name.data)
        self._add(get)
        self.buffers[op.result] = get.memref

    def _reshaped(self, source: SSAValue, op: Reshape) -> SSAValue:
        groups = groups_of(op)
        if isinstance(op, tensor.ExpandShapeOp):
            view = expand(source, groups, shape_of(op.result))
        else:
            view = collapse(source, groups)
            assert view is not None, "buffers of @main are contiguous"
        return self._add(view).results[0]

    def _call(self, op: func.CallOp) -> None:
        outs = [self._result_buffer(result) for result in op.res]
        operands = [*(self.buffer(value) for value in op.arguments), *outs]
        self._add(func.CallOp(op.callee, operands, []))

    def _result_buffer(self, result: SSAValue) -> SSAValue:
        n = self.output_of.get(result)
        if n is None:
            place = self._add(memref.AllocOp([], [], buffer_for(result))).results[0]
            place.name_hint = result.name_hint
        else:
            place = self.outs[n]
            assert self.main.body.block.last_op is not None
            views = invert(_path(self.main.body.block.last_op.operands[n])[1], place)
            assert views is not None, "output arguments are contiguous"
            for view in views:
                place = self._add(view).results[0]
        self.buffers[result] = place
        return place

    def _return(self, op: func.ReturnOp) -> None:
        for n, value in enumerate(op.operands):
            if self.output_of.get(_path(value)[0]) != n:
                self._copy(self.buffer(value), self.outs[n])
        op.operands = []

    def _copy(self, source: SSAValue, destination: SSAValue) -> None:
        flat = [self._flat(value) for value in (source, destination)]
        self._add(func.CallOp(SymbolRefAttr(self._copy_kernel(type_of(flat[0]))), flat, []))

    def _flat(self, value: SSAValue) -> SSAValue:
        """One dimension, so that one copy kernel serves all shapes of a size."""
        rank = type_of(value).get_num_dims()
        if rank == 1:
            return value
        whole: Groups = (tuple(range(rank)),)
        view = expand(value, (), (1,)) if rank == 0 else collapse(value, whole)
        assert view is not None
        return self._add(view).results[0]

    def _copy_kernel(self, kind: Buffer) -> str:
        name = f"copy_{math.prod(kind.get_shape())}x{kind.element_type}"
        if name not in self.symbols:
            self.symbols.add(name)
            block = Block(arg_types=[kind, kind])
            block.args[0].name_hint, block.args[1].name_hint = "in", "out"
            block.add_ops([copy(*block.args), func.ReturnOp()])
            kernel = func.FuncOp(name, ([kind, kind], []), Region(block), visibility="private")
            kernel.attributes[KERNEL] = UnitAttr()
            self.module.body.block.insert_op_before(kernel, self.main)
        return name

    def _free_symbol(self, hint: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_.$]", "_", hint)
        name, n = base, 1
        while name in self.symbols:
            name, n = f"{base}_{n}", n + 1
        self.symbols.add(name)
        return name


def _symbol(op: Operation) -> StringAttr | None:
    name = op.properties.get("sym_name")
    return name if isinstance(name, StringAttr) else None


def _path(value: SSAValue) -> tuple[SSAValue, list[Reshape]]:
    """What `value` is a reshape of, and the reshapes from there to it."""
    views: list[Reshape] = []
    while isinstance(op := value.owner, RESHAPES):
        views.append(op)
        value = op.src
    return value, views[::-1]
