"""Scalar loops as Python source: a line an op, a function a func.func, a flat memoryview a buffer.

    scf.for %i = %c0 to %c64 step %c1 {                 for i in range(0, 64, 1):
      %x = memref.load %a[%i] : memref<64xf32>    =>        x = a[i]
      %y = math.exp %x : f32                                y = np.exp(x)
      memref.store %y, %out[%i] : memref<64xf32>            out[i] = y

`EXPRESSIONS` says how an op that computes is written, `STATEMENTS` how one that steers or touches memory is.
Floats are Python's own, of 64 bits; a store rounds to the buffer's type. Integers wrap at theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from keyword import iskeyword

from stepwell.diagnostics import StepwellError
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, IntegerType, MemRefType, ModuleOp, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue

PRELUDE = """import math
import numpy as np
inf, nan = math.inf, math.nan

def wrap(value, bits):
    half = 1 << bits - 1
    return (int(value) + half) % (1 << bits) - half

"""
UNSIGNED = "{0} % (1 << {source_bits})", "{1} % (1 << {source_bits})"
"""The bits of two signed integers as unsigned ones."""

EXPRESSIONS = {
    **{f"arith.{name}f": f"{{0}} {sign} {{1}}" for name, sign in {"add": "+", "sub": "-", "mul": "*"}.items()},
    **{f"arith.{name}i": f"{{0}} {sign} {{1}}" for name, sign in {"and": "&", "or": "|", "xor": "^"}.items()},
    **{
        f"arith.{name}i": f"wrap({{0}} {sign} {{1}}, {{bits}})"
        for name, sign in {"add": "+", "sub": "-", "mul": "*"}.items()
    },
    "arith.divsi": "wrap(abs({0}) // abs({1}) * (1 if ({0} < 0) == ({1} < 0) else -1), {bits})",
    "arith.remsi": "abs({0}) % abs({1}) * (-1 if {0} < 0 else 1)",
    "arith.divui": "wrap(({}) // ({}), {{bits}})".format(*UNSIGNED),
    "arith.remui": "wrap(({}) % ({}), {{bits}})".format(*UNSIGNED),
    "arith.divf": "np.divide({0}, {1})",
    "arith.remf": "np.fmod({0}, {1})",
    "arith.negf": "-{0}",
    "arith.maximumf": "np.maximum({0}, {1})",
    "arith.minimumf": "np.minimum({0}, {1})",
    "arith.maxsi": "max({0}, {1})",
    "arith.minsi": "min({0}, {1})",
    "arith.select": "{1} if {0} else {2}",
    **{f"arith.cmpi {n}": f"{{0}} {sign} {{1}}" for n, sign in enumerate(("==", "!=", "<", "<=", ">", ">="))},
    **{f"arith.cmpi {n}": f" {sign} ".join(UNSIGNED) for n, sign in enumerate(("<", "<=", ">", ">="), 6)},
    **{f"arith.cmpf {n}": f"{{0}} {sign} {{1}}" for n, sign in enumerate(("==", ">", ">=", "<", "<="), 1)},
    "arith.cmpf 13": "{0} != {1}",
    "arith.cmpf 14": "{0} != {0} or {1} != {1}",
    **{f"arith.{name}": "{0}" for name in ("extf", "truncf", "index_cast")},
    "arith.extsi": "wrap({0}, {source_bits})",
    "arith.extui": "{0} % (1 << {source_bits})",
    "arith.trunci": "wrap({0}, {bits})",
    "arith.sitofp": "float(wrap({0}, {source_bits}))",
    "arith.uitofp": "float({0} % (1 << {source_bits}))",
    "arith.fptosi": "wrap({0}, {bits})",
    "math.absf": "abs({0})",
    "math.absi": "wrap(abs({0}), {bits})",
    "math.atan": "np.arctan({0})",
    "math.erf": "math.erf({0})",
    "math.powf": "np.power({0}, {1})",
    "math.roundeven": "np.rint({0})",
    "math.rsqrt": "1 / np.sqrt({0})",
    **{f"math.{name}": f"np.{name}({{0}})" for name in "ceil cos cosh exp floor log sin sinh sqrt tan tanh".split()},
}
"""What an op, or with a number behind it a comparison's predicate, gives: {0}, {1}, ... are its operands."""

FORMATS = {"f16": "e", "f32": "f", "f64": "d", "i1": "?", "i8": "b", "i16": "h", "i32": "i", "i64": "q"}
"""An element type's name in the buffer protocol."""

BYTES = {"e": 2, "f": 4, "d": 8, "?": 1, "b": 1, "h": 2, "i": 4, "q": 8}


def print_python(module: ModuleOp) -> str:
    functions = [op for op in module.body.block.ops if isinstance(op, func.FuncOp)]
    return PRELUDE + "\n".join(FunctionPrinter().function(op) for op in functions)


def bits_of(type: Attribute) -> int:
    return type.width.data if isinstance(type, IntegerType) else 64  # an index has 64


