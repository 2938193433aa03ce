"""Whatever a program of tensors computes, its buffers hold: bufferize and plan-memory against the tensors' own meaning.

Random kernels (fills, elementwise ops, transposes, accumulations, slices, reshapes, scalar code) called by a random
@main, which slices, pads and concatenates between them, are run twice: as tensors, where nothing is ever overwritten,
and as buffers in one arena full of rubbish, in place and all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from linalg_eval import run as run_tensors
from linalg_reference import run_op
from stepwell.context import Context
from stepwell.manifest import pack_weights
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

SQUARE, HALF, FLAT, ROW = "4x4", "2x4", "16", "4"
SAME = {
    SQUARE: "affine_map<(i, j) -> (i, j)>",
    HALF: "affine_map<(i, j) -> (i, j)>",
    FLAT: "affine_map<(i) -> (i)>",
    ROW: "affine_map<(i) -> (i)>",
}
TURNED = "affine_map<(i, j) -> (j, i)>"


@dataclass
class Kernel:
    """The text of a kernel as it grows: values by type."""

    draw: Any
    values: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def emit(self, shape: str, text: str) -> str:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        self.values.append((name, shape))
        return name

    def pick(self, *shapes: str) -> tuple[str, str]:
        return self.draw(st.sampled_from([v for v in self.values if v[1] in shapes] or [self.fill(shapes[0])]))

    def empty(self, shape: str) -> str:
        """Not among the values: nobody may read it."""
        name = f"%e{len(self.lines)}"
        self.lines.append(f"{name} = tensor.empty() : tensor<{shape}xi32>")
        return name

    def fill(self, shape: str) -> tuple[str, str]:
        out = self.empty(shape)
        t = f"tensor<{shape}xi32>"
        return self.emit(shape, f"linalg.fill ins(%c : i32) outs({out} : {t}) -> {t}"), shape

    def generic(self, ins: list[tuple[str, str, str]], out: tuple[str, str, str], kinds: list[str], body: str) -> None:
        maps = ", ".join(m for *_, m in (*ins, out))
        types = ", ".join(f"tensor<{shape}xi32>" for _, shape, _ in ins)
        t = f"tensor<{out[1]}xi32>"
        args = ", ".join(f"%a{n}: i32" for n in range(len(ins) + 1))
        names = ", ".join(name for name, *_ in ins)
        iterators = ", ".join(f'"{kind}"' for kind in kinds)
        self.emit(
            out[1],
            f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} "
            f"ins({names} : {types}) outs({out[0]} : {t}) {{\n^bb0({args}):\n{body}\n}} -> {t}",
        )

    def elementwise(self) -> None:
        x, shape = self.pick(SQUARE, HALF, FLAT, ROW)
        y, _ = self.pick(shape)
        parallel = ["parallel"] * len(shape.split("x"))
        turned = shape == SQUARE and self.draw(st.booleans())
        body = "%s = arith.muli %a0, %a1 : i32\n%t = arith.addi %s, %c : i32\nlinalg.yield %t : i32"
        maps = (SAME[shape], TURNED if turned else SAME[shape])
        self.generic(
            [(x, shape, maps[0]), (y, shape, maps[1])], (self.empty(shape), shape, SAME[shape]), parallel, body
        )

    def accumulate(self) -> None:
        """Adds to old contents, once an element or over a dimension."""
        x, shape = self.pick(SQUARE, HALF)
        body = "%s = arith.addi %a0, %a1 : i32\nlinalg.yield %s : i32"
        if self.draw(st.booleans()):
            y, _ = self.pick(shape)
            self.generic([(x, shape, SAME[shape])], (y, shape, SAME[shape]), ["parallel"] * 2, body)
        else:
            row, _ = self.pick(ROW)
            across = "affine_map<(i, j) -> (i)>"
            self.generic([(x, shape, TURNED)], (row, ROW, across), ["parallel", "reduction"], body)

    def slice(self) -> None:
        x, _ = self.pick(SQUARE)
        start = self.draw(st.integers(0, 2))
        self.emit(HALF, f"tensor.extract_slice {x}[{start}, 0] [2, 4] [1, 1] : tensor<4x4xi32> to tensor<2x4xi32>")

    def columns(self) -> None:
        """A slice whose rows are not adjacent, seen as one dimension."""
        x, _ = self.pick(SQUARE)
        name = f"%e{len(self.lines)}"
        self.lines.append(f"{name} = tensor.extract_slice {x}[0, 1] [2, 2] [1, 1] : tensor<4x4xi32> to tensor<2x2xi32>")
        self.emit(ROW, f"tensor.collapse_shape {name} [[0, 1]] : tensor<2x2xi32> into tensor<4xi32>")

    def insert(self) -> None:
        (x, _), (y, _) = self.pick(HALF), self.pick(SQUARE)
        start = self.draw(st.integers(0, 2))
        types = ": tensor<2x4xi32> into tensor<4x4xi32>"
        self.emit(SQUARE, f"tensor.insert_slice {x} into {y}[{start}, 0] [2, 4] [1, 1] {types}")

    def concat(self) -> None:
        (x, _), (y, _) = self.pick(HALF), self.pick(HALF)
        whole = self.empty(SQUARE)
        first = f"%e{len(self.lines)}"
        types = ": tensor<2x4xi32> into tensor<4x4xi32>"
        self.lines.append(f"{first} = tensor.insert_slice {x} into {whole}[0, 0] [2, 4] [1, 1] {types}")
        self.emit(SQUARE, f"tensor.insert_slice {y} into {first}[2, 0] [2, 4] [1, 1] {types}")

    def reshape(self) -> None:
        x, shape = self.pick(SQUARE, FLAT)
        if shape == SQUARE:
            self.emit(FLAT, f"tensor.collapse_shape {x} [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>")
        else:
            types = "tensor<16xi32> into tensor<4x4xi32>"
            self.emit(SQUARE, f"tensor.expand_shape {x} [[0, 1]] output_shape [4, 4] : {types}")

    def loop(self) -> None:
        """Four steps that carry a vector and a sum. Each reads the vector as it was or as it is, maybe stores in it."""
        (x, _), (other, _) = self.pick(ROW), self.pick(ROW)
        t, result, number = f"tensor<{ROW}xi32>", f"%v{len(self.lines)}", len(self.lines)
        old, read = self.draw(st.sampled_from([x, x, other, "%t"])), self.draw(st.sampled_from(["%i", f"%k{number}"]))
        store = f"%u{number} = tensor.insert %w{number} into %t[{self.draw(st.sampled_from(['%i', '%last']))}] : {t}"
        later = self.draw(st.sampled_from(["%t", f"%u{number}", other]))
        gives = self.draw(st.sampled_from([f"%u{number}", f"%u{number}", later]))
        if self.draw(st.booleans()):
            store = f"""%p{number} = arith.cmpi slt, %a{number}, %c : i32
                %u{number} = scf.if %p{number} -> ({t}) {{
                  %y{number} = tensor.insert %w{number} into %t[%i] : {t}
                  scf.yield %y{number} : {t}
                }} else {{
                  scf.yield %t : {t}
                }}"""
        self.lines.append(f"""{result}, %s{number} = scf.for %i = %c0 to %c4 step %c1
                iter_args(%t = {x}, %s = %c) -> ({t}, i32) {{
              %k{number} = arith.subi %last, %i : index
              %a{number} = tensor.extract {old}[{read}] : {t}
              %w{number} = arith.addi %a{number}, %s : i32
              {store}
              %b{number} = tensor.extract {later}[%last] : {t}
              %n{number} = arith.addi %b{number}, %w{number} : i32
              scf.yield {gives}, %n{number} : {t}, i32
            }}""")
        self.values.append((result, ROW))
        if self.draw(st.booleans()):
            name = f"%e{len(self.lines)}"
            self.lines.append(f"{name} = tensor.insert %s{number} into {result}[%c0] : {t}")
            self.values.append((name, ROW))

    def loop_while(self) -> None:
        """Steps through a vector, doubling, until the fourth element or one above 3; by whole vectors, sometimes."""
        (x, _), (other, _) = self.pick(ROW), self.pick(ROW)
        t, number = f"tensor<{ROW}xi32>", len(self.lines)
        gives = self.draw(st.sampled_from([f"%u{number}", f"%u{number}", other]))
        self.lines.append(f"""%i{number}, %v{number} = scf.while (%i = %c0, %t = {x}) : (index, {t}) -> (index, {t}) {{
              %a{number} = tensor.extract %t[%i] : {t}
              %p{number} = arith.cmpi slt, %a{number}, %c : i32
              %q{number} = arith.cmpi slt, %i, %last : index
              %g{number} = arith.andi %p{number}, %q{number} : i1
              scf.condition(%g{number}) %i, %t : index, {t}
            }} do {{
            ^bb0(%i: index, %t: {t}):
              %b{number} = tensor.extract {other}[%i] : {t}
              %w{number} = arith.addi %b{number}, %b{number} : i32
              %u{number} = tensor.insert %w{number} into %t[%i] : {t}
              %j{number} = arith.addi %i, %c1 : index
              scf.yield %j{number}, {gives} : index, {t}
            }}""")
        self.values.append((f"%v{number}", ROW))


STEPS = ("elementwise", "accumulate", "slice", "columns", "insert", "concat", "reshape", "fill", "loop", "loop_while")


@st.composite
def kernels(draw: Any, name: str) -> tuple[str, list[str], list[str]]:
    """(text, shapes of the inputs, shapes of the results)."""
    ins = draw(st.lists(st.sampled_from([SQUARE, HALF, FLAT, ROW]), min_size=1, max_size=3))
    kernel = Kernel(draw, [(f"%x{n}", shape) for n, shape in enumerate(ins)])
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8)):
        if step == "fill":
            kernel.fill(draw(st.sampled_from([SQUARE, HALF, FLAT, ROW])))
        else:
            getattr(kernel, step)()
    results = draw(st.lists(st.sampled_from(kernel.values[-4:]), min_size=1, max_size=2))
    args = ", ".join(f"%x{n}: tensor<{shape}xi32>" for n, shape in enumerate(ins))
    types = ", ".join(f"tensor<{shape}xi32>" for _, shape in results)
    names = ", ".join(value for value, _ in results)
    places = [f"%{name} = arith.constant {n} : index" for name, n in (("c0", 0), ("c1", 1), ("last", 3), ("c4", 4))]
    body = "\n".join(["%c = arith.constant 3 : i32", *places, *kernel.lines, f"func.return {names} : {types}"])
    return f"func.func private @{name}({args}) -> ({types}) {{\n{body}\n}}", ins, [shape for _, shape in results]


@dataclass
class Main:
    """The text of @main as it grows: what its kernels are called on, and how it puts tensors together."""

    draw: Any
    lines: list[str] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)

    def pick(self, *shapes: str) -> str:
        """One of the last values of a shape: those that kernels have just computed are the interesting ones."""
        return self.draw(st.sampled_from([v for v, s in self.values if s in shapes][-3:]))

    def emit(self, shape: str, text: str, *, keep: bool = True) -> str:
        name = f"%m{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        if keep:
            self.values.append((name, shape))
        return name

    def put(self, part: str, shape: str, into: str, whole: str, at: str, *, keep: bool = True) -> str:
        sizes, steps = shape.replace("x", ", "), ", ".join("1" for _ in shape.split("x"))
        types = f"tensor<{shape}xi32> into tensor<{whole}xi32>"
        return self.emit(
            whole, f"tensor.insert_slice {part} into {into}[{at}] [{sizes}] [{steps}] : {types}", keep=keep
        )

    def empty(self, shape: str) -> str:
        return self.emit(shape, f"tensor.empty() : tensor<{shape}xi32>", keep=False)

    def pad(self) -> None:
        """2x4 in 4x4 with a border above and below, or 2x2 with one all around; then what is inside as well."""
        start = self.draw(st.integers(0, 2))
        part = self.pick(HALF)
        t = f"tensor<{SQUARE}xi32>"
        whole = self.emit(SQUARE, f"linalg.fill ins(%seven : i32) outs({self.empty(SQUARE)} : {t}) -> {t}", keep=False)
        keep = self.draw(st.booleans())  # what is inserted into a tensor that is used again goes into a copy
        if keep:
            self.values.append((whole, SQUARE))
        self.put(part, HALF, whole, SQUARE, f"{start}, 0")

    def frame(self) -> None:
        """A 4-vector as 2x2 in the middle of 4x4."""
        t = f"tensor<{SQUARE}xi32>"
        whole = self.emit(SQUARE, f"linalg.fill ins(%seven : i32) outs({self.empty(SQUARE)} : {t}) -> {t}", keep=False)
        part = self.emit(
            "2x2",
            f"tensor.expand_shape {self.pick(ROW)} [[0, 1]] output_shape [2, 2] : tensor<4xi32> into tensor<2x2xi32>",
            keep=False,
        )
        self.put(part, "2x2", whole, SQUARE, "1, 1")

    def concat(self) -> None:
        """Two or three halves: a third one lies over both."""
        whole = self.put(self.pick(HALF), HALF, self.empty(SQUARE), SQUARE, "0, 0", keep=False)
        thrice = self.draw(st.integers(0, 4)) == 0
        whole = self.put(self.pick(HALF), HALF, whole, SQUARE, "2, 0", keep=not thrice)
        if thrice:
            self.put(self.pick(HALF), HALF, whole, SQUARE, "1, 0")

    def columns(self) -> None:
        """4-vectors side by side, as the columns of a square; and a whole square in a larger one, as a part of it."""
        whole = self.empty(SQUARE)
        types = "tensor<4xi32> into tensor<4x1xi32>"
        for n in range(4):
            column = f"tensor.expand_shape {self.pick(ROW)} [[0, 1]] output_shape [4, 1] : {types}"
            whole = self.put(self.emit("4x1", column, keep=False), "4x1", whole, SQUARE, f"0, {n}", keep=n == 3)

    def nest(self) -> None:
        """A part that was put together itself."""
        wide = "4x8"
        whole = self.put(self.pick(SQUARE), SQUARE, self.empty(wide), wide, "0, 4", keep=False)
        whole = self.put(self.pick(SQUARE), SQUARE, whole, wide, "0, 0", keep=False)
        start = self.draw(st.integers(0, 4))
        self.emit(
            SQUARE, f"tensor.extract_slice {whole}[0, {start}] [4, 4] [1, 1] : tensor<4x8xi32> to tensor<4x4xi32>"
        )

    def slice(self) -> None:
        source, start = self.pick(SQUARE), self.draw(st.integers(0, 2))
        self.emit(HALF, f"tensor.extract_slice {source}[{start}, 0] [2, 4] [1, 1] : tensor<4x4xi32> to tensor<2x4xi32>")

    def corner(self) -> None:
        """A slice whose rows are not adjacent, seen as one dimension."""
        corner = self.emit(
            "2x2",
            f"tensor.extract_slice {self.pick(SQUARE)}[0, 1] [2, 2] [1, 1] : tensor<4x4xi32> to tensor<2x2xi32>",
            keep=False,
        )
        self.emit(ROW, f"tensor.collapse_shape {corner} [[0, 1]] : tensor<2x2xi32> into tensor<4xi32>")

    def flat(self) -> None:
        self.emit(FLAT, f"tensor.collapse_shape {self.pick(SQUARE)} [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>")

    def call(self, number: int, wants: list[str], gives: list[str]) -> None:
        args = ", ".join(self.pick(shape) for shape in wants)
        types = [", ".join(f"tensor<{shape}xi32>" for shape in shapes) for shapes in (wants, gives)]
        names = [f"%r{len(self.lines)}_{i}" for i in range(len(gives))]
        self.lines.append(f"{', '.join(names)} = func.call @k{number}({args}) : ({types[0]}) -> ({types[1]})")
        self.values += zip(names, gives, strict=True)


TOGETHER = ("pad", "frame", "concat", "columns", "nest", "slice", "corner", "flat")


@st.composite
def programs(draw: Any) -> tuple[str, list[str]]:
    """(text, shapes of @main's inputs)."""
    made = [draw(kernels(f"k{n}")) for n in range(draw(st.integers(1, 2)))]
    ins = [SQUARE, HALF, FLAT, ROW]
    main = Main(draw, ["%w = arith.constant dense<[5, 6, 7, 8]> : tensor<4xi32>", "%seven = arith.constant 7 : i32"])
    main.values = [*((f"%x{n}", shape) for n, shape in enumerate(ins)), ("%w", ROW)]
    for step in draw(st.lists(st.sampled_from(("call", "call", "call", *TOGETHER)), min_size=1, max_size=10)):
        if step == "call":
            number = draw(st.integers(0, len(made) - 1))
            main.call(number, *made[number][1:])
        else:
            getattr(main, step)()
    results = draw(st.lists(st.sampled_from(main.values[-4:]), min_size=1, max_size=3))
    types = ", ".join(f"tensor<{shape}xi32>" for _, shape in results)
    main.lines.append(f"func.return {', '.join(v for v, _ in results)} : {types}")
    args = ", ".join(f"%x{n}: tensor<{shape}xi32>" for n, shape in enumerate(ins))
    text = f"func.func @main({args}) -> ({types}) {{\n" + "\n".join(main.lines) + "\n}"
    return "\n".join([*(text for text, *_ in made), text]), ins


def run_buffers(ctx: Context, module: ModuleOp, inputs: list[Any]) -> list[Any]:
    """@main at level program, its kernels still in linalg; inputs and weights are as they were afterwards."""
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
    main = functions["main"].body.block
    *outs, weights, arena = main.args[len(inputs) :]
    results = [np.full(out.type.get_shape(), -99, np.int32) for out in outs]
    blocks = {
        weights: np.frombuffer(bytes(pack_weights(ctx, module)), np.uint8),
        arena: np.full(arena.type.get_shape(), 0x5A, np.uint8),
    }
    kept = [array.copy() for array in inputs]
    env: dict[SSAValue, Any] = dict(zip(main.args, [*kept, *results], strict=False)) | blocks
    with np.errstate(over="ignore"):
        run_block(main, env, functions)
    assert all((a == b).all() for a, b in zip(kept, inputs, strict=True)), "an input was overwritten"
    return results


def run_block(block: Any, env: dict[SSAValue, Any], functions: dict[str, func.FuncOp]) -> None:
    for op in block.ops:
        match op:
            case memref.ViewOp():
                start, kind = env[op.byte_shift], op.result.type
                if "i8" in str(kind):
                    env[op.result] = env[op.source][start : start + kind.get_shape()[0]]
                else:
                    size = 4 * int(np.prod(kind.get_shape()))
                    env[op.result] = env[op.source][start : start + size].view(np.int32).reshape(kind.get_shape())
            case func.CallOp():
                kernel = functions[op.callee.string_value()].body.block
                run_block(kernel, dict(zip(kernel.args, [env[v] for v in op.arguments], strict=True)), functions)
            case _:
                run_op(op, env)


@given(programs())
@settings(deadline=None, max_examples=100)
def test_buffers_hold_what_tensors_mean(program: tuple[str, list[str]]):
    text, shapes = program
    rng = np.random.default_rng(7)
    inputs = [rng.integers(-9, 9, [int(d) for d in shape.split("x")]).astype("i4") for shape in shapes]
    ctx = Context()
    module = parse_module(ctx, text)
    module.verify()
    want = run_tensors(ctx, module, *inputs)
    run_passes(ctx, module, parse_passes("bufferize,plan-memory"))
    module.verify()
    got = run_buffers(ctx, module, inputs)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)
