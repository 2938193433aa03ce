"""Linalg on memrefs as loops over flat memory: which element of which buffer an iteration touches.

A memref's type holds its strides and its offset, so subviews and reshapes need no index arithmetic of their own:
every operand is a `base` buffer and one affine function of the loop indices, in elements.

    linalg.generic ins(%x : memref<1x8x8x4xf32>) ... affine_map<(n, h, w, f, kh, kw, c) -> (n, 2*h + kh, 2*w + kw, c)>
  is
    Access(base = %x, at = Affine(strides = (256, 64, 8, 0, 32, 4, 1), offset = 0))

An operand that `pack-operands` packed in panels is read at `(f floordiv 64, c, f mod 64)`. Its loop moves by one
stride within a panel and by another from panel to panel, which `Affine.panels` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from stepwell.diagnostics import StepwellError
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import DYNAMIC_INDEX, IntegerAttr, MemRefType
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
)

VIEWS = (memref.SubviewOp, memref.ExpandShapeOp, memref.CollapseShapeOp, memref.CastOp, memref.ReinterpretCastOp)


@dataclass(frozen=True)
class Affine:
    """`offset + sum(strides[d] * index[d])`, and for each `(size, jumps)` of `panels` besides
    `sum(jumps[d] * (index[d] - index[d] mod size))`, and a value times a number for each of `terms`."""

    strides: tuple[int, ...]
    offset: int = 0
    panels: tuple[tuple[int, tuple[int, ...]], ...] = ()
    terms: tuple[tuple[SSAValue, int], ...] = ()
    """Where a view begins: indices of loops that stand around the op."""

    def panel(self, dim: int) -> int:
        """The size of the panels in which loop `dim` is packed; 1 where it is not."""
        return next((size for size, jumps in self.panels if jumps[dim]), 1)

    def goes_on(self, dim: int, inner: int) -> bool:
        """Whether loop `dim` steps over just the `inner` iterations, whole panels, of the loop inside of it."""
        if self.panel(dim) > 1 or inner % self.panel(dim + 1):
            return False
        return self.strides[dim] == inner * (self.strides[dim + 1] + sum(jumps[dim + 1] for _, jumps in self.panels))

    def plus(self, other: Affine) -> Affine:
        jumps = dict(self.panels)
        for size, more in other.panels:
            jumps[size] = added(jumps.get(size, (0,) * len(more)), more)
        panels = tuple((size, of) for size, of in jumps.items() if any(of))
        offset, terms = self.offset + other.offset, self.terms + other.terms
        return Affine(added(self.strides, other.strides), offset, panels, terms)

    def over(self, strides: Restride, where: Operation) -> Affine:
        """The same place in other loops; `strides` says what strides become."""
        found = Affine(strides(self.strides), self.offset, (), self.terms)
        for size, jumps in self.panels:
            for dim in (d for d, jump in enumerate(jumps) if jump):
                parts = strides(unit(len(jumps), dim))  # how many iterations of `dim` one of each new loop is
                if any(n > 1 and n % size for n in parts):
                    raise StepwellError(f"the loops split panels of {size}", where, "pack in panels that divide them")
                whole = tuple(0 if n == 1 else n * jumps[dim] for n in parts)
                within = tuple(jumps[dim] if n == 1 else 0 for n in parts)
                found = found.plus(Affine(whole, 0, ((size, within),)))
        return found


def added(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def unit(dims: int, dim: int) -> tuple[int, ...]:
    return tuple(int(d == dim) for d in range(dims))


@dataclass(frozen=True)
class Access:
    """One operand of a stage: element `at(loop indices)` of the flat buffer `base`."""

    base: SSAValue
    at: Affine
    element: Attribute


@dataclass(frozen=True)
class Stage:
    """A linalg op over a rectangular loop space."""

    op: Operation
    extents: tuple[int, ...]
    reduction: tuple[bool, ...]
    inputs: tuple[Access, ...]
    outputs: tuple[Access, ...]
    body: Block | None
    """The scalar body; None for a fill or a copy, which yields its only input."""
    indices: Mapping[int, Affine]
    """What `linalg.index i` means in these loops, for those that the body has."""
    value: SSAValue | None = None
    """The scalar that a fill writes."""

    @cached_property
    def reads_output(self) -> tuple[bool, ...]:
        """For each output, whether the body uses what it held before."""
        if self.body is None:
            return tuple(False for _ in self.outputs)
        return tuple(bool(tuple(arg.uses)) for arg in self.body.args[len(self.inputs) :])

    @property
    def is_parallel(self) -> bool:
        return not any(self.reduction)

    def reads(self) -> list[Access]:
        """What is read at an affine place: inputs, and outputs whose old value is used."""
        return [*self.inputs, *(a for a, read in zip(self.outputs, self.reads_output, strict=True) if read)]

    def gathers(self) -> list[SSAValue]:
        """Buffers that the body reads at a place that it computes."""
        if self.body is None:
            return []
        return [base_of(op.memref) for op in self.body.ops if isinstance(op, memref.LoadOp)]

    def affines(self) -> list[Affine]:
        return [*(a.at for a in (*self.inputs, *self.outputs)), *self.indices.values()]

    def over(self, extents: tuple[int, ...], reduction: tuple[bool, ...], strides: Restride) -> Stage:
        """The same stage over other loops; `strides` says what an affine's strides become."""

        def affine(a: Affine) -> Affine:
            return a.over(strides, self.op)

        return replace(
            self,
            extents=extents,
            reduction=reduction,
            inputs=tuple(replace(a, at=affine(a.at)) for a in self.inputs),
            outputs=tuple(replace(a, at=affine(a.at)) for a in self.outputs),
            indices={i: affine(a) for i, a in self.indices.items()},
        )


