"""A greedy rewrite driver: patterns dispatched on the root op's type, locations carried, an end guaranteed."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.pattern_rewriter import GreedyRewritePatternApplier, PatternRewriteWalker, RewritePattern


def apply_patterns(module: ModuleOp, patterns: Sequence[RewritePattern]) -> bool:
    """Apply `patterns` to all ops inside `module` until none fires. True when anything changed."""
    return PatternRewriteWalker(GreedyRewritePatternApplier(list(patterns))).rewrite_module(module)
