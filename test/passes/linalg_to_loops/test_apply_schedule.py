"""What schedule-kernels writes and apply-schedule obeys, against numpy: random generics, shapes, views, tiles."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit import jit
from linalg_reference import DTYPES, run_linalg
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module
from upstream import complaints, needs_mlir_opt
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import FunctionType, MemRefType, ModuleOp

OPTIONS = ("vector-width=1", "vector-width=16", "vector-width=8", "vector-width=16 unroll=3 vectors=2")


def lower(text: str, options: str) -> ModuleOp:
    module = parse_module(Context(), text)
    module.verify()
    run_passes(Context(), module, parse_passes(f"schedule-kernels{{{options}}},apply-schedule"), verify_each=True)
    assert not [op.name for op in module.walk() if op.name.startswith("linalg.")]
    return module


def allocations_to_arguments(module: ModuleOp) -> list[Any]:
    """Make each allocation a last argument; arrays for them come back."""
    function = next(op for op in reversed(list(module.body.block.ops)) if isinstance(op, func.FuncOp))
    block = function.body.block
    arrays: list[Any] = []
    for op in [op for op in block.ops if isinstance(op, memref.AllocOp)]:
        arg = block.insert_arg(op.memref.type, len(block.args))
        op.memref.replace_all_uses_with(arg)
        block.erase_op(op)
        arrays.append(np.full(arg.type.get_shape(), 77, DTYPES[arg.type.element_type]))
    function.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
    return arrays


def random_arguments(text: str, seed: int = 0) -> list[Any]:
    module = parse_module(Context(), text)
    function = next(op for op in reversed(list(module.body.block.ops)) if isinstance(op, func.FuncOp))
    rng = np.random.default_rng(seed)
    arrays: list[Any] = []
    for arg in function.body.block.args:
        kind = arg.type
        assert isinstance(kind, MemRefType)
        dtype = np.dtype(DTYPES[kind.element_type])
        whole = rng.integers(-4, 5, kind.get_shape()) / (4 if dtype.kind == "f" else 1)
        arrays.append(np.ascontiguousarray((whole > 0 if dtype.kind == "b" else whole).astype(dtype)))
    return arrays


def check(text: str, *options: str, indices: tuple[int, ...] = (), limit: int = 0) -> None:
    """Every option gives what numpy gives. Arguments numbered `indices` are row numbers below `limit`."""
    given_ = random_arguments(text)
    for n in indices:
        given_[n] = np.abs(given_[n]) % limit
    expected = [a.copy() for a in given_]
    run_linalg(parse_module(Context(), text), *expected)
    for option in options or OPTIONS:
        module = lower(text, option)
        got = [a.copy() for a in given_]
        extra = allocations_to_arguments(module)
        jit(module)(*got, *extra)
        for n, (a, b) in enumerate(zip(got, expected, strict=True)):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=f"{option}, argument {n}")


def kind(shape: tuple[int, ...], element: str = "f32") -> str:
    return "memref<" + "".join(f"{n}x" for n in shape) + element + ">"


def generic(ins: list[tuple[str, str, str]], out: tuple[str, str, str], iterators: str, body: str) -> str:
    """One linalg.generic; operands are (name, type, map), iterators "ppr", the body's arguments %0, %1, ..., %o."""
    names = {"p": '"parallel"', "r": '"reduction"'}
    maps = ", ".join(f"affine_map<{m}>" for _, _, m in (*ins, out))
    args = [f"%{n}: {element(t)}" for n, (_, t, _) in enumerate(ins)] + [f"%o: {element(out[1])}"]
    given_ = f"ins({', '.join(v for v, _, _ in ins)} : {', '.join(t for _, t, _ in ins)}) " if ins else ""
    return (
        f"  linalg.generic {{indexing_maps = [{maps}], iterator_types = [{', '.join(names[i] for i in iterators)}]}} "
        f"{given_}outs({out[0]} : {out[1]}) {{\n  ^bb0({', '.join(args)}):\n    {body}\n  }}\n"
    )