Restride = Callable[[tuple[int, ...]], tuple[int, ...]]


def base_of(value: SSAValue) -> SSAValue:
    """The buffer that `value` is a view of."""
    while isinstance(value.owner, VIEWS):
        value = value.owner.operands[0]
    return value


def memref_type(value: SSAValue) -> MemRefType[Attribute]:
    return cast("MemRefType[Attribute]", value.type)


def layout_of(value: SSAValue, where: Operation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(shape, strides) of a memref, all static. See `start_of` for its offset."""
    if not isinstance(value.type, MemRefType):
        raise StepwellError(f"{where.name} must be on memrefs", where, "run bufferize first")
    kind = memref_type(value)
    shape = kind.get_shape()
    strides = kind.get_strides()
    if strides is None or None in strides or any(n < 0 for n in shape):
        raise StepwellError(f"{kind} has no static shape and strides", where, "bind the shapes first")
    return shape, tuple(s for s in strides if s is not None)


def start_of(value: SSAValue) -> tuple[int, tuple[tuple[SSAValue, int], ...]]:
    """Where a view begins in its base: a number of elements, and values times numbers.

    An argument whose type leaves its offset open begins at 0: elements are counted from its first one.
    """
    offset = memref_type(value).get_offset()
    if offset is not None:
        return offset, ()
    view = value.owner
    if not isinstance(view, VIEWS):
        return 0, ()
    offset, terms = start_of(view.operands[0])
    if not isinstance(view, memref.SubviewOp):
        return offset, terms
    strides = [stride or 0 for stride in memref_type(view.source).get_strides() or ()]
    dynamic = iter(view.offsets)
    for place, stride in zip(view.static_offsets.get_values(), strides, strict=True):
        if place == DYNAMIC_INDEX:
            value, factor = multiple_of(next(dynamic))
            terms = (*terms, (value, factor * stride))
        else:
            offset += int(place) * stride
    return offset, terms


def multiple_of(value: SSAValue) -> tuple[SSAValue, int]:
    """What `value` is a multiple of, and how many times: two views that begin at the same element say it alike."""
    match value.owner:
        case arith.MuliOp(lhs=of, rhs=OpResult(op=arith.ConstantOp(value=IntegerAttr(value=factor)))):
            return of, factor.data
        case _:
            return value, 1


def linear(expr: AffineExpr, dims: int, where: Operation, scale: int = 1) -> Affine:
    """`scale` times an affine expression, as strides and offset."""
    match expr:
        case AffineConstantExpr():
            return Affine((0,) * dims, scale * expr.value)
        case AffineDimExpr():
            return Affine(tuple(scale * n for n in unit(dims, expr.position)))
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add):
            return linear(expr.lhs, dims, where, scale).plus(linear(expr.rhs, dims, where, scale))
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul):
            for a, b in ((expr.lhs, expr.rhs), (expr.rhs, expr.lhs)):
                factor = linear(b, dims, where)
                if not any(factor.strides) and not factor.panels:
                    return linear(a, dims, where, scale * factor.offset)
        case AffineBinaryOpExpr(lhs=AffineDimExpr(position=d), rhs=AffineConstantExpr(value=size)) if size > 0:
            down = unit(dims, d)  # d floordiv n = (d - d mod n) / n
            if expr.kind == AffineBinaryOpKind.FloorDiv and scale % size == 0:
                return Affine((0,) * dims, 0, ((size, tuple(scale // size * n for n in down)),))
            if expr.kind == AffineBinaryOpKind.Mod:
                return Affine(tuple(scale * n for n in down), 0, ((size, tuple(-scale * n for n in down)),))
        case _:
            pass
    raise StepwellError(f"index {expr} is not linear", where, "use memref.load in the body for such an access")


def access(value: SSAValue, index: Sequence[AffineExpr], dims: int, where: Operation) -> Access:
    """Element `index` of memref `value`, as an access of its base."""
    strides = layout_of(value, where)[1]
    offset, terms = start_of(value)
    total = Affine((0,) * dims, offset, (), terms)
    for stride, expr in zip(strides, index, strict=True):
        total = total.plus(linear(expr, dims, where, stride))
    return Access(base_of(value), total, memref_type(value).element_type)


def identity(dims: int) -> list[AffineExpr]:
    return [AffineExpr.dimension(d) for d in range(dims)]


def stage_of(op: Operation) -> Stage | None:
    """The stage that `op` is, or None for an op that is not ours to lower. Loops of one iteration are dropped."""
    stage = whole_stage_of(op)
    return None if stage is None else drop_unit_dims(stage)


def whole_stage_of(op: Operation) -> Stage | None:
    """The stage that `op` is, with all its loops."""
    match op:
        case linalg.GenericOp():
            return _generic(op)
        case linalg.FillOp():
            out = op.outputs[0]
            shape = layout_of(out, op)[0]
            at = access(out, identity(len(shape)), len(shape), op)
            return Stage(op, shape, (False,) * len(shape), (), (at,), None, {}, op.inputs[0])
        case memref.CopyOp():
            shape = layout_of(op.destination, op)[0]
            here = identity(len(shape))
            source, target = (access(v, here, len(shape), op) for v in (op.source, op.destination))
            return Stage(op, shape, (False,) * len(shape), (source,), (target,), None, {})
        case _:
            return None


def _generic(op: linalg.GenericOp) -> Stage:
    iterators = [str(it.data) for it in op.iterator_types]
    dims = len(iterators)
    operands = (*op.inputs, *op.outputs)
    extents: list[int | None] = [None] * dims
    accesses: list[Access] = []
    for value, attr in zip(operands, op.indexing_maps, strict=True):
        results = attr.data.results
        shape = layout_of(value, op)[0]
        accesses.append(access(value, results, dims, op))
        for size, expr in zip(shape, results, strict=True):
            if isinstance(expr, AffineDimExpr):
                extents[expr.position] = size
    known = tuple(e for e in extents if e is not None)
    if len(known) != dims:
        raise StepwellError("a loop's extent follows from no operand", op)
    inputs, outputs = accesses[: len(op.inputs)], accesses[len(op.inputs) :]
    reduction = tuple(it == "reduction" for it in iterators)
    used = {i.dim.value.data for i in op.body.block.ops if isinstance(i, linalg.IndexOp)}
    indices = {i: Affine(unit(dims, i)) for i in sorted(used)}
    return Stage(op, known, reduction, tuple(inputs), tuple(outputs), op.body.block, indices)


def drop_unit_dims(stage: Stage) -> Stage:
    keep = [d for d, extent in enumerate(stage.extents) if extent != 1]

    def pick(strides: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(strides[d] for d in keep)

    return stage.over(tuple(stage.extents[d] for d in keep), tuple(stage.reduction[d] for d in keep), pick)


def collapse(stages: Sequence[Stage], extents: Sequence[int] | None = None) -> list[Stage]:
    """Merge neighbouring loops of stages over one loop space wherever every access walks both as one.

    An elementwise op over contiguous buffers becomes one loop, a 1x1 convolution a matrix product. `extents`: those of
    the loops that are wanted; a loop that has got its extent takes in no more.
    """
    merging: list[Stage] = list(stages)
    d = 0
    while d + 1 < len(merging[0].extents):
        have, reduction = merging[0].extents, merging[0].reduction
        inner = have[d + 1]
        affines = [a for stage in merging for a in stage.affines()]
        full = extents is not None and (d >= len(extents) or have[d] >= extents[d])
        apart = full or reduction[d] != reduction[d + 1]
        if apart or any(not a.goes_on(d, inner) for a in affines):
            d += 1
            continue

        def without(strides: tuple[int, ...], d: int = d) -> tuple[int, ...]:
            return strides[:d] + strides[d + 1 :]

        merged = (*have[:d], have[d] * inner, *have[d + 2 :])
        kinds = (*reduction[:d], *reduction[d + 1 :])
        merging = [stage.over(merged, kinds, without) for stage in merging]
        d = max(d - 1, 0)
    return merging
