"""Scalar code in a kernel: loops, branches, single elements. For what linalg cannot say: sorts, scatters, searches.

    code = Code(at.builder)
    def step(inner: Code, i: SSAValue, y: SSAValue, sum: SSAValue) -> list[SSAValue]:
        sum = inner.add(sum, inner.extract(x, i))
        return [inner.insert(sum, y, i), sum]
    y, total = code.loop(n, step, at.empty((n,), f32), code.constant(0, f32))
  gives
    %y, %total = scf.for %i = %c0 to %n step %c1 iter_args(%t = %empty, %sum = %zero) -> (tensor<8xf32>, f32) {
      %v = tensor.extract %x[%i] : tensor<8xf32>
      %more = arith.addf %sum, %v : f32
      %u = tensor.insert %more into %t[%i] : tensor<8xf32>
      scf.yield %u, %more : tensor<8xf32>, f32
    }

Values are not changed: what changes is carried. `bufferize` finds that all the tensors above are one buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from stepwell.passes.linalg_to_loops.emit import PARALLEL
from xdsl.builder import Builder
from xdsl.dialects import arith, scf, tensor
from xdsl.dialects.builtin import IndexType, UnitAttr
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.rewriter import InsertPoint

from .lowering import Body, Tensor

Step = Callable[..., Sequence[SSAValue]]
"""`step(code, *values)`: what is handed on."""


class Code(Body):
    """Writes scalar ops, and ops that hold some, at one place."""

    def extract(self, x: SSAValue, *places: SSAValue) -> SSAValue:
        return self.emit(tensor.ExtractOp(x, places, cast(Tensor, x.type).element_type))

    def insert(self, value: SSAValue, into: SSAValue, *places: SSAValue) -> SSAValue:
        return self.emit(tensor.InsertOp(value, into, places))

    def as_index(self, number: SSAValue) -> SSAValue:
        return self.emit(arith.IndexCastOp(number, IndexType()))

    def compare(self, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit(arith.CmpiOp(a, b, predicate))

    def both(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit(arith.AndIOp(a, b))

    def either(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit(arith.OrIOp(a, b))

    def loop(
        self, count: int | SSAValue, step: Step, *carried: SSAValue, first: int | SSAValue = 0, parallel: bool = False
    ) -> list[SSAValue]:
        """`step(code, i, *carried)` for i from `first` to before `count`. `parallel`: in any order, by any threads."""
        lower, upper = (self.position(n) if isinstance(n, int) else n for n in (first, count))
        block = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        self._fill(block, step, scf.YieldOp)
        made = scf.ForOp(lower, upper, self.position(1), carried, Region(block))
        if parallel:
            made.attributes[PARALLEL] = UnitAttr()
        return list(self.builder.insert(made).results)

    def loop_while(self, test: Step, step: Step, *carried: SSAValue) -> list[SSAValue]:
        """While `test(code, *carried)` gives true first, `step(code, *what it gives besides)` gives what is carried
        next; in the end, what the test gave besides. Tensors it has to hand on as they are."""
        before = Block(arg_types=[value.type for value in carried])
        handed = self._fill(before, test, scf.ConditionOp)[1:]
        after = Block(arg_types=[value.type for value in handed])
        self._fill(after, step, scf.YieldOp)
        made = scf.WhileOp(carried, [value.type for value in handed], Region(before), Region(after))
        return list(self.builder.insert(made).results)

    def branch(self, condition: SSAValue, yes: Step, no: Step) -> list[SSAValue]:
        """What `yes(code)` gives where the condition holds, else what `no(code)` gives."""
        blocks = Block(), Block()
        given = [self._fill(block, step, scf.YieldOp) for block, step in zip(blocks, (yes, no), strict=True)]
        types: list[Attribute] = [value.type for value in given[0]]
        made = scf.IfOp(condition, types, Region(blocks[0]), Region(blocks[1]))
        return list(self.builder.insert(made).results)

    @staticmethod
    def _fill(block: Block, step: Step, end: type[scf.YieldOp] | type[scf.ConditionOp]) -> list[SSAValue]:
        code = Code(Builder(InsertPoint.at_end(block)))
        given = list(step(code, *block.args))
        code.builder.insert(end(*given))
        return given
