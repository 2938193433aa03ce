"""RNN, GRU and LSTM: the products of all inputs are one matmul before the loop, those of the states stand in it.

    %Y, %Yh = onnx.RNN(%X, %W, %R, %B) {hidden_size = 5} : tensor<9x1x3xf32>, ... -> tensor<9x1x1x5xf32>, ...
becomes
    %xs = graph.add (graph.matmul %X', %W'), %b : tensor<9x5xf32>              // for all nine steps
    %h, %Y = graph.loop %i to %nine iter(%h = %h0, %ys = %zeros) : tensor<1x5xf32>, tensor<9x1x1x5xf32> {
      %x = graph.slice_at %xs, %i, %0 {sizes = [1, 5]} : ...
      %n = graph.tanh (graph.add %x, (graph.matmul %h, %R'))
      %y = graph.update_at %ys, %n', %i, %0, %0, %0 : ...
      graph.yield %n, %y
    }

The equations are those of ONNX's specification (operators RNN, GRU and LSTM). Where it is silent, it is as ONNX Runtime
has it: `clip` bounds what goes into the gates' activations, not what goes into h; of a sequence that ends before the
others do, outputs are 0 from there on, and final states are those of its last step, 0 where it has no step at all.
Shapes: X [steps, batch, inputs], W [directions, gates * hidden, inputs], R [directions, gates * hidden, hidden],
Y [steps, directions, batch, hidden]; with layout = 1 the batch comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of, say, shape_of
from xdsl.dialects.builtin import TensorType, i64
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .elementwise import leaky, softplus_of
from .emitter import Size
from .steps import backwards, room, steps, take, whole_shape

Function = Callable[[Node, SSAValue], SSAValue]

ACTIVATIONS: dict[str, tuple[Callable[[Node, SSAValue, float, float], SSAValue], float | None, float | None]] = {
    "affine": (lambda node, x, a, b: node.add(node.mul(x, a), b), 1.0, 0.0),
    "elu": (lambda node, x, a, b: leaky_exponential(node, x, a), 1.0, None),
    "hardsigmoid": (lambda node, x, a, b: node.clamp(node.add(node.mul(x, a), b), 0.0, 1.0), 0.2, 0.5),
    "leakyrelu": (lambda node, x, a, b: leaky(node, x, a), 0.01, None),
    "relu": (lambda node, x, a, b: node.relu(x), None, None),
    "scaledtanh": (lambda node, x, a, b: node.mul(node.tanh(node.mul(x, b)), a), 1.0, 1.0),
    "sigmoid": (lambda node, x, a, b: node.sigmoid(x), None, None),
    "softplus": (lambda node, x, a, b: softplus_of(node, x), None, None),
    "softsign": (lambda node, x, a, b: node.div(x, node.add(node.abs(x), 1.0)), None, None),
    "tanh": (lambda node, x, a, b: node.tanh(x), None, None),
    "thresholdedrelu": (lambda node, x, a, b: node.select(node.compare("ge", x, a), x, 0.0), 1.0, None),
}
"""By name in lower case: the formula of (x, alpha, beta), and what alpha and beta are by default; None where it has
none."""


def leaky_exponential(node: Node, x: SSAValue, alpha: float) -> SSAValue:
    """x, or alpha * (exp(x) - 1) below zero."""
    return node.select(node.compare("lt", x, 0), node.mul(node.sub(node.exp(x), 1.0), alpha), x)


def activations_of(node: Node, defaults: Sequence[str], directions: int) -> list[list[Function]]:
    """The functions f, g, h of each direction; alphas and betas go in turn to those that have one."""
    needed = len(defaults) * directions
    names = list(node.attribute("activations") or [*defaults] * directions)[:needed]  # RNN's own default is too long
    if len(names) < needed:
        raise node.unsupported(
            f"{len(names)} activations for {directions} directions", f"{len(defaults)} are needed for each direction"
        )
    alphas = iter(node.attribute("activation_alpha") or ())
    betas = iter(node.attribute("activation_beta") or ())
    made = [activation(node, str(name), alphas, betas) for name in names]
    return [made[start : start + len(defaults)] for start in range(0, len(made), len(defaults))]


def activation(node: Node, name: str, alphas: Iterator[float], betas: Iterator[float]) -> Function:
    if name.lower() not in ACTIVATIONS:
        raise node.unsupported(f"activation '{name}' is not supported", f"there are {', '.join(ACTIVATIONS)}")
    formula, alpha, beta = ACTIVATIONS[name.lower()]
    a = 0.0 if alpha is None else float(next(alphas, alpha))
    b = 0.0 if beta is None else float(next(betas, beta))
    return lambda inside, x: formula(inside, x, a, b)


class Factors:
    """The matrices that inputs and states are multiplied with: here those of the node, operands 1 and 2."""

    def matrix(self, node: Node, operand: int, number: int) -> SSAValue:
        """The matrix [inputs or hidden, gates * hidden] of direction `number`."""
        return node.transpose(part(node, node[operand], number), [1, 0])

    def hidden(self, node: Node) -> int:
        return whole_shape(node, node[2])[2]

    def product(self, node: Node, x: SSAValue, matrix: SSAValue) -> SSAValue:
        return node(graph.MatmulOp(x, matrix))


@dataclass
class Direction:
    """One direction of one node: its weights as the steps need them.

    `products` [steps, batch, gates * hidden]: the inputs' share of the gates, with all biases that can be added before.
    `weights` [hidden, gates * hidden]: what the states are multiplied with. `bias`: the rest of the biases, if any.
    `peepholes`: a row [hidden] for each of the gates that have one.
    """

    products: SSAValue
    weights: SSAValue
    functions: Sequence[Function]
    hidden: int
    factors: Factors
    bias: SSAValue | None = None
    peepholes: Sequence[SSAValue] = ()
    clip: float | None = None

    def product(self, node: Node, state: SSAValue, weights: SSAValue | None = None) -> SSAValue:
        """The state times its weights, or some of them."""
        return self.factors.product(node, state, self.weights if weights is None else weights)

    def gate(self, node: Node, all_gates: SSAValue, number: int) -> SSAValue:
        """The part of [batch, gates * hidden] that is gate `number`."""
        return node.slice(all_gates, 1, number * self.hidden, self.hidden)

    def clipped(self, node: Node, x: SSAValue) -> SSAValue:
        return x if self.clip is None else node.clamp(x, -self.clip, self.clip)

    def squash(self, node: Node, number: int, x: SSAValue) -> SSAValue:
        """Activation `number` of x, which is clipped before."""
        return self.functions[number](node, self.clipped(node, x))


Cell = Callable[[Node, Direction, SSAValue, list[SSAValue]], list[SSAValue]]
"""(node, direction, the inputs' share [batch, gates * hidden], states [batch, hidden]) → the states behind a step."""


@converts("RNN", since=7)
def rnn(node: Node) -> list[SSAValue]:
    """all directions, layouts, activations; clip, sequence_lens"""
    return recurrent(node, 1, ["Tanh"], rnn_cell, Factors())


def rnn_cell(node: Node, way: Direction, x: SSAValue, states: list[SSAValue]) -> list[SSAValue]:
    """H = f(X W' + H R' + biases)"""
    return [way.squash(node, 0, node.add(x, way.product(node, states[0])))]


@converts("GRU", since=7)
def gru(node: Node) -> list[SSAValue]:
    """all directions, layouts, activations; clip, sequence_lens, linear_before_reset"""
    linear = bool(node.integer("linear_before_reset", 0))
    cell, late = (gru_linear_cell, 2) if linear else (gru_cell, None)
    return recurrent(node, 3, ["Sigmoid", "Tanh"], cell, Factors(), late=late)


def gru_cell(node: Node, way: Direction, x: SSAValue, states: list[SSAValue]) -> list[SSAValue]:
    """h = g(X Wh' + (r . H) Rh' + biases), H = (1 - z) . h + z . H"""
    (state,) = states
    hidden = way.hidden
    some = node.slice(way.weights, 1, 0, 2 * hidden)
    both = node.add(node.slice(x, 1, 0, 2 * hidden), way.product(node, state, some))
    update, reset = (way.squash(node, 0, way.gate(node, both, number)) for number in (0, 1))
    rest = way.product(node, node.mul(reset, state), way.gate(node, way.weights, 2))
    new = way.squash(node, 1, node.add(way.gate(node, x, 2), rest))
    return [mixed(node, update, state, new)]


def gru_linear_cell(node: Node, way: Direction, x: SSAValue, states: list[SSAValue]) -> list[SSAValue]:
    """h = g(X Wh' + r . (H Rh' + Rbh) + Wbh), H = (1 - z) . h + z . H"""
    (state,) = states
    product = way.product(node, state)
    update, reset = (
        way.squash(node, 0, node.add(way.gate(node, x, number), way.gate(node, product, number))) for number in (0, 1)
    )
    rest = way.gate(node, product, 2)
    rest = rest if way.bias is None else node.add(rest, way.bias)
    new = way.squash(node, 1, node.add(way.gate(node, x, 2), node.mul(reset, rest)))
    return [mixed(node, update, state, new)]


def mixed(node: Node, update: SSAValue, old: SSAValue, new: SSAValue) -> SSAValue:
    """(1 - update) . new + update . old"""
    return node.add(node.mul(node.sub(1.0, update), new), node.mul(update, old))


@converts("LSTM", since=7)
def lstm(node: Node) -> list[SSAValue]:
    """all directions, layouts, activations; clip, sequence_lens, peepholes, input_forget"""
    return lstm_of(node, Factors())


def lstm_of(node: Node, factors: Factors) -> list[SSAValue]:
    forget = bool(node.integer("input_forget", 0))

    def cell(inside: Node, way: Direction, x: SSAValue, states: list[SSAValue]) -> list[SSAValue]:
        return lstm_cell(inside, way, x, states, coupled=forget)

    return recurrent(node, 4, ["Sigmoid", "Tanh", "Tanh"], cell, factors, states=2)


def lstm_cell(node: Node, way: Direction, x: SSAValue, states: list[SSAValue], *, coupled: bool) -> list[SSAValue]:
    """C = f . C + i . c, H = o . h(C); the gates stand in the order i, o, f, c. `coupled`: f is 1 - i."""
    state, cell = states
    gates = node.add(x, way.product(node, state))

    def gate(number: int, seen: SSAValue) -> SSAValue:
        own = way.gate(node, gates, number)
        return way.squash(node, 0, node.add(own, node.mul(way.peepholes[number], seen)) if way.peepholes else own)

    into = gate(0, cell)
    keep = node.sub(1.0, into) if coupled else gate(2, cell)
    new = way.squash(node, 1, way.gate(node, gates, 3))
    cell = node.add(node.mul(keep, cell), node.mul(into, new))
    return [node.mul(gate(1, cell), way.functions[2](node, cell)), cell]


DIRECTIONS = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
"""For each value of `direction`, whether each of its directions starts at the end."""


def recurrent(
    node: Node,
    gates: int,
    defaults: Sequence[str],
    cell: Cell,
    factors: Factors,
    states: int = 1,
    late: int | None = None,
) -> list[SSAValue]:
    """(Y, then the final states). `late`: the gate of which the state's bias is added in the loop.

    Operands: X, W, R, B, sequence_lens, initial states, peepholes.
    """
    direction = node.text("direction", "forward")
    if direction not in DIRECTIONS:
        raise node.unsupported(f"direction '{direction}' does not exist", f"{', '.join(DIRECTIONS)} do")
    reverse = DIRECTIONS[direction]
    for index, name in enumerate("XWR"):
        if rank_of(node[index]) != 3:
            raise node.unsupported(f"{name} has {rank_of(node[index])} dims; it must have 3", "export the model again")
        if name != "X" and (count := shape_of(node[index])[0]) != len(reverse):
            raise node.unsupported(f"{name} is of {count} directions, not {len(reverse)}", "export the model again")
    batch_first = node.opset >= 14 and bool(node.integer("layout", 0))
    x = node.transpose(node[0], [1, 0, 2]) if batch_first else node[0]
    ways = [
        direction_of(node, x, number, gates, functions, factors, late)
        for number, functions in enumerate(activations_of(node, defaults, len(reverse)))
    ]
    inits = [node.get(5 + number) for number in range(states)]
    if batch_first:
        inits = [value if value is None else node.transpose(value, [1, 0, 2]) for value in inits]
    run = Run(node, x, ways, reverse, lengths_of(node, x), cell, states)
    outputs, finals = run.all(inits)
    if batch_first:
        outputs = outputs if outputs is None else node.transpose(outputs, [2, 0, 1, 3])
        finals = [node.transpose(value, [1, 0, 2]) for value in finals]
    return [x if outputs is None else outputs, *finals]  # nobody reads what isn't there


def direction_of(
    node: Node,
    x: SSAValue,
    number: int,
    gates: int,
    functions: Sequence[Function],
    factors: Factors,
    late: int | None,
) -> Direction:
    count, batch, _ = whole_shape(node, x)
    hidden = factors.hidden(node)
    products = factors.product(node, node.reshape(x, [(0, 1), (2,)]), factors.matrix(node, 1, number))
    early, bias = biases(node, number, gates, hidden, late)
    if early is not None:
        products = node.add(products, early)
    peepholes: Sequence[SSAValue] = ()
    if gates == 4 and node.get(7) is not None:
        row = part(node, node[7], number)
        peepholes = [node.slice(row, 0, gate * hidden, hidden) for gate in range(3)]
    return Direction(
        node.reshape(products, [count, batch, gates * hidden]),
        factors.matrix(node, 2, number),
        functions,
        hidden,
        factors,
        bias,
        peepholes,
        node.real("clip") if node.has("clip") else None,
    )


def part(node: Node, x: SSAValue, number: int) -> SSAValue:
    """x[number]"""
    kept: list[Size] = [(axis,) for axis in range(1, rank_of(x))]
    return node.reshape(node.slice(x, 0, number, 1), kept)


def biases(
    node: Node, number: int, gates: int, hidden: int, late: int | None
) -> tuple[SSAValue | None, SSAValue | None]:
    """(what is added before the loop [gates * hidden], what is added in it [hidden]) of B = Wb and Rb."""
    if node.get(3) is None:
        return None, None
    both = part(node, node[3], number)
    inputs, state = (node.slice(both, 0, half * gates * hidden, gates * hidden) for half in (0, 1))
    if late is None:
        return node.add(inputs, state), None
    first = node.slice(state, 0, 0, late * hidden)
    zeros = node.constant(np.zeros(hidden, np.float32))
    early = node.add(inputs, node(graph.ConcatOp(first, node.cast(zeros, element_type_of(both)), axis=0)))
    return early, node.slice(state, 0, late * hidden, hidden)


def lengths_of(node: Node, x: SSAValue) -> SSAValue | None:
    """sequence_lens as i64 [batch, 1]; None where all sequences go to the end."""
    lengths = node.get(4)
    if lengths is None:
        return None
    count, batch, _ = whole_shape(node, x)
    known = node.known(lengths)
    if known is not None and (known >= count).all():
        return None
    return node.reshape(node.cast(lengths, i64), [batch, 1])


@dataclass
class Run:
    """The loops of all directions of one node."""

    node: Node
    x: SSAValue
    ways: Sequence[Direction]
    reverse: Sequence[bool]
    lengths: SSAValue | None
    cell: Cell
    states: int

    def all(self, inits: Sequence[SSAValue | None]) -> tuple[SSAValue | None, list[SSAValue]]:
        """(Y [steps, directions, batch, hidden], final states [directions, batch, hidden]); Y if it is used."""
        node = self.node
        count, batch, _ = whole_shape(node, self.x)
        hidden = self.ways[0].hidden
        outputs: list[SSAValue] = []
        if node.op.results[0].uses and count != 1:
            like = TensorType(element_type_of(self.x), [len(self.ways), batch, hidden])
            outputs = [room(node, like, 0, count)]
        finals: list[list[SSAValue]] = []
        for number in range(len(self.ways)):
            start = [self.initial(value, number, [batch, hidden]) for value in inits]
            done = self.direction(number, [*start, *outputs], count)
            finals.append([self.final(state) for state in done[: self.states]])
            outputs = done[self.states :]
        together = [
            self.joined([node.reshape(state, [1, batch, hidden]) for state in states])
            for states in zip(*finals, strict=True)
        ]
        if count == 1:
            return node.reshape(together[0], [1, len(self.ways), batch, hidden]), together
        return next(iter(outputs), None), together

    def initial(self, value: SSAValue | None, number: int, dims: list[int]) -> SSAValue:
        node = self.node
        if value is not None:
            if whole_shape(node, value) != (want := (len(self.ways), *dims)):
                shown = f"an initial state of {say(shape_of(value))}, where {say(want)} is needed"
                raise node.unsupported(f"{shown} (directions, batch, hidden)", "hand in a state for each sequence")
            return part(node, value, number)
        zero = node.scalar(0, element_type_of(self.x))
        return node(graph.BroadcastToOp(zero, result_type=TensorType(element_type_of(self.x), dims)))

    def joined(self, parts: Sequence[SSAValue]) -> SSAValue:
        return parts[0] if len(parts) == 1 else self.node(graph.ConcatOp(*parts, axis=0))

    def final(self, state: SSAValue) -> SSAValue:
        """The state, 0 of a sequence without steps."""
        if self.lengths is None:
            return state
        return self.node.select(self.node.compare("gt", self.lengths, 0), state, 0.0)

    def direction(self, number: int, inits: Sequence[SSAValue], count: int) -> list[SSAValue]:
        """States behind the last step, and Y with this direction's outputs where it was handed in as the last."""
        way, reverse, states = self.ways[number], self.reverse[number], self.states

        def body(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
            index = backwards(inside, count, step) if reverse else step
            new = self.cell(inside, way, take(inside, way.products, 0, index), carried[:states])
            output = new[0]
            if self.lengths is not None:
                on = inside.compare("gt", self.lengths, index)
                output = inside.select(on, output, 0.0)
                new = [inside.select(on, after, before) for after, before in zip(new, carried, strict=False)]
            return [*new, *(put_output(inside, outputs, index, number, output) for outputs in carried[states:])]

        return steps(self.node, count, inits, body)


def put_output(node: Node, outputs: SSAValue, step: SSAValue, number: int, value: SSAValue) -> SSAValue:
    """Y with `value` [batch, hidden] at [step, number]."""
    zero, place = (node.constant(np.array(at, np.int64)) for at in (0, number))
    part = node.reshape(value, [1, 1, *shape_of(value)])
    return node(graph.UpdateAtOp(outputs, part, step, place, zero, zero))