def element(memref_type: str) -> str:
    return re.sub(r"^memref<(?:\d+x)*([a-z0-9]+).*", r"\1", memref_type)


def function(args: dict[str, str], body: str) -> str:
    return f"func.func @k({', '.join(f'{n}: {t}' for n, t in args.items())}) {{\n{body}  func.return\n}}\n"


MUL_ADD = "%p = arith.mulf %0, %1 : f32\n    %s = arith.addf %o, %p : f32\n    linalg.yield %s : f32"
ZERO = "  %z = arith.constant 0.0 : f32\n"
BIAS_RELU = (
    "%s = arith.addf %0, %1 : f32\n    %z0 = arith.constant 0.0 : f32\n"
    "    %r = arith.maximumf %s, %z0 : f32\n    linalg.yield %r : f32"
)


def matmul(m: int, n: int, k: int, *, transposed: bool = False, epilogue: bool = True) -> str:
    a, b, c = kind((m, k)), kind((n, k) if transposed else (k, n)), kind((m, n))
    right = "(i, j, k) -> (j, k)" if transposed else "(i, j, k) -> (k, j)"
    body = ZERO + f"  %t = memref.alloc() : {c}\n  linalg.fill ins(%z : f32) outs(%t : {c})\n"
    out = ("%t", c, "(i, j, k) -> (i, j)")
    body += generic([("%a", a, "(i, j, k) -> (i, k)"), ("%b", b, right)], out, "ppr", MUL_ADD)
    if epilogue:
        place = "(i, j) -> (i, j)"
        ins = [("%t", c, place), ("%bias", kind((n,)), "(i, j) -> (j)")]
        body += generic(ins, ("%out", c, place), "pp", BIAS_RELU)
    else:
        body += f'  "memref.copy"(%t, %out) : ({c}, {c}) -> ()\n'
    return function({"%a": a, "%b": b, "%bias": kind((n,)), "%out": c}, body)


@given(
    m=st.integers(1, 9),
    n=st.sampled_from((1, 2, 3, 15, 16, 17, 24, 33, 50)),
    k=st.sampled_from((1, 2, 7, 16, 35)),
    transposed=st.booleans(),
    epilogue=st.booleans(),
    width=st.sampled_from((1, 4, 8, 16)),
    unroll=st.integers(0, 4),
    vectors=st.integers(0, 3),
)
@settings(deadline=None, max_examples=25)
def test_matmul(m, n, k, transposed, epilogue, width, unroll, vectors):
    text = matmul(m, n, k, transposed=transposed, epilogue=epilogue)
    check(text, f"vector-width={width} unroll={unroll} vectors={vectors}")


def conv(h: int, w: int, c: int, f: int, kernel: int, stride: int, *, depthwise: bool = False) -> str:
    oh, ow = (h - kernel) // stride + 1, (w - kernel) // stride + 1
    x, out = kind((1, h, w, c)), kind((1, oh, ow, c if depthwise else f))
    weight = kind((kernel, kernel, c) if depthwise else (kernel, kernel, c, f))
    if depthwise:
        dims, wmap, omap, xc, its = "(n, h, w, c, p, q)", "(p, q, c)", "(n, h, w, c)", "c", "pppprr"
    else:
        dims, wmap, omap, xc, its = "(n, h, w, f, p, q, c)", "(p, q, c, f)", "(n, h, w, f)", "c", "pppprrr"
    xmap = f"{dims} -> (n, h * {stride} + p, w * {stride} + q, {xc})"
    body = ZERO + f"  linalg.fill ins(%z : f32) outs(%out : {out})\n"
    body += generic(
        [("%x", x, xmap), ("%w", weight, f"{dims} -> {wmap}")], ("%out", out, f"{dims} -> {omap}"), its, MUL_ADD
    )
    return function({"%x": x, "%w": weight, "%out": out}, body)


@given(
    size=st.integers(3, 7),
    c=st.sampled_from((1, 3, 4, 18)),
    f=st.sampled_from((1, 5, 16, 40)),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    depthwise=st.booleans(),
    option=st.sampled_from(OPTIONS),
)
@settings(deadline=None, max_examples=25)
def test_convolution(size, c, f, kernel, stride, depthwise, option):
    check(conv(size, size + 1, c, f, kernel, stride, depthwise=depthwise), option)


