"""The intervals of int64s hold what programs compute: rules one by one, and random kernels run by an interpreter."""

from __future__ import annotations

from typing import Any

import loops_eval
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from linalg_eval import truncated
from stepwell.context import Context
from stepwell.passes.loops.integer_idioms import counts_from_end
from stepwell.passes.loops.integer_ranges import integer_ranges
from stepwell.passes.loops.intervals import INT32, RULES, Range, hull, times
from stepwell.text import parse_module
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp, i64
from xdsl.ir import SSAValue

MEANINGS = {
    "arith.addi": np.add,
    "arith.subi": np.subtract,
    "arith.muli": np.multiply,
    "arith.divsi": truncated,
    "arith.floordivsi": np.floor_divide,
    "arith.remsi": np.fmod,
    "arith.maxsi": np.maximum,
    "arith.minsi": np.minimum,
    "arith.divui": lambda a, b: a.view(np.uint64) // b.view(np.uint64),
    "arith.remui": lambda a, b: a.view(np.uint64) % b.view(np.uint64),
    "arith.maxui": lambda a, b: np.maximum(a.view(np.uint64), b.view(np.uint64)),
    "arith.minui": lambda a, b: np.minimum(a.view(np.uint64), b.view(np.uint64)),
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
}
NUMBERS = st.one_of(st.integers(-9, 9), st.integers(*INT32), st.sampled_from(INT32))


def test_each_rule_has_a_meaning() -> None:
    assert set(RULES) == set(MEANINGS)


@pytest.mark.parametrize("op", RULES)
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_results_lie_within(op: str, data: Any) -> None:
    ends = [sorted([data.draw(NUMBERS), data.draw(NUMBERS)]) for _ in range(2)]
    x, y = (np.int64(data.draw(st.one_of(st.sampled_from(pair), st.integers(*pair)))) for pair in ends)
    assume(y != 0 or not op.startswith(("arith.div", "arith.rem", "arith.floordiv")))
    low, high = RULES[op](*map(tuple, ends))
    assert low <= int(MEANINGS[op](x, y)) <= high


@pytest.mark.parametrize(
    ("op", "a", "b", "want"),
    [
        ("arith.muli", (-2, 3), (0, 7), (-14, 21)),
        ("arith.subi", (0, 5), (1, 2), (-2, 4)),
        ("arith.divsi", (-7, 20), (2, 3), (-3, 10)),
        ("arith.remsi", (0, 99), (1, 8), (0, 7)),
        ("arith.remsi", (-3, 99), (1, 8), (-3, 7)),
        ("arith.andi", (-9, 9), (0, 3), (0, 3)),
        ("arith.ori", (0, 9), (0, 3), (0, 15)),
        ("arith.maxsi", (-5, 9), (0, 3), (0, 9)),
    ],
)
def test_no_wider_than_need_be(op: str, a: Range, b: Range, want: Range) -> None:
    assert RULES[op](a, b) == want


def test_steps_add_up() -> None:
    assert times(4, (-1, 3)) == (-4, 12) and times(4, (2, 3)) == (0, 12) and times(0, (2, 3)) == (0, 0)
    assert hull(None, (2, 3)) == (2, 3) and hull((5, 9), (2, 3)) == (2, 9)


# -- whole programs ----------------------------------------------------------------------------------------------------

SIZE = 3
OPS = (
    "addi",
    "subi",
    "muli",
    "maxsi",
    "minsi",
    "andi",
    "xori",
    "divsi",
    "remsi",
    "clamp",
    "wrap",
    "rest",
    "choose",
    "bool",
)


