"""Turn one kernel's tensors into buffers; its results become destinations that the caller hands in.

    func.func private @k(%x: tensor<4xf32>) -> tensor<6xf32> {
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<6xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
      %r = tensor.insert_slice %x into %f[1] [4] [1] : tensor<4xf32> into tensor<6xf32>
      func.return %r : tensor<6xf32>
    }
  becomes
    func.func private @k(%x: memref<4xf32>, %out0: memref<6xf32>) {
      %zero = arith.constant 0.0 : f32
      linalg.fill ins(%zero : f32) outs(%out0 : memref<6xf32>)
      %s = memref.subview %out0[1] [4] [1] : memref<6xf32> to memref<4xf32, strided<[1], offset: 1>>
      linalg.generic {...copy...} ins(%x : memref<4xf32>) outs(%s : memref<4xf32, strided<[1], offset: 1>>)
      func.return
    }

`aliases.py` says which tensors share a buffer. A buffer is then, in order of preference, the destination of the result
that stands in it, the slice of the tensor that it is inserted into (concat writes each part straight into place), or
a `memref.alloc`. Scalar code loads and stores there (`bufferize_control.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from stepwell.locations import stamp
from xdsl.dialects import arith, func, memref, scf, tensor
from xdsl.dialects.builtin import AffineMapAttr, FunctionType, TensorType
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.ir import Block, Operation, Region, SSAValue, Use
from xdsl.ir.affine import AffineMap

from .aliases import CONTROL, RESHAPES, WRITERS, Aliases, DestinationOp, ViewOp, destinations, reads_destination
from .bufferize_control import rewrite_control
from .views import Buffer, buffer_for, collapse, expand, groups_of, shape_of, slice_of, subview, type_of


def copy(source: SSAValue, destination: SSAValue) -> linalg.GenericOp:
    """Element by element, as a generic: it vectorizes and prints like any other."""
    kind = type_of(destination)
    body = Block(arg_types=[kind.element_type, kind.element_type])
    body.add_op(linalg.YieldOp(body.args[0]))
    rank = kind.get_num_dims()
    identity = AffineMapAttr(AffineMap.identity(rank))
    parallel = IteratorTypeAttr(IteratorType.PARALLEL)
    return linalg.GenericOp([source], [destination], Region(body), [identity, identity], [parallel] * rank)


def split_empties(block: Block) -> None:
    """A `tensor.empty` each for every use: what is shared has no contents to share."""
    for op in list(block.ops):
        if isinstance(op, tensor.EmptyOp):
            for use in list(op.tensor.uses)[1:]:
                own = op.clone()
                block.insert_op_after(own, op)
                use.operation.operands[use.index] = own.tensor


def sink_inserted(block: Block) -> None:
    """Compute what is inserted right before it is inserted, so that its destination stands by then."""
    for insert in reversed(list(block.ops)):
        if isinstance(insert, tensor.InsertSliceOp):
            _sink(insert.source, insert)


def _sink(value: SSAValue, before: Operation) -> None:
    """Move the op that makes `value`, if it serves nothing else, and likewise what it needs, right before `before`."""
    op = value.owner
    if not isinstance(op, (*WRITERS, *RESHAPES, tensor.EmptyOp)) or len(op.results) != 1:
        return
    if op.parent is not before.parent or len(list(value.uses)) != 1:
        return
    op.detach()
    assert before.parent is not None
    before.parent.insert_op_before(op, before)
    for operand in reversed(op.operands):  # destinations come last, and must stand before what is inserted into them
        _sink(operand, op)


def invert(path: Sequence[ViewOp], end: SSAValue) -> list[Operation] | None:
    """Views of the buffer `end` that lead back along `path`, last to first, to a buffer of the root's type.

    None where there is a slice on the way, or where a collapse would have to be a copy.
    """
    made: list[Operation] = []
    for op in reversed(path):
        if isinstance(op, tensor.ExpandShapeOp):
            view = collapse(end, groups_of(op))
        elif isinstance(op, tensor.CollapseShapeOp):
            view = expand(end, groups_of(op), shape_of(op.src))
        else:
            view = None
        if view is None:
            for unused in reversed(made):
                unused.erase()
            return None
        made.append(view)
        end = view.results[0]
    return made


def _fills_another_slice(use: Use, insert: tensor.InsertSliceOp) -> bool:
    """Whether this use of a tensor puts something into it beside the slice that `insert` will fill."""
    other = use.operation
    if not isinstance(other, tensor.InsertSliceOp) or use.index != 1:
        return False
    mine, theirs = (list(zip(*slice_of(op), strict=True)) for op in (insert, other))
    return any(
        a + (n - 1) * step < b or b + (m - 1) * skip < a
        for (a, n, step), (b, m, skip) in zip(mine, theirs, strict=True)
    )


@dataclass
class KernelBuffers:
    """The rewriting of one kernel: where each tensor of `aliases` lives, as memref values."""

    function: func.FuncOp
    block: Block
    aliases: Aliases
    result_of_root: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    insert_of_root: dict[SSAValue, tensor.InsertSliceOp] = field(default_factory=dict[SSAValue, tensor.InsertSliceOp])
    buffers: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    outs: list[SSAValue] = field(default_factory=list[SSAValue])
    types: Sequence[Buffer] | None = None
    """The arguments' types, inputs and then results, where they are not contiguous buffers."""
    at: Operation | None = None
    """The op that is being rewritten: new ops go before it and get its location."""

    # -- where buffers come from ---------------------------------------------------------------------------------

    def choose_places(self, returned: list[SSAValue]) -> None:
        for op in self.block.ops:
            if isinstance(op, tensor.InsertSliceOp) and self._fits_in_slice(op):
                self.insert_of_root[self.aliases.root[op.source]] = op
        for n, value in enumerate(returned):
            root = self.aliases.root[value]
            free = root not in self.result_of_root and root not in self.insert_of_root
            if free and self.aliases.is_ours(root) and not self.aliases.is_sliced(value):
                self.result_of_root[root] = n

    def _fits_in_slice(self, insert: tensor.InsertSliceOp) -> bool:
        """Whether the source can be computed straight into its slice of the destination."""
        aliases = self.aliases
        source, dest = aliases.root.get(insert.source), aliases.root.get(insert.dest)
        if source is None or dest is None or source is dest or source in self.insert_of_root:
            return False
        if not isinstance(source.owner, tensor.EmptyOp) or aliases.lives_in.get(insert.results[0]) is None:
            return False
        if aliases.is_sliced(insert.source) or aliases.is_sliced(insert.dest):
            return False
        start, end = aliases.position[source.owner], aliases.position[insert]
        if max(aliases.use_positions(source)) > end:
            return False
        if not isinstance(dest.owner, Operation) or aliases.position[dest.owner] > start or aliases.path(insert.dest):
            return False
        users = ((use, aliases.top_level(use.operation)) for use in aliases.uses(dest))
        between = (use for use, op in users if op is not None and start <= aliases.position[op] < end)
        return all(_fills_another_slice(use, insert) for use in between)

    def new_buffer(self, root: SSAValue) -> SSAValue:
        """The storage of a buffer that is named `root`."""
        place: SSAValue | None = None
        if (n := self.result_of_root.get(root)) is not None:
            place = self._at_end_of(root, self.outs[n], self._returned_as(root, n))
            if place is None:
                del self.result_of_root[root]  # the caller's rows lie apart: it is copied when it is returned
        elif (insert := self.insert_of_root.get(root)) is not None:
            whole = self.buffer(self.aliases.root[insert.dest])
            view = subview(whole, insert, shape_of(insert.source))
            place = self._at_end_of(root, self.add(view).results[0], insert.source)
            if place is None:
                del self.insert_of_root[root]  # it is copied when it is inserted
        if place is not None:
            return place
        alloc = self.add(memref.AllocOp([], [], buffer_for(root)))
        alloc.results[0].name_hint = root.name_hint
        return alloc.results[0]

    def _returned_as(self, root: SSAValue, n: int) -> SSAValue:
        terminator = self.block.last_op
        assert terminator is not None and self.aliases.root[terminator.operands[n]] is root
        return terminator.operands[n]

    def _at_end_of(self, root: SSAValue, place: SSAValue, value: SSAValue) -> SSAValue | None:
        """A view of `place` as the root, such that `value`, reached from the root by reshapes, is `place` itself."""
        views = invert(self.aliases.path(value), place)
        if views is None:
            return None
        for view in views:
            place = self.add(view).results[0]
        return place

    def buffer(self, value: SSAValue) -> SSAValue:
        """Where tensor `value` lives; a scalar is itself."""
        return self.buffers.get(value, value)

    def copy(self, source: SSAValue, place: SSAValue) -> None:
        self.add(copy(source, place))

    def add(self, op: Operation) -> Operation:
        assert self.at is not None
        stamp([op], self.at.location)
        self.block.insert_op_before(op, self.at)
        return op

    # -- the ops -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        terminator = self.block.last_op
        assert isinstance(terminator, func.ReturnOp)
        returned = list(terminator.operands)
        arguments = list(self.block.args)
        types = self.types or [buffer_for(value) for value in (*arguments, *returned)]
        self.choose_places(returned)
        for arg, kind in zip(arguments, types, strict=False):
            self.buffers[arg] = self.block.insert_arg(kind, len(self.block.args))
            self.buffers[arg].name_hint = arg.name_hint
        for n, kind in enumerate(types[len(arguments) :]):
            out = self.block.insert_arg(kind, len(self.block.args))
            out.name_hint = "out" if len(returned) == 1 else f"out{n}"
            self.outs.append(out)
        old = self.rewrite_ops()
        self.erase(old)
        for arg in arguments:
            self.block.erase_arg(arg)
        self.function.properties["function_type"] = FunctionType.from_lists(self.block.arg_types, [])
        for name in ("arg_attrs", "res_attrs"):
            self.function.properties.pop(name, None)

    def rewrite_ops(self) -> list[Operation]:
        """Put what works on buffers beside each op; gives those that made tensors, which are to go."""
        ops = list(self.block.ops)
        old = [op for op in ops if any(isinstance(result.type, TensorType) for result in op.results)]
        for op in ops:
            self.at = op
            self.rewrite(op)
        return old

    def erase(self, old: Sequence[Operation]) -> None:
        for op in reversed(old):
            self.block.erase_op(op)

    def inside(self, block: Block, writable: Collection[SSAValue]) -> KernelBuffers:
        """The rewriting of a block inside of this one, which may overwrite the tensors `writable`."""
        split_empties(block)
        return KernelBuffers(self.function, block, Aliases(block, writable), buffers=self.buffers)

    def rewrite(self, op: Operation) -> None:
        match op:
            case tensor.EmptyOp():
                self.empty(op)
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp():
                self.reshape(op)
            case tensor.ExtractSliceOp():
                view = subview(self.buffer(op.source), op, shape_of(op.result))
                self.buffers[op.result] = self.add(view).results[0]
            case tensor.InsertSliceOp():
                self.insert(op)
            case linalg.FillOp():
                self.add(linalg.FillOp([op.inputs[0]], [self.destination(op, 0)], []))
            case linalg.GenericOp():
                self.generic(op)
            case tensor.ExtractOp():
                self.load(op)
            case tensor.InsertOp():
                self.add(memref.StoreOp.get(op.scalar, self.destination(op, 0), op.indices))
            case func.ReturnOp():
                self.finish(op)
            case scf.YieldOp() | scf.ConditionOp():
                pass  # the op around it sees to what is handed on
            case _ if isinstance(op, CONTROL):
                rewrite_control(self, op)
            case _:
                self.keep(op)

    def load(self, op: tensor.ExtractOp) -> None:
        load = memref.LoadOp.get(self.buffer(op.tensor), op.indices)
        load.location = op.location
        load.res.name_hint = op.result.name_hint
        block = op.parent
        assert block is not None
        block.insert_op_before(load, op)
        op.result.replace_all_uses_with(load.res)
        block.erase_op(op)

    def keep(self, op: Operation) -> None:
        if isinstance(op, arith.ConstantOp) and isinstance(op.result.type, TensorType):
            fix = "pass it as an operand: only @main may hold weights"
            raise StepwellError("a kernel holds a constant tensor", op, fix)
        if any(isinstance(v.type, TensorType) for v in (*op.operands, *op.results)):
            raise StepwellError(f"{op.name} in a kernel is not a tensor op that bufferize knows", op)

    def empty(self, op: tensor.EmptyOp) -> None:
        root = op.tensor
        uses = list(root.uses)
        replaced = uses and all(self._is_replaced(root, use.operation, use.index) for use in uses)
        if uses and not replaced:
            self.buffers[root] = self.new_buffer(root)

    def _is_replaced(self, root: SSAValue, user: Operation, index: int) -> bool:
        """Whether an op that was to write into this empty tensor writes somewhere else."""
        if not isinstance(user, (linalg.FillOp, linalg.GenericOp)) or index < len(user.inputs):
            return False
        result = user.results[index - len(user.inputs)]
        return self.aliases.lives_in.get(result) is not root

    def reshape(self, op: tensor.ExpandShapeOp | tensor.CollapseShapeOp) -> None:
        source = self.buffer(op.operands[0])
        groups = groups_of(op)
        if isinstance(op, tensor.ExpandShapeOp):
            self.buffers[op.result] = self.add(expand(source, groups, shape_of(op.result))).results[0]
            return
        view = collapse(source, groups)
        if view is None:  # rows of a slice are not adjacent: it is read from a copy
            whole = self.add(memref.AllocOp([], [], buffer_for(op.src))).results[0]
            self.add(copy(source, whole))
            view = collapse(whole, groups)
            assert view is not None
        self.buffers[op.result] = self.add(view).results[0]

    def destination(self, op: DestinationOp, index: int) -> SSAValue:
        """The buffer that result `index` is written to; old contents are copied there if it has a new one."""
        dest, result = destinations(op)[index]
        if (storage := self.aliases.lives_in.get(result)) is not None:
            place = self.buffer(storage)
        else:
            place = self.new_buffer(result)
            if reads_destination(op, index) and not isinstance(dest.owner, tensor.EmptyOp):
                self.add(copy(self.buffer(dest), place))
        self.buffers[result] = place
        return place

    def insert(self, op: tensor.InsertSliceOp) -> None:
        place = self.destination(op, 0)
        if self.insert_of_root.get(self.aliases.root[op.source]) is not op:
            view = self.add(subview(place, op, shape_of(op.source))).results[0]
            self.add(copy(self.buffer(op.source), view))

    def generic(self, op: linalg.GenericOp) -> None:
        outs = [self.destination(op, index) for index in range(len(op.outputs))]
        ins = [self.buffer(value) for value in op.inputs]
        body = op.detach_region(op.body)
        new = linalg.GenericOp(ins, outs, body, op.indexing_maps, op.iterator_types, (), op.doc, op.library_call)
        new.attributes |= op.attributes
        self.add(new)
        op.add_region(Region(Block()))
        for inner in list(new.walk()):
            if isinstance(inner, tensor.ExtractOp):
                self.load(inner)

    def finish(self, op: func.ReturnOp) -> None:
        for n, value in enumerate(op.operands):
            if self.result_of_root.get(self.aliases.root[value]) != n:
                self.add(copy(self.buffer(value), self.outs[n]))
        op.operands = []


def erase_unused_views(block: Block) -> None:
    for op in reversed(list(block.ops)):
        views = (memref.SubviewOp, memref.ExpandShapeOp, memref.CollapseShapeOp, memref.CastOp, memref.GetGlobalOp)
        if isinstance(op, views) and op.results[0].first_use is None:
            block.erase_op(op)


def bufferize_kernel(function: func.FuncOp, types: Sequence[Buffer] | None = None) -> None:
    """Rewrite one kernel in place, for arguments (inputs and then results) of `types`, or contiguous ones."""
    block = function.body.block
    split_empties(block)
    sink_inserted(block)
    KernelBuffers(function, block, Aliases(block), types=types).run()
    erase_unused_views(block)
