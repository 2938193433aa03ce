"""Elementwise ops: most are one graph op (tables), activations are small formulas.

  "onnx.HardSigmoid"(%x) {alpha = 0.2, beta = 0.5}
becomes
  graph.clamp (graph.add (graph.mul %x, 0.2), 0.5) {min = 0.0, max = 1.0}
"""

from __future__ import annotations

from functools import partial, reduce
from math import inf, pi, sqrt

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, is_bool, is_float, is_integer, rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts

UNARY: dict[str, type[graph.UnaryOp]] = {
    "Abs": graph.AbsOp,
    "Acos": graph.AcosOp,
    "Acosh": graph.AcoshOp,
    "Asin": graph.AsinOp,
    "Asinh": graph.AsinhOp,
    "Atan": graph.AtanOp,
    "Atanh": graph.AtanhOp,
    "BitwiseNot": graph.NotOp,
    "Ceil": graph.CeilOp,
    "Cos": graph.CosOp,
    "Cosh": graph.CoshOp,
    "Erf": graph.ErfOp,
    "Exp": graph.ExpOp,
    "Floor": graph.FloorOp,
    "IsNaN": graph.IsNanOp,
    "Log": graph.LogOp,
    "Neg": graph.NegOp,
    "Not": graph.NotOp,
    "Reciprocal": graph.ReciprocalOp,
    "Relu": graph.ReluOp,
    "Round": graph.RoundOp,
    "Sigmoid": graph.SigmoidOp,
    "Sign": graph.SignOp,
    "Sin": graph.SinOp,
    "Sinh": graph.SinhOp,
    "Sqrt": graph.SqrtOp,
    "Tan": graph.TanOp,
    "Tanh": graph.TanhOp,
}

BINARY: dict[str, type[graph.BinaryOp]] = {
    "Add": graph.AddOp,
    "And": graph.AndOp,
    "Div": graph.DivOp,
    "Mul": graph.MulOp,
    "Or": graph.OrOp,
    "Sub": graph.SubOp,
    "Xor": graph.XorOp,
}

BITWISE: dict[str, type[graph.BinaryOp]] = {
    "BitwiseAnd": graph.AndOp,
    "BitwiseOr": graph.OrOp,
    "BitwiseXor": graph.XorOp,
}

VARIADIC: dict[str, type[graph.BinaryOp]] = {"Max": graph.MaxOp, "Min": graph.MinOp, "Sum": graph.AddOp}

COMPARE = {"Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge", "Less": "lt", "LessOrEqual": "le"}


def unary(kind: type[graph.UnaryOp], node: Node) -> SSAValue:
    return node(kind(node[0]))


def binary(kind: type[graph.BinaryOp], node: Node) -> SSAValue:
    return node(kind(node[0], node[1]))


def variadic(kind: type[graph.BinaryOp], node: Node) -> SSAValue:
    return reduce(lambda a, b: node(kind(a, b)), node.inputs)


def comparison(predicate: str, node: Node) -> SSAValue:
    return node.compare(predicate, node[0], node[1])


def at_axis(node: Node) -> list[SSAValue]:
    """Both operands as numpy would broadcast them: before opset 7 `axis` says where the second one's dims stand."""
    a, b = node[0], node[1]
    if not node.integer("broadcast", 0) or not node.has("axis"):
        return [a, b]
    after = rank_of(a) - node.axis(a) - rank_of(b)
    if after < 0:
        raise node.unsupported(f"no room for {rank_of(b)} dims at axis {node.axis(a)}", "export the model again")
    return [a, node.reshape(b, [*((dim,) for dim in range(rank_of(b))), *[1] * after])]


def binary_at_axis(kind: type[graph.BinaryOp], node: Node) -> SSAValue:
    return node(kind(*at_axis(node)))


def comparison_at_axis(predicate: str, node: Node) -> SSAValue:
    return node.compare(predicate, *at_axis(node))


for _name, _unary in UNARY.items():
    converts(_name)(partial(unary, _unary))
for _name, _binary in BINARY.items():
    converts(_name)(partial(binary_at_axis, _binary))
    converts(_name, since=7)(partial(binary, _binary))
