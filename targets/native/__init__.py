"""The native target: machine code for the processor that this process runs on, by way of LLVM."""

from .pipeline import TARGET

__all__ = ["TARGET"]
