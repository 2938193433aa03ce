"""If, Loop, Scan, sequences and optionals against ONNX Runtime: models as text, at the graph level in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnx.parser
import pytest
import stepwell
from reference import evaluate
from requirements import require_target
from stepwell.context import Context
from stepwell.dialects.graph import LoopOp
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
TRUE, FALSE = np.array(True), np.array(False)

MODELS: dict[str, tuple[str, int, dict[str, np.ndarray]]] = {
    "if, its sides see the values around them": (
        """(bool c, float[3, 4] x) => (float[3, 4] y) {
             z = Exp(x)
             y = If(c) <then_branch = t () => (float[3, 4] a) { a = Add(x, z) },
                        else_branch = e () => (float[3, 4] b) { b = Mul(x, z) }>
           }""",
        17,
        {"c": TRUE, "x": X},
    ),
    "if in if, the inner one known": (
        """(bool c, float[3, 4] x) => (float[3, 4] y, int64 n) {
             y, n = If(c) <
               then_branch = t () => (float[3, 4] a, int64 m) { a = Neg(x)  m = Constant <value = int64 {1}> () },
               else_branch = e () => (float[3, 4] b, int64 k) {
                 s = Size(x)
                 twelve = Constant <value = int64 {12}> ()
                 same = Equal(s, twelve)
                 b = If(same) <then_branch = tt () => (float[3, 4] p) { p = Exp(x) },
                               else_branch = ee () => (float[4, 3] q) { q = Transpose(x) }>
                 k = Constant <value = int64 {2}> ()
               }>
           }""",
        17,
        {"c": FALSE, "x": X},
    ),
    "loop with a number of steps from outside": (
        """(int64 n, float[3, 4] x) => (float[3, 4] y) {
             y = Loop(n, , x) <body = b (int64 i, bool go, float[3, 4] a) => (bool more, float[3, 4] c) {
               f = Cast <to = 1> (i)
               d = Add(a, f)
               c = Tanh(d)
               more = Identity(go)
             }>
           }""",
        17,
        {"n": np.array(5), "x": X},
    ),
    "loop with a number of steps from outside, that its own count may end earlier": (
        """(int64 n, float[3, 4] x) => (float[3, 4] y) <bool go = {1}, int64 last = {7}> {
             y = Loop(n, go, x) <body = b (int64 i, bool c, float[3, 4] a) => (bool more, float[3, 4] d) {
               d = Add(a, x)
               more = Less(i, last)
             }>
           }""",
        17,
        {"n": np.array(3), "x": X},
    ),
    "loop whose condition never changes, of so many steps": (
        """(float[3, 4] x) => (float[3, 4] y) <bool go = {1}, int64 n = {4}> {
             y, e = Loop(n, go, x, go) <body = b (int64 i, bool c, float[3, 4] a, bool d)
                 => (bool more, float[3, 4] f, bool same) {
               f = Add(a, x)
               more = Or(d, c)
               same = Or(d, d)
             }>
           }""",
        17,
        {"x": X},
    ),
    "loop that never starts": (
        """(int64 n, bool start, float[3, 4] x) => (float[3, 4] y) {
             y = Loop(n, start, x) <body = b (int64 i, bool go, float[3, 4] a) => (bool go, float[3, 4] c) {
               c = Tanh(a)
             }>
           }""",
        17,
        {"n": np.array(5), "start": FALSE, "x": X},
    ),
    "loop that ends by what it computes": (
        """(float x, float limit) => (float y, int64 count) {
             zero = Constant <value = int64 {0}> ()
             y, count = Loop( , , x, zero) <
               body = b (int64 i, bool go, float a, int64 k) => (bool more, float c, int64 next) {
                 c = Add(a, a)
                 more = Less(c, limit)
                 one = Constant <value = int64 {1}> ()
                 next = Add(i, one)
               }>
           }""",
        17,
        {"x": np.array(0.3, np.float32), "limit": np.array(20, np.float32)},
    ),
    "loop that scans, in a loop": (
        """(float[3, 4] x) => (float[3, 4] y, float[2, 3, 4] ys, float[2, 3, 4] zs) {
             n = Constant <value = int64 {2}> ()
             m = Constant <value = int64 {3}> ()
             y, ys, zs = Loop(n, , x) <
               body = b (int64 i, bool go, float[3, 4] a) => (bool go, float[3, 4] c, float[3, 4] c, float[3, 4] rows) {
                 last, rows = Loop(m, , a) <
                   body = inner (int64 j, bool on, float[3, 4] v) => (bool on, float[3, 4] w, float[4] row) {
                     w = Tanh(v)
                     row = Gather <axis = 0> (x, j)
                   }>
                 c = Add(last, a)
               }>
           }""",
        17,
        {"x": X},
    ),
    "loop that counts as TensorFlow does": (
        """(float[3, 4] x) => (float[3, 4] y, float[5, 4] rows) {
             zero = Constant <value = int32 {0}> ()
             five = Constant <value = int32 {5}> ()
             start = Constant <value = bool {1}> ()
             n, y, rows = Loop( , start, zero, x) <
               body = b (int64 i, bool go, int32 k, float[3, 4] a)
                   => (bool more, int32 next, float[3, 4] c, float[4] row) {
                 one = Constant <value = int32 {1}> ()
                 next = Add(k, one)
                 more = Less(next, five)
                 c = Sin(a)
                 first = Constant <value = int64 {0}> ()
                 row = Gather <axis = 0> (c, first)
               }>
           }""",
        17,
        {"x": X},
    ),
    "loop that scans until what it computes ends it": (
        """(float[3, 4] x, float limit) => (float[3, 4] y, float[k, 3, 4] ys, float[k] sums) {
             most = Constant <value = int64 {20}> ()
             y, ys, sums = Loop(most, , x) <
               body = b (int64 i, bool go, float[3, 4] a)
                   => (bool more, float[3, 4] c, float[3, 4] c, float total) {
                 c = Exp(a)
                 total = ReduceSum <keepdims = 0> (c)
                 more = Less(total, limit)
               }>
           }""",
        17,
        {"x": X, "limit": np.array(100, np.float32)},
    ),
    "loop whose value grows": (
        """(float[1, 4] x) => (float[4, 4] y) {
             n = Constant <value = int64 {3}> ()
             y = Loop(n, , x) <body = b (int64 i, bool go, float[k, 4] a) => (bool go, float[l, 4] c) {
               s = Sin(a)
               c = Concat <axis = 0> (s, x)
             }>
           }""",
        17,
        {"x": X[:1]},
    ),
    "loop that slices at its step": (
        """(float[3, 4] x) => (float[3] y) {
             n = Constant <value = int64 {3}> ()
             start = Constant <value = float[3] {0, 0, 0}> ()
             y = Loop(n, , start) <body = b (int64 i, bool go, float[3] a) => (bool go, float[3] c) {
               axes = Constant <value = int64[1] {1}> ()
               one = Constant <value = int64[1] {1}> ()
               from = Reshape(i, one)
               to = Add(from, one)
               column = Slice(x, from, to, axes)
               flat = Squeeze(column, axes)
               c = Add(a, flat)
             }>
           }""",
        17,
        {"x": X},
    ),
    "scan forwards and backwards, along other axes": (
        """(float[4] s, float[3, 4] x, float[4, 3] z) => (float[4] end, float[3, 4] rows, float[4, 3] columns) {
             end, rows, columns = Scan <num_scan_inputs = 2, scan_input_axes = [0, 1],
                                        scan_input_directions = [0, 1], scan_output_axes = [0, -1],
                                        scan_output_directions = [1, 0],
               body = b (float[4] a, float[4] u, float[4] v) => (float[4] c, float[4] d, float[4] e) {
                 d = Add(u, v)
                 c = Add(a, d)
                 e = Mul(a, v)
               }> (s, x, z)
           }""",
        17,
        {"s": X[0], "x": X, "z": X.T * 2},
    ),
    "scan of opset 8, entry by entry of a batch": (
        """(float[2, 4] s, float[2, 3, 4] x) => (float[2, 4] end, float[2, 3, 4] rows) {
             end, rows = Scan <num_scan_inputs = 1, directions = [1],
               body = b (float[4] a, float[4] u) => (float[4] c, float[4] d) {
                 c = Add(a, u)
                 d = Mul(a, u)
               }> ("", s, x)
           }""",
        8,
        {"s": X[:2], "x": np.stack([X, X + 1])},
    ),
    "sequences": (
        """(float[3, 4] x) => (float[k, 4] y, int64 n, float[4] second, float[2, 3, 4] both) {
             parts = SplitToSequence <axis = 0, keepdims = 0> (x)
             one = Constant <value = int64 {1}> ()
             second = SequenceAt(parts, one)
             first = Constant <value = int64 {-3}> ()
             fewer = SequenceErase(parts, first)
             n = SequenceLength(fewer)
             two = Constant <value = int64 {2}> ()
             halves = SplitToSequence <axis = 1> (x, two)
             z = Neg(x)
             pair = SequenceConstruct(x, z)
             both = ConcatFromSequence <axis = 0, new_axis = 1> (pair)
             more = SequenceInsert(pair, x, one)
             y = ConcatFromSequence <axis = 0> (more)
           }""",
        17,
        {"x": X},
    ),
    "a sequence that a loop fills": (
        """(float[3, 4] x) => (float[k, 4] y) {
             n = Constant <value = int64 {3}> ()
             none = SequenceEmpty()
             filled = Loop(n, , none) <
               body = b (int64 i, bool go, seq(float[?, ?]) s) => (bool go, seq(float[?, ?]) t) {
                 f = Cast <to = 1> (i)
                 v = Mul(x, f)
                 t = SequenceInsert(s, v)
               }>
             y = ConcatFromSequence <axis = 0> (filled)
           }""",
        17,
        {"x": X},
    ),
}


WRITTEN_OUT = ("loop whose value grows", "loop that slices at its step", "a sequence that a loop fills")


def model_of(name: str) -> onnx.ModelProto:
    text, opset, _ = MODELS[name]
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> model {text}')


def check(name: str, got: Mapping[str, np.ndarray]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model, feeds = model_of(name), MODELS[name][2]
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    for value, expected in zip(model.graph.output, map(np.asarray, want), strict=True):
        actual = got[value.name]
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), value.name
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6, err_msg=value.name)


@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_onnx_runtime(name: str) -> None:
    """At the graph level, in numpy."""
    ctx = Context()
    module = import_onnx(ctx, model_of(name))
    run_passes(ctx, module, parse_passes("onnx-to-graph,infer-shapes,canonicalize"), verify_each=True)
    check(name, evaluate(ctx, module, MODELS[name][2]))
    if name.startswith(("loop", "scan", "a sequence")):
        assert (name not in WRITTEN_OUT) == any(isinstance(op, LoopOp) for op in module.walk())


@pytest.mark.parametrize("target", ["native", "c", "opencl"])
@pytest.mark.parametrize("name", MODELS)
def test_compiled(name: str, target: str) -> None:
    require_target(target)
    check(name, stepwell.compile(model_of(name), target=target).run(MODELS[name][2]))