@given(
    extents=st.lists(st.sampled_from((1, 2, 3, 16, 19)), min_size=1, max_size=3),
    data=st.data(),
    option=st.sampled_from(OPTIONS),
)
@settings(deadline=None, max_examples=40)
def test_any_generic(extents, data, option):
    """A random reduction or map: each operand over a random choice of the loops, in a random order, strides and all."""
    rank = len(extents)
    iterators = data.draw(st.lists(st.sampled_from("ppr"), min_size=rank, max_size=rank))
    dims = f"({', '.join(f'd{i}' for i in range(rank))})"

    def operand(name: str, loops: list[int]) -> tuple[str, str, str]:
        order = data.draw(st.permutations(loops))
        scale = [data.draw(st.sampled_from((1, 1, 2))) if name != "%out" else 1 for _ in order]
        shape = tuple((extents[d] - 1) * s + 1 if s > 1 else extents[d] for d, s in zip(order, scale, strict=True))
        places = ", ".join(f"d{d}" if s == 1 else f"d{d} * {s}" for d, s in zip(order, scale, strict=True))
        return name, kind(shape), f"{dims} -> ({places})"

    chosen = st.lists(st.booleans(), min_size=rank, max_size=rank)
    first = operand("%x", [d for d, yes in enumerate(data.draw(chosen)) if yes])
    second = ("%y", kind(tuple(extents)), f"{dims} -> {dims}")
    out = operand("%out", [d for d in range(rank) if iterators[d] == "p"])
    combine = data.draw(st.sampled_from(("addf", "maximumf", "minimumf")))
    old = "%o" if "r" in iterators or data.draw(st.booleans()) else "%0"
    body = f"%p = arith.mulf %0, %1 : f32\n    %s = arith.{combine} {old}, %p : f32\n    linalg.yield %s : f32"
    text = function(
        {"%x": first[1], "%y": second[1], "%out": out[1]}, generic([first, second], out, "".join(iterators), body)
    )
    check(text, option)


def test_views_fold_into_the_index():
    """A padded copy: the inner part is a subview; a reshape on the way back."""
    inner = "memref<3x5x4xf32, strided<[28, 4, 1], offset: 32>>"
    three, two = "(i, j, k) -> (i, j, k)", "(i, j) -> (i, j)"
    body = (
        ZERO
        + "  %p = memref.alloc() : memref<5x7x4xf32>\n  linalg.fill ins(%z : f32) outs(%p : memref<5x7x4xf32>)\n"
        + f"  %v = memref.subview %p[1, 1, 0] [3, 5, 4] [1, 1, 1] : memref<5x7x4xf32> to {inner}\n"
        + generic([("%x", kind((3, 5, 4)), three)], ("%v", inner, three), "ppp", "linalg.yield %0 : f32")
        + "  %c = memref.collapse_shape %p [[0], [1, 2]] : memref<5x7x4xf32> into memref<5x28xf32>\n"
        + generic([("%c", kind((5, 28)), two)], ("%out", kind((5, 28)), two), "pp", "linalg.yield %0 : f32")
    )
    check(function({"%x": kind((3, 5, 4)), "%out": kind((5, 28))}, body))


def test_gather_of_rows_is_vectorized():
    body = (
        "%i = arith.index_cast %0 : i64 to index\n    %j = linalg.index 1 : index\n"
        "    %v = memref.load %table[%i, %j] : memref<9x20xf32>\n    linalg.yield %v : f32"
    )
    ins = [("%rows", kind((6,), "i64"), "(i, j) -> (i)")]
    text = function(
        {"%rows": kind((6,), "i64"), "%table": kind((9, 20)), "%out": kind((6, 20))},
        generic(ins, ("%out", kind((6, 20)), "(i, j) -> (i, j)"), "pp", body),
    )
    check(text, indices=(0,), limit=9)
    assert "vector.load %table" in str(lower(text, "vector-width=16"))


