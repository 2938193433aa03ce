"""Which tensors of a kernel share a buffer: the decisions of bufferization, made before any op is rewritten.

    %e = tensor.empty                                  root of a buffer
    %f = linalg.fill ins(%zero) outs(%e)               the same buffer: %e's contents are not used later
    %c = linalg.generic ins(%x, %w) outs(%f)           the same buffer
    %e2 = tensor.empty
    %r = linalg.generic ins(%c) outs(%e2)              relu: the same buffer, element over element; %e2 needs none
    %v = tensor.expand_shape %r                        a view of the same buffer

A destination is overwritten where it stands unless (1) it is not ours to write (an argument, a constant), or
(2) any tensor of its buffer is used later, or (3) the op itself reads the buffer at another index than it writes.
Then the op gets a buffer of its own, into which the old contents are copied if the op reads them.

The rules are those of one-shot bufferization (MLIR's `bufferization` docs) for a single block, decided in program
order; where two ops compete for a buffer, the first gets it.

What scalar code carries is decided in the same way. A loop takes over the buffer of the tensor that it starts from, an
`scf.if` that of the tensor from which both its branches start:

    %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %f)   // %t, and %s, stand in %f's buffer, and so will %r
      %s = tensor.insert %v into %t[%i]
      scf.yield %s

A block inside is looked at by itself: what its loop carries is its own to write, all else of the blocks around it is
not, and is only read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from xdsl.dialects import scf, tensor
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.ir import Block, Operation, OpResult, SSAValue, Use
from xdsl.ir.affine import AffineMap

ViewOp = tensor.ExpandShapeOp | tensor.CollapseShapeOp | tensor.ExtractSliceOp
ControlOp = scf.ForOp | scf.WhileOp | scf.IfOp
DestinationOp = linalg.FillOp | linalg.GenericOp | tensor.InsertSliceOp | tensor.InsertOp | ControlOp
VIEWS = (tensor.ExpandShapeOp, tensor.CollapseShapeOp, tensor.ExtractSliceOp)
RESHAPES = (tensor.ExpandShapeOp, tensor.CollapseShapeOp)
CONTROL = (scf.ForOp, scf.WhileOp, scf.IfOp)
WRITERS = (linalg.FillOp, linalg.GenericOp, tensor.InsertSliceOp)
"""Ops that write whole parts of a destination."""
DESTINATIONS = (*WRITERS, tensor.InsertOp, *CONTROL)


def view_source(op: ViewOp) -> SSAValue:
    return op.operands[0]


def destinations(op: DestinationOp) -> list[tuple[SSAValue, OpResult]]:
    """(destination, result) pairs of an op: an operand, or of an scf.if the tensor that its branches start from."""
    match op:
        case tensor.InsertSliceOp() | tensor.InsertOp():
            return [(op.dest, op.results[0])]
        case scf.ForOp():
            starts = list(op.iter_args)
        case scf.WhileOp():
            starts = [op.arguments[handed_on(op, n)] if is_tensor(r) else r for n, r in enumerate(op.results)]
        case scf.IfOp():
            starts = [origin_of(op, n) if is_tensor(r) else r for n, r in enumerate(op.results)]
        case _:
            starts = list(op.outputs)
    return [(start, result) for start, result in zip(starts, op.results, strict=True) if is_tensor(result)]


def is_tensor(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType)


def handed_on(op: scf.WhileOp, result: int) -> int:
    """Which of the tensors that a while loop carries its condition hands on as result `result`."""
    before = op.before_region.block
    assert before.last_op is not None
    value = before.last_op.operands[1 + result]
    if value not in before.args:
        raise StepwellError("the condition of an scf.while may only hand on the tensors that the loop carries", op)
    return before.args.index(value)  # pyright: ignore[reportArgumentType]


def origin_of(op: scf.IfOp, result: int) -> SSAValue:
    """The tensor around an scf.if from which both its branches make result `result`, overwriting it."""
    origins = {origin_in(region.block, result, op) for region in op.regions}
    if len(origins) != 1:
        raise StepwellError("the branches of an scf.if must start from one tensor and give it back, changed or not", op)
    return origins.pop()


def origin_in(block: Block, result: int, op: Operation) -> SSAValue:
    assert block.last_op is not None
    value = block.last_op.operands[result]
    while isinstance(owner := value.owner, Operation) and owner.parent is block:
        if not isinstance(owner, DESTINATIONS):
            raise StepwellError(f"a branch of an scf.if gives what {owner.name} makes, not a tensor from around it", op)
        value = next(start for start, made in destinations(owner) if made is value)
    return value


def reads_destination(op: DestinationOp, index: int) -> bool:
    """Whether the old contents of destination `index` matter."""
    if isinstance(op, linalg.GenericOp):
        return op.body.block.args[len(op.inputs) + index].first_use is not None
    return not isinstance(op, linalg.FillOp)


def is_parallel(op: linalg.GenericOp) -> bool:
    return all(kind.data is IteratorType.PARALLEL for kind in op.iterator_types)


def is_permutation(indexing: AffineMap) -> bool:
    """Whether each point of the loops has an element of its own, and none is left out."""
    dims = {AffineMap.identity(indexing.num_dims).results.index(r) for r in indexing.results if _is_dim(r, indexing)}
    return len(indexing.results) == indexing.num_dims == len(dims)


def _is_dim(expression: object, indexing: AffineMap) -> bool:
    return expression in AffineMap.identity(indexing.num_dims).results


def reads_only_its_own_element(op: Operation, source: int, out: int) -> bool:
    """Whether a generic reads operand `source` at the very element of destination `out` that it then writes, once."""
    if not isinstance(op, linalg.GenericOp) or not is_parallel(op):
        return False
    maps = [attr.data for attr in op.indexing_maps]
    return maps[source] == maps[len(op.inputs) + out] and is_permutation(maps[source])


@dataclass
class Aliases:
    """The buffers of one block. A buffer is named by its root: the tensor that first stood in it."""

    block: Block
    writable: Collection[SSAValue] = ()
    """Tensors from outside of the block that it may overwrite: what its loop carries."""
    position: dict[Operation, int] = field(default_factory=dict[Operation, int])
    root: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    members: dict[SSAValue, list[SSAValue]] = field(default_factory=dict[SSAValue, list[SSAValue]])
    lives_in: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """result → the operand whose storage it takes over. A result that is missing here has a buffer of its own."""

    def __post_init__(self) -> None:
        for n, op in enumerate(self.block.ops):
            self.position[op] = n
        for arg in self.block.args:
            self._new_root(arg)
        for op in self.block.ops:
            for value in (*op.operands, *(start for start, _ in self._destinations(op))):
                if value not in self.root:  # it stands around the block
                    self._new_root(value)
            if isinstance(op, VIEWS):
                self._join(op.results[0], view_source(op))
            elif isinstance(op, DESTINATIONS):
                self._place_results(op)
            else:
                for result in op.results:
                    self._new_root(result)

    @staticmethod
    def _destinations(op: Operation) -> list[tuple[SSAValue, OpResult]]:
        return destinations(op) if isinstance(op, DESTINATIONS) else []

    def _new_root(self, value: SSAValue) -> None:
        self.root[value] = value
        self.members[value] = [value]

    def _join(self, value: SSAValue, other: SSAValue) -> None:
        root = self.root[value] = self.root[other]
        self.members[root].append(value)

    def _place_results(self, op: DestinationOp) -> None:
        taken: set[SSAValue] = set()
        for index, (dest, result) in enumerate(destinations(op)):
            storage = self._storage(op, index, dest)
            if storage is None or self.root[storage] in taken:
                self._new_root(result)
                continue
            taken.add(self.root[storage])
            self.lives_in[result] = storage
            self._join(result, storage)

    def _storage(self, op: DestinationOp, index: int, dest: SSAValue) -> SSAValue | None:
        """The operand that result `index` can take the place of, if any: a dying input before an empty destination."""
        if isinstance(op, linalg.GenericOp) and isinstance(dest.owner, tensor.EmptyOp):
            for source in op.inputs:
                if source.type == dest.type and not self.is_sliced(source) and self._can_overwrite(op, index, source):
                    return source
        return dest if self._can_overwrite(op, index, dest) else None

    def _can_overwrite(self, op: DestinationOp, index: int, value: SSAValue) -> bool:
        root = self.root.get(value)
        if root is None or not self.is_ours(root):
            return False
        return all(self._is_harmless(use, op, index, value) for use in self.uses(root))

    def _is_harmless(self, use: Use, op: DestinationOp, index: int, value: SSAValue) -> bool:
        """Whether this use of the buffer may stand beside `op` overwriting `value` as destination `index`."""
        user = self.top_level(use.operation)
        if user is None:
            return True  # it runs before the block or after it, which is for the block around to look at
        if user is not op:
            return self.position[user] < self.position[op]
        if use.operation.operands[use.index] is not value:
            return False  # it is read through another view
        if isinstance(op, scf.IfOp):
            return True  # each branch is looked at by itself
        if use.operation is not op:
            return False  # it is read inside the body, at any index
        if isinstance(op, linalg.GenericOp):
            if use.index == len(op.inputs) + index:
                return True
            return use.index < len(op.inputs) and reads_only_its_own_element(op, use.index, index)
        return value is destinations(op)[index][0] and use.index != 0

    def is_ours(self, root: SSAValue) -> bool:
        """Whether the block may write the buffer: it made it, or carries it. It is no argument, and no constant."""
        owner = root.owner
        made = isinstance(owner, (tensor.EmptyOp, *DESTINATIONS)) and owner.parent is self.block
        return made or root in self.writable

    def is_sliced(self, value: SSAValue) -> bool:
        """Whether `value` is only a part of its buffer."""
        return any(isinstance(op, tensor.ExtractSliceOp) for op in self.path(value))

    def path(self, value: SSAValue) -> list[ViewOp]:
        """The views that lead from the buffer's root to `value`, first to last."""
        views: list[ViewOp] = []
        while value is not self.root[value]:
            owner = value.owner
            if isinstance(owner, VIEWS):
                views.append(owner)
                value = view_source(owner)
            else:
                value = self.lives_in[value]
        return views[::-1]

    def uses(self, root: SSAValue) -> Iterator[Use]:
        """All uses of what stands in a buffer, through all views of it, earlier and later."""
        tensors = list(self.members[root])
        seen = set(tensors)
        while tensors:
            for use in tensors.pop().uses:
                if not isinstance(use.operation, VIEWS):
                    yield use
                elif (view := use.operation.results[0]) not in seen:
                    seen.add(view)
                    tensors.append(view)

    def use_positions(self, root: SSAValue) -> list[int]:
        users = [self.top_level(use.operation) for use in self.uses(root)]
        return [self.position[user] for user in users if user is not None]

    def top_level(self, op: Operation) -> Operation | None:
        """The op of the block in which `op` stands; None where it stands around the block."""
        while op.parent_block() is not self.block:
            parent = op.parent_op()
            if parent is None:
                return None
            op = parent
        return op
