"""Memory, vectors and control flow as loops-to-llvm lowers them, run on this machine and held against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jit import jit


def function(params: str, body: str) -> str:
    constants = "\n".join(f"  %c{n} = arith.constant {n} : index" for n in (0, 1, 2, 3, 4, 5, 8, 16, 20))
    return f"func.func @f({params}) {{\n{constants}\n{body}\n  func.return\n}}"


def test_strided_subview_and_reshapes() -> None:
    """Rows 1, 2 and columns 3 to 7 of an 8 x 16, as 10 numbers; then the same through a dynamic offset."""
    text = function(
        "%m: memref<8x16xf32>, %out: memref<2x5xf32>, %row: index",
        """
  %s = memref.subview %m[1, 3] [2, 5] [1, 1] : memref<8x16xf32> to memref<2x5xf32, strided<[16, 1], offset: 19>>
  %d = memref.subview %m[%row, 3] [2, 5] [1, 1] : memref<8x16xf32> to memref<2x5xf32, strided<[16, 1], offset: ?>>
  %flat = memref.collapse_shape %out [[0, 1]] : memref<2x5xf32> into memref<10xf32>
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %j = %c0 to %c5 step %c1 {
      %a = memref.load %s[%i, %j] : memref<2x5xf32, strided<[16, 1], offset: 19>>
      %b = memref.load %d[%i, %j] : memref<2x5xf32, strided<[16, 1], offset: ?>>
      %v = arith.subf %a, %b : f32
      %at0 = arith.muli %i, %c5 : index
      %at = arith.addi %at0, %j : index
      memref.store %v, %flat[%at] : memref<10xf32>
    }
  }""",
    )
    m = np.random.default_rng(0).random((8, 16), np.float32)
    out = np.zeros((2, 5), np.float32)
    jit(text)(m, out, 4)
    np.testing.assert_array_equal(out, m[1:3, 3:8] - m[4:6, 3:8])


def test_view_of_bytes() -> None:
    text = function(
        "%arena: memref<256xi8>, %out: memref<4xf32>",
        """
  %at = arith.constant 64 : index
  %v = memref.view %arena[%at][] : memref<256xi8> to memref<4xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    %a = memref.load %v[%i] : memref<4xf32>
    memref.store %a, %out[%i] : memref<4xf32>
  }""",
    )
    arena = np.zeros(256, np.uint8)
    arena[64:80] = np.arange(4, dtype=np.float32).view(np.uint8)
    out = np.zeros(4, np.float32)
    jit(text)(arena, out)
    np.testing.assert_array_equal(out, np.arange(4))


@pytest.mark.parametrize(
    "source,window",
    [
        ("memref<8x16xf32>", None),
        ("memref<8x16xf32, strided<[20, 1], offset: 3>>", (slice(None), slice(3, 19))),
    ],
    ids=["contiguous", "strided"],
)
def test_copy(source: str, window: Any) -> None:
    view = f"%s = memref.subview %m[0, 3] [8, 16] [1, 1] : memref<8x20xf32> to {source}" if window else ""
    name, type = ("%s", source) if window else ("%m", source)
    given = "memref<8x20xf32>" if window else source
    text = function(
        f"%m: {given}, %out: memref<8x16xf32>",
        f'  {view}\n  "memref.copy"({name}, %out) : ({type}, memref<8x16xf32>) -> ()',
    )
    m = np.random.default_rng(0).random((8, 20 if window else 16), np.float32)
    out = np.zeros((8, 16), np.float32)
    jit(text)(m, out)
    np.testing.assert_array_equal(out, m[window] if window else m)


@pytest.mark.parametrize("bounds", [(0, 5), (5, 5), (7, 3)])
def test_loop_that_may_not_run(bounds: tuple[int, int]) -> None:
    """Bounds that are only known when it runs: a loop with lower >= upper gives its initial values."""
    text = """
func.func @f(%low: index, %high: index) -> i64 {
  %c1 = arith.constant 1 : index
  %init = arith.constant 100 : i64
  %r = scf.for %i = %low to %high step %c1 iter_args(%s = %init) -> (i64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.addi %s, %k : i64
    scf.yield %t : i64
  }
  func.return %r : i64
}"""
    assert jit(text)(*bounds) == 100 + sum(range(*bounds))


def test_if_with_and_without_else() -> None:
    text = function(
        "%m: memref<16xi32>, %out: memref<16xi32>",
        """
  %zero = arith.constant 0 : i32
  %ten = arith.constant 10 : i32
  scf.for %i = %c0 to %c16 step %c1 {
    %v = memref.load %m[%i] : memref<16xi32>
    %negative = arith.cmpi slt, %v, %zero : i32
    %a = scf.if %negative -> (i32) {
      %n = arith.subi %zero, %v : i32
      scf.yield %n : i32
    } else {
      scf.yield %v : i32
    }
    memref.store %a, %out[%i] : memref<16xi32>
    %big = arith.cmpi sgt, %a, %ten : i32
    scf.if %big {
      memref.store %ten, %out[%i] : memref<16xi32>
    }
  }""",
    )
    m = np.arange(-20, 12, 2, dtype=np.int32)
    out = np.zeros(16, np.int32)
    jit(text)(m, out)
    np.testing.assert_array_equal(out, np.minimum(np.abs(m), 10))


def test_while() -> None:
    """The smallest power of two that is not below n."""
    text = """
