"""The C target: C99 source from structured loops, for any C compiler and no library but libm."""

from .pipeline import C_SOURCE, TARGET

__all__ = ["C_SOURCE", "TARGET"]
