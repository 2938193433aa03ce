"""If, Loop and Scan: a graph that is known to run is written out, the others become `graph.if` and `graph.loop`.

    %y = onnx.Loop(%n, %true, %x) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> body {
    ^bb0(%i : tensor<i64>, %go : tensor<i1>, %h : tensor<4xf32>):
      %next = onnx.Tanh(%h) : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Yield %go, %next : tensor<i1>, tensor<4xf32>
    }
becomes
    %y = graph.loop %i to %n iter(%h = %x) : tensor<4xf32> {
      %next = graph.tanh %h : tensor<4xf32>
      graph.yield %next : tensor<4xf32>
    }

A loop that would never end, as its condition stays true and nothing counts its steps, is refused.

What each step gives besides what it carries is put into one tensor, at the place of the step. A loop whose values
change their shapes, or that carries sequences, is written out step by step: then how often it runs must be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.control import FOREVER
from stepwell.dialects.graph.types import element_type_of, rank_of, shape_of, type_of
from stepwell.dialects.onnx import YieldOp
from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Block, Region, SSAValue

from .blocks import convert_region, origins_of
from .conversion import Converted, NeedsShapes, NeedsValue, Node, converts
from .counting import count_steps
from .emitter import static_shape
from .sequences import stack
from .sizes import sized
from .steps import Loop, backwards, put, room, take, whole_shape

MOST_STEPS = 1024
"""A loop that has to be written out step by step may have so many."""


MOST_SCANNED = 1 << 26
"""Elements of which a loop may give fewer, as it ends when its condition says so."""


@converts("If")
def if_(node: Node) -> list[Converted]:
    """a condition known when the program is made, or sides that give tensors of equal shapes"""
    condition = node.reshape(node[0], [])
    if (known := node.known(condition)) is not None:
        return convert_region(node, "then_branch" if known else "else_branch", [])
    sides: list[Side] = []
    try:
        sides.append(Side(node, "then_branch"))
        sides.append(Side(node, "else_branch"))
        types = sides[0].check_alike(sides[1])
    except StepwellError as error:
        raise NeedsValue(
            f"{node.name}: a condition computed at run time is not supported here: {error.what}",
            where=node.op,
            fix="export the model with a constant condition, or with sides that give tensors of equal shapes",
            value=condition,
            instead=None if isinstance(error, Unlike) else error,
        ) from error
    op = graph.IfOp(condition, types, *(Region(side.block) for side in sides))
    node(op)
    return list(op.results)


class Unlike(StepwellError):
    """The two sides of an If do not give the same."""


class Side:
    """One side of an If that becomes a `graph.if`."""

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.end = graph.YieldOp()
        self.block = Block([self.end])
        values = convert_region(node, name, [], self.end)
        self.end.operands = [node.tensor(value) for value in values]

    def check_alike(self, other: Side) -> Sequence[Attribute]:
        """The types that both sides give."""
        for index, (one, two) in enumerate(zip(self.end.operands, other.end.operands, strict=True)):
            if one.type != two.type:
                raise Unlike(f"result {index} is {one.type} if it is true and {two.type} if not")
            if static_shape(one) is None:
                raise NeedsShapes(f"result {index} has open dims", where=self.node.op)
        return self.end.operand_types


@dataclass
class Unsteady(StepwellError):
    """A loop cannot become a `graph.loop`; it may still be written out step by step."""


@converts("Loop")
def loop(node: Node) -> list[Converted]:
    """rolled where shapes do not change; with scan outputs the most steps there can be must be known"""
    trips, condition = (None if value is None else node.reshape(value, []) for value in (node.get(0), node.get(1)))
    inits = [node.converted(index) for index in range(2, len(node.op.operands))]
    plan = LoopPlan(node, trips, condition, inits)
    try:
        return plan.rolled()
    except Unsteady:
        return plan.written_out()


@dataclass
class LoopPlan:
    """A Loop: how often it runs at most, whether it starts, and what it carries."""

    node: Node
    trips: SSAValue | None
    condition: SSAValue | None
    inits: Sequence[Converted]

    @property
    def scans(self) -> int:
        return len(self.node.op.results) - len(self.inits)

    def known_trips(self) -> int | None:
        """How many steps there are at most, if that is known."""
        known = None if self.trips is None else self.node.known(self.trips)
        return None if known is None else max(int(known), 0)

    def rolled(self) -> list[Converted]:
        node = self.node
        inits = [value for value in self.inits if isinstance(value, SSAValue)]
        if len(inits) < len(self.inits):
            raise Unsteady("it carries sequences")
        starts = None if self.condition is None else node.known(self.condition)
        if (starts is not None and not starts) or self.known_trips() == 0:
            raise Unsteady("it has no steps")
        if self.scans:
            self.need_count()
        fixed = self.fixed()
        kept = [value for value, same in zip(inits, fixed, strict=True) if not same]
        for value in kept:
            whole_shape(node, value)
        loop = Loop(node, [value.type for value in kept])
        values, again, scanned = self.body(loop, inits, fixed)
        trips, count = self.trips, self.known_trips()
        told = trips is None or count is not None  # by the model: when it runs there may be fewer steps
        if again is not None and (self.condition is None or starts) and told:
            count = count_steps(node, loop.block.args[0], loop.carried, kept, values, again, count)
            if count is not None:
                trips, again = node.constant(np.array(count, np.int64)), None
        if again is None and (trips is None or (count is not None and count >= FOREVER)):
            raise node.unsupported(
                "never ends: its condition stays true, and no trip count below 2^62 ends it",
                "let the body yield a condition that becomes false, or give a trip count (M)",
            )
        open_ended = bool(scanned) and (again is not None or count is None)
        if open_ended:
            count = self.most_steps(scanned)
        go = self.condition
        if go is None or starts is not None:
            go = None if again is None else node.constant(np.array(True))
        if go is not None and again is None:
            again = loop.inside.constant(np.array(True))
        rooms = [room(node, type_of(value), 0, count or 0) for value in scanned]
        for value, place in zip(scanned, rooms, strict=True):
            argument = loop.block.insert_arg(place.type, len(loop.block.args))
            values.append(put(loop.inside, argument, 0, loop.step, value))
        if open_ended:  # the number of the step that is through is carried, too
            rooms.append(node.constant(np.array(0, np.int64)))
            loop.block.insert_arg(rooms[-1].type, len(loop.block.args))
            values.append(loop.inside.add(loop.step, 1))
        results = loop.close(trips, [*kept, *rooms], values, go, again)
        counts = {0: results.pop()} if open_ended else {}
        carried, changed = list[Converted](), iter(results)
        for value, same in zip(inits, fixed, strict=True):
            carried.append(value if same else next(changed))
        return [*carried, *(sized(node, value, counts) if counts else value for value in changed)]

    def body(
        self, loop: Loop, inits: Sequence[SSAValue], fixed: Sequence[bool]
    ) -> tuple[list[SSAValue], SSAValue | None, list[SSAValue]]:
        """(what is carried on, whether another step follows unless that is sure, what is scanned)."""
        node, carried = self.node, iter(loop.carried)
        arguments = [value if same else next(carried) for value, same in zip(inits, fixed, strict=True)]
        runs = loop.inside.constant(np.array(True))  # or this step would not be
        try:
            more, *given = convert_region(node, "body", [loop.step, runs, *arguments], loop.end)
        except NeedsValue as problem:
            if any(argument.block is loop.block for argument in origins_of(problem.value, *problem.also)):
                raise Unsteady(problem.what) from problem
            raise
        for op in loop.block.walk():
            if isinstance(op, graph.DynamicOp) and any(
                argument.block is loop.block for operand in op.operands[1:] for argument in origins_of(operand)
            ):
                raise Unsteady(f"the shape of what {op.name} gives depends on the step")
        given = [node.tensor(value) for value in given]
        changed = [value for value, same in zip(given, fixed, strict=False) if not same]
        for index, (value, argument) in enumerate(zip(changed, loop.carried, strict=True)):
            if value.type != argument.type:
                if DYNAMIC_INDEX in shape_of(value):
                    whole_shape(node, value)
                raise Unsteady(f"carried value {index} is {argument.type} before and {value.type} after a step")
        again = loop.inside.reshape(node.tensor(more), [])
        sure = loop.inside.known(again)
        if sure is not None and not sure:
            raise Unsteady("it ends after one step")
        scanned = given[len(inits) :]
        for value in scanned:
            whole_shape(node, value)
        return changed, None if sure is not None else again, scanned

    def most_steps(self, scanned: Sequence[SSAValue]) -> int:
        """How many steps there can be of a loop that its own results end: there is room for all of them."""
        most = self.known_trips()
        if most is None or any(most * prod(whole_shape(self.node, value)) > MOST_SCANNED for value in scanned):
            raise Unsteady("how many steps it has depends on what they compute")
        return most

    def need_count(self) -> None:
        """The number of steps is a dim of what is scanned."""
        node = self.node
        problems = [
            NeedsValue(
                f"{node.name}: {what} computed at run time is not supported where each step gives a value",
                where=node.op,
                fix="export the model with a constant number of steps",
                value=value,
            )
            for value, what in ((self.trips, "a number of steps"), (self.condition, "a first condition"))
            if value is not None and node.known(value) is None
        ]
        if problems:
            for problem in problems[1:]:
                node.ctx.report(problem)
            raise problems[0]

    def fixed(self) -> list[bool]:
        """Which values the body only hands on."""
        body = self.node.op.region("body")
        end = None if body is None else body.block.last_op
        assert body is not None and isinstance(end, YieldOp)
        pairs = zip(end.operands[1 : len(self.inits) + 1], body.block.args[2:], strict=True)
        return [origin(value) is argument for value, argument in pairs]

    def written_out(self) -> list[Converted]:
        node = self.node
        limit, go = self.known_trips(), self.known_condition(self.condition, None)
        if limit is None and self.trips is not None:
            raise self.needs(self.trips, "a number of steps")
        carried, scanned = list(self.inits), list[list[SSAValue]]()
        number = 0
        while go and (limit is None or number < limit):
            if number == MOST_STEPS:
                raise node.unsupported(
                    f"a loop of more than {MOST_STEPS} steps whose values change their shapes", "export it otherwise"
                )
            arguments = [node.constant(np.array(number, np.int64)), node.constant(np.array(True)), *carried]
            more, *given = convert_region(node, "body", arguments)
            carried = given[: len(carried)]
            scanned.append([node.tensor(value) for value in given[len(carried) :]])
            number += 1
            if limit is None or number < limit:
                go = self.known_condition(node.reshape(node.tensor(more), []), number)
        if not scanned:
            return [*carried, *self.nothing_scanned()]
        return [*carried, *(stack(node, list(values), 0) for values in zip(*scanned, strict=True))]

    def known_condition(self, value: SSAValue | None, step: int | None) -> bool:
        known = None if value is None else self.node.known(value)
        if value is not None and known is None:
            raise self.needs(value, "a first condition" if step is None else f"the condition after step {step}")
        return value is None or bool(known)

    def needs(self, value: SSAValue, what: str) -> NeedsValue:
        return NeedsValue(
            f"{self.node.name}: {what} computed at run time is not supported where shapes change from step to step",
            where=self.node.op,
            fix="export the model with a constant number of steps",
            value=value,
        )

    def nothing_scanned(self) -> list[Converted]:
        """What no steps give: empty tensors of the type that the model states."""
        results: list[Converted] = []
        for result in self.node.op.results[len(self.inits) :]:
            kind: Attribute = result.type
            if not isinstance(kind, TensorType) or DYNAMIC_INDEX in shape_of(result)[1:]:
                raise self.node.unsupported(
                    "a loop without steps gives values of unknown shape", "state the types of its results"
                )
            like = TensorType(element_type_of(result), [0, *shape_of(result)[1:]])
            zero = self.node.scalar(0, like.element_type)
            results.append(self.node(graph.BroadcastToOp(zero, result_type=like)))
        return results


def origin(value: SSAValue) -> SSAValue:
    """`value` before it was handed on by Identity."""
    while not isinstance(owner := value.owner, Block) and owner.name == "onnx.Identity":
        value = owner.operands[0]
    return value


@dataclass(frozen=True)
class Scanned:
    """A value that is taken apart, or put together, along an axis: which, and whether from its end."""

    axis: int
    reverse: bool

    def index(self, node: Node, count: int, step: SSAValue) -> SSAValue:
        return backwards(node, count, step) if self.reverse else step


@converts("Scan", since=9)
def scan(node: Node) -> list[SSAValue]:
    """all directions and axes"""
    values = node.inputs
    inputs = values[len(values) - node.integer("num_scan_inputs") :]
    states = values[: len(values) - len(inputs)]
    ranks = [rank_of(value) for value in inputs]
    taken = scanned_by(node, "scan_input", ranks)
    return run_scan(node, states, inputs, taken)


def scanned_by(node: Node, side: str, ranks: Sequence[int]) -> list[Scanned]:
    zeros = [0] * len(ranks)
    axes = node.integers_of(f"{side}_axes", zeros)
    directions = node.integers_of(f"{side}_directions", zeros)
    if not len(axes) == len(directions) == len(ranks):
        given = f"{len(axes)} axes and {len(directions)} directions of {side}s, which are {len(ranks)}"
        raise node.unsupported(given, "export the model again with a valid node")
    return [
        Scanned(node.from_front(axis, rank), bool(direction))
        for axis, direction, rank in zip(axes, directions, ranks, strict=True)
    ]


def run_scan(
    node: Node,
    states: Sequence[SSAValue],
    inputs: Sequence[SSAValue],
    taken: Sequence[Scanned],
    length: int | None = None,
) -> list[SSAValue]:
    """(states behind the last step, what was put together). `length`: how many steps, if not all there are."""
    counts = {whole_shape(node, value)[how.axis] for value, how in zip(inputs, taken, strict=True)}
    if len(counts) != 1:
        raise node.unsupported(f"inputs of {sorted(counts)} steps do not fit each other", "export the model again")
    (total,) = counts
    count = total if length is None else length
    for state in states:
        whole_shape(node, state)
    loop = Loop(node, [state.type for state in states])
    inside = loop.inside
    parts = [
        take(inside, value, how.axis, how.index(inside, count, loop.step))
        for value, how in zip(inputs, taken, strict=True)
    ]
    given = [node.tensor(value) for value in convert_region(node, "body", [*loop.carried, *parts], loop.end)]
    values, pieces = given[: len(states)], given[len(states) :]
    for value, state in zip(values, states, strict=True):
        if value.type != state.type:
            raise node.unsupported(
                f"a state is {state.type} before and {value.type} after a step", "a state's type must not change"
            )
    made = scanned_by(node, "scan_output", [rank_of(piece) + 1 for piece in pieces])
    rooms = [room(node, type_of(piece), how.axis, total) for piece, how in zip(pieces, made, strict=True)]
    for piece, how, place in zip(pieces, made, rooms, strict=True):
        argument = loop.block.insert_arg(place.type, len(loop.block.args))
        values.append(put(inside, argument, how.axis, how.index(inside, count, loop.step), piece))
    return loop.close(node.constant(np.array(count, np.int64)), [*states, *rooms], values)


@converts("Scan", since=8)
def scan_batch(node: Node) -> list[SSAValue]:
    """each entry of the batch by itself; lengths known when the program is made"""
    values = [node[index] for index in range(1, len(node.op.operands))]
    count = node.integer("num_scan_inputs")
    states, inputs = values[: len(values) - count], values[len(values) - count :]
    batch, total = whole_shape(node, inputs[0])[:2]
    lengths = [total] * batch if node.get(0) is None else node.needed_integers(0, "lengths")
    reverse = [bool(direction) for direction in node.integers_of("directions", [0] * count)]
    results: list[list[SSAValue]] = []
    for number, length in enumerate(lengths):
        at = node.constant(np.array(number, np.int64))
        parts = [take(node, value, 0, at) for value in inputs]
        taken = [Scanned(0, backward) for backward in reverse]
        start = [take(node, state, 0, at) for state in states]
        results.append(run_scan(node, start, parts, taken, length))
    return [stack(node, list(values), 0) for values in zip(*results, strict=True)]
