"""Build loop nests in which each value is computed once, in the outermost loop that knows what it needs.

%row = arith.muli %h, %c224        // in the loop over h, though it was asked for inside of the loop over c
scf.for %c = ... {
  %at = arith.addi %row, %c
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from math import prod

from stepwell.locations import UNKNOWN, is_known, stamp
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    FloatAttr,
    IndexType,
    IntegerAttr,
    LocationAttr,
    MemRefType,
    NoneAttr,
    StridedLayoutAttr,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import IRDLOperation, OptPropertyDef

from .access import layout_of, memref_type, start_of

INDEX = IndexType()


@dataclass
class Scope:
    """A block being filled: new ops go before `before`, or to its end."""

    block: Block
    before: Operation | None
    known: dict[Hashable, SSAValue] = field(default_factory=dict[Hashable, SSAValue])


@dataclass
class Loop:
    op: scf.ForOp
    index: SSAValue
    carried: tuple[SSAValue, ...]
    yielded: Sequence[SSAValue] = ()


@dataclass
class Function:
    """What the nests of one function share: its constants, and flat views of its buffers, each made once."""

    entry: Block
    shared: dict[Hashable, SSAValue] = field(default_factory=dict[Hashable, SSAValue])
    numbers: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    """Those of `shared` that are an index."""
    last_constant: Operation | None = None
    last_view: Operation | None = None

    def _insert(self, op: Operation, after: Operation | None, name: str) -> SSAValue:
        """Put `op` behind `after`, or at the function's start."""
        if after is not None:
            self.entry.insert_op_after(op, after)
        elif self.entry.first_op is not None:
            self.entry.insert_op_before(op, self.entry.first_op)
        else:
            self.entry.add_op(op)
        op.results[0].name_hint = name
        return op.results[0]

    def constant(self, value: IntegerAttr | FloatAttr) -> SSAValue:
        if value not in self.shared:
            name = f"c{value.value.data}" if isinstance(value, IntegerAttr) and value.value.data >= 0 else "cst"
            op = arith.ConstantOp(value)
            self.shared[value] = self._insert(op, self.last_constant, name)
            self.last_constant = op
        return self.shared[value]

    def index(self, value: int) -> SSAValue:
        found = self.shared.get(value)
        if found is None:
            found = self.shared[value] = self.constant(IntegerAttr(value, INDEX))
            self.numbers[found] = value
        return found

    def flat(self, base: SSAValue, where: Operation) -> SSAValue:
        """`base` as a memref of rank 1, from its first element."""
        if base in self.shared:
            return self.shared[base]
        self.shared[base] = base
        hint = f"{base.name_hint}_" if base.name_hint else ""
        for op in _flatten(base, where):
            name = hint + ("start" if isinstance(op, memref.ExtractStridedMetaDataOp) else "flat")
            if isinstance(base, BlockArgument):
                self.shared[base] = self._insert(op, self.last_view or self.last_constant, name)
                self.last_view = op
            else:
                owner = self.shared[base].owner
                assert isinstance(owner, Operation)
                block = owner.parent  # a buffer may be a loop's own
                assert block is not None
                block.insert_op_after(op, owner)
                op.results[0].name_hint = name
                self.shared[base] = op.results[0]
        return self.shared[base]


def _flatten(base: SSAValue, where: Operation) -> list[Operation]:
    """The ops of which the last gives the flat memref."""
    shape, strides = layout_of(base, where)
    offset = start_of(base)[0]
    kind = memref_type(base)
    contiguous = MemRefType.strides_for_shape(shape)
    if kind.get_offset() is None:
        size = 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        flat = MemRefType(kind.element_type, (size,), StridedLayoutAttr([1], None), kind.memory_space)
        start = memref.ExtractStridedMetaDataOp(base)
        here = [start.offset]
        return [start, memref.ReinterpretCastOp(start.base_buffer, here, [], [], [DYNAMIC_INDEX], [size], [1], flat)]
    if offset or tuple(contiguous) != strides:
        size = offset + 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        flat = MemRefType(kind.element_type, (size,), StridedLayoutAttr([1], 0), kind.memory_space)
        return [memref.ReinterpretCastOp(base, [], [], [], [0], [size], [1], flat)]
    if len(shape) == 1:
        return []
    flat = MemRefType(kind.element_type, (prod(shape),), NoneAttr(), kind.memory_space)
    if not shape:
        said = {"reassociation": ArrayAttr([]), "static_output_shape": DenseArrayBase.from_list(i64, [1])}
        return [memref.ExpandShapeOp.create(operands=[base], result_types=[flat], properties=said)]
    together = ArrayAttr([ArrayAttr([IntegerAttr(d, i64) for d in range(len(shape))])])
    return [memref.CollapseShapeOp.create(operands=[base], result_types=[flat], properties={"reassociation": together})]


@cache
def default_properties(make: type[Operation]) -> Mapping[str, Attribute]:
    """What the properties of an op are if nothing else is said."""
    assert issubclass(make, IRDLOperation)
    given = make.get_irdl_definition().properties
    return {
        name: rule.default_value
        for name, rule in given.items()
        if rule.default_value is not None and not isinstance(rule, OptPropertyDef)
    }


