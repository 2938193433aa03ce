"""Local functions of a model: nodes whose operator the model itself defines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError

if TYPE_CHECKING:
    from onnx import ModelProto


def inline_functions(model: ModelProto, opsets: Mapping[str, int]) -> None:
    if model.functions:
        names = ", ".join(f"'{function.name}'" for function in model.functions)
        raise StepwellError(f"the model has local functions, which are not supported: {names}")
