"""Stepwell: a compiler for neural networks in which every level is a dialect you can read.

program = stepwell.compile("model.onnx")
outputs = program.run({"input": array})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnostics import InputError, StepwellError
    from .driver import compile
    from .program import Program

__version__ = "0.1.0"
__all__ = ["InputError", "Program", "StepwellError", "__version__", "compile"]

PUBLIC = {"compile": "driver", "Program": "program", "StepwellError": "diagnostics", "InputError": "diagnostics"}
"""Where the public names live: loaded when first asked for, so that the tools start fast."""


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'stepwell' has no attribute '{name}'")
    return getattr(import_module(f".{PUBLIC[name]}", __name__), name)
