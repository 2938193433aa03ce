"""Turn the tensors of @main into buffers: every call is handed the places of its results.

    %x = func.call @a(%in) : (tensor<4xf32>) -> tensor<4xf32>
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = tensor.insert_slice %x into %f[1] [4] [1] : tensor<4xf32> into tensor<6xf32>
    %y = func.call @b(%p) : (tensor<6xf32>) -> tensor<4xf32>
  becomes
    %p = memref.alloc() : memref<6xf32>
    %0 = memref.subview %p[1] [4] [1] : memref<6xf32> to memref<4xf32, strided<[1], offset: 1>>
    %x = memref.cast %0 : memref<4xf32, strided<[1], offset: 1>> to memref<4xf32, strided<[1], offset: ?>>
    func.call @a_strided(%in, %x) : (memref<4xf32>, memref<4xf32, strided<[1], offset: ?>>) -> ()
    func.call @border(%p) : (memref<6xf32>) -> ()              // %p[0] = %p[5] = %zero
    func.call @b(%p, %y) : (memref<6xf32>, memref<4xf32>) -> ()

`placement.py` decides what lives where. Layouts are part of a kernel's type: a kernel that is called with more than one
becomes one function for each (`Variants`); an offset is not, so that slices of different places share one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import CastOp, GlobalOp
from stepwell.locations import stamp
from stepwell.manifest import SIGNATURE
from xdsl.dialects import arith, func, memref, tensor
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseResourceAttr,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    NoneAttr,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
)
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from .boxes import Box
from .bufferize_kernel import copy, erase_unused_views, invert
from .bufferize_main_control import control_rule, is_scalar
from .placement import Assembly, Placement, Reshape
from .views import (
    Buffer,
    Groups,
    box_view,
    buffer_for,
    collapse,
    expand,
    groups_of,
    movable,
    shape_of,
    subview,
    tensor_type,
    type_of,
)

ENTRY = "main"
KERNEL = "stepwell.kernel"


class Symbols:
    """The names of a module's functions and globals."""

    def __init__(self, module: ModuleOp) -> None:
        names = (op.properties.get("sym_name") for op in module.body.block.ops)
        self.taken = {name.data for name in names if isinstance(name, StringAttr)}

    def free(self, hint: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_.$]", "_", hint)
        name, n = base, 1
        while name in self.taken:
            name, n = f"{base}_{n}", n + 1
        self.taken.add(name)
        return name


@dataclass
class Variants:
    """The functions that each kernel becomes: one for every list of buffer types with which it is called."""

    symbols: Symbols
    kernels: dict[str, func.FuncOp]
    names: dict[str, dict[tuple[Buffer, ...], str]] = field(default_factory=dict[str, dict[tuple[Buffer, ...], str]])

    def name(self, kernel: str, types: tuple[Buffer, ...]) -> str:
        """The name of `kernel` for these types. For contiguous buffers it keeps its own."""
        known = self.names.setdefault(kernel, {})
        if types not in known:
            plain = all(isinstance(kind.layout, NoneAttr) for kind in types)
            known[types] = kernel if plain or kernel not in self.kernels else self.symbols.free(f"{kernel}_strided")
        return known[types]


