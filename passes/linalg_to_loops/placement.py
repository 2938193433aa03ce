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

Control flow: what a loop carries lives in one buffer, that of its result, and an `if` writes what its branches yield
into the buffer of its result. A value that needs its contents no more is taken over instead of copied: an insertion
goes into the buffer of its destination, a loop goes on in the buffer of its initial value (`lives_in`):

    %s0 = func.call @zeros()
    %r = scf.for %i = ... iter_args(%s = %s0) {               %r, %s and %t live in %s0's buffer
      %y = func.call @step(%x) : ...
      %t = tensor.insert_slice %y into %s[%i, 0] ...
      scf.yield %t
    }

What a step yields is computed in the carried buffer only if nothing reads there any more what the step before left;
else it is computed elsewhere, and copied when the step ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from xdsl.dialects import func, scf, tensor
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Block, BlockArgument, Operation, SSAValue, Use

from .aliases import RESHAPES, VIEWS
from .boxes import Box, around, overlapping
from .views import is_static_slice, shape_of, slice_of

Reshape = tensor.ExpandShapeOp | tensor.CollapseShapeOp


def box_of(insert: tensor.InsertSliceOp) -> Box:
    offsets, sizes, _ = slice_of(insert)
    return tuple((offset, offset + size) for offset, size in zip(offsets, sizes, strict=True))


CONTROL = (scf.IfOp, scf.ForOp, scf.WhileOp)
MAKERS = (func.CallOp, *CONTROL)
"""Ops that write their results wherever they are told to."""


def uses_of(value: SSAValue) -> Iterator[Use]:
    """All uses of what stands in `value`, through all views of it."""
    for use in value.uses:
        if isinstance(use.operation, VIEWS):
            yield from uses_of(use.operation.results[0])
        else:
            yield use


def initial_values(op: Operation) -> list[tuple[int, SSAValue]]:
    """(operand number, result) of each tensor that a loop carries; none of an `if`."""
    first = 3 if isinstance(op, scf.ForOp) else 0
    if not isinstance(op, scf.ForOp | scf.WhileOp):
        return []
    numbered = ((first + n, result) for n, result in enumerate(op.results))
    return [(number, result) for number, result in numbered if isinstance(result.type, TensorType)]


def carried(block: Block) -> list[BlockArgument]:
    """What the region of a loop carries, in the order of what it yields."""
    return list(block.args[1:] if isinstance(block.parent_op(), scf.ForOp) else block.args)


@dataclass(eq=False)
class Assembly:
    """One buffer that a fill, and then insertions, give its contents. What is said of all of them is found once."""

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

    @cached_property
    def only_border(self) -> bool:
        """Whether the fill can leave out what is inserted."""
        return bool(self.inserts) and all(step == 1 for insert in self.inserts for step in slice_of(insert)[2])

    def takes(self, insert: tensor.InsertSliceOp) -> bool:
        """Whether what is inserted may be there before the other parts are."""
        if self.copied is not None or not self.only_border or not is_static_slice(insert):
            return False
        return insert not in self.overlapping

    @cached_property
    def overlapping(self) -> set[tensor.InsertSliceOp]:
        """The insertions that share elements with another."""
        return {self.inserts[n] for n in overlapping([box_of(insert) for insert in self.inserts])}

    def border(self) -> list[Box]:
        """What is left for the fill."""
        whole: Box = tuple((0, size) for size in shape_of(self.result))
        return [box for box in around(whole, [box_of(i) for i in self.inserts]) if prod(b - a for a, b in box)]


