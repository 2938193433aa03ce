"""The check at the end of a step down is stricter than the one between two steps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.instrumentation import CheckSteps
from stepwell.levels import LEVELS, check_level, level_of, set_level
from stepwell.pass_manager import ModulePass, run_passes
from stepwell.text import parse_module
from xdsl.dialects.builtin import ModuleOp

TEXT = """\
func.func @main(%x: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  func.call @main(%a) : (memref<4xf32>) -> ()
  func.return
}
"""


@pytest.fixture
def module() -> ModuleOp:
    return parse_module(Context(), TEXT, "f.mlir")


def test_a_module_without_a_level_may_hold_anything(module: ModuleOp):
    assert level_of(module) is None
    check_level(module)


@pytest.mark.parametrize("level", LEVELS)
def test_memory_is_allocated_at_the_levels_of_buffers_and_loops(module: ModuleOp, level: str):
    set_level(module, level)
    if level in ("buffers", "loops"):
        check_level(module)
        return
    with pytest.raises(StepwellError, match=f"level '{level}' may not contain") as raised:
        check_level(module)
    if level == "program":
        assert raised.value.location() == "f.mlir:2:8"
        check_level(module, halfway=True)


@dataclass(frozen=True)
class StepTo(ModulePass):
    name = "step-to"
    level: str

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        set_level(module, self.level)


@pytest.mark.parametrize("verify_each", [False, True])
def test_a_step_down_that_leaves_something_behind_fails(module: ModuleOp, verify_each: bool):
    run_passes(Context(), module, [StepTo("loops")], hooks=[CheckSteps()], verify_each=verify_each)
    with pytest.raises(StepwellError, match=r"level 'program' may not contain memref.alloc") as raised:
        run_passes(Context(), module, [StepTo("program")], hooks=[CheckSteps()], verify_each=verify_each)
    assert raised.value.in_pass == "step-to"