def test_gather_of_columns_stays_scalar():
    body = (
        "%j = arith.index_cast %0 : i64 to index\n    %i = linalg.index 0 : index\n"
        "    %v = memref.load %table[%i, %j] : memref<6x20xf32>\n    linalg.yield %v : f32"
    )
    ins = [("%columns", kind((17,), "i64"), "(i, j) -> (j)")]
    text = function(
        {"%columns": kind((17,), "i64"), "%table": kind((6, 20)), "%out": kind((6, 17))},
        generic(ins, ("%out", kind((6, 17)), "(i, j) -> (i, j)"), "pp", body),
    )
    check(text, indices=(0,), limit=17)
    assert "vector" not in str(lower(text, "vector-width=16"))


def test_index_as_a_value_of_each_lane():
    body = (
        "%j = linalg.index 1 : index\n    %i = arith.index_cast %j : index to i32\n"
        "    %f = arith.sitofp %i : i32 to f32\n    %s = arith.mulf %f, %0 : f32\n    linalg.yield %s : f32"
    )
    ins = [("%x", kind((3, 21)), "(i, j) -> (i, j)")]
    check(
        function(
            {"%x": kind((3, 21)), "%out": kind((3, 21))},
            generic(ins, ("%out", kind((3, 21)), "(i, j) -> (i, j)"), "pp", body),
        )
    )


def test_comparison_and_select_in_lanes():
    body = (
        "%z0 = arith.constant 0.0 : f32\n    %t = arith.constant 0.1 : f32\n"
        "    %c = arith.cmpf ogt, %0, %z0 : f32\n    %m = arith.mulf %0, %t : f32\n"
        "    %s = arith.select %c, %0, %m : f32\n    linalg.yield %s : f32"
    )
    ins = [("%x", kind((37,)), "(i) -> (i)")]
    check(
        function({"%x": kind((37,)), "%out": kind((37,))}, generic(ins, ("%out", kind((37,)), "(i) -> (i)"), "p", body))
    )


@pytest.mark.parametrize("divisor", (7, -3, 1, 8))
def test_division_by_a_constant_runs_in_lanes(divisor: int):
    """Also in the lanes of an edge that are masked off: 37 = 2 * 16 + 5."""
    body = (
        f"%d = arith.constant {divisor} : i32\n    %q = arith.divsi %0, %d : i32\n"
        "    %r = arith.remsi %0, %d : i32\n    %s = arith.xori %q, %r : i32\n    linalg.yield %s : i32"
    )
    ins = [("%x", kind((37,), "i32"), "(i) -> (i)")]
    outs = ("%out", kind((37,), "i32"), "(i) -> (i)")
    text = function({"%x": kind((37,), "i32"), "%out": kind((37,), "i32")}, generic(ins, outs, "p", body))
    assert "memref.load" not in str(lower(text, "vector-width=16"))
    x = np.random.default_rng(0).integers(-(2**31), 2**31, 37).astype(np.int32)
    x[:4] = -(2**31), 2**31 - 1, 0, -1
    got = np.zeros_like(x)
    jit(lower(text, "vector-width=16"))(x, got)
    quotient = np.trunc(x / np.float64(divisor)).astype(np.int32)
    np.testing.assert_array_equal(got, quotient ^ (x - quotient * divisor))


@pytest.mark.parametrize("divisor", (0, -1))
def test_division_that_may_trap_stays_scalar(divisor: int):
    body = f"%d = arith.constant {divisor} : i32\n    %q = arith.divsi %0, %d : i32\n    linalg.yield %q : i32"
    ins = [("%x", kind((37,), "i32"), "(i) -> (i)")]
    outs = ("%out", kind((37,), "i32"), "(i) -> (i)")
    text = function({"%x": kind((37,), "i32"), "%out": kind((37,), "i32")}, generic(ins, outs, "p", body))
    assert "vector" not in str(lower(text, "vector-width=16"))


