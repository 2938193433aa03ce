"""Matrix multiplication, and the sum of products that it shares with convolution.

    %c = graph.matmul %a, %b : (tensor<2x4x16xf32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
  becomes, over a tensor filled with 0,
    linalg.generic {indexing_maps = [(b, m, n, k) -> (b, m, k), (b, m, n, k) -> (k, n), (b, m, n, k) -> (b, m, n)],
                    iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ...

Batch dims are broadcast by the maps. Sums of 16-bit floats are kept in f32 and rounded once, unless they
stay `wide`; those of bytes are i32, into which each byte is extended by its own sign.
"""

from __future__ import annotations

from stepwell.dialects import graph
from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from .casts import cast
from .lowering import Body, Loops, Lowering, Rules, compute_type, element_of, shape_of, signless


def contract(
    at: Lowering,
    loops: Loops,
    a: tuple[SSAValue, AffineMap],
    b: tuple[SSAValue, AffineMap],
    factors: tuple[Attribute, Attribute],
    element: Attribute,
) -> SSAValue:
    """The sum over the reduction loops of a * b, in the type that `element` is computed in.

    `factors`: the element types of a and b at the graph level, where bytes say whether they have a sign.
    """
    wide = compute_type(element)

    def multiply(b: Body, x: SSAValue, y: SSAValue, *so_far: SSAValue) -> SSAValue:
        if x.type != wide:
            x, y = (cast(kind, wide)(b, factor) for kind, factor in zip(factors, (x, y), strict=True))
        product = b.mul(x, y)
        return b.add(so_far[0], product) if so_far else product

    return at.generic(loops, (a, b), wide, multiply, init=0)


def lower_matmul(op: graph.MatmulOp, at: Lowering) -> SSAValue:
    a, b, shape = at[op.a], at[op.b], shape_of(op.result)
    batch = {f"b{i}": size for i, size in enumerate(shape[:-2])}
    loops = Loops(batch | {"m": shape[-2], "n": shape[-1]}, {"k": shape_of(op.a)[-1]})

    def batched(value: SSAValue, *names: str) -> tuple[SSAValue, AffineMap]:
        own = shape_of(value)[:-2]
        aligned = list(batch)[len(batch) - len(own) :]
        zero = AffineExpr.constant(0)
        dims = [loops[name] if size == batch[name] else zero for name, size in zip(aligned, own, strict=True)]
        return value, loops.map(*dims, *names)

    factors = element_of(op.a), element_of(op.b)
    y = contract(at, loops, batched(a, "m", "k"), batched(b, "k", "n"), factors, element_of(op.result))
    return at.converted(y, signless(element_of(op.result)))


def populate_matmul(rules: Rules) -> None:
    rules["graph.matmul"] = lower_matmul
