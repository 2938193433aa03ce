"""Compute a large tensor strip by strip, where a window op makes a much smaller one of it.

    %c = graph.conv %x, %w {strides = [2, 2], ...} : (tensor<1x229x229x3xf32>, ...) -> tensor<1x112x112x64xf32>
    %r = graph.relu %c : tensor<1x112x112x64xf32>
    %p = graph.pad %r {low = [0, 1, 1, 0], ...} : (tensor<1x112x112x64xf32>) -> tensor<1x113x113x64xf32>
    %y = graph.max_pool %p {kernel = [3, 3], strides = [2, 2], layout = nhwc} : (...) -> tensor<1x56x56x64xf32>
  becomes
    %x0 = graph.slice %x {starts = [0, 0, 0, 0], sizes = [1, 37, 229, 3]} : (...) -> tensor<1x37x229x3xf32>
    %c0 = graph.conv %x0, %w {strides = [2, 2], ...} : (...) -> tensor<1x16x112x64xf32>
    %r0 = graph.relu %c0 : tensor<1x16x112x64xf32>
    %p0 = graph.pad %r0 {low = [0, 1, 1, 0], ...} : (...) -> tensor<1x17x113x64xf32>
    %y0 = graph.max_pool %p0 {...} : (...) -> tensor<1x8x56x64xf32>
    ...
    %y = graph.concat %y0, %y1, %y2, %y3, %y4, %y5, %y6 {axis = 1} : (...) -> tensor<1x56x56x64xf32>

So the large tensor never is in memory as a whole: a strip of it is in a cache when it is read (fused-layer evaluation;
Alwani et al. 2016, Fused-layer CNN accelerators). The slices are views, and each strip of the result is written where
it belongs; strips of the same shape are one kernel.

Rows that the windows of two strips share are computed twice. That pays while it takes less time than the large tensor
would to memory and back: up to `BALANCE` operations a byte of it. A strip has as many rows as fit into `cache` bytes,
but there are no more than `STRIPS`, for each is some more calls and barriers.

From the window op back: constant padding, elementwise ops, a convolution, each used only here; behind it elementwise
ops may follow. One image, channels last, static shapes; padding is an op of its own (see `separate-pads`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from stepwell.context import Context
from stepwell.dialects.graph import ConcatOp, ConvOp, ElementwiseOp, MaxPoolOp, PadOp, SliceOp, WinogradConvOp
from stepwell.dialects.graph.base import GraphOp
from stepwell.dialects.graph.types import Value, count, element_type_of, is_static, shape_of
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

Window = ConvOp | MaxPoolOp | WinogradConvOp

ROWS = 1
"""The dim that is cut: the height of [N, H, W, C]."""

BALANCE = 8
"""Floating-point operations that a core does in the time in which a byte comes from beyond its second-level cache."""

STRIPS = 16

SHRINKS = 2
"""The large tensor has at least so many times the bytes of what is made of it."""


@dataclass(frozen=True)
class CutStrips(FunctionPass):
    """`cache`: how many bytes of the large tensor a strip may have, so that they are near when they are read; tensors
    of up to four times that stay whole."""

    name = "cut-strips"

    cache: int = 512 << 10

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for op in [op for op in func.walk() if isinstance(op, Window)]:
            if (chain := chain_of(op)) is not None and (rows := self.rows_of(chain)):
                cut(chain, rows)

    def rows_of(self, chain: Chain) -> int:
        """How many rows of the result a strip has; 0 where the tensor had better stay whole."""
        window = chain.window
        large, result = bytes_of(window.x), bytes_of(chain.last.result)
        strips = min(STRIPS, ceil(large / self.cache))
        unit = window.tile if isinstance(window, WinogradConvOp) else 1
        height = shape_of(window.result)[ROWS]
        rows = ceil(height / strips / unit) * unit
        if large <= 4 * self.cache or large < SHRINKS * result or rows >= height:
            return 0
        first, behind = rows_read(window, 0, rows)
        twice = max(0, behind - rows_read(window, rows, height)[0] - first) * (ceil(height / rows) - 1)
        work = chain.conv.work().flops / shape_of(chain.conv.result)[ROWS]
        return rows if twice * work <= BALANCE * large else 0


@dataclass(frozen=True)
class Chain:
    """Ops that are cut together: from `conv` to `window` and to `last`."""

    conv: ConvOp
    window: Window
    last: GraphOp
    ops: Sequence[Operation]


def chain_of(window: Window) -> Chain | None:
    """What makes the input of `window`, and what follows it; None where that cannot be cut."""
    if not can_cut(window):
        return None
    ops: list[Operation] = [window]
    op = window.x.owner
    if isinstance(op, PadOp) and op.mode == "constant" and only_user(op) is window:
        ops.append(op)
        op = op.x.owner
    while isinstance(op, ElementwiseOp) and only_user(op) is ops[-1]:
        if (large := large_operand(op)) is None:
            return None
        ops.append(op)
        op = large.owner
    if not isinstance(op, ConvOp) or only_user(op) is not ops[-1] or not can_cut(op):
        return None
    ops.append(op)
    last: GraphOp = window
    while isinstance(user := only_user(last), ElementwiseOp) and large_operand(user) is last.result:
        ops.insert(0, user)
        last = user
    return Chain(op, window, last, ops)


def can_cut(op: Window) -> bool:
    shape = shape_of(op.x)
    if len(shape) != 4 or shape[0] != 1 or not is_static(op.x) or not is_static(op.result):
        return False
    if isinstance(op, WinogradConvOp):
        return not any(op.pads[:2])
    return op.layout == "nhwc" and not any(op.pads) and not (isinstance(op, MaxPoolOp) and op.ceil_mode)


def only_user(op: GraphOp) -> Operation | None:
    """The op that alone uses the result, once."""
    uses = list(op.result.uses)
    return uses[0].operation if len(uses) == 1 and uses[0].operation.parent is op.parent else None


def large_operand(op: ElementwiseOp) -> SSAValue | None:
    """The operand of which each row gives one of the result, if all others are the same for every row."""
    shape = shape_of(op.result)
    large = [x for x in op.operands if shape_of(x) == shape]
    others = [shape_of(x) for x in op.operands if shape_of(x) != shape]
    same = all(of[ROWS - len(shape)] == 1 for of in others if len(of) >= len(shape) - ROWS)
    return large[0] if len(large) == 1 and same else None


def bytes_of(value: Value) -> int:
    kind = element_type_of(value)
    return count(shape_of(value)) * (kind.bitwidth if isinstance(kind, FixedBitwidthType) else 64) // 8


def rows_read(op: Window, begin: int, end: int) -> tuple[int, int]:
    """(first, behind the last) row of x that rows `begin` to `end` of the result need."""
    if isinstance(op, WinogradConvOp):  # whole tiles; the rows that complete the last one are there
        return begin, (end + 2 if end < shape_of(op.result)[ROWS] else shape_of(op.x)[ROWS])
    stride, taps, dilation = op.strides[0], op.kernel[0], op.dilations[0]
    return begin * stride, (end - 1) * stride + dilation * (taps - 1) + 1


def cut(chain: Chain, rows: int) -> None:
    """Replace the chain by strips of `rows` rows of its result, and their concatenation."""
    height = shape_of(chain.last.result)[ROWS]
    made: list[Operation] = []
    parts = [strip(chain, chain.last.result, n, min(n + rows, height), made) for n in range(0, height, rows)]
    whole = ConcatOp(*parts, axis=ROWS)
    whole.result.name_hint = chain.last.result.name_hint
    stamp([*made, whole], chain.window.location)
    block = chain.last.parent
    assert block is not None
    block.insert_ops_before([*made, whole], chain.last)
    chain.last.result.replace_all_uses_with(whole.result)
    for op in chain.ops:
        block.erase_op(op)


def strip(chain: Chain, value: SSAValue, begin: int, end: int, made: list[Operation]) -> SSAValue:
    """Rows `begin` to `end` of `value`; the ops for them are appended to `made`."""
    op, shape = value.owner, shape_of(value)
    changes: dict[str, Any] = {}
    if op not in chain.ops:
        if (begin, end) == (0, shape[ROWS]):
            return value
        made.append(SliceOp(value, starts=(0, begin, 0, 0), sizes=(1, end - begin, *shape[2:])))
        return made[-1].results[0]
    assert isinstance(op, GraphOp)
    operands = list(op.operands)
    large, first, behind = 0, begin, end
    match op:
        case PadOp():
            low, height = op.low[ROWS], shape_of(op.x)[ROWS]
            first, behind = max(begin - low, 0), min(end - low, height)
            for name, pads, here in (("low", op.low, low - begin), ("high", op.high, end - low - height)):
                changes[name] = (*pads[:ROWS], max(here, 0), *pads[ROWS + 1 :])
        case ConvOp() | MaxPoolOp() | WinogradConvOp():
            first, behind = rows_read(op, begin, end)
            if isinstance(op, WinogradConvOp) and end < shape[ROWS]:
                changes["pads"] = (*op.pads[:2], 0, op.pads[3])
        case _:
            large = next(n for n, x in enumerate(operands) if shape_of(x) == shape)
    operands[large] = strip(chain, operands[large], first, behind, made)
    attributes = {name: getattr(op, name) for name in op.properties} | changes
    new = type(op)(*operands, **attributes)
    new.result.name_hint = value.name_hint
    made.append(new)
    return new.result