class Kernel:
    """A random kernel as text. `numbers`: names of i64s that can be used where the next line stands."""

    def __init__(self, draw: Any, name: str):
        self.draw, self.count = draw, 0
        self.lines = [
            f"func.func private @{name}(%x: memref<{SIZE}xi64>, %y: memref<{SIZE}xi64>) {{",
            *(f"%c{n} = arith.constant {n} : index" for n in (0, 1, SIZE)),
            "%zero = arith.constant 0 : i64",
            f"scf.for %i = %c0 to %c{SIZE} step %c1 {{",
        ]
        self.numbers = [
            self.new("memref.load %x[%i]", f"memref<{SIZE}xi64>"),
            self.new("arith.index_cast %i", "index to i64"),
        ]
        self.body(depth=draw(st.integers(0, 2)))
        self.lines += [f"memref.store {self.one()}, %y[%i] : memref<{SIZE}xi64>", "}", "func.return", "}"]

    def new(self, text: str, kind: str = "i64") -> str:
        self.count += 1
        self.lines.append(f"%v{self.count} = {text} : {kind}")
        return f"%v{self.count}"

    def one(self) -> str:
        return self.draw(st.sampled_from(self.numbers[-4:]))

    def constant(self, numbers: Any = NUMBERS) -> str:
        return self.new(f"arith.constant {self.draw(numbers)}")

    def body(self, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 4))):
            self.numbers.append(self.step(self.draw(st.sampled_from(OPS))))
        if depth:
            self.loop(depth - 1)

    def loop(self, depth: int) -> None:
        """A loop that carries a number, and may add to it only."""
        first, before = self.one(), list(self.numbers)
        self.count += 1
        carried, result, counter = (f"%{letter}{self.count}" for letter in "arj")
        steps = self.draw(st.sampled_from((0, 1, SIZE)))
        at = len(self.lines)
        self.numbers += [carried]
        self.body(depth)
        end = self.new(f"arith.addi {carried}, {self.one()}") if self.draw(st.booleans()) else self.one()
        self.lines.insert(
            at, f"{result} = scf.for {counter} = %c0 to %c{steps} step %c1 iter_args({carried} = {first}) -> (i64) {{"
        )
        self.lines += [f"scf.yield {end} : i64", "}"]
        self.numbers = [*before, result]

    def step(self, op: str) -> str:
        a, b = self.one(), self.one()
        match op:
            case "clamp":
                limit = self.constant(st.integers(0, 40))
                return self.new(f"arith.minsi {self.new(f'arith.maxsi {a}, %zero')}, {limit}")
            case "wrap":
                low = self.new(f"arith.cmpi slt, {a}, %zero")
                end = self.new(f"arith.addi {a}, {self.constant(st.integers(0, 40))}")
                return self.new(f"arith.select {low}, {end}, {a}")
            case "rest":
                a, b = self.one(), self.constant(st.one_of(st.integers(1, 40), st.integers(-40, -1)))
                product = self.new(f"arith.muli {self.new(f'arith.divsi {a}, {b}')}, {b}")
                return self.new(f"arith.subi {a}, {product}")
            case "short":  # 32 bits, which wrap around
                short = self.new(f"arith.trunci {a}", "i64 to i32")
                return self.new(f"arith.extsi {self.new(f'arith.addi {short}, {short}', 'i32')}", "i32 to i64")
            case "choose":
                return self.new(f"arith.select {self.new(f'arith.cmpi sgt, {a}, {b}')}, {a}, {b}")
            case "bool":
                return self.new(f"arith.extui {self.new(f'arith.cmpi eq, {a}, {b}')}", "i1 to i64")
            case "addi" | "muli" | "divsi" | "remsi" if self.draw(st.booleans()):
                return self.new(f"arith.{op} {a}, {self.constant()}")
            case _:
                return self.new(f"arith.{op} {a}, {b}")


@st.composite
def programs(draw: Any) -> str:
    """Two kernels, called one after the other, one of them twice."""
    kernels = [line for name in ("f", "g") for line in Kernel(draw, name).lines]
    kind = f"memref<{SIZE}xi64>"
    main = [
        f"func.func @main(%in: {kind}, %out: {kind}) {{",
        *(f"%t{n} = memref.alloc() : {kind}" for n in range(2)),
        *(f"func.call @{f}({a}, {b}) : ({kind}, {kind}) -> ()" for f, a, b in CALLS),
        "func.return",
        "}",
    ]
    return "\n".join([*kernels, *main])


CALLS = [("f", "%in", "%t0"), ("g", "%t0", "%t1"), ("f", "%t1", "%out")]


class TooLarge(Exception):
    """A number that does not fit: the program is one that narrow-types refuses."""


class Watched(dict[SSAValue, Any]):
    """What the interpreter knows; a number outside of its interval is an error."""

    def __init__(self, ranges: Any):
        super().__init__()
        self.ranges = ranges

    def update(self, pairs: Any) -> None:
        for value, number in pairs:
            self[value] = number
            if value.type == i64 and not (isinstance(value.owner, arith.AddiOp) and counts_from_end(value.owner)):
                low, high = self.ranges[value]
                assert low <= number <= high, (value, number, low, high)
                if not INT32[0] <= number <= INT32[1]:
                    raise TooLarge


def run(ctx: Context, module: ModuleOp, array: Any) -> None:
    interpreter = loops_eval.Interpreter(ctx, module)
    interpreter.known = Watched(integer_ranges(ctx, module))
    buffers = [loops_eval.contiguous(array), loops_eval.contiguous(np.zeros(SIZE, np.int64))]
    interpreter.block(interpreter.functions["main"].body.block, buffers)


@given(programs(), st.lists(NUMBERS, min_size=SIZE, max_size=SIZE))
@settings(deadline=None, max_examples=100)
def test_what_programs_compute_lies_within(text: str, numbers: list[int]) -> None:
    ctx = Context()
    try:
        with np.errstate(over="ignore"):
            run(ctx, parse_module(ctx, text), np.array(numbers, np.int64))
    except TooLarge:
        pass
    except (AssertionError, FloatingPointError) as error:
        assume("trap" not in str(error))  # a division by zero
        raise
