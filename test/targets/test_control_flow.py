"""Programs with branches and loops give what numpy gives, on CPUs and devices, with one thread and with two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stepwell
from requirements import require_target

WAYS = [("native", 1), ("native", 2), ("c", 1), ("wgsl", 1), ("spirv", 1), ("opencl", 1), ("glsl", 1)]


def run(tmp_path: Path, text: str, target: str, threads: int, **feeds: Any) -> list[np.ndarray]:
    """The results of @main; arguments and results are named by their place where the text does not name them."""
    program = compiled(tmp_path, text, target, threads)
    arrays = {name: np.asarray(value) for name, value in feeds.items()}
    return list(program.run(arrays).values())


def compiled(tmp_path: Path, text: str, target: str, threads: int) -> stepwell.Program:
    require_target(target)
    path = tmp_path / "model.mlir"
    path.write_text(text)
    return stepwell.compile(path, target, threads=threads, verify_each=True)


def argument(name: str, type: str) -> str:
    return f'%{name}: tensor<{type}> {{stepwell.name = "{name}"}}'


def main(arguments: dict[str, str], results: list[str], body: str) -> str:
    given = ", ".join(argument(name, type) for name, type in arguments.items())
    outs = ", ".join(f'tensor<{type}> {{stepwell.name = "y{n}"}}' for n, type in enumerate(results))
    return f'module attributes {{stepwell.level = "graph"}} {{\nfunc.func @main({given}) -> ({outs}) {{{body}\n}}\n}}'


RNG = np.random.default_rng(5)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


RECURRENCE = main(
    {"xs": "7x1x32xf32", "h": "1x32xf32", "w": "32x32xf32"},
    ["1x32xf32", "7x1x32xf32"],
    """
  %n = graph.constant dense<7> : tensor<i64>
  %zero = graph.constant dense<0> : tensor<i64>
  %s0 = graph.constant dense<0.0> : tensor<7x1x32xf32>
  %y, %s = graph.loop %i to %n iter(%hc = %h, %sc = %s0) : tensor<1x32xf32>, tensor<7x1x32xf32> {
    %x3 = graph.slice_at %xs, %i, %zero, %zero {sizes = [1, 1, 32]}
      : (tensor<7x1x32xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<1x1x32xf32>
    %x = graph.reshape %x3 : (tensor<1x1x32xf32>) -> tensor<1x32xf32>
    %p = graph.matmul %hc, %w : (tensor<1x32xf32>, tensor<32x32xf32>) -> tensor<1x32xf32>
    %q = graph.add %p, %x : tensor<1x32xf32>
    %t = graph.tanh %q : tensor<1x32xf32>
    %t3 = graph.reshape %t : (tensor<1x32xf32>) -> tensor<1x1x32xf32>
    %s2 = graph.update_at %sc, %t3, %i, %zero, %zero
      : (tensor<7x1x32xf32>, tensor<1x1x32xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<7x1x32xf32>
    graph.yield %t, %s2 : tensor<1x32xf32>, tensor<7x1x32xf32>
  }
  func.return %y, %s : tensor<1x32xf32>, tensor<7x1x32xf32>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_a_recurrence_of_known_length(tmp_path: Path, target: str, threads: int):
    xs, h, w = floats(7, 1, 32), floats(1, 32), floats(32, 32) / 4
    last, every = run(tmp_path, RECURRENCE, target, threads, xs=xs, h=h, w=w)
    for n in range(7):
        h = np.tanh(h @ w + xs[n])
        np.testing.assert_allclose(every[n], h, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(last, h, rtol=1e-5, atol=1e-5)


COUNTED = main(
    {"x": "4xf32", "n": "i64", "go": "i1", "most": "f32"},
    ["4xf32", "i64"],
    """
  %one = graph.constant dense<1> : tensor<i64>
  %two = graph.constant dense<2.0> : tensor<f32>
  %zero = graph.constant dense<0> : tensor<i64>
  %y, %k = graph.loop %i to %n while %go iter(%a = %x, %b = %zero) : tensor<4xf32>, tensor<i64> {
    %c = graph.mul %a, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %s = graph.reduce sum %c {axes = [0]} : (tensor<4xf32>) -> tensor<f32>
    %d = graph.compare lt %s, %most : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %e = graph.add %i, %one : tensor<i64>
    graph.yield %d, %c, %e : tensor<i1>, tensor<4xf32>, tensor<i64>
  }
  func.return %y, %k : tensor<4xf32>, tensor<i64>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_a_loop_that_ends_by_count_or_condition(tmp_path: Path, target: str, threads: int):
    x = np.array([1, 2, 3, 4], np.float32)
    cases = [  # steps at most, whether to start, what the sum must be short of, steps that are taken
        (3, True, 1e9, 3),
        (0, True, 1e9, 0),
        (-4, True, 1e9, 0),
        (50, False, 1e9, 0),
        (50, True, 100.0, 4),  # 20, 40, 80, 160
        (50, True, 1.0, 1),
    ]
    program = compiled(tmp_path, COUNTED, target, threads)
    for n, go, most, steps in cases:
        feeds = {"x": x, "n": np.int64(n), "go": np.bool_(go), "most": np.float32(most)}
        y, k = program.run({name: np.asarray(value) for name, value in feeds.items()}).values()
        np.testing.assert_array_equal(y, x * 2**steps)
        assert k == steps


SWAP = main(
    {"a": "4xf32", "b": "4xf32", "c": "4xf32", "n": "i64"},
    ["4xf32", "4xf32", "4xf32", "4xf32"],
    """
  %x, %y, %z, %old = graph.loop %i to %n iter(%p = %a, %q = %b, %r = %c, %o = %a)
      : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32> {
    %s = graph.add %p, %q : tensor<4xf32>
    graph.yield %q, %r, %s, %p : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %x, %y, %z, %old : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>""",
)
ROUND = main(
    {"a": "4xf32", "b": "4xf32", "c": "4xf32", "n": "i64"},
    ["4xf32", "4xf32", "4xf32"],
    """
  %x, %y, %z = graph.loop %i to %n iter(%p = %a, %q = %b, %r = %c) : tensor<4xf32>, tensor<4xf32>, tensor<4xf32> {
    graph.yield %q, %r, %p : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %x, %y, %z : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_carried_values_change_places(tmp_path: Path, target: str, threads: int):
    for steps in range(4):
        a, b, c = start = floats(4), floats(4), floats(4)
        old = a
        got = run(tmp_path, SWAP, target, threads, a=a, b=b, c=c, n=np.int64(steps))
        for _ in range(steps):
            a, b, c, old = b, c, a + b, a
        np.testing.assert_array_equal(got, [a, b, c, old])
        got = run(tmp_path, ROUND, target, threads, a=start[0], b=start[1], c=start[2], n=np.int64(steps))
        np.testing.assert_array_equal(got, [start[(n + steps) % 3] for n in range(3)])


NESTED = main(
    {"x": "3x4xf32", "n": "i64", "m": "i64"},
    ["3x4xf32", "4xf32"],
    """
  %zero = graph.constant dense<0> : tensor<i64>
  %two = graph.constant dense<2> : tensor<i64>
  %v0 = graph.constant dense<0.0> : tensor<4xf32>
  %y, %v = graph.loop %i to %n iter(%a = %x, %u = %v0) : tensor<3x4xf32>, tensor<4xf32> {
    %f = graph.cast %i : (tensor<i64>) -> tensor<f32>
    %b, %w = graph.loop %j to %m iter(%c = %a, %t = %u) : tensor<3x4xf32>, tensor<4xf32> {
      %row2 = graph.slice_at %c, %j, %zero {sizes = [1, 4]}
        : (tensor<3x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
      %row = graph.reshape %row2 : (tensor<1x4xf32>) -> tensor<4xf32>
      %odd = graph.mod %j, %two : tensor<i64>
      %is = graph.compare eq %odd, %zero : (tensor<i64>, tensor<i64>) -> tensor<i1>
      %new = graph.if %is -> (tensor<4xf32>) {
        %g = graph.add %row, %f : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
        graph.yield %g : tensor<4xf32>
      } else {
        %g = graph.add %row, %t : tensor<4xf32>
        graph.yield %g : tensor<4xf32>
      }
      %new2 = graph.reshape %new : (tensor<4xf32>) -> tensor<1x4xf32>
      %d = graph.update_at %c, %new2, %j, %zero
        : (tensor<3x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<3x4xf32>
      graph.yield %d, %new : tensor<3x4xf32>, tensor<4xf32>
    }
    %k = graph.add %b, %a : tensor<3x4xf32>
    graph.yield %k, %w : tensor<3x4xf32>, tensor<4xf32>
  }
  func.return %y, %v : tensor<3x4xf32>, tensor<4xf32>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_nested_loops_and_a_branch_in_them(tmp_path: Path, target: str, threads: int):
    """The inner loop must leave alone what the outer one needs behind it; its last step is beyond the end: clamped."""
    if target in ("wgsl", "spirv", "glsl"):
        pytest.skip("a remainder of int64, which the device has not")
    for n, m in ((0, 3), (3, 0), (2, 3), (3, 5)):
        x, last = floats(3, 4), np.zeros(4, np.float32)
        y, v = run(tmp_path, NESTED, target, threads, x=x, n=np.int64(n), m=np.int64(m))
        for i in range(n):
            b = x.copy()
            for j in range(m):
                row = min(j, 2)
                last = b[row] + np.float32(i) if j % 2 == 0 else b[row] + last
                b[row] = last
            x = b + x
        np.testing.assert_allclose(y, x, rtol=1e-6)
        np.testing.assert_allclose(v, last, rtol=1e-6)


BRANCH = main(
    {"c": "i1", "x": "8x8xf32", "n": "i64"},
    ["8x8xf32", "8x8xf32"],
    """
  %e = graph.exp %x : tensor<8x8xf32>
  %y, %z = graph.if %c -> (tensor<8x8xf32>, tensor<8x8xf32>) {
    %a = graph.loop %i to %n iter(%b = %x) : tensor<8x8xf32> {
      %p = graph.matmul %b, %e : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
      %q = graph.tanh %p : tensor<8x8xf32>
      graph.yield %q : tensor<8x8xf32>
    }
    graph.yield %a, %x : tensor<8x8xf32>, tensor<8x8xf32>
  } else {
    %r = graph.neg %x : tensor<8x8xf32>
    graph.yield %r, %e : tensor<8x8xf32>, tensor<8x8xf32>
  }
  %s = graph.add %y, %e : tensor<8x8xf32>
  func.return %s, %z : tensor<8x8xf32>, tensor<8x8xf32>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_a_loop_in_a_branch(tmp_path: Path, target: str, threads: int):
    x = floats(8, 8)
    e = np.exp(x)
    s, z = run(tmp_path, BRANCH, target, threads, c=np.bool_(False), x=x, n=np.int64(3))
    np.testing.assert_allclose(s, -x + e, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(z, e, rtol=1e-6)
    s, z = run(tmp_path, BRANCH, target, threads, c=np.bool_(True), x=x, n=np.int64(3))
    y = x
    for _ in range(3):
        y = np.tanh(y @ e)
    np.testing.assert_allclose(s, y + e, rtol=1e-4, atol=1e-4)  # three products: what rounds grows
    np.testing.assert_array_equal(z, x)


KEPT = main(
    {"x": "4xf32", "u": "1xf32", "k": "i64"},
    ["4xf32", "4xf32", "4xf32"],
    """
  %n = graph.constant dense<3> : tensor<i64>
  %a = graph.exp %x : tensor<4xf32>
  %b = graph.update_at %a, %u, %k : (tensor<4xf32>, tensor<1xf32>, tensor<i64>) -> tensor<4xf32>
  %c = graph.loop %i to %n iter(%d = %a) : tensor<4xf32> {
    %e = graph.update_at %d, %u, %i : (tensor<4xf32>, tensor<1xf32>, tensor<i64>) -> tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  }
  func.return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>""",
)


@pytest.mark.parametrize("target, threads", WAYS)
def test_what_is_needed_later_is_not_overwritten(tmp_path: Path, target: str, threads: int):
    x, u = floats(4), floats(1)
    for k in (-9, 0, 3, 9):
        a, b, c = run(tmp_path, KEPT, target, threads, x=x, u=u, k=np.int64(k))
        e = np.exp(x)
        np.testing.assert_allclose(a, e, rtol=1e-6)
        e[min(max(k, 0), 3)] = u[0]
        np.testing.assert_allclose(b, e, rtol=1e-6)
        np.testing.assert_allclose(c, [*u, *u, *u, np.exp(x[3])], rtol=1e-6)


SHARED = main(
    {"xs": "6x256x256xf32", "h": "256x256xf32", "w": "256x256xf32", "n": "i64", "most": "f32"},
    ["256x256xf32", "6x256x256xf32"],
    """
  %zero = graph.constant dense<0> : tensor<i64>
  %go = graph.constant dense<true> : tensor<i1>
  %s0 = graph.constant dense<0.0> : tensor<6x256x256xf32>
  %y, %s = graph.loop %i to %n while %go iter(%a = %h, %sc = %s0) : tensor<256x256xf32>, tensor<6x256x256xf32> {
    %x3 = graph.slice_at %xs, %i, %zero, %zero {sizes = [1, 256, 256]}
      : (tensor<6x256x256xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<1x256x256xf32>
    %x = graph.reshape %x3 : (tensor<1x256x256xf32>) -> tensor<256x256xf32>
    %p = graph.matmul %a, %w : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
    %q = graph.add %p, %x : tensor<256x256xf32>
    %t = graph.tanh %q : tensor<256x256xf32>
    %m = graph.reduce max %t {axes = [0, 1]} : (tensor<256x256xf32>) -> tensor<f32>
    %c = graph.compare lt %m, %most : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %u = graph.if %c -> (tensor<256x256xf32>) {
      %v = graph.matmul %t, %w : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
      graph.yield %v : tensor<256x256xf32>
    } else {
      graph.yield %t : tensor<256x256xf32>
    }
    %t3 = graph.reshape %u : (tensor<256x256xf32>) -> tensor<1x256x256xf32>
    %s2 = graph.update_at %sc, %t3, %i, %zero, %zero : (tensor<6x256x256xf32>, tensor<1x256x256xf32>,
      tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<6x256x256xf32>
    graph.yield %c, %u, %s2 : tensor<i1>, tensor<256x256xf32>, tensor<6x256x256xf32>
  }
  func.return %y, %s : tensor<256x256xf32>, tensor<6x256x256xf32>""",
)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_team_shares_the_kernels_of_a_loop(tmp_path: Path, threads: int):
    path = tmp_path / "model.mlir"
    path.write_text(SHARED)
    program = stepwell.compile(path, "native", threads=threads)
    xs, h, w = floats(6, 256, 256), floats(256, 256), floats(256, 256) / 16
    for n, most in ((6, 2.0), (6, -1.0), (0, 2.0)):
        feeds = {"xs": xs, "h": h, "w": w, "n": np.array(n, np.int64), "most": np.array(most, np.float32)}
        y, s = program.run(feeds).values()
        last, every = h, np.zeros_like(xs)
        for step in range(n):
            t = np.tanh(last @ w + xs[step])
            last = t @ w if t.max() < most else t
            every[step] = last
            if t.max() >= most:
                break
        np.testing.assert_allclose(y, last, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(s, every, rtol=1e-4, atol=1e-5)
