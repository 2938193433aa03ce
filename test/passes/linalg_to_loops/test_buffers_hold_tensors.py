"""Whatever a program of tensors computes, its buffers hold: bufferize and plan-memory against the tensors' own meaning.

Random kernels (fills, elementwise ops, transposes, accumulations, slices, reshapes) called by a random @main are run
twice: as tensors, where nothing is ever overwritten, and as buffers in one arena full of rubbish, in place and all.
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
from xdsl.dialects import arith, func, memref
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


STEPS = ("elementwise", "accumulate", "slice", "columns", "insert", "concat", "reshape", "fill")


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
    body = "\n".join(["%c = arith.constant 3 : i32", *kernel.lines, f"func.return {names} : {types}"])
    return f"func.func private @{name}({args}) -> ({types}) {{\n{body}\n}}", ins, [shape for _, shape in results]


@st.composite
def programs(draw: Any) -> tuple[str, list[str]]:
    """(text, shapes of @main's inputs)."""
    made = [draw(kernels(f"k{n}")) for n in range(draw(st.integers(1, 2)))]
    ins = [SQUARE, HALF, FLAT, ROW]
    values = [(f"%x{n}", shape) for n, shape in enumerate(ins)]
    lines = ["%w = arith.constant dense<[5, 6, 7, 8]> : tensor<4xi32>"]
    values.append(("%w", ROW))
    for n in range(draw(st.integers(1, 5))):
        k = draw(st.integers(0, len(made) - 1))
        _, wants, gives = made[k]
        recent = {shape: [v for v, s in values if s == shape][-2:] for shape in ins}
        args = ", ".join(draw(st.sampled_from(recent[shape])) for shape in wants)
        types = [", ".join(f"tensor<{shape}xi32>" for shape in shapes) for shapes in (wants, gives)]
        names = [f"%r{n}_{i}" for i in range(len(gives))]
        lines.append(f"{', '.join(names)} = func.call @k{k}({args}) : ({types[0]}) -> ({types[1]})")
        for name, shape in zip(names, gives, strict=True):
            values.append((name, shape))
            if shape == SQUARE and draw(st.booleans()):
                flat = f"{name}_f"
                lines.append(f"{flat} = tensor.collapse_shape {name} [[0, 1]] : tensor<4x4xi32> into tensor<16xi32>")
                values.append((flat, FLAT))
    results = draw(st.lists(st.sampled_from(values[-4:]), min_size=1, max_size=3))
    types = ", ".join(f"tensor<{shape}xi32>" for _, shape in results)
    lines.append(f"func.return {', '.join(v for v, _ in results)} : {types}")
    args = ", ".join(f"%x{n}: tensor<{shape}xi32>" for n, shape in enumerate(ins))
    main = f"func.func @main({args}) -> ({types}) {{\n" + "\n".join(lines) + "\n}"
    return "\n".join([*(text for text, *_ in made), main]), ins


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
    run_block(main, env, functions)
    assert all((a == b).all() for a, b in zip(kept, inputs, strict=True)), "an input was overwritten"
    return results


def run_block(block: Any, env: dict[SSAValue, Any], functions: dict[str, func.FuncOp]) -> None:
    for op in block.ops:
        match op:
            case arith.ConstantOp() if "index" in str(op.result.type):
                env[op.result] = op.value.value.data
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
