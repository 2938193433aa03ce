"""What `bind-shapes` refuses, and says."""

from __future__ import annotations

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import run_passes
from stepwell.passes.graph.bind_shapes import BindShapes, parse_shapes
from stepwell.text import parse_module
from xdsl.dialects.func import FuncOp

MODULE = """
func.func @main(%x: tensor<?x8x?xf32> {stepwell.name = "in:0", stepwell.dims = ["batch", 8 : i64, ""]},
                %y: tensor<?x?xf32> {stepwell.name = "y", stepwell.dims = ["batch", ""]}) {
  func.return
}
"""


def bind(text: str) -> list[str]:
    ctx = Context()
    module = parse_module(ctx, MODULE)
    run_passes(ctx, module, [BindShapes(text)])
    main = module.body.block.first_op
    assert isinstance(main, FuncOp)
    return [str(kind) for kind in main.function_type.inputs]


def test_a_dim_without_a_name_is_nobody_elses() -> None:
    assert bind("in:0=4x8x2;y=4x3") == ["tensor<4x8x2xf32>", "tensor<4x3xf32>"]


def test_what_is_not_given_stays_symbolic() -> None:
    assert bind("y=4x3") == ["tensor<4x8x?xf32>", "tensor<4x3xf32>"]


def test_shapes_as_python_has_them() -> None:
    assert BindShapes.of({"in:0": (4, 8, 2), "s": ()}) == BindShapes("in:0=4x8x2;s=")
    assert parse_shapes("in:0=4x8x2;s=") == {"in:0": (4, 8, 2), "s": ()}


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("z=4x8", "no input 'z'", "'in:0', 'y'"),
        ("y=4", "has 2 dims, but is bound to 4, which has 1", "batchx?"),
        ("in:0=4x9x2", "dim 1 of input 'in:0' is 8, but is bound to 9", "batchx8x?"),
        ("in:0=4x8x2;y=5x3", "dim 'batch' is 4 in input 'in:0', but 5 in input 'y'", "one number"),
        ("y=4x-3", "'y=4x-3' is no shape", "name=4x3x224x224"),
        ("4x3", "'4x3' is no shape", "name=4x3x224x224"),
        ("y=4x3;y=4x3", "given two shapes", "one shape"),
    ],
)
def test_errors(text: str, what: str, fix: str) -> None:
    with pytest.raises(StepwellError) as error:
        bind(text)
    assert what in error.value.what and error.value.fix is not None and fix in error.value.fix
