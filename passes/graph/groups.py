"""Which ops fit into one kernel: the rules of `fuse`.

A group grows from its last op backwards, by ops all of whose users are in it. What fits:

- an elementwise op of the group's shape;
- one *anchor*, any other op (conv, matmul, reduce, concat, ...), whose result has the group's shape: the elementwise
  ops after it are its epilogue;
- before an anchor that reads each element once (a reduction, a softmax), elementwise ops of its operand's shape. Before
  a convolution they would be computed again for every window, so they stay in a group of their own;
- what works *by rows*: row `r` of its result needs row `r` of what it reads within the group. Rows are the leading dims
  that the group's ops share. So a layer norm is one kernel, with its two means; and an attention, in which a row of
  scores is made by the first product, scaled, normalized and read as a row of the left operand by the second: a block
  of rows need never leave the cache. The right operand of such a product is read for each block of rows, so it has to
  be a small one, and none that the kernel makes;
- a transpose that leaves the last dim where it is: what it reads is read where it lies, or what it makes is written
  where it should be, in whole runs of elements. A transpose of the last dim too, in front of a product.

An elementwise op that may be the epilogue of an anchor outside of the group is left to that anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stepwell.dialects.graph import (
    ArgReduceOp,
    ConcatOp,
    ConstantOp,
    ElementwiseOp,
    GraphOp,
    LogSoftmaxOp,
    MatmulOp,
    PadOp,
    PlaceOp,
    ReduceOp,
    ReshapeOp,
    SliceOp,
    SoftmaxOp,
    TransposeOp,
)
from stepwell.dialects.graph.types import Shape, count, element_type_of, rank_of, shape_of
from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, SSAValue, Use

READS_ONCE = (ReduceOp, ArgReduceOp, SoftmaxOp, LogSoftmaxOp)
"""Anchors before which elementwise ops may stand."""

READS_VIEWS = (ElementwiseOp, MatmulOp, *READS_ONCE, TransposeOp)
"""Ops that read a transposed operand as they would read any tensor."""


def stays_outside(op: GraphOp) -> bool:
    """Whether `op` computes nothing: it is a view of what it reads, or a place for it."""
    match op:
        case SliceOp():
            # Backwards there is no view; and elements that lie apart make every reader slow, so they are gathered once.
            return min(op.steps, default=1) > 0 and (not op.steps or op.steps[-1] == 1)
        case PadOp():
            return op.mode == "constant"
        case _:
            return isinstance(op, ConstantOp | ReshapeOp | ConcatOp | PlaceOp)


@dataclass
class Group:
    """Ops that become one kernel, last first; the first of `ops` gives the result.

    `panel`: how many bytes the right operand of a product by rows may have, so that it stays in the cache."""

    shape: Shape
    panel: int
    ops: list[GraphOp] = field(default_factory=list[GraphOp])
    anchor: GraphOp | None = None
    before: set[Operation] = field(default_factory=set[Operation])
    """The ops that the anchor depends on."""
    rows: Shape | None = None
    """The dims that rows are counted by, where ops of the group work by rows of more than one element."""

    def add(self, op: GraphOp) -> None:
        if feeds(op, {self.anchor, *self.before}):
            self.before.add(op)
        elif self.anchor is None and isinstance(op, TransposeOp) and moves_rows(op):
            self.shape = shape_of(op.x)  # what comes before is computed as it was, and written permuted
        elif self.anchor is None and not isinstance(op, ElementwiseOp):
            self.anchor = op
        if self.rows is None:
            self.rows = self.rows_with(op)
        self.ops.append(op)

    def takes(self, op: GraphOp) -> bool:
        """Whether `op`, all of whose users are in the group, fits into it."""
        shape, feeding = shape_of(op.result), feeds(op, {self.anchor, *self.before})
        if not feeding and shape == self.shape and (isinstance(op, ElementwiseOp) or self.anchor is None):
            return True
        if self._takes_view(op):
            return True
        rows = self.rows_with(op)
        if rows is not None and works_by_rows(op, rows, self.panel) and all(read_by_rows(use) for use in uses_of(op)):
            return not self._ends_another(op, rows) and (feeding or not isinstance(op, MatmulOp))
        if not feeding or not isinstance(op, ElementwiseOp) or rows is not None:
            return False
        return isinstance(self.anchor, READS_ONCE) and shape == shape_of(self.anchor.operands[0])

    def _takes_view(self, op: GraphOp) -> bool:
        users = [use.operation for use in uses_of(op)]
        if moves_rows(op):
            return all(isinstance(user, READS_VIEWS) for user in users)
        return isinstance(op, TransposeOp) and all(isinstance(user, MatmulOp) for user in users)

    def rows_with(self, op: GraphOp) -> Shape | None:
        """The rows that the group has, or gets with `op`: the dims which `op` does not reduce, or has not lost."""
        if self.rows is not None:
            return self.rows
        if (found := own_rows(op)) is not None:
            return found if works_by_rows(op, found, self.panel) and self.shape[: len(found)] == found else None
        shape = shape_of(op.result)
        kept = len(shape)
        while kept and shape[kept - 1] == 1:
            kept -= 1
        fits = len(shape) == len(self.shape) and shape[:kept] == self.shape[:kept] and count(shape) < count(self.shape)
        return shape[:kept] if fits and isinstance(op, ElementwiseOp) else None

    def _ends_another(self, op: Operation, rows: Shape) -> bool:
        """Whether `op` is elementwise and could be computed on what an op that has to stay outside has just made."""
        if not isinstance(op, ElementwiseOp):
            return False
        for value in op.operands:
            owner = value.owner
            if not isinstance(owner, GraphOp) or stays_outside(owner) or not only_user(value, op):
                continue
            if shape_of(value) != shape_of(op.result):
                continue
            if isinstance(owner, ElementwiseOp):
                if self._ends_another(owner, rows):
                    return True
            elif not works_by_rows(owner, rows, self.panel) and not moves_rows(owner):
                return True
        return False


def uses_of(op: Operation) -> Iterator[Use]:
    return (use for result in op.results for use in result.uses)


def feeds(op: Operation, users: set[Operation | None]) -> bool:
    return any(use.operation in users for use in uses_of(op))


def only_user(value: SSAValue, user: Operation) -> bool:
    return all(use.operation is user for use in value.uses)


def moves_rows(op: Operation) -> bool:
    """Whether `op` is a transpose after which neighbours along the last dim are still neighbours."""
    return isinstance(op, TransposeOp) and op.perm[-1:] == (len(op.perm) - 1,)


def own_rows(op: Operation) -> Shape | None:
    """The dims that an op which is not elementwise works along, but for the ones at the end that it sums over."""
    if isinstance(op, SoftmaxOp | LogSoftmaxOp | ArgReduceOp):
        return shape_of(op.x)[: op.axis]
    if isinstance(op, ReduceOp) and op.axes:
        return shape_of(op.x)[: op.axes[0]]
    return shape_of(op.result)[:-1] if isinstance(op, MatmulOp) and rank_of(op.result) > 1 else None


def works_by_rows(op: Operation, rows: Shape, panel: int) -> bool:
    """Whether row `r` of what `op` makes needs row `r` alone of its operands (of a product: its left operand)."""
    assert isinstance(op, GraphOp)
    shape = shape_of(op.result)
    if shape[: len(rows)] != rows:
        return False
    if isinstance(op, ElementwiseOp):
        return True
    if isinstance(op, ReduceOp | ArgReduceOp) and not op.keepdims:
        return False
    if isinstance(op, MatmulOp):
        right, kind = shape_of(op.b), element_type_of(op.b)
        width = kind.bitwidth // 8 if isinstance(kind, FixedBitwidthType) else 8
        small = count(right[-2:]) * width <= panel and not isinstance(op.b.owner, ConstantOp)
        return len(rows) == len(shape) - 1 == rank_of(op.a) - 1 and rank_of(op.b) > 1 and small
    own = own_rows(op)
    return own is not None and len(rows) <= len(own)


def read_by_rows(use: Use) -> bool:
    """Whether the user reads row `r` of the value for its own row `r`."""
    user = use.operation
    if isinstance(user, MatmulOp):
        return use.index == 0
    return isinstance(user, (ElementwiseOp, *READS_ONCE))
