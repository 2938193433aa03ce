"""Canonicalization patterns of the graph dialect, a file a family; which fire on an op says the pattern's annotation.

A pattern names the op classes it rewrites, so the classes import this package only when asked for their patterns.
"""

from __future__ import annotations

from functools import cache

from stepwell.rewriting import root_types
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from .control import CONTROL_PATTERNS
from .convolution import CONVOLUTION_PATTERNS
from .dynamic import DYNAMIC_PATTERNS
from .elementwise import ELEMENTWISE_PATTERNS
from .indexing import INDEXING_PATTERNS
from .movement import MOVEMENT_PATTERNS
from .place import PLACE_PATTERNS

PATTERNS: tuple[RewritePattern, ...] = (
    *DYNAMIC_PATTERNS,
    *ELEMENTWISE_PATTERNS,
    *MOVEMENT_PATTERNS,
    *INDEXING_PATTERNS,
    *PLACE_PATTERNS,
    *CONTROL_PATTERNS,
    *CONVOLUTION_PATTERNS,
)


@cache
def patterns_of(cls: type[Operation]) -> tuple[RewritePattern, ...]:
    """The patterns whose root may be an op of class `cls`."""
    return tuple(pattern for pattern in PATTERNS if issubclass(cls, root_types(pattern)))
