"""Where the tensors of @main live: which are put together in one buffer, and whose buffer is a part of another's.

    %x = func.call @a(...)                                     lives in the inside of %p
    %e = tensor.empty() : tensor<1x10x10x4xf32>
    %f = linalg.fill ins(%zero) outs(%e)                       an assembly: the fill and all insertions after it
    %p = tensor.insert_slice %x into %f[0, 1, 1, 0] ...        are one buffer, named by the last of them
    %y = func.call @b(%p, ...)
    %z = func.call @c(%x, ...)                                 reads %x there

What is inserted is computed in its place, unless it (1) was not computed here (an input, a weight), (2) is only a part
of its own buffer (a slice), (3) has its place already, in an earlier assembly or as an output of the function, or
(4) is not alone there: its elements lie apart in the assembly, another insertion overlaps it, or the assembly starts
from a tensor that is copied. Then it is copied when it is inserted. So are both of the same value inserted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from xdsl.dialects import func, tensor
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Block, Operation, SSAValue

from .aliases import RESHAPES
from .views import shape_of, slice_of

Reshape = tensor.ExpandShapeOp | tensor.CollapseShapeOp
Box = tuple[tuple[int, int], ...]
"""(first, behind the last) of each dimension."""


def box_of(insert: tensor.InsertSliceOp) -> Box:
    offsets, sizes, _ = slice_of(insert)
    return tuple((offset, offset + size) for offset, size in zip(offsets, sizes, strict=True))


def disjoint(a: Box, b: Box) -> bool:
    return any(first >= behind or other >= end for (first, end), (other, behind) in zip(a, b, strict=True))


def around(whole: Box, holes: Sequence[Box]) -> list[Box]:
    """Boxes that cover what of `whole` is in none of the holes, each element once; whole rows where that can be."""
    boxes = [whole]
    for hole in holes:
        boxes = [part for box in boxes for part in _without(box, hole)]
    return boxes


def _without(box: Box, hole: Box) -> Iterator[Box]:
    if disjoint(box, hole):
        yield box
        return
    for d, ((first, end), (start, behind)) in enumerate(zip(box, hole, strict=True)):
        if first < start:
            yield (*box[:d], (first, start), *box[d + 1 :])
        if behind < end:
            yield (*box[:d], (behind, end), *box[d + 1 :])
        box = (*box[:d], (max(first, start), min(end, behind)), *box[d + 1 :])


@dataclass
class Assembly:
    """One buffer that a fill, and then insertions, give its contents."""

    fill: linalg.FillOp | None
    copied: SSAValue | None
    """The tensor that it starts as, where that is no new one."""
    inserts: list[tensor.InsertSliceOp] = field(default_factory=list[tensor.InsertSliceOp])

    @property
    def result(self) -> SSAValue:
        """The whole tensor: it names the buffer."""
        last: Operation | None = self.inserts[-1] if self.inserts else self.fill
        assert last is not None
        return last.results[0]

    @property
    def only_border(self) -> bool:
        """Whether the fill can leave out what is inserted."""
        return bool(self.inserts) and all(step == 1 for insert in self.inserts for step in slice_of(insert)[2])

    def takes(self, insert: tensor.InsertSliceOp) -> bool:
        """Whether what is inserted may be there before the other parts are."""
        if self.copied is not None or not self.only_border:
            return False
        return all(disjoint(box_of(insert), box_of(other)) for other in self.inserts if other is not insert)

    def border(self) -> list[Box]:
        """What is left for the fill."""
        whole: Box = tuple((0, size) for size in shape_of(self.result))
        return [box for box in around(whole, [box_of(i) for i in self.inserts]) if prod(b - a for a, b in box)]


@dataclass
class Placement:
    """The decisions for one block, made before any op is rewritten."""

    block: Block
    assembly_of: dict[SSAValue, Assembly] = field(default_factory=dict[SSAValue, Assembly])
    """Every result of a fill or an insertion."""
    output_of: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    """A root that stands, perhaps reshaped, in the output argument of this number."""
    insert_of: dict[SSAValue, tensor.InsertSliceOp] = field(default_factory=dict[SSAValue, tensor.InsertSliceOp])
    """A root that stands, perhaps reshaped, in the part of an assembly that this op gives it."""

    def __post_init__(self) -> None:
        for op in self.block.ops:
            if isinstance(op, linalg.FillOp):
                self.assembly_of[op.results[0]] = Assembly(op, None)
            elif isinstance(op, tensor.InsertSliceOp):
                assembly = self._assembly_for(op.dest)
                assembly.inserts.append(op)
                self.assembly_of[op.result] = assembly
        terminator = self.block.last_op
        assert terminator is not None
        for n, value in enumerate(terminator.operands):
            if self._is_free(root := self.path(value)[0]):
                self.output_of[root] = n
        for op in self.block.ops:
            if isinstance(op, tensor.InsertSliceOp) and prod(shape_of(op.source)):
                root = self.path(op.source)[0]
                if self._is_free(root) and self.assembly_of[op.result].takes(op):
                    self.insert_of[root] = op

    def _assembly_for(self, dest: SSAValue) -> Assembly:
        """The assembly that an insertion into `dest` goes on with. What is used elsewhere too must stay as it is."""
        if isinstance(dest.owner, tensor.EmptyOp):
            return Assembly(None, None)
        if dest in self.assembly_of and dest.has_one_use():
            return self.assembly_of[dest]
        return Assembly(None, dest)

    def _is_free(self, root: SSAValue) -> bool:
        """Whether `root` is made here, and has no place yet."""
        made = isinstance(root.owner, func.CallOp) or (
            root in self.assembly_of and self.assembly_of[root].result is root
        )
        return made and root not in self.output_of and root not in self.insert_of

    def path(self, value: SSAValue) -> tuple[SSAValue, list[Reshape]]:
        """What `value` is a reshape of, and the reshapes from there to it."""
        views: list[Reshape] = []
        while isinstance(op := value.owner, RESHAPES):
            views.append(op)
            value = op.src
        return value, views[::-1]
