"""Canonicalization patterns of the graph dialect, by op class."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern


def patterns_of(cls: type[Operation]) -> tuple[RewritePattern, ...]:
    return ()
