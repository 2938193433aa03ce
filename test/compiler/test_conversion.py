"""Types in place, patterns, and the proof that nothing is left."""

from __future__ import annotations

import pytest
from stepwell.context import Context
from stepwell.conversion import TypeConverter, check_gone, convert, convert_types
from stepwell.diagnostics import StepwellError
from stepwell.text import parse_module, print_module
from xdsl.dialects.arith import AddiOp, MuliOp
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, TensorType, f32, i64
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

TEXT = """\
func.func @f(%x: index, %t: tensor<4xf32>) -> index {
  %y = arith.addi %x, %x : index
  %z = scf.if %c -> (index) {
    scf.yield %y : index
  } else {
    scf.yield %x : index
  }
  func.return %z : index
}
""".replace("%x: index", "%x: index, %c: i1")


def test_every_value_and_the_function_type_change_in_place():
    module = parse_module(Context(), TEXT, "f.mlir")
    converter = TypeConverter({IndexType: lambda old: i64})
    convert_types(module, converter, attributes=("function_type",))
    assert "index" not in print_module(module)
    assert "func.func @f(%x: i64, %c: i1, %t: tensor<4xf32>) -> i64" in print_module(module)
    module.verify()


def test_a_type_is_converted_once():
    asked: list[TensorType] = []

    def of_tensor(old: TensorType) -> TensorType:
        asked.append(old)
        return TensorType(f32, [1])

    converter = TypeConverter({TensorType: of_tensor})
    old = TensorType(f32, [4])
    assert converter(old) is converter(old) and len(asked) == 1


def test_what_is_false_is_converted_like_anything_else():
    """`bool(IntegerAttr(0))` is False; `converted or old` would lose it."""
    converter = TypeConverter({IntegerAttr: lambda old: IntegerAttr(0, 32)})
    assert converter(IntegerAttr(1, 64)) == IntegerAttr(0, 32)
    assert converter(IntegerAttr(1, 64)) == IntegerAttr(0, 32)


class AddToMul(RewritePattern):
    """x + y is x * y (for a test)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter) -> None:
        assert isinstance(op.lhs.type, IndexType), "patterns see the old types"
        rewriter.replace(op, MuliOp(op.lhs, op.rhs))


def test_patterns_then_types_then_proof():
    module = parse_module(Context(), TEXT, "f.mlir")
    convert(module, [AddToMul()], TypeConverter({IndexType: lambda old: IntegerType(32)}), gone=("arith.addi",))
    assert "arith.muli %x, %x : i32" in print_module(module)


def test_what_is_left_over_is_named_with_its_place():
    module = parse_module(Context(), TEXT, "f.mlir")
    with pytest.raises(StepwellError) as raised:
        check_gone(module, ("scf",))
    assert raised.value.what == "scf.if cannot be converted; left over: scf.yield (2), scf.if (1)"
    assert raised.value.location() == "f.mlir:3:8"
