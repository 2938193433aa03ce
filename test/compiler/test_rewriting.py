"""The greedy driver: which pattern is tried on what, in which order, and where new ops come from."""

from __future__ import annotations

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import describe
from stepwell.rewriting import apply_patterns, counting_patterns, root_types
from stepwell.text import parse_module
from xdsl.dialects.arith import AddiOp, ConstantOp, MuliOp, SubiOp
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class OnMul(RewritePattern):
    """x * y is x - y (for a test)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MuliOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, SubiOp(op.lhs, op.rhs))


class OnMulOrSub(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MuliOp | SubiOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, AddiOp(op.lhs, op.rhs))


class Watch(RewritePattern):
    """A pattern without a type: it is shown every op."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        self.seen.append(op.name)


class AddOfMul(RewritePattern):
    """(x * y) + z is (x - y) - z (for a test): two ops in the place of two."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter) -> None:
        if not isinstance(inner := op.lhs.owner, MuliOp):
            return
        first = SubiOp(inner.lhs, inner.rhs)
        rewriter.replace(op, (first, SubiOp(first.result, op.rhs)))


class Fail(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MuliOp, rewriter: PatternRewriter) -> None:
        raise StepwellError("no products")


TEXT = """\
func.func @f(%x: i32, %y: i32, %z: i32) -> i32 {
  %m = arith.muli %x, %y : i32 loc("mul1")
  %s = arith.addi %m, %z : i32 loc("add1")
  func.return %s : i32
}
"""


@pytest.fixture
def module() -> ModuleOp:
    return parse_module(Context(), TEXT, "f.mlir")


def names(module: ModuleOp) -> list[str]:
    return [op.name for op in module.walk() if op.name.startswith("arith.")]


def test_the_annotation_says_which_ops():
    assert root_types(OnMul()) == (MuliOp,)
    assert set(root_types(OnMulOrSub())) == {MuliOp, SubiOp}
    assert root_types(Watch()) == (Operation,)


def test_order_of_the_list_is_the_order_of_benefit(module: ModuleOp):
    with counting_patterns() as counts:
        assert apply_patterns(module, [OnMulOrSub(), OnMul()])
    assert counts == {"OnMulOrSub": 1}
    assert names(module) == ["arith.addi", "arith.addi"]


def test_what_a_pattern_makes_is_looked_at_again(module: ModuleOp):
    with counting_patterns() as counts:
        apply_patterns(module, [OnMul(), OnMulOrSub()])
    assert counts == {"OnMul": 1, "OnMulOrSub": 1}


def test_a_pattern_without_a_type_sees_every_op_and_nothing_changes(module: ModuleOp):
    watch = Watch()
    assert not apply_patterns(module, [watch])
    assert watch.seen == ["func.func", "arith.muli", "arith.addi", "func.return"]


def test_a_new_op_stands_where_the_replaced_one_stood(module: ModuleOp):
    apply_patterns(module, [OnMul()])
    (sub,) = (op for op in module.walk() if isinstance(op, SubiOp))
    assert describe(sub.location) == "node 'mul1'"


def test_an_op_that_stands_for_two_has_both_locations(module: ModuleOp):
    apply_patterns(module, [AddOfMul()])
    assert names(module) == ["arith.subi", "arith.subi"]
    for op in module.walk():
        if isinstance(op, SubiOp):
            assert describe(op.location) == "node 'mul1' and node 'add1'"


def test_an_op_that_is_still_used_lends_no_location():
    text = TEXT.replace("func.return %s : i32", "func.return %s, %m : i32, i32").replace("-> i32", "-> (i32, i32)")
    module = parse_module(Context(), text, "f.mlir")
    apply_patterns(module, [AddOfMul()])
    assert names(module) == ["arith.muli", "arith.subi", "arith.subi"]
    assert [describe(op.location) for op in module.walk() if isinstance(op, SubiOp)] == ["node 'add1'"] * 2


def test_a_location_that_a_pattern_states_is_kept(module: ModuleOp):
    class Stating(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: MuliOp, rewriter: PatternRewriter) -> None:
            new = SubiOp(op.lhs, op.rhs)
            new.location = next(o.location for o in module.walk() if isinstance(o, AddiOp))
            rewriter.replace(op, new)

    apply_patterns(module, [Stating()])
    (sub,) = (op for op in module.walk() if isinstance(op, SubiOp))
    assert describe(sub.location) == "node 'add1'"


def test_dead_ops_without_effects_go_with_all_that_only_they_used():
    text = TEXT.replace("func.return %s : i32", "func.return %x : i32")
    module = parse_module(Context(), text, "f.mlir")
    with counting_patterns() as counts:
        assert apply_patterns(module, [])
    assert names(module) == [] and counts == {"erase dead op": 2}


def test_an_error_of_a_pattern_says_on_which_op(module: ModuleOp):
    with pytest.raises(StepwellError) as raised:
        apply_patterns(module, [Fail()])
    assert raised.value.location() == "node 'mul1'"


def test_no_end_names_the_patterns(module: ModuleOp):
    class Grow(RewritePattern):
        @op_type_rewrite_pattern
        def match_and_rewrite(self, op: MuliOp, rewriter: PatternRewriter) -> None:
            zero = ConstantOp.from_int_and_width(0, 32)
            rewriter.replace(op, (zero, MuliOp(op.lhs, op.rhs)))

    with pytest.raises(StepwellError, match=r"after 101 rewritings these patterns still fire: .*Grow"):
        apply_patterns(module, [Grow()], max_rewrites=100)