for _name, _binary in BITWISE.items():
    converts(_name, since=18)(partial(binary, _binary))
for _name, _binary in VARIADIC.items():
    converts(_name)(partial(variadic, _binary))
for _name, _predicate in COMPARE.items():
    converts(_name)(partial(comparison_at_axis, _predicate))
    converts(_name, since=7)(partial(comparison, _predicate))


@converts("Mean")
def mean(node: Node) -> SSAValue:
    return node.div(variadic(graph.AddOp, node), len(node.inputs))


@converts("Pow", since=7)
def power(node: Node) -> SSAValue:
    """in the float type of the two; the result has the base's type"""
    base, exponent = node[0], node[1]
    to, other = element_type_of(base), element_type_of(exponent)
    work = other if is_float(other) and not is_float(to) else to
    return node.cast(node.pow(node.cast(base, work), node.cast(exponent, work)), to)


@converts("Mod", since=10)
def modulo(node: Node) -> SSAValue:
    return node(graph.ModOp(node[0], node[1], fmod=bool(node.integer("fmod", 0))))


@converts("BitShift", since=11)
def bit_shift(node: Node) -> SSAValue:
    """either direction; what is shifted out is gone"""
    left = node.text("direction") == "LEFT"
    return node((graph.ShiftLeftOp if left else graph.ShiftRightOp)(node[0], node[1]))


@converts("IsInf", since=10)
def is_inf(node: Node) -> SSAValue:
    x, negative, positive = node[0], node.integer("detect_negative", 1), node.integer("detect_positive", 1)
    if negative and positive:
        return node(graph.IsInfOp(x))
    if not negative and not positive:
        return node.broadcast_to(node.constant(np.array(False)), node.shape_of(x))
    return node.compare("eq", x, inf if positive else -inf)


@converts("Where", since=9)
def where(node: Node) -> SSAValue:
    return node.select(node[0], node[1], node[2])


@converts("Cast", since=6)
def cast(node: Node) -> SSAValue:
    """numbers and bool; no strings"""
    to = node.element("to")
    if not is_float(to) and not is_integer(to) and not is_bool(to):
        raise node.unsupported(f"to {to} is not supported; numbers and bool are", "export without strings")
    return node.cast(node[0], to)


@converts("CastLike", since=15)
def cast_like(node: Node) -> SSAValue:
    return node.cast(node[0], element_type_of(node[1]))


@converts("Clip", since=6)
def clip_attributes(node: Node) -> SSAValue:
    return node.clamp(node[0], node.real("min", -inf), node.real("max", inf))


@converts("Clip", since=11)
def clip(node: Node) -> SSAValue:
    """bounds known by now become attributes of one clamp"""
    x, bounds = node[0], (node.get(1), node.get(2))
    known = [None if bound is None else node.known(bound) for bound in bounds]
    if is_float(element_type_of(x)) and all(
        (bound is None) == (number is None) for bound, number in zip(bounds, known, strict=True)
    ):
        low, high = (None if number is None else float(number.reshape(())) for number in known)
        return node.clamp(x, -inf if low is None else low, inf if high is None else high)
    x = x if bounds[0] is None else node.maximum(x, bounds[0])
    return x if bounds[1] is None else node.minimum(x, bounds[1])


# activations


def leaky(node: Node, x: SSAValue, slope: SSAValue | float) -> SSAValue:
    return node.select(node.compare("lt", x, 0), node.mul(x, slope), x)


@converts("LeakyRelu", since=6)
def leaky_relu(node: Node) -> SSAValue:
    return leaky(node, node[0], node.real("alpha", 0.01))


@converts("PRelu", since=7)
def prelu(node: Node) -> SSAValue:
    return leaky(node, node[0], node[1])


@converts("HardSigmoid", since=6)
def hard_sigmoid(node: Node) -> SSAValue:
    return node.clamp(node.add(node.mul(node[0], node.real("alpha", 0.2)), node.real("beta", 0.5)), 0.0, 1.0)


@converts("HardSwish", since=14)
def hard_swish(node: Node) -> SSAValue:
    """x * clamp(x / 6 + 0.5, 0, 1)"""
    x = node[0]
    return node.mul(x, node.clamp(node.add(node.mul(x, 1 / 6), 0.5), 0.0, 1.0))


