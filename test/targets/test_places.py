"""Values computed in their place in a larger one give what ONNX says: the ways in which that could go wrong."""

from __future__ import annotations

import numpy as np
import pytest
import stepwell
from random_graphs import graph_of
from requirements import needs_compiler

MODELS = {
    "two pads of different size, and a reader that wants none": """
        places (float[1,8,12,12] x, float[16,8,1,1] w, float[8,16,3,3] w3, float[8,16,5,5] w5, float[8,16,1,1] w1)
            => (float[1,24,12,12] y)
        { a = Conv(x, w)  r = Relu(a)  b = Conv<pads = [1, 1, 1, 1]>(r, w3)  c = Conv<pads = [2, 2, 2, 2]>(r, w5)
          d = Conv(r, w1)  y = Concat<axis = 1>(b, c, d) }""",
    "a residual that is read in the inside of a padding, twice": """
        places (float[1,16,10,10] x, float[16,16,3,3] u, float[16,16,3,3] v) => (float[1,16,10,10] y)
        { p = Conv<pads = [1, 1, 1, 1]>(x, u)  a = Relu(p)  q = Conv<pads = [1, 1, 1, 1]>(a, v)  s = Add(q, a)
          b = Relu(s)  t = Conv<pads = [1, 1, 1, 1]>(b, u)  z = Add(t, b)  y = Add(z, a) }""",
    "a padding of zeros and one of the lowest number around one value": """
        places (float[1,16,9,9] x, float[16,16,3,3] w) => (float[1,16,9,9] y, float[1,16,5,5] z)
        { a = Neg(x)  y = Conv<pads = [1, 1, 1, 1]>(a, w)
          z = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]>(a) }""",
    "windows that reach beyond the padding": """
        places (float[1,16,10,10] x) => (float[1,16,5,5] y)
        { a = Neg(x)  y = MaxPool<kernel_shape = [3, 3], ceil_mode = 1, strides = [2, 2]>(a) }""",
    "the same value twice in one concatenation, and an input in it": """
        places (float[2,8] x) => (float[2,32] y)
        { a = Neg(x)  b = Exp(a)  y = Concat<axis = 1>(a, x, b, a) }""",
    "a part that reads the part beside it": """
        places (float[3,16] x) => (float[3,48] y)
        { a = Neg(x)  b = Exp(a)  c = Add(b, a)  y = Concat<axis = 1>(c, b, a) }""",
    "a part that is an output too": """
        places (float[3,16] x) => (float[3,32] y, float[3,16] a, float[3,16] b)
        { a = Neg(x)  b = Exp(x)  y = Concat<axis = 1>(a, b) }""",
    "a concatenation of concatenations that others read as well": """
        places (float[1,16,6,6] x, float[16,16,3,3] w, float[16,32,1,1] v) => (float[1,48,6,6] y)
        { a = Neg(x)  b = Conv<pads = [1, 1, 1, 1]>(a, w)  c = Concat<axis = 1>(a, b)  d = Conv(c, v)
          y = Concat<axis = 1>(c, d) }""",
    "slices read in place, put together the other way round": """
        places (float[4,32] x) => (float[4,32] y, float[4,16] z)
        <int64[2] half = {16, 16}>
        { a = Neg(x)  b, c = Split<axis = 1>(a, half)  y = Concat<axis = 1>(c, b)  d = Exp(b)  z = Mul(d, c) }""",
    "a slice whose rows lie apart, seen as one dimension": """
        places (float[4,32] x) => (float[48] y)
        <int64[1] s = {4}, int64[1] e = {16}, int64[1] axis = {1}, int64[1] flat = {-1}>
        { a = Neg(x)  b = Slice(a, s, e, axis)  y = Reshape(b, flat) }""",
    "a reshape between what computes and where it goes": """
        places (float[2,3,16] x) => (float[6,32] y)
        <int64[2] shape = {6, 16}>
        { a = Neg(x)  b = Reshape(a, shape)  c = Exp(b)  y = Concat<axis = 1>(b, c) }""",
    "in place over a part of another": """
        places (float[4,16] x) => (float[4,32] y, float[4,32] z)
        { a = Neg(x)  b = Exp(x)  c = Concat<axis = 1>(a, b)  y = Tanh(c)  d = Sigmoid(b)  e = Abs(d)
          z = Concat<axis = 1>(d, e) }""",
    "nothing in a part": """
        places (float[2,8] x) => (float[2,16] y)
        <int64[1] s = {3}, int64[1] e = {3}, int64[1] axis = {1}>
        { a = Neg(x)  n = Slice(a, s, e, axis)  b = Exp(n)  y = Concat<axis = 1>(a, b, a) }""",
    "a padding around a concatenation": """
        places (float[1,4,6,6] x, float[8,8,3,3] w) => (float[1,8,6,6] y)
        { a = Neg(x)  b = Exp(x)  c = Concat<axis = 1>(a, b)  y = Conv<pads = [1, 1, 1, 1]>(c, w) }""",
    "a padding of its own, of one side, that is an output": """
        places (float[3,5] x) => (float[4,9] y, float[4,9] z)
        <int64[4] pads = {1, 0, 0, 4}, float two = {2.0}>
        { a = Neg(x)  y = Pad(a, pads, two)  z = Exp(y) }""",
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("text", MODELS.values(), ids=list(MODELS))
def test_native(text: str, threads: int, monkeypatch: pytest.MonkeyPatch):
    check(text, "native", threads, monkeypatch)


@needs_compiler
@pytest.mark.parametrize("text", MODELS.values(), ids=list(MODELS))
def test_c(text: str, monkeypatch: pytest.MonkeyPatch):
    check(text, "c", 1, monkeypatch)


def check(text: str, target: str, threads: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STEPWELL_CACHE", "off")
    graph = graph_of(text)
    program = stepwell.compile(graph.model, target, threads=threads, verify_each=True)
    for _ in range(2):  # the second run finds what the first left in the arena
        outputs = program.run(graph.feeds)
        for name, want in graph.expected.items():
            np.testing.assert_allclose(outputs[name], want, atol=2e-5 * np.abs(want).max(initial=0), rtol=0)