class NestBuilder:
    """Builds the loops that replace `anchor`. Scope 0 is the block around it; each open loop adds one."""

    def __init__(self, function: Function, anchor: Operation):
        block = anchor.parent
        assert block is not None
        self.function = function
        self.anchor = anchor
        self.scopes = [Scope(block, anchor)]
        self.levels: dict[SSAValue, int] = {}
        self.steps: dict[SSAValue, int] = {}
        """How far apart the values of a loop's variable are. The first is 0."""
        self.outermost: list[Operation] = []
        """The ops that were put into scope 0."""
        self.here: LocationAttr = UNKNOWN
        """Where the op of a body came from that is being written."""

    def constant(self, value: int) -> SSAValue:
        return self.function.index(value)

    def append(self, make: type[Operation], operands: Sequence[SSAValue], *results: Attribute) -> Operation:
        """An op with effects, at the end of the innermost block."""
        op = make.create(operands=operands, result_types=results, properties=dict(default_properties(make)))
        self._insert(op, len(self.scopes) - 1)
        return op

    def put(self, op: Operation, *, level: int | None = None) -> Operation:
        """An op as it is, at the end of the innermost block, or of an outer one."""
        self._insert(op, len(self.scopes) - 1 if level is None else level)
        return op

    def forget(self) -> None:
        """Compute anew what follows: memory has changed since it was read."""
        for scope in self.scopes:
            scope.known.clear()

    @contextmanager
    def when(self, condition: SSAValue) -> Generator[None, None, None]:
        """An open scf.if. Pure ops in it still stand in the outermost loop that can hold them."""
        block = Block()
        op = scf.IfOp(condition, [], Region(block))
        with self._open(op, block):
            yield
        block.add_op(scf.YieldOp())

    @contextmanager
    def _open(self, op: Operation, block: Block) -> Generator[None, None, None]:
        """Put `op` at the end of the innermost block, and have what follows in `block`, its own."""
        level = len(self.scopes) - 1
        self._insert(op, level)
        outer_before, self.scopes[level].before = self.scopes[level].before, op
        self.scopes.append(Scope(block, None))
        yield
        self.scopes.pop()
        self.scopes[level].before = outer_before

    def pure(
        self,
        make: type[Operation],
        operands: Sequence[SSAValue],
        kind: Attribute,
        properties: Mapping[str, Attribute] | None = None,
    ) -> SSAValue:
        """The result of an op without effects: of an equal earlier one if there is one, else of a new one in the
        outermost loop that can hold it. Loads are such ops: where a nest writes what it reads, it does so last."""
        levels = self.levels
        level = max([levels.get(v, 0) for v in operands], default=0)
        if properties is None:
            properties = default_properties(make)
        key = (make, *operands, kind, *properties.values())
        known = self.scopes[level].known
        found = known.get(key)
        if found is None:
            op = make.create(operands=operands, result_types=[kind], properties=dict(properties))
            self._insert(op, level)
            found = known[key] = op.results[0]
        return found

    def _insert(self, op: Operation, level: int) -> None:
        scope = self.scopes[level]
        if is_known(self.here):
            stamp([op], self.here)
        if scope.before is not None:
            scope.block.insert_op_before(op, scope.before)
        else:
            scope.block.add_op(op)
        if level == 0:
            self.outermost.append(op)
        for result in op.results:
            self.levels[result] = level

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.pure(arith.AddiOp, (a, b), INDEX)

    def affine(self, terms: Sequence[tuple[SSAValue, int]], offset: int) -> SSAValue:
        """`offset + sum(value * stride)`, outer loops' terms first, so that each prefix is shared and hoisted."""
        total: SSAValue | None = None
        for value, stride in sorted(terms, key=lambda t: self.levels.get(t[0], 0)):
            if (number := self.function.numbers.get(value)) is not None:
                offset += stride * number
                continue
            term = value if stride == 1 else self.pure(arith.MuliOp, (value, self.constant(stride)), INDEX)
            total = term if total is None else self.add(total, term)
        if total is None:
            return self.constant(offset)
        return self.add(total, self.constant(offset)) if offset else total

    @contextmanager
    def loop(self, start: int, stop: int, step: int, carried: Sequence[SSAValue] = ()) -> Generator[Loop, None, None]:
        """An open scf.for; set `yielded` before it closes if it carries values."""
        block = Block(arg_types=[INDEX, *(v.type for v in carried)])
        op = scf.ForOp(self.constant(start), self.constant(stop), self.constant(step), carried, Region(block))
        level = len(self.scopes) - 1
        loop = Loop(op, block.args[0], tuple(block.args[1:]))
        loop.index.name_hint = "ijklmnopqrstuv"[level % 14]
        self.steps[loop.index] = step
        self.levels |= dict.fromkeys(block.args, level + 1)
        with self._open(op, block):
            yield loop
        block.add_op(scf.YieldOp(*loop.yielded))

    def allocate(self, element: Attribute, *shape: int, name: str = "row", level: int = 0) -> SSAValue:
        """A buffer of the nest's own; in a scope of a higher level, one of each iteration."""
        op = memref.AllocOp([], [], MemRefType(element, shape))
        self._insert(op, level)
        op.memref.name_hint = name
        return op.memref