def elu_of(node: Node, x: SSAValue, alpha: float) -> SSAValue:
    below = node.mul(node.sub(node.exp(x), 1.0), alpha)
    return node.select(node.compare("lt", x, 0), below, x)


@converts("Elu", since=6)
def elu(node: Node) -> SSAValue:
    """alpha * (exp(x) - 1) below zero"""
    return elu_of(node, node[0], node.real("alpha", 1.0))


@converts("Selu", since=6)
def selu(node: Node) -> SSAValue:
    """gamma * x above zero, gamma * alpha * (exp(x) - 1) below"""
    x, alpha, gamma = (
        node[0],
        node.real("alpha", 1.67326319217681884765625),
        node.real("gamma", 1.05070102214813232421875),
    )
    below = node.mul(node.sub(node.exp(x), 1.0), alpha)
    return node.mul(node.select(node.compare("le", x, 0), below, x), gamma)


@converts("Celu", since=12)
def celu(node: Node) -> SSAValue:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1))"""
    x, alpha = node[0], node.real("alpha", 1.0)
    below = node.mul(node.sub(node.exp(node.div(x, alpha)), 1.0), alpha)
    return node.add(node.relu(x), node.minimum(below, 0.0))


@converts("ThresholdedRelu", since=10)
def thresholded_relu(node: Node) -> SSAValue:
    x = node[0]
    return node.select(node.compare("gt", x, node.real("alpha", 1.0)), x, 0.0)


@converts("Shrink", since=9)
def shrink(node: Node) -> SSAValue:
    """x + bias below -lambd, x - bias above lambd, else 0"""
    x, limit, bias = node[0], node.real("lambd", 0.5), node.real("bias", 0.0)
    inner = node.select(node.compare("gt", x, limit), node.sub(x, bias), 0.0)
    return node.select(node.compare("lt", x, -limit), node.add(x, bias), inner)


def softplus_of(node: Node, x: SSAValue) -> SSAValue:
    """log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)), which can't overflow."""
    return node.add(node.relu(x), node.log(node.add(node.exp(node.neg(node.abs(x))), 1.0)))


@converts("Softplus")
def softplus(node: Node) -> SSAValue:
    return softplus_of(node, node[0])


@converts("Softsign")
def softsign(node: Node) -> SSAValue:
    """x / (1 + |x|)"""
    return node.div(node[0], node.add(node.abs(node[0]), 1.0))


@converts("Mish", since=18)
def mish(node: Node) -> SSAValue:
    """x * tanh(softplus(x))"""
    return node.mul(node[0], node.tanh(softplus_of(node, node[0])))


@converts("Swish", since=24)
def swish(node: Node) -> SSAValue:
    """x * sigmoid(alpha * x)"""
    return node.mul(node[0], node.sigmoid(node.mul(node[0], node.real("alpha", 1.0))))


def erf_gelu(node: Node, x: SSAValue) -> SSAValue:
    """0.5 * x * (1 + erf(x / sqrt(2)))"""
    return half_of(node, x, node.erf(node.mul(x, 1 / sqrt(2))))


def tanh_gelu(node: Node, x: SSAValue) -> SSAValue:
    """0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))"""
    cubic = node.add(x, node.mul(node.mul(node.mul(x, x), x), 0.044715))
    return half_of(node, x, node.tanh(node.mul(cubic, sqrt(2 / pi))))


def half_of(node: Node, x: SSAValue, bend: SSAValue) -> SSAValue:
    return node.mul(node.mul(x, 0.5), node.add(bend, 1.0))


@converts("SwiGLU", since=28)
def swiglu(node: Node) -> SSAValue:
    """a * sigmoid(alpha * a) * b"""
    return node.mul(swish(node), node[1])


@converts("Gelu", since=20)
def gelu(node: Node) -> SSAValue:
    """0.5 * x * (1 + erf(x / sqrt(2))), or its tanh approximation"""
    bend = tanh_gelu if node.text("approximate", "none") == "tanh" else erf_gelu
    return bend(node, node[0])
