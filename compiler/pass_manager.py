"""Passes and the pipelines that run them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.utils.arg_spec import ArgSpecConvertible, parse_pipeline

from .context import Context
from .diagnostics import StepwellError
from .registry import REGISTRY
from .verification import verify_module


@dataclass(frozen=True)
class ModulePass(ArgSpecConvertible):
    """One step of a pipeline: a frozen dataclass whose fields are the pass's options, `my-pass{max-ops=8}`."""

    name: ClassVar[str]

    @abstractmethod
    def apply(self, ctx: Context, module: ModuleOp) -> None:
        """Rewrite `module` in place. Raises `StepwellError` on what it cannot do."""


@dataclass(frozen=True)
class FunctionPass(ModulePass):
    """A step that looks at one function at a time; on a module it runs on every function that has a body."""

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for op in list(module.body.ops):
            if isinstance(op, FuncOp) and not op.is_declaration:
                self.apply_to(ctx, op)

    @abstractmethod
    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        """Rewrite `func` in place."""


def parse_passes(text: str) -> tuple[ModulePass, ...]:
    """The passes of a pipeline text such as `fold-batch-norm,fuse{max-ops=8}`."""
    passes: list[ModulePass] = []
    for spec in parse_pipeline(text):
        if spec.name not in REGISTRY.passes:
            raise StepwellError(f"there is no pass '{spec.name}'", fix="stepwell-opt --list-passes names them all")
        passes.append(REGISTRY.load_pass(spec.name).from_spec(spec))
    return tuple(passes)


def run_passes(ctx: Context, module: ModuleOp, passes: Sequence[ModulePass], *, verify_each: bool = False) -> None:
    for item in passes:
        item.apply(ctx, module)
        if verify_each:
            verify_module(module, ctx.sources)
