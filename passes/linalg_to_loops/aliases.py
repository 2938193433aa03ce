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
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.dialects import tensor
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.ir import Block, Operation, OpResult, SSAValue, Use
from xdsl.ir.affine import AffineMap

ViewOp = tensor.ExpandShapeOp | tensor.CollapseShapeOp | tensor.ExtractSliceOp
DestinationOp = linalg.FillOp | linalg.GenericOp | tensor.InsertSliceOp
VIEWS = (tensor.ExpandShapeOp, tensor.CollapseShapeOp, tensor.ExtractSliceOp)
RESHAPES = (tensor.ExpandShapeOp, tensor.CollapseShapeOp)
DESTINATIONS = (linalg.FillOp, linalg.GenericOp, tensor.InsertSliceOp)


def view_source(op: ViewOp) -> SSAValue:
    return op.operands[0]


def destinations(op: DestinationOp) -> list[tuple[SSAValue, OpResult]]:
    """(destination operand, result) pairs of an op."""
    if isinstance(op, tensor.InsertSliceOp):
        return [(op.dest, op.results[0])]
    return list(zip(op.outputs, op.results, strict=True))


def reads_destination(op: DestinationOp, index: int) -> bool:
    """Whether the old contents of destination `index` matter."""
    if isinstance(op, linalg.GenericOp):
        return op.body.block.args[len(op.inputs) + index].first_use is not None
    return isinstance(op, tensor.InsertSliceOp)


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
            if isinstance(op, VIEWS):
                self._join(op.results[0], view_source(op))
            elif isinstance(op, DESTINATIONS):
                self._place_results(op)
            else:
                for result in op.results:
                    self._new_root(result)

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
        if user is not op:
            return self.position[user] < self.position[op]
        if use.operation is not op or use.operation.operands[use.index] is not value:
            return False  # read inside the body at any index, or through another view
        if isinstance(op, linalg.GenericOp):
            if use.index == len(op.inputs) + index:
                return True
            return use.index < len(op.inputs) and reads_only_its_own_element(op, use.index, index)
        return value is destinations(op)[index][0] and use.index != 0

    def is_ours(self, root: SSAValue) -> bool:
        """Whether the buffer was made in this block: not an argument, and not a constant."""
        return isinstance(root.owner, (tensor.EmptyOp, *DESTINATIONS))

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
        return [self.position[self.top_level(use.operation)] for use in self.uses(root)]

    def top_level(self, op: Operation) -> Operation:
        while op.parent_block() is not self.block:
            parent = op.parent_op()
            assert parent is not None
            op = parent
        return op
