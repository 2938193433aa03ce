"""Bring the IR into its simplest equal form: ops' own patterns and folds, equal constants made one, dead code removed.

    %0 = arith.constant 1 : i32
    %1 = arith.constant 1 : i32
    %2 = arith.addi %0, %1 : i32
    %3 = arith.muli %x, %x : i32
    func.return %2 : i32
  becomes
    %2 = arith.constant 2 : i32
    func.return %2 : i32

An op offers patterns through `HasCanonicalizationPatternsInterface` and values through `HasFolder`, as upstream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.builtin import ModuleOp
from xdsl.folder import Folder
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.traits import ConstantLike, HasCanonicalizationPatternsTrait, HasFolder
from xdsl.transforms.dead_code_elimination import region_dce


@dataclass
class Fold(RewritePattern):
    """An op whose results are known is replaced by them; `ctx` says how a dialect writes a constant."""

    ctx: Context

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if (folded := Folder(self.ctx).try_fold(op)) is None:
            return
        values, constants = folded
        rewriter.replace(op, constants, values)


class OpsOwnPatterns:
    """What the ops of one type offer: folding first, then their patterns in order."""

    def __init__(self, ctx: Context) -> None:
        self._fold = Fold(ctx)
        self._found: dict[type[Operation], Sequence[RewritePattern]] = {}

    def __call__(self, op_type: type[Operation]) -> Sequence[RewritePattern]:
        if (found := self._found.get(op_type)) is None:
            folds = op_type.has_trait(HasFolder, value_if_unregistered=False)
            constant = op_type.has_trait(ConstantLike, value_if_unregistered=False)
            traits = op_type.get_traits_of_type(HasCanonicalizationPatternsTrait)
            own = [pattern for trait in traits for pattern in trait.get_patterns(op_type)]
            found = [self._fold, *own] if folds and not constant else own
            self._found[op_type] = found
        return found


def unite_constants(region: Region) -> bool:
    """Two equal constants of a block become the first of them."""
    changed = False
    for block in region.blocks:
        changed |= unite_constants_of(block)
    return changed


def unite_constants_of(block: Block) -> bool:
    seen: dict[object, Operation] = {}
    changed = False
    for op in list(block.ops):
        for region in op.regions:
            changed |= unite_constants(region)
        if not op.has_trait(ConstantLike, value_if_unregistered=False):
            continue
        first = seen.setdefault((type(op), frozen(op.properties), frozen(op.attributes), op.result_types), op)
        if first is op:
            continue
        for old, new in zip(op.results, first.results, strict=True):
            old.replace_all_uses_with(new)
        block.erase_op(op)
        changed = True
    return changed


def frozen(attributes: dict[str, Attribute]) -> frozenset[tuple[str, Attribute]]:
    return frozenset(attributes.items())


def canonicalize(ctx: Context, scope: Operation) -> None:
    """Bring all that `scope` holds into its simplest equal form."""
    patterns = OpsOwnPatterns(ctx)
    changed = True
    while changed:
        apply_patterns(scope, patterns)
        changed = False
        for region in scope.regions:
            changed |= unite_constants(region)
    for region in scope.regions:
        region_dce(region)


@dataclass(frozen=True)
class Canonicalize(FunctionPass):
    name = "canonicalize"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        canonicalize(ctx, module)

    def apply_to(self, ctx: Context, func: Operation) -> None:
        canonicalize(ctx, func)
