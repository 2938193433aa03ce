"""Elementwise operators, comparisons, casts and reductions."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from .builder import ANY, FLOATS, NARROW, NUMBERS, Again, Builder, broadcasts
from .table import draws

INTEGERS = (np.int64, np.int32, np.int16, np.int8, np.uint8, np.uint16, np.uint32, np.uint64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)


@draws("Sigmoid", "Tanh", "Erf", "Exp", "Sin", "Cos", "Softplus", "Softsign", "Atan", "Asinh", "Mish")
def smooth(b: Builder, op: str) -> None:
    b.node(op, b.tensor())


@draws("Gelu")
def gelu(b: Builder, op: str) -> None:
    b.node(op, b.tensor(), approximate=b.one_of("none", "tanh"))


@draws("Relu", "Neg", "Abs", "Identity")
def straight(b: Builder, op: str) -> None:
    b.node(op, b.tensor(), keeps=True)


@draws("Acos", "Asin", "Atanh", "Tan", "Cosh", "Sinh")
def bounded(b: Builder, op: str) -> None:
    """Far from the poles: of 0.8 sin(x)."""
    x = b.node("Sin", b.tensor())
    scale = b.constant(0.8, b.values[x].dtype)
    b.node(op, b.node("Mul", x, scale))


@draws("Acosh")
def above_one(b: Builder, op: str) -> None:
    x = b.node("Abs", b.tensor())
    b.node(op, b.node("Add", x, b.constant(1.25, b.values[x].dtype)))


@draws("LeakyRelu", "Elu", "Selu", "HardSigmoid", "HardSwish", "ThresholdedRelu", "Celu", "Shrink", "Swish")
def activation(b: Builder, op: str) -> None:
    some = {
        "LeakyRelu": {"alpha": 0.2},
        "Elu": {"alpha": 0.7},
        "HardSigmoid": {"alpha": 0.3},
        "ThresholdedRelu": {"alpha": 0.0},
        "Celu": {"alpha": 1.5},
        "Shrink": {"lambd": 0.0, "bias": 0.125},
        "Swish": {"alpha": 1.5},
    }
    b.node(op, b.tensor([np.float32], exact=op == "Shrink"), **some.get(op, {}))


@draws("PRelu")
def prelu(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 1)
    shape = [1 if b.maybe() else dim for dim in b.values[x].shape]
    b.node(op, x, b.fresh(b.numbers(shape[b.integer(0, len(shape) - 1) :])))


@draws("Sqrt", "Log", "Reciprocal")
def positive(b: Builder, op: str) -> None:
    x = b.tensor()
    if b.values[x].min() < 0.1:
        x = b.node("Abs", x, keeps=True)
    b.node(op, x)


@draws("Pow")
def power(b: Builder, op: str) -> None:
    x = b.tensor()
    if b.values[x].min() < 0.1:
        x = b.node("Abs", x, keeps=True)
        if b.values[x].min() < 0.1:
            raise Again(op)
    kind = b.values[x].dtype.type
    exponent = b.one_of(2, 3, 0.5, 1.5, -1)
    b.node(op, x, b.fresh(np.array(exponent, kind)) if b.maybe() else b.fellow(x))


@draws("Floor", "Ceil", "Round", "Sign")
def rounding(b: Builder, op: str) -> None:
    b.node(op, b.tensor(exact=True), keeps=True)


@draws("Add", "Sub", "Mul")
def arithmetic(b: Builder, op: str) -> None:
    x = b.tensor(b.one_of(FLOATS, NUMBERS, (*NUMBERS, *NARROW)))
    b.node(op, *swapped(b, x, b.fellow(x)))


@draws("Div")
def division(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS)
    y = b.fellow(x)
    if np.abs(b.values[y]).min() < 0.1:
        raise Again(op)
    b.node(op, x, y)


@draws("Mod")
def modulo(b: Builder, op: str) -> None:
    x = b.tensor(INTEGERS, exact=True)
    b.node(op, x, b.fresh(b.numbers([], b.values[x].dtype.type)), fmod=b.integer(0, 1))


def swapped(b: Builder, x: str, y: str) -> tuple[str, str]:
    return (y, x) if b.maybe() else (x, y)


@draws("Max", "Min", "Sum", "Mean")
def several(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS if op in ("Max", "Min") else FLOATS)
    more = [b.fellow(x) for _ in range(b.integer(0, 2))]
    rest = [y for y in more if all(broadcasts(b.values[y], b.values[z]) for z in more)]
    b.node(op, x, *rest, keeps=op in ("Max", "Min"))


@draws("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal")
def comparison(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, exact=True)
    b.node(op, *swapped(b, x, b.fellow(x, exact=True)), keeps=True)


@draws("Not")
def negation(b: Builder, op: str) -> None:
    b.node(op, b.tensor([np.bool_]), keeps=True)


@draws("And", "Or", "Xor")
def logic(b: Builder, op: str) -> None:
    x = b.tensor([np.bool_])
    b.node(op, x, b.fellow(x), keeps=True)


@draws("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(b: Builder, op: str) -> None:
    x = b.tensor(INTEGERS)
    b.node(op, x, b.fellow(x), keeps=True)


@draws("BitwiseNot")
def bitwise_not(b: Builder, op: str) -> None:
    b.node(op, b.tensor((np.int64, np.int32, np.int16, np.int8)), keeps=True)


@draws("BitShift")
def shift(b: Builder, op: str) -> None:
    x = b.tensor(UNSIGNED)
    kind = b.values[x].dtype.type
    b.node(op, x, b.fresh(b.random.integers(0, 3, b.values[x].shape).astype(kind)), direction=b.one_of("LEFT", "RIGHT"))


@draws("IsNaN", "IsInf")
def finiteness(b: Builder, op: str) -> None:
    """Of x, in some places of which there is NaN or infinity, which nothing else sees."""
    x = b.tensor([np.float32], exact=True)
    odd = numpy_helper.from_array(np.array(b.one_of(np.nan, np.inf, -np.inf), np.float32))
    how = {"detect_negative": b.integer(0, 1), "detect_positive": b.integer(0, 1)} if op == "IsInf" else {}
    name = b.fresh_names()[0]
    nodes = [
        helper.make_node("Constant", [], [f"{name}_odd"], value=odd),
        helper.make_node("Where", [b.fellow(x, np.bool_), x, f"{name}_odd"], [f"{name}_in"]),
        helper.make_node(op, [f"{name}_in"], [name], **how),
    ]
    b.add(nodes, [name], keeps=True)


@draws("Where")
def where(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    y, condition = b.fellow(x), b.fellow(x, np.bool_)
    if not broadcasts(b.values[y], b.values[condition]):
        raise Again(op)
    b.node(op, condition, *swapped(b, x, y), keeps=True)


@draws("Cast", "CastLike")
def cast(b: Builder, op: str) -> None:
    to = b.one_of(*ANY)
    x = b.tensor(ANY, exact=to not in FLOATS)
    if np.issubdtype(to, np.unsignedinteger) and b.values[x].min() <= -1:
        raise Again(op)  # what C leaves undefined, ONNX does not say
    if op == "Cast":
        b.node(op, x, to=int(helper.np_dtype_to_tensor_dtype(np.dtype(to))), keeps=True)
    else:
        b.node(op, x, b.constant(b.numbers([1], to)), keeps=True)


@draws("Clip")
def clip(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS)
    kind = b.values[x].dtype.type
    low, high = np.array(b.one_of(-1, 0), kind), np.array(b.one_of(1, 3), kind)
    bounds = b.one_of([low], [low, high], ["", high])
    b.node(op, x, *(bound if isinstance(bound, str) else b.fresh(bound) for bound in bounds), keeps=True)


@draws("Dropout")
def dropout(b: Builder, op: str) -> None:
    b.node(op, b.tensor([np.float32]), outputs=b.integer(1, 2), keeps=True)


@draws("Softmax", "LogSoftmax", "Hardmax")
def softmax(b: Builder, op: str) -> None:
    x = b.tensor(least=1, exact=op == "Hardmax")
    b.node(op, x, axis=b.integer(-b.values[x].ndim, b.values[x].ndim - 1), keeps=op == "Hardmax")


REDUCTIONS = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")


@draws(*(f"Reduce{kind}" for kind in REDUCTIONS))
def reduction(b: Builder, op: str) -> None:
    if op in ("ReduceMax", "ReduceMin"):
        x = b.tensor((*NUMBERS, np.int8, np.uint8, np.bool_), 1)
    else:
        x = b.tensor(NUMBERS if op in ("ReduceSum", "ReduceProd") else FLOATS, 1)
    if op == "ReduceLogSum":
        x = b.node("Abs", x, keeps=True)
        if b.values[x].min() < 0.1:
            raise Again(op)
    rank = b.values[x].ndim
    axes = b.some(range(rank))
    given = [b.constant([a - rank if b.maybe() else a for a in axes], np.int64)] if axes else []
    b.node(op, x, *given, keepdims=b.integer(0, 1), keeps=op in ("ReduceMax", "ReduceMin"))


@draws("ArgMax", "ArgMin")
def arg_reduction(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, least=1, exact=True)
    how = {"keepdims": b.integer(0, 1), "select_last_index": b.integer(0, 1)}
    b.node(op, x, axis=b.integer(0, b.values[x].ndim - 1), keeps=True, **how)


@draws("CumSum", "CumProd")
def running(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS if op == "CumSum" else FLOATS, 1)
    axis = b.constant(b.integer(-b.values[x].ndim, b.values[x].ndim - 1), np.int64)
    b.node(op, x, axis, exclusive=b.integer(0, 1), reverse=b.integer(0, 1))