func.func @f(%n: i64) -> i64 {
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %r = scf.while (%p = %one) : (i64) -> i64 {
    %less = arith.cmpi slt, %p, %n : i64
    scf.condition(%less) %p : i64
  } do {
  ^bb0(%q: i64):
    %next = arith.muli %q, %two : i64
    scf.yield %next : i64
  }
  func.return %r : i64
}"""
    f = jit(text)
    assert [f(n) for n in (0, 1, 2, 3, 17, 1024)] == [1, 1, 2, 4, 32, 1024]


def test_unstructured_branches() -> None:
    text = """
func.func @f(%n: i64) -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  cf.br ^loop(%zero, %zero : i64, i64)
^loop(%i: i64, %sum: i64):
  %more = arith.cmpi slt, %i, %n : i64
  cf.cond_br %more, ^body, ^end
^body:
  %sum2 = arith.addi %sum, %i : i64
  %i2 = arith.addi %i, %one : i64
  cf.br ^loop(%i2, %sum2 : i64, i64)
^end:
  func.return %sum : i64
}"""
    f = jit(text)
    assert [f(n) for n in (0, 1, 10)] == [0, 0, 45]


def test_call_of_a_kernel() -> None:
    text = """
func.func private @add_one(%a: memref<4xf32>, %b: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %one = arith.constant 1.0 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %a[%i] : memref<4xf32>
    %w = arith.addf %v, %one : f32
    memref.store %w, %b[%i] : memref<4xf32>
  }
  func.return
}
func.func @main(%a: memref<4xf32>, %b: memref<4xf32>) {
  func.call @add_one(%a, %b) : (memref<4xf32>, memref<4xf32>) -> ()
  func.call @add_one(%b, %b) : (memref<4xf32>, memref<4xf32>) -> ()
  func.return
}"""
    a, b = np.arange(4, dtype=np.float32), np.zeros(4, np.float32)
    jit(text)(a, b)
    np.testing.assert_array_equal(b, a + 2)


@pytest.mark.parametrize("kind,dtype", [("f32", np.float32), ("i8", np.int8), ("i64", np.int64), ("i1", np.bool_)])
@pytest.mark.parametrize("count", [-3, 0, 1, 5, 8, 9])
def test_masks(kind: str, dtype: Any, count: int) -> None:
    """The first lanes only are read and written; the others keep what was passed through, or what was there."""
    text = function(
        f"%m: memref<8x{kind}>, %p: memref<8x{kind}>, %out: memref<8x{kind}>, %low: memref<8x{kind}>, %n: index",
        f"""
  %mask = vector.create_mask %n : vector<8xi1>
  %pass = vector.load %p[%c0] : memref<8x{kind}>, vector<8x{kind}>
  %v = vector.maskedload %m[%c0], %mask, %pass : memref<8x{kind}>, vector<8xi1>, vector<8x{kind}> into vector<8x{kind}>
  vector.store %v, %out[%c0] : memref<8x{kind}>, vector<8x{kind}>
  vector.maskedstore %low[%c0], %mask, %v : memref<8x{kind}>, vector<8xi1>, vector<8x{kind}>""",
    )
    rng = np.random.default_rng(0)
    m, p, low = (rng.integers(0, 2 if kind == "i1" else 100, 8).astype(dtype) for _ in range(3))
    before, out = low.copy(), np.zeros(8, dtype)
    jit(text)(m, p, out, low, count)
    first = np.arange(8) < count
    np.testing.assert_array_equal(out, np.where(first, m, p))
    np.testing.assert_array_equal(low, np.where(first, m, before))


def test_mask_of_a_known_count() -> None:
    text = function(
        "%out: memref<8xi1>",
        """
  %mask = vector.create_mask %c3 : vector<8xi1>
  vector.store %mask, %out[%c0] : memref<8xi1>, vector<8xi1>""",
    )
    out = np.zeros(8, np.bool_)
    jit(text)(out)
    assert out.tolist() == [True] * 3 + [False] * 5


def test_broadcast_fma_extract_insert_shuffle() -> None:
    text = function(
        "%m: memref<8xf32>, %out: memref<16xf32>, %lane: index",
        """
  %v = vector.load %m[%c0] : memref<8xf32>, vector<8xf32>
  %s = memref.load %m[%c3] : memref<8xf32>
  %b = vector.broadcast %s : f32 to vector<8xf32>
  %two = arith.constant dense<2.0> : vector<8xf32>
  %f = vector.fma %v, %two, %b : vector<8xf32>
  %e = vector.extract %f[1] : f32 from vector<8xf32>
  %i = vector.insert %e, %f[0] : f32 into vector<8xf32>
  %d = vector.extract %f[%lane] : f32 from vector<8xf32>
  %j = vector.insert %d, %i[%c2] : f32 into vector<8xf32>
  %w = vector.shuffle %j, %v [0, 15, 1, 14, 2, 13, 3, 12, 4, 11, 5, 10, 6, 9, 7, 8] : vector<8xf32>, vector<8xf32>
  vector.store %w, %out[%c0] : memref<16xf32>, vector<16xf32>""",
    )
    m = np.arange(8, dtype=np.float32)
    out = np.zeros(16, np.float32)
    jit(text)(m, out, 5)
    f = m * 2 + 3
    f[0], f[2] = f[1], f[5]
    np.testing.assert_array_equal(out[::2], f)
    np.testing.assert_array_equal(out[1::2], m[::-1])


REDUCTIONS = {
    "f32": {
        "add": np.sum,
        "mul": np.prod,
        "minimumf": np.min,
        "maximumf": np.max,
        "minnumf": np.min,
        "maxnumf": np.max,
    },
    "f64": {"add": np.sum, "mul": np.prod, "minimumf": np.min, "maximumf": np.max},
    "i32": {
        **{"add": np.sum, "mul": np.prod, "minsi": np.min, "maxsi": np.max},
        **{"and": np.bitwise_and.reduce, "or": np.bitwise_or.reduce, "xor": np.bitwise_xor.reduce},
        "minui": lambda a: np.min(a.view(np.uint32)).astype(np.int32),
        "maxui": lambda a: np.max(a.view(np.uint32)).astype(np.int32),
    },
}


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("start", [False, True], ids=["alone", "accumulated"])
def test_reductions(kind: str, start: bool) -> None:
    dtype = {"f32": np.float32, "f64": np.float64, "i32": np.int32}[kind]
    rng = np.random.default_rng(1)
    m = rng.uniform(0.5, 1.5, 9).astype(dtype) if kind[0] == "f" else rng.integers(-3, 9, 9).astype(dtype)
    for name, reference in REDUCTIONS[kind].items():
        acc = ", %acc" if start else ""
        text = function(
            f"%m: memref<9x{kind}>, %out: memref<1x{kind}>",
            f"""
  %v = vector.load %m[%c0] : memref<9x{kind}>, vector<8x{kind}>
  %acc = memref.load %m[%c8] : memref<9x{kind}>
  %r = vector.reduction <{name}>, %v{acc} : vector<8x{kind}> into {kind}
  memref.store %r, %out[%c0] : memref<1x{kind}>""",
        )
        out = np.zeros(1, dtype)
        jit(text)(m, out)
        np.testing.assert_allclose(out[0], reference(m if start else m[:8]), rtol=1e-6)


def test_sum_of_no_lanes_keeps_the_sign_of_zero() -> None:
    text = function(
        "%m: memref<8xf32>, %out: memref<1xf32>",
        """
  %v = vector.load %m[%c0] : memref<8xf32>, vector<8xf32>
  %r = vector.reduction <add>, %v : vector<8xf32> into f32
  memref.store %r, %out[%c0] : memref<1xf32>""",
    )
    out = np.zeros(1, np.float32)
    jit(text)(np.full(8, -0.0, np.float32), out)
    assert np.signbit(out[0])


@pytest.mark.parametrize("start", [0, 3, 7])
def test_transfers_over_the_edge(start: int) -> None:
    text = function(
        "%m: memref<8xf32>, %out: memref<8xf32>, %all: memref<8xf32>, %i: index",
        """
  %pad = arith.constant 9.0 : f32
  %v = vector.transfer_read %m[%i], %pad : memref<8xf32>, vector<8xf32>
  %w = vector.transfer_read %m[%c0], %pad {in_bounds = [true]} : memref<8xf32>, vector<8xf32>
  vector.transfer_write %w, %out[%i] : vector<8xf32>, memref<8xf32>
  vector.transfer_write %v, %all[%c0] {in_bounds = [true]} : vector<8xf32>, memref<8xf32>""",
    )
    m, out, everything = np.arange(8, dtype=np.float32), np.zeros(8, np.float32), np.zeros(8, np.float32)
    jit(text)(m, out, everything, start)
    np.testing.assert_array_equal(everything, [*m[start:], *[9.0] * start])
    np.testing.assert_array_equal(out, [*[0.0] * start, *m[: 8 - start]])


def test_alloca_in_a_loop_takes_no_more_stack() -> None:
    text = function(
        "%out: memref<1xf32>",
        """
  %many = arith.constant 1000000 : index
  %one = arith.constant 1.0 : f32
  memref.store %one, %out[%c0] : memref<1xf32>
  scf.for %i = %c0 to %many step %c1 {
    %t = memref.alloca() : memref<64xf32>
    %v = memref.load %out[%c0] : memref<1xf32>
    memref.store %v, %t[%c5] : memref<64xf32>
    %w = memref.load %t[%c5] : memref<64xf32>
    memref.store %w, %out[%c0] : memref<1xf32>
  }""",
    )
    out = np.zeros(1, np.float32)
    jit(text)(out)
    assert out[0] == 1.0