def test_integer_division_stays_scalar():
    body = "%s = arith.remsi %0, %1 : i32\n    linalg.yield %s : i32"
    text = function(
        {"%x": kind((37,), "i32"), "%y": kind((1,), "i32"), "%out": kind((37,), "i32")},
        generic(
            [("%x", kind((37,), "i32"), "(i) -> (i)"), ("%y", kind((1,), "i32"), "(i) -> (0)")],
            ("%out", kind((37,), "i32"), "(i) -> (i)"),
            "p",
            body,
        ),
    )
    assert "vector" not in str(lower(text, "vector-width=16"))


def test_two_results_with_their_fills():
    """The largest element of a row and where it stands: no single combiner, so rows stay scalar, columns do not."""
    body = (
        "%j = linalg.index 1 : index\n    %i = arith.index_cast %j : index to i64\n"
        "    %c = arith.cmpf ogt, %0, %o : f32\n    %v = arith.select %c, %0, %o : f32\n"
        "    %w = arith.select %c, %i, %p : i64\n    linalg.yield %v, %w : f32, i64"
    )
    for order, shape in (("(i, j)", (7, 20)), ("(j, i)", (20, 7))):
        text = (
            f"func.func @k(%x: {kind(shape)}, %best: memref<7xf32>, %at: memref<7xi64>) {{\n"
            "  %low = arith.constant -1.0e30 : f32\n  %none = arith.constant 0 : i64\n"
            "  linalg.fill ins(%low : f32) outs(%best : memref<7xf32>)\n"
            "  linalg.fill ins(%none : i64) outs(%at : memref<7xi64>)\n"
            f"  linalg.generic {{indexing_maps = [affine_map<(i, j) -> {order}>, affine_map<(i, j) -> (i)>, "
            'affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} '
            f"ins(%x : {kind(shape)}) outs(%best, %at : memref<7xf32>, memref<7xi64>) {{\n"
            f"  ^bb0(%0: f32, %o: f32, %p: i64):\n    {body}\n  }}\n  func.return\n}}\n"
        )
        check(text)


@pytest.mark.parametrize("option", OPTIONS)
def test_in_place_chain(option: str):
    """softmax without its maximum: exp in place, a sum of rows, a division in place."""
    two, row = "(i, j) -> (i, j)", "(i, j) -> (i)"
    t, s = kind((5, 19)), kind((5,))
    body = (
        ZERO
        + f"  %s = memref.alloc() : {s}\n"
        + generic([], ("%x", t, two), "pp", "%e = math.exp %o : f32\n    linalg.yield %e : f32")
        + f"  linalg.fill ins(%z : f32) outs(%s : {s})\n"
        + generic([("%x", t, two)], ("%s", s, row), "pr", "%a = arith.addf %o, %0 : f32\n    linalg.yield %a : f32")
        + generic([("%s", s, row)], ("%x", t, two), "pp", "%d = arith.divf %o, %0 : f32\n    linalg.yield %d : f32")
    )
    check(function({"%x": t}, body), option)


def test_rank_zero():
    check(
        function(
            {"%x": kind((40,)), "%out": kind(())},
            generic(
                [("%x", kind((40,)), "(i) -> (i)")],
                ("%out", kind(()), "(i) -> ()"),
                "r",
                "%a = arith.addf %o, %0 : f32\n    linalg.yield %a : f32",
            ),
        )
    )


CASTED = "%a = arith.extsi %0 : i8 to i32\n    %b = arith.extsi %1 : i8 to i32\n    %p = arith.muli %a, %b : i32\n    "


@pytest.mark.parametrize("option", OPTIONS)
def test_quantized_product_and_its_rounding(option: str):
    """i8 times i8 into i32, which sets the lanes; then back to i8."""
    x, w, acc, out = kind((5, 9), "i8"), kind((9, 37), "i8"), kind((5, 37), "i32"), kind((5, 37), "i8")
    body = (
        f"  %z = arith.constant 0 : i32\n  %t = memref.alloc() : {acc}\n  linalg.fill ins(%z : i32) outs(%t : {acc})\n"
    )
    ins = [("%x", x, "(i, j, k) -> (i, k)"), ("%w", w, "(i, j, k) -> (k, j)")]
    add = CASTED + "%s = arith.addi %o, %p : i32\n    linalg.yield %s : i32"
    body += generic(ins, ("%t", acc, "(i, j, k) -> (i, j)"), "ppr", add)
    narrow = "%s = arith.trunci %0 : i32 to i8\n    linalg.yield %s : i8"
    body += generic([("%t", acc, ID)], ("%out", out, ID), "pp", narrow)
    check(function({"%x": x, "%w": w, "%out": out}, body), option)


