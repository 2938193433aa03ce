"""Random numbers: a generator that needs no state, since number i of a stream is a function of i.

  "onnx.RandomUniform"() {shape = [2, 3], low = 1.0, high = 3.0, seed = 5.0}
becomes
  %i = graph.iota : tensor<6xui64>
  %z = ... seven multiplications, shifts and exclusive ors of %i ...
  graph.add (graph.mul (graph.cast (graph.shift_right %z, 40)), 2 * 2^-24), 1.0

The function is SplitMix64 (Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators), which passes
BigCrush. Where a stream begins follows from `seed`, or, of a node without one, from the node's name: a compiled program
is a function of its inputs, and gives the same numbers each time it is run. Two nodes of one seed draw the same ones.
"""

from __future__ import annotations

import zlib
from math import pi, prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_of, element_type_of, is_float, tensor
from stepwell.dialects.onnx.types import ELEMENT_TYPES
from stepwell.locations import describe
from xdsl.dialects.builtin import Float64Type, f32, i64
from xdsl.ir import Attribute, SSAValue

from .conversion import Node, converts
from .emitter import static_shape

UINT64 = element_of(np.dtype(np.uint64))
GAMMA = 0x9E3779B97F4A7C15
"""The step of the counter: 2^64 divided by the golden ratio, made odd."""

MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""What is shifted down and added, and then multiplied by, in turn; a last shift is by 31."""

LAST_SHIFT = 31
WORD = (1 << 64) - 1

DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""The binary digits of a float type: so many of a word make a number below 1, each as likely."""


def mixed(word: int) -> int:
    """SplitMix64's function of one word."""
    for shift, factor in MIX:
        word = (word ^ word >> shift) * factor & WORD
    return word ^ word >> LAST_SHIFT


def start_of(node: Node, stream: int) -> int:
    """Where stream `stream` of a node begins."""
    if node.has("seed"):  # a float of most operators, an integer of Dropout
        seed = int(np.float64(node.attribute("seed")).view(np.uint64))
    else:
        seed = zlib.crc32((describe(node.location) or node.name).encode())
    return mixed(mixed(seed & WORD) + stream)


def words(node: Node, count: int, stream: int) -> SSAValue:
    """The first `count` words of a stream."""

    def op(kind: type[graph.BinaryOp], x: SSAValue, y: SSAValue | int) -> SSAValue:
        number = y if isinstance(y, SSAValue) else node.constant(np.array(y, np.uint64))
        return node(kind(x, number))

    z = node(graph.IotaOp(axis=0, result_type=tensor((count,), UINT64)))
    z = op(graph.AddOp, op(graph.MulOp, z, GAMMA), (start_of(node, stream) + GAMMA) & WORD)
    for shift, factor in MIX:
        z = op(graph.MulOp, op(graph.XorOp, z, op(graph.ShiftRightOp, z, shift)), factor)
    return op(graph.XorOp, z, op(graph.ShiftRightOp, z, LAST_SHIFT))


def uniform(node: Node, shape: tuple[int, ...], kind: Attribute, stream: int = 0) -> SSAValue:
    """Numbers from 0 to below 1, of float type `kind`."""
    digits = DIGITS[dtype_of(kind).name]
    high = node(graph.ShiftRightOp(words(node, prod(shape), stream), node.constant(np.array(64 - digits, np.uint64))))
    return node.reshape(node.mul(node.cast(node.cast(high, i64), kind), 0.5**digits), shape)


def normal(node: Node, shape: tuple[int, ...], kind: Attribute) -> SSAValue:
    """Normally distributed numbers by Box and Muller's formula, none further than sqrt(2 ln 2^digits) from 0."""
    wide = kind if isinstance(kind, Float64Type) else f32
    first, second = uniform(node, shape, wide), uniform(node, shape, wide, stream=1)
    radius = node.sqrt(node.mul(node.log(node.sub(1.0, first)), -2.0))
    return node.cast(node.mul(radius, node(graph.CosOp(node.mul(second, 2 * pi)))), kind)


def float_type(node: Node, default: Attribute) -> Attribute:
    number = node.integer("dtype", 0) if node.has("dtype") else 0
    kind = ELEMENT_TYPES[number] if number else default
    if not is_float(kind):
        raise node.unsupported(f"numbers of type {kind} are not supported; floats are", "export with a float dtype")
    return kind


def shape_like(node: Node) -> tuple[int, ...]:
    """The shape of operand 0, which must be known by now: so many numbers are drawn."""
    shape = static_shape(node[0])
    if shape is None:
        raise node.open_dims("open dims are not supported")
    return shape


def scaled_uniform(node: Node, shape: tuple[int, ...], kind: Attribute) -> SSAValue:
    low, high = node.real("low", 0.0), node.real("high", 1.0)
    return node.add(node.mul(uniform(node, shape, kind), high - low), low)


def scaled_normal(node: Node, shape: tuple[int, ...], kind: Attribute) -> SSAValue:
    return node.add(node.mul(normal(node, shape, kind), node.real("scale", 1.0)), node.real("mean", 0.0))


@converts("RandomUniform")
def random_uniform(node: Node) -> SSAValue:
    """the same numbers in each run; `seed` says which"""
    return scaled_uniform(node, tuple(node.integers_of("shape")), float_type(node, f32))


@converts("RandomUniformLike")
def random_uniform_like(node: Node) -> SSAValue:
    """the same numbers in each run; `seed` says which"""
    return scaled_uniform(node, shape_like(node), float_type(node, element_type_of(node[0])))


@converts("RandomNormal")
def random_normal(node: Node) -> SSAValue:
    """the same numbers in each run; `seed` says which"""
    return scaled_normal(node, tuple(node.integers_of("shape")), float_type(node, f32))


@converts("RandomNormalLike")
def random_normal_like(node: Node) -> SSAValue:
    """the same numbers in each run; `seed` says which"""
    return scaled_normal(node, shape_like(node), float_type(node, element_type_of(node[0])))


@converts("Bernoulli", since=15)
def bernoulli(node: Node) -> SSAValue:
    """the same numbers in each run; `seed` says which"""
    x = node[0]
    number = node.integer("dtype", 0) if node.has("dtype") else 0
    drawn = node.compare("lt", uniform(node, shape_like(node), element_type_of(x)), x)
    return node.cast(drawn, ELEMENT_TYPES[number] if number else element_type_of(x))


@converts("Multinomial", since=7)
def multinomial(node: Node) -> SSAValue:
    """the largest of log-probability plus Gumbel noise; the same numbers in each run, `seed` says which"""
    (batch, classes), samples = shape_like(node), node.integer("sample_size", 1)
    noise = uniform(node, (batch, samples, classes), f32)
    gumbel = node.neg(node.log(node.neg(node.log(node.add(noise, 0.5**25)))))
    logits = node.reshape(node.cast(node[0], f32), [batch, 1, classes])
    chosen = node(graph.ArgReduceOp("max", node.add(logits, gumbel), axis=2, keepdims=False))
    return node.cast(chosen, ELEMENT_TYPES[node.integer("dtype", 6)])


def survivors(node: Node, ratio: SSAValue | float) -> SSAValue:
    """Which elements of operand 0 a dropout in training keeps: all but a share of `ratio`."""
    x = node[0]
    wide = element_type_of(x) if isinstance(element_type_of(x), Float64Type) else f32
    ratio = node.cast(ratio, wide) if isinstance(ratio, SSAValue) else ratio
    return node.compare("ge", uniform(node, shape_like(node), wide), ratio)