class FunctionPrinter:
    """Prints one function; knows the names of its values."""

    def __init__(self) -> None:
        self.names: dict[SSAValue, str] = {}
        self.lines: list[str] = []
        self.depth = 1

    def function(self, op: func.FuncOp) -> str:
        arguments = ", ".join(map(self.name, op.body.block.args))
        self.block(op.body.block)
        return "\n".join([f"def {op.sym_name.data}({arguments}):", *self.lines, "    return", ""])

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def name(self, value: SSAValue) -> str:
        if value not in self.names:
            hint = re.sub(r"\W", "_", value.name_hint or "v", flags=re.ASCII)
            hint = f"v{hint}" if hint[0].isdigit() or iskeyword(hint) else hint
            self.names[value] = f"{hint}_{len(self.names)}"
        return self.names[value]

    def block(self, block: Block) -> None:
        for op in block.ops:
            STATEMENTS.get(op.name, FunctionPrinter.expression)(self, op)

    def expression(self, op: Operation) -> None:
        predicate = op.properties.get("predicate")
        key = f"{op.name} {predicate.value.data}" if isinstance(predicate, IntegerAttr) else op.name
        if key not in EXPRESSIONS:
            raise StepwellError(f"{key} cannot be printed as Python", op, fix="use the target native or c")
        (result,) = op.results
        widths = {"bits": bits_of(result.type), "source_bits": bits_of(op.operands[0].type)}
        text = EXPRESSIONS[key].format(*map(self.name, op.operands), **widths)
        self.line(f"{self.name(result)} = " + (f"bool({text})" if result.type == i1 else text))

    def constant(self, op: arith.ConstantOp) -> None:
        assert isinstance(op.value, IntegerAttr | FloatAttr)
        value = op.value.value.data
        text = str(bool(value)) if op.result.type == i1 else repr(value)
        self.names[op.result] = f"({text})" if text.startswith("-") else text

    # Memory
    def element(self, buffer: SSAValue, indices: Sequence[SSAValue]) -> str:
        assert isinstance(buffer.type, MemRefType)
        strides = buffer.type.get_strides() or ()
        pairs = zip(map(self.name, indices), strides, strict=True)
        terms = [name if stride == 1 else f"{name} * {stride}" for name, stride in pairs]
        return f"{self.name(buffer)}[{' + '.join(terms) or '0'}]"

    def load(self, op: memref.LoadOp) -> None:
        self.line(f"{self.name(op.res)} = {self.element(op.memref, op.indices)}")

    def store(self, op: memref.StoreOp) -> None:
        self.line(f"{self.element(op.memref, op.indices)} = {self.name(op.value)}")

    def view(self, op: memref.ViewOp) -> None:
        kind = op.result.type
        assert isinstance(kind, MemRefType)
        form = FORMATS.get(str(kind.element_type))
        if form is None:
            raise StepwellError(f"Python has no buffer of {kind.element_type}", op, fix="use the target native")
        start, size = self.name(op.byte_shift), kind.element_count() * BYTES[form]
        self.line(f'{self.name(op.result)} = {self.name(op.source)}[{start}:{start} + {size}].cast("B").cast("{form}")')

    def subview(self, op: memref.SubviewOp) -> None:
        """The same elements from the view's first one on; its type's strides say where the others are."""
        assert isinstance(op.source.type, MemRefType)
        if op.offsets:
            raise StepwellError("a subview at an offset that is computed cannot be printed as Python", op)
        starts, strides = op.static_offsets.get_values(), op.source.type.get_strides() or ()
        first = sum(start * stride for start, stride in zip(starts, strides, strict=True))
        self.line(f"{self.name(op.result)} = {self.name(op.source)}[{first}:]")

    def metadata(self, op: memref.ExtractStridedMetaDataOp) -> None:
        """A buffer starts at its first element: from there the offset is 0."""
        self.names[op.base_buffer], self.names[op.offset] = self.name(op.source), "0"

    def alias(self, op: Operation) -> None:
        """A reshape, or another type: the same elements in the same order."""
        self.names[op.results[0]] = self.name(op.operands[0])

    # Control
    def assign(self, names: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
        """All at once, so that values may change places."""
        if names:
            self.line(f"{', '.join(map(self.name, names))} = {', '.join(map(self.name, values))}")

    def loop(self, op: scf.ForOp) -> None:
        counter, *carried = op.body.block.args
        self.assign(carried, op.iter_args)
        self.line(f"for {self.name(counter)} in range({', '.join(map(self.name, (op.lb, op.ub, op.step)))}):")
        self.inside(op.body.block, carried)
        self.assign(op.results, carried)

    def branch(self, op: scf.IfOp) -> None:
        self.line(f"if {self.name(op.cond)}:")
        self.inside(op.true_region.block, op.results)
        if op.false_region.blocks:
            self.line("else:")
            self.inside(op.false_region.block, op.results)

    def inside(self, block: Block, targets: Sequence[SSAValue]) -> None:
        self.depth += 1
        before = len(self.lines)
        self.block(block)
        assert block.last_op is not None
        self.assign(targets, block.last_op.operands)
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1

    def call(self, op: func.CallOp) -> None:
        self.line(f"{op.callee.string_value()}({', '.join(map(self.name, op.arguments))})")

    def nothing(self, op: Operation) -> None:
        """Terminators: whoever holds the block has read their operands."""


STATEMENTS: dict[str, Callable[[FunctionPrinter, Operation], None]] = {
    "arith.constant": FunctionPrinter.constant,
    "memref.load": FunctionPrinter.load,
    "memref.store": FunctionPrinter.store,
    "memref.view": FunctionPrinter.view,
    "memref.subview": FunctionPrinter.subview,
    "memref.extract_strided_metadata": FunctionPrinter.metadata,
    "memref.reinterpret_cast": FunctionPrinter.alias,
    "memref.cast": FunctionPrinter.alias,
    "memref.collapse_shape": FunctionPrinter.alias,
    "memref.expand_shape": FunctionPrinter.alias,
    "scf.for": FunctionPrinter.loop,
    "scf.if": FunctionPrinter.branch,
    "scf.yield": FunctionPrinter.nothing,
    "func.call": FunctionPrinter.call,
    "func.return": FunctionPrinter.nothing,
}