@pytest.mark.parametrize(("element", "lanes"), [("f64", 8), ("f32", 16), ("f16", 32), ("i64", 8), ("i8", 64)])
def test_lanes_fill_a_register_of_any_type(element: str, lanes: int):
    op = "addf" if element.startswith("f") else "addi"
    body = f"%s = arith.{op} %0, %0 : {element}\n    linalg.yield %s : {element}"
    x = kind((131,), element)
    text = function({"%x": x, "%out": x}, generic([("%x", x, "(i) -> (i)")], ("%out", x, "(i) -> (i)"), "p", body))
    check(text)
    assert f"vector<{lanes}x{element}>" in str(lower(text, "vector-width=16"))


def test_booleans_in_memory_stay_scalar():
    """A byte each in memory, a bit each in a vector."""
    body = "%z0 = arith.constant 0.0 : f32\n    %c = arith.cmpf ogt, %0, %z0 : f32\n    linalg.yield %c : i1"
    x, out = kind((20,)), kind((20,), "i1")
    text = function({"%x": x, "%out": out}, generic([("%x", x, "(i) -> (i)")], ("%out", out, "(i) -> (i)"), "p", body))
    check(text)
    assert "vector" not in str(lower(text, "vector-width=16"))


@pytest.mark.parametrize("shape", [(0, 5, 4), (3, 0, 4), (3, 5, 0)])
def test_empty_loops(shape: tuple[int, int, int]):
    """Nothing to write, or nothing to add up: then the bias and relu of zero."""
    check(matmul(*shape))


@pytest.mark.parametrize("options", ["vector-width=12", "vector-width=0", "vector-width=8 unroll=-1"])
def test_bad_options(options: str):
    with pytest.raises(StepwellError, match="schedule-kernels"):
        lower(matmul(2, 2, 2), options)


@pytest.mark.parametrize(
    "options", ["vector-width=16 unroll=30", "vector-width=16 vectors=40", "vector-width=1 unroll=3"]
)
def test_a_tile_that_no_machine_holds_is_still_right(options: str):
    check(matmul(33, 40, 7), options)


def test_a_dynamic_shape_is_refused():
    with pytest.raises(StepwellError, match="no static shape"):
        lower(
            function({"%x": "memref<?xf32>"}, "  %z = arith.constant 0.0 : f32\n").replace(
                "func.return", "linalg.fill ins(%z : f32) outs(%x : memref<?xf32>)\n  func.return"
            ),
            "vector-width=1",
        )


ID, FLIP, ROWS, COLUMNS = "(i, j) -> (i, j)", "(i, j) -> (j, i)", "(i, j) -> (i)", "(i, j) -> (j)"
SQUARES, VECTORS = ("%a", "%b", "%s", "%t"), ("%u", "%v", "%w")
SQUARE, VECTOR, OLDS = kind((6, 6)), kind((6,)), ("%o", "%0")