@dataclass
class MainBuffers:
    """The rewriting of @main; of the control flow in it `bufferize_main_control.py`."""

    module: ModuleOp
    main: func.FuncOp
    symbols: Symbols
    variants: Variants
    placement: Placement = field(init=False)
    buffers: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    arguments: dict[tuple[Block, SSAValue], SSAValue] = field(default_factory=dict[tuple[Block, SSAValue], SSAValue])
    """A strided buffer in a block, and what of it a kernel is handed."""
    outs: dict[Block, Sequence[SSAValue | None]] = field(default_factory=dict[Block, Sequence[SSAValue | None]])
    """Where the results of a block have to be; None for a scalar."""
    returned: dict[Block, Sequence[SSAValue]] = field(default_factory=dict[Block, Sequence[SSAValue]])
    globals: dict[Attribute, GlobalOp] = field(default_factory=dict[Attribute, GlobalOp])
    made: dict[object, str] = field(default_factory=dict[object, str])
    """The kernels that are made here, which copy or fill, by what they do."""
    at: Operation | None = None

    def __post_init__(self) -> None:
        self.placement = Placement(self.main.body.block, self._growing())

    def run(self) -> None:
        block = self.main.body.block
        terminator = block.last_op
        assert isinstance(terminator, func.ReturnOp)
        arguments = list(block.args)
        for arg in arguments:
            self.buffers[arg] = block.insert_arg(buffer_for(arg), len(block.args))
            self.buffers[arg].name_hint = arg.name_hint
        outs: list[SSAValue] = []
        for n, value in enumerate(terminator.operands):
            out = block.insert_arg(buffer_for(value), len(block.args))
            out.name_hint = "out" if len(terminator.operands) == 1 else f"out{n}"
            outs.append(out)
        self.rewrite(block, outs)
        for arg in arguments:
            block.erase_arg(arg)
        self.main.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
        for name in ("arg_attrs", "res_attrs"):
            self.main.properties.pop(name, None)

    def _growing(self) -> dict[SSAValue, int]:
        """The arguments that stand in the memory of a result, as the signature says."""
        signature = self.main.attributes.get(SIGNATURE)
        if not isinstance(signature, DictionaryAttr):
            return {}
        inputs, outputs = (cast("ArrayAttr[DictionaryAttr]", signature.data[side]) for side in ("inputs", "outputs"))
        number = {entry.data["name"]: n for n, entry in enumerate(outputs)}
        pairs = zip(self.main.body.block.args, inputs, strict=False)
        return {arg: number[entry.data["grows"]] for arg, entry in pairs if "grows" in entry.data}

    def rewrite(self, block: Block, outs: Sequence[SSAValue | None]) -> None:
        """Rewrite a block whose results go to `outs`. What works on scalars only stays as it is."""
        outer, self.at = self.at, None
        terminator = block.last_op
        assert terminator is not None
        self.outs[block], self.returned[block] = outs, list(terminator.operands)
        ops = list(block.ops)
        for op in ops:
            self.at = op
            self._rewrite(op)
        for op in reversed(ops):
            if op is terminator or is_scalar(op):
                if isinstance(op, arith.ConstantOp) and op.result.first_use is None:
                    block.erase_op(op)
            else:
                block.erase_op(op)
        erase_unused_views(block)
        self.at = outer

    def _rewrite(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self._constant(op)
            case tensor.EmptyOp():
                pass  # whoever writes into it has a place
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp():
                self.buffers[op.result] = self._reshaped(self.buffer(op.src), op)
            case tensor.ExtractSliceOp():
                view = subview(self.buffer(op.source), op, shape_of(op.result))
                self.buffers[op.result] = self.add(view).results[0]
            case linalg.FillOp():
                self._fill(op)
            case tensor.InsertSliceOp():
                self._insert(op)
            case func.CallOp():
                self._call(op)
            case func.ReturnOp():
                self._return(op)
            case _ if (rule := control_rule(op)) is not None:
                rule(self, op)
            case _ if is_scalar(op):
                pass
            case _:
                raise StepwellError(f"{op.name} cannot stand in @{ENTRY} when it is bufferized", op)

    def add(self, op: Operation) -> Operation:
        assert self.at is not None and self.at.parent is not None
        stamp([op], self.at.location)
        self.at.parent.insert_op_before(op, self.at)
        return op

    # -- places --------------------------------------------------------------------------------------------------

    def buffer(self, value: SSAValue) -> SSAValue:
        """Where `value` lives."""
        if value not in self.buffers:
            if (earlier := self.placement.lives_in.get(value)) is not None:
                self.buffers[value] = self.buffer(earlier)
                return self.buffers[value]
            assembly = self.placement.assembly_of.get(value)
            if assembly is not None and assembly.result is not value:
                self.buffers[value] = self.buffer(assembly.result)
            else:
                self.buffers[value] = self._new_buffer(value)
        return self.buffers[value]

    def _new_buffer(self, root: SSAValue) -> SSAValue:
        """The output or the part of an assembly that `placement` chose for `root`, else an allocation."""
        if (n := self.placement.output_of.get(root)) is not None:
            block = root.owner.parent if isinstance(root.owner, Operation) else root.owner
            assert block is not None
            out = self.outs[block][n]
            assert out is not None
            place = self._reached(root, self.returned[block][n], out)
            if place is not None:
                return place
            del self.placement.output_of[root]  # reshaped there it would not be a view: it is copied when yielded
        if (insert := self.placement.insert_of.get(root)) is not None:
            part = subview(self.buffer(insert.result), insert, shape_of(insert.source))
            place = self._reached(root, insert.source, self.add(part).results[0])
            if place is not None:
                return place
            del self.placement.insert_of[root]  # reshaped there it would not be a view: it is copied when inserted
        place = self.add(memref.AllocOp([], [], buffer_for(root))).results[0]
        place.name_hint = root.name_hint
        return place

    def _reached(self, root: SSAValue, value: SSAValue, place: SSAValue) -> SSAValue | None:
        """A view of `place` as the root, such that `value`, reached from the root by reshapes, is `place` itself."""
        views = invert(self.placement.path(value)[1], place)
        if views is None:
            return None
        for view in views:
            place = self.add(view).results[0]
            place.name_hint = root.name_hint
        return place

    def _constant(self, op: arith.ConstantOp) -> None:
        if tensor_type(op.result) is None:
            return  # the number of a fill
        known = self.globals.get(op.value)
        if known is None:
            value = op.value
            hint = value.resource_handle.data if isinstance(value, DenseResourceAttr) else op.result.name_hint
            known = GlobalOp(self.symbols.free(hint or "constant"), buffer_for(op.result), value)
            known.location = op.location
            self.globals[value] = known
            self.module.body.block.insert_op_before(known, self.main)
        get = memref.GetGlobalOp(known.sym_name.data, buffer_for(op.result))
        get.memref.name_hint = re.sub(r"\W", "_", known.sym_name.data)
        self.add(get)
        self.buffers[op.result] = get.memref

    def _reshaped(self, source: SSAValue, op: Reshape) -> SSAValue:
        groups = groups_of(op)
        if isinstance(op, tensor.ExpandShapeOp):
            return self.add(expand(source, groups, shape_of(op.result))).results[0]
        view = collapse(source, groups)
        if view is None:  # what lies apart cannot be seen as one dimension
            whole = self.add(memref.AllocOp([], [], buffer_for(op.src))).results[0]
            self.copy(source, whole)
            view = collapse(whole, groups)
            assert view is not None
        return self.add(view).results[0]

    # -- calls ---------------------------------------------------------------------------------------------------

    def _call(self, op: func.CallOp) -> None:
        operands = [self._argument(self.buffer(value)) for value in (*op.arguments, *op.res)]
        types = tuple(type_of(value) for value in operands)
        self.add(func.CallOp(self.variants.name(op.callee.string_value(), types), operands, []))

    def _argument(self, buffer: SSAValue) -> SSAValue:
        """`buffer` as a kernel takes it: wherever it starts."""
        kind = movable(type_of(buffer))
        if kind == buffer.type:
            return buffer
        assert self.at is not None and self.at.parent is not None
        key = (self.at.parent, buffer)
        if key not in self.arguments:
            cast = CastOp(buffer, kind)
            cast.dest.name_hint = buffer.name_hint
            self.arguments[key] = self.add(cast).results[0]
        return self.arguments[key]

    def _fill(self, op: linalg.FillOp) -> None:
        assembly = self.placement.assembly_of[op.results[0]]
        if not assembly.only_border:
            self._fill_boxes(assembly, [tuple((0, size) for size in shape_of(op.results[0]))])

    def _insert(self, op: tensor.InsertSliceOp) -> None:
        assembly = self.placement.assembly_of.get(op.result)  # none where it takes over its destination's buffer
        place = self.buffer(op.result)
        if assembly is not None and assembly.copied is not None and assembly.inserts[0] is op:
            self.copy(self.buffer(assembly.copied), place)
        source = self.buffer(op.source)
        if self.placement.insert_of.get(self.placement.path(op.source)[0]) is not op and math.prod(shape_of(op.source)):
            self.copy(source, self.add(subview(place, op, shape_of(op.source))).results[0])
        if assembly is None or assembly.fill is None:
            return
        if assembly.only_border and assembly.inserts[-1] is op:
            self._fill_boxes(assembly, assembly.border())

    def _return(self, op: func.ReturnOp) -> None:
        block = op.parent
        assert block is not None
        for n, (value, out) in enumerate(zip(op.operands, self.outs[block], strict=True)):
            assert out is not None
            if not self.placement.stands_there(value, n):
                self.copy(self.buffer(value), out)
        op.operands = []

    # -- kernels that move -----------------------------------------------------------------------------------------

    def copy(self, source: SSAValue, destination: SSAValue) -> None:
        values = [source, destination]
        if all(isinstance(type_of(value).layout, NoneAttr) for value in values):
            values = [self._flat(value) for value in values]
        values = [self._argument(value) for value in values]
        kinds = [type_of(value) for value in values]

        def body(block: Block) -> None:
            block.args[0].name_hint, block.args[1].name_hint = "in", "out"
            block.add_op(copy(*block.args))

        shape = "x".join(map(str, (*kinds[0].get_shape(), kinds[0].element_type)))
        self._run_kernel(("copy", *kinds), f"copy_{shape}", values, body)

    def _fill_boxes(self, assembly: Assembly, boxes: Sequence[Box]) -> None:
        """Write the fill's number into some boxes of the assembly, in one sweep."""
        assert assembly.fill is not None
        number = assembly.fill.inputs[0].owner
        if not isinstance(number, arith.ConstantOp):
            raise StepwellError(f"a fill in @{ENTRY} must be with a constant", assembly.fill)
        if not boxes:
            return
        place = self._argument(self.buffer(assembly.result))

        def body(block: Block) -> None:
            block.args[0].name_hint = "out"
            constant = number.clone()
            block.add_op(constant)
            for box in boxes:
                view = box_view(block.args[0], box)
                block.add_ops([view, linalg.FillOp([constant.result], [view.result], [])])

        kind = type_of(place)
        shape = "x".join(map(str, (*kind.get_shape(), kind.element_type)))
        self._run_kernel(("fill", kind, tuple(boxes), number.value), f"border_{shape}", [place], body)

    def _run_kernel(self, key: object, hint: str, operands: Sequence[SSAValue], body: Callable[[Block], None]) -> None:
        """Call the kernel that `body` writes; the one that is there, where `key` was asked for before."""
        if key not in self.made:
            self.made[key] = self.symbols.free(hint)
            kinds = [value.type for value in operands]
            block = Block(arg_types=kinds)
            body(block)
            block.add_op(func.ReturnOp())
            assert self.at is not None
            kernel = func.FuncOp(self.made[key], (kinds, []), Region(block), visibility="private")
            kernel.attributes[KERNEL] = UnitAttr()
            stamp([kernel, *block.ops], self.at.location)
            self.module.body.block.insert_op_before(kernel, self.main)
        self.add(func.CallOp(SymbolRefAttr(self.made[key]), operands, []))

    def _flat(self, value: SSAValue) -> SSAValue:
        """One dimension, so that one copy kernel serves all shapes of a size."""
        rank = type_of(value).get_num_dims()
        if rank == 1:
            return value
        whole: Groups = (tuple(range(rank)),)
        view = expand(value, (), (1,)) if rank == 0 else collapse(value, whole)
        assert view is not None
        return self.add(view).results[0]