@dataclass
class Placement:
    """The decisions for a function, made before any op is rewritten.

    `grows`: the arguments that stand in the memory of a result, by its number."""

    block: Block
    grows: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    assembly_of: dict[SSAValue, Assembly] = field(default_factory=dict[SSAValue, Assembly])
    """Every result of a fill, or of an insertion that takes over no buffer."""
    lives_in: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """A value that takes over the buffer of another."""
    output_of: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    """A root that stands, perhaps reshaped, where the result of this number of its block has to be."""
    insert_of: dict[SSAValue, tensor.InsertSliceOp] = field(default_factory=dict[SSAValue, tensor.InsertSliceOp])
    """A root that stands, perhaps reshaped, in the part of an assembly that this op gives it."""
    members: dict[object, list[SSAValue]] = field(default_factory=dict[object, list[SSAValue]])
    """The values of a buffer, by its `home`; views of them are left out."""
    position: dict[Operation, int] = field(default_factory=dict[Operation, int])

    def __post_init__(self) -> None:
        top = self.block.parent_op()
        assert top is not None
        self.position = {op: n for n, op in enumerate(top.walk())}
        self._take_over(self.block)
        self._place(self.block)

    # -- which values share a buffer --------------------------------------------------------------------------------

    def _take_over(self, block: Block) -> None:
        for arg in block.args:
            self._join(arg)
        for op in block.ops:
            if isinstance(op, linalg.FillOp):
                self.assembly_of[op.results[0]] = Assembly(op, None)
            elif isinstance(op, tensor.InsertSliceOp):
                self._insertion(op)
            elif isinstance(op, CONTROL):
                taken = [(number, result) for number, result in initial_values(op) if self._dies(op, number)]
                self.lives_in |= {result: op.operands[number] for number, result in taken}
                for region in op.regions:
                    for inner in region.blocks:
                        self._take_over(inner)
            if not isinstance(op, VIEWS):
                for result in op.results:
                    self._join(result)

    def _join(self, value: SSAValue) -> None:
        self.members.setdefault(self.home(value), []).append(value)

    def _insertion(self, op: tensor.InsertSliceOp) -> None:
        """What is used elsewhere too must stay as it is: then a new assembly starts as a copy of it."""
        found = self.assembly_of.get(op.dest)
        if isinstance(op.dest.owner, tensor.EmptyOp):
            found = Assembly(None, None)
        elif found is None or not self._goes_on(found, op):
            if self._dies(op, 1):
                self.lives_in[op.result] = op.dest
                return
            found = Assembly(None, op.dest)
        found.inserts.append(op)
        self.assembly_of[op.result] = found

    def _goes_on(self, assembly: Assembly, op: tensor.InsertSliceOp) -> bool:
        owner = op.dest.owner
        alone = op.dest.has_one_use() and isinstance(owner, Operation) and owner.parent is op.parent
        return alone and all(is_static_slice(insert) for insert in (op, *assembly.inserts[:1]))  # so are the others

    def home(self, value: SSAValue) -> object:
        """What stands for the buffer of a value: an assembly, or the value that was there first."""
        while True:
            if value in self.lives_in:
                value = self.lives_in[value]
            elif value in self.assembly_of:
                return self.assembly_of[value]
            elif isinstance(value.owner, VIEWS):
                value = value.owner.operands[0]
            else:
                return value

    def _dies(self, op: Operation, number: int) -> bool:
        """Whether `op` may go on in the buffer of its operand: it is ours, and what is there is not needed later."""
        value, block = op.operands[number], op.parent
        assert block is not None
        home = self.home(value)
        if not self._is_ours(home, block) or isinstance(self.path(value)[0].owner, tensor.ExtractSliceOp):
            return False
        for use in self._uses(home):
            if use.operation is op and use.index == number:
                continue
            captured = isinstance(use.operation, tensor.InsertSliceOp) and use.index == 0
            if captured and use.operation.results[0] in self.assembly_of:
                return False  # it may stand in that assembly
            if self._position(use.operation, block) >= self.position[op]:
                return False
        return True

    def _is_ours(self, home: object, block: Block) -> bool:
        """Whether a buffer was made in `block`, or is carried by the loop whose block it is."""
        if isinstance(home, Assembly):
            home = home.result
        if isinstance(home, BlockArgument):
            in_loop = isinstance(block.parent_op(), scf.ForOp | scf.WhileOp)
            return home.owner is block and (in_loop or home in self.grows)
        assert isinstance(home, SSAValue)
        owner = home.owner
        return isinstance(owner, (tensor.InsertSliceOp, linalg.FillOp, *MAKERS)) and owner.parent is block

    def _uses(self, home: object) -> Iterator[Use]:
        for member in self.members.get(home, ()):
            yield from uses_of(member)

    def _position(self, op: Operation, block: Block) -> int:
        """Where in `block` the op stands that is or holds `op`."""
        while op.parent is not block:
            parent = op.parent_op()
            assert parent is not None
            op = parent
        return self.position[op]

    # -- where they are ---------------------------------------------------------------------------------------------

    def _place(self, block: Block) -> None:
        terminator = block.last_op
        assert terminator is not None
        if isinstance(terminator, scf.ConditionOp):
            return  # it only hands on
        for n, value in enumerate(terminator.operands):
            root = self.path(value)[0]
            if self._is_free(root, block) and self._may_stand_there(root, block, n):
                self.output_of[root] = n
        for op in block.ops:
            if isinstance(op, tensor.InsertSliceOp) and op.result in self.assembly_of and prod(shape_of(op.source)):
                root = self.path(op.source)[0]
                if self._is_free(root, block) and self.assembly_of[op.result].takes(op):
                    self.insert_of[root] = op
            for region in op.regions if isinstance(op, CONTROL) else ():
                for inner in region.blocks:
                    self._place(inner)

    def _is_free(self, root: SSAValue, block: Block) -> bool:
        """Whether `root` is made in `block`, and has no place yet."""
        owner = root.owner
        if not isinstance(owner, Operation) or owner.parent is not block or not isinstance(root.type, TensorType):
            return False
        made = isinstance(owner, MAKERS) or (root in self.assembly_of and self.assembly_of[root].result is root)
        return made and root not in self.output_of and root not in self.insert_of

    def _may_stand_there(self, root: SSAValue, block: Block, n: int) -> bool:
        """Whether the buffer of result `n` is free from when `root` is made: a loop's holds what it carries."""
        if not isinstance(block.parent_op(), scf.ForOp | scf.WhileOp):
            return True
        owner = root.owner
        if not isinstance(owner, MAKERS):
            return False  # an assembly is written before it is complete
        uses = self._uses(carried(block)[n])
        return all(self._position(use.operation, block) < self.position[owner] for use in uses)

    def stands_there(self, value: SSAValue, n: int) -> bool:
        """Whether what a block gives as result `n` was made where it has to be."""
        root = self.path(value)[0]
        return self.output_of.get(root) == n or self.grows.get(root) == n

    def path(self, value: SSAValue) -> tuple[SSAValue, list[Reshape]]:
        """What `value` is a reshape of, or has taken over from, and the reshapes from there to it."""
        views: list[Reshape] = []
        while True:
            if isinstance(op := value.owner, RESHAPES):
                views.append(op)
                value = op.src
            elif value in self.lives_in:
                value = self.lives_in[value]
            else:
                return value, views[::-1]