@given(data=st.data(), option=st.sampled_from((*OPTIONS, "vector-width=4 unroll=4 vectors=1")))
@settings(deadline=None, max_examples=60)
def test_any_program(data: st.DataObject, option: str):
    """Ops that read and write the same few buffers, in place and transposed: whatever joins keeps the meaning."""

    def pick(choices: tuple[str, ...]) -> str:
        return data.draw(st.sampled_from(choices))

    def source(avoid: str) -> tuple[str, str, str]:
        """An input; the buffer that is written is only read where it is written."""
        name = pick(SQUARES + VECTORS)
        if name in VECTORS:
            return name, VECTOR, pick((ROWS, COLUMNS) if name != avoid else (ROWS,))
        return name, SQUARE, ID if name == avoid else pick((ID, ID, FLIP))

    body = "".join(f"  %{n} = memref.alloc() : {t}\n" for n, t in (("s", SQUARE), ("t", SQUARE), ("w", VECTOR)))
    body += "  %z = arith.constant 0.5 : f32\n"
    body += "".join(f"  linalg.fill ins(%z : f32) outs({n} : {SQUARE})\n" for n in ("%s", "%t"))
    body += f"  linalg.fill ins(%z : f32) outs(%w : {VECTOR})\n"
    for _ in range(data.draw(st.integers(1, 5))):
        match pick(("fill", "map", "map", "map", "sum")):
            case "fill":
                name = pick(SQUARES + VECTORS)
                body += f"  linalg.fill ins(%z : f32) outs({name} : {SQUARE if name in SQUARES else VECTOR})\n"
            case "map":
                out = pick(SQUARES)
                text = "%p = arith.mulf %0, %1 : f32\n    %q = arith.maximumf OLD, %p : f32\n    linalg.yield %q : f32"
                body += generic([source(out), source(out)], (out, SQUARE, ID), "pp", text.replace("OLD", pick(OLDS)))
            case _:
                text = "%p = arith.maximumf %0, %o : f32\n    linalg.yield %p : f32"
                body += generic([(pick(SQUARES), SQUARE, pick((ID, FLIP)))], (pick(VECTORS), VECTOR, ROWS), "pr", text)
    args = {"%a": SQUARE, "%b": SQUARE, "%u": VECTOR, "%v": VECTOR}
    check(function(args, body), option)


CONV_RELU = """
  func.func @k(%x: memref<1x1x6x16xf32>, %w: memref<16x16xf32>,
               %out: memref<1x1x6x16xf32> {stepwell.inplace = array<i64: 0>}) {
    %z = arith.constant 0.0 : f32
    %t = memref.alloc() : memref<1x1x6x16xf32>
    linalg.fill ins(%z : f32) outs(%t : memref<1x1x6x16xf32>)
    linalg.generic {indexing_maps = [affine_map<(n, h, w, f, c) -> (n, h, w, c)>, affine_map<(n, h, w, f, c) -> (c, f)>,
                                     affine_map<(n, h, w, f, c) -> (n, h, w, f)>],
                    iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
        ins(%x, %w : memref<1x1x6x16xf32>, memref<16x16xf32>) outs(%t : memref<1x1x6x16xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %p : f32
      linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [affine_map<(n, h, w, f) -> (n, h, w, f)>, affine_map<(n, h, w, f) -> (n, h, w, f)>,
                                     affine_map<(n, h, w, f) -> (n, h, w, f)>],
                    iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%t, %INPUT : memref<1x1x6x16xf32>, memref<1x1x6x16xf32>) outs(%out : memref<1x1x6x16xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %r = arith.addf %a, %b : f32
      linalg.yield %r : f32
    }
    func.return
  }
"""


def test_an_output_may_no_longer_overwrite_what_its_own_loops_read():
    """The residual is the convolution's own input: it is read across channels while the output is being written."""
    assert "stepwell.inplace" not in str(lower(CONV_RELU.replace("%INPUT", "%x"), "vector-width=16"))


def test_an_output_may_still_overwrite_a_residual():
    text = CONV_RELU.replace("%INPUT", "%y").replace("%w: memref", "%y: memref<1x1x6x16xf32>, %w: memref", 1)
    text = text.replace("array<i64: 0>", "array<i64: 1, 0>")
    assert "stepwell.inplace = array<i64: 1>" in str(lower(text, "vector-width=16"))


@needs_mlir_opt
@pytest.mark.parametrize("option", OPTIONS)
def test_upstream_accepts_what_comes_out(option: str):
    for text in (matmul(5, 50, 35), matmul(3, 4, 50, transposed=True), conv(6, 7, 18, 0, 3, 1, depthwise=True)):
        assert complaints(str(lower(text, option))) == ""
