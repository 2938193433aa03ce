"""Passes that tests of the pass manager put into the registry: well-behaved ones, and ones that fail in every way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import FunctionPass, ModulePass
from stepwell.registry import REGISTRY
from stepwell.rewriting import apply_patterns
from xdsl.dialects.arith import AddiOp, ConstantOp, MuliOp
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


@dataclass(frozen=True)
class Mark(ModulePass):
    """Write its options on the module."""

    name = "mark"
    text: str = "plain"
    times: int = 1
    share: float = 0.5
    loudly: bool = False
    sizes: tuple[int, ...] = ()
    how: Literal["fast", "slow"] = "fast"
    limit: int | None = None

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        module.attributes["mark"] = StringAttr(str(self))


@dataclass(frozen=True)
class Needs(ModulePass):
    name = "needs"
    size: int

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        pass


@dataclass(frozen=True)
class MarkFunction(FunctionPass):
    """Count how often it ran, on the function."""

    name = "mark-function"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        old = func.attributes.get("ran")
        times = old.value.data if isinstance(old, IntegerAttr) else 0
        func.attributes["ran"] = IntegerAttr(times + 1, 64)


@dataclass(frozen=True)
class Refuse(ModulePass):
    """What a pass does with what it cannot do."""

    name = "refuse"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for op in module.walk():
            if isinstance(op, MuliOp):
                raise StepwellError("multiplication is not supported", where=op, fix="add instead")


@dataclass(frozen=True)
class Crash(ModulePass):
    """A fault of ours."""

    name = "crash"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        raise KeyError("conv1")


@dataclass(frozen=True)
class BreakIR(ModulePass):
    """Leave a use before its definition."""

    name = "break-ir"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for op in module.walk():
            if isinstance(op, ConstantOp) and op.parent is not None:
                block, last = op.parent, op.parent.last_op
                assert last is not None
                op.detach()
                block.insert_op_before(op, last)
                return


class MulToAdd(RewritePattern):
    """x * y is x + y (for a test)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MuliOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, AddiOp(op.lhs, op.rhs))


class AddToMul(RewritePattern):
    """And back."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, MuliOp(op.lhs, op.rhs))


@dataclass(frozen=True)
class Spin(ModulePass):
    name = "spin"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        apply_patterns(module, [MulToAdd(), AddToMul()])


PASSES = (Mark, Needs, MarkFunction, Refuse, Crash, BreakIR, Spin)


@contextmanager
def sample_passes() -> Iterator[None]:
    """The registry with these passes in it."""
    rows = {cls.name: f"{__name__}:{cls.__name__}" for cls in PASSES}
    REGISTRY.passes.update(rows)
    try:
        yield
    finally:
        for name in rows:
            del REGISTRY.passes[name]
