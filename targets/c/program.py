"""A module at level program as a C99 program: model.h says how to call it, model.c does it, weights lie beside.

    #define MODEL_ARENA_SIZE 602112
    #define MODEL_WEIGHTS_SIZE 13984000
    void model_run(
        const float *input,             /* "input": 1x3x224x224 */
        float *logits,                  /* "logits": 1x1000 */
        const unsigned char *weights,
        unsigned char *arena);

Each kernel is a static function with the names and the loops of the IR, under a comment that says which nodes of the
model it computes; model_run calls them in order. Nothing is allocated, and nothing is needed but the C library's libm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.interface import main_function
from stepwell.locations import describe
from stepwell.manifest import WEIGHTS_LAYOUT, manifest_of
from stepwell.targets.source.expressions import Expr
from stepwell.targets.source.printer import FunctionPrinter, Names, is_small, offset_of
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from .header import Header, printable
from .language import C99

NUMBERS_A_LINE = 8

LIBM = frozenset(
    name + suffix
    for suffix in ("", "f")
    for name in (
        "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf exp exp2 expm1 fabs floor fma fmax "
        "fmin fmod gamma j0 j1 jn log log10 log1p log2 pow rint round sin sinh sqrt tan tanh trunc y0 y1 yn"
    ).split()
)
"""Names that math.h takes."""


@dataclass
class Program:
    """Prints one module; `prefix` is what its functions and macros are called after."""

    ctx: Context
    module: ModuleOp
    prefix: str = "model"
    embed_weights: bool = False
    language: C99 = field(default_factory=lambda: C99(is_small))

    def __post_init__(self) -> None:
        self.main = main_function(self.module)
        self.functions = {op.sym_name.data: op for op in self.module.body.block.ops if isinstance(op, func.FuncOp)}
        self.written = written_arguments(self.functions)
        self.overlapping = overlapping_arguments(self.main, self.written)
        self.places = locations_by_kernel(self.main)
        self.globals = Names(self.language.KEYWORDS | LIBM | {f"{self.prefix}_run"})
        self.names_of = {name: self.globals.fresh(name, "kernel") for name in self.functions}

    @cached_property
    def header(self) -> Header:
        """How to call the program."""
        return Header(self.prefix, manifest_of(self.module), self.embed_weights)

    def manifest(self) -> dict[str, Any]:
        return manifest_of(self.module) | {"entry": self.header.entry, "embedded_weights": self.embed_weights}

    # -- model.c -------------------------------------------------------------------------------------------------

    def source(self) -> str:
        kernels = [self.kernel(self.functions[name]) for name in self.reached()]
        entry = self.entry_function()
        weights = [self.embedded()] if self.embed_weights else []
        helpers = list(self.language.used.values())
        head = f'/* {self.prefix}.c: made by Stepwell. */\n#include "{self.prefix}.h"\n\n#include <math.h>\n'
        return "\n".join([head, *weights, *helpers, *kernels, entry])

    def reached(self) -> list[str]:
        """The functions that @main calls, callees first."""
        order: dict[str, None] = {}

        def visit(function: func.FuncOp) -> None:
            for op in function.walk():
                if isinstance(op, func.CallOp) and (name := op.callee.string_value()) not in order:
                    if name not in self.functions or self.functions[name].is_declaration:
                        raise StepwellError(f"@{name} is called, but the module does not hold it", op)
                    visit(self.functions[name])
                    order[name] = None

        visit(self.main)
        return list(order)

    def kernel(self, function: func.FuncOp) -> str:
        name = function.sym_name.data
        printer = FunctionPrinter(self.language, Names(self.globals.taken), self.names_of, self.read_only(function))
        rows: list[str] = []
        shapes: list[tuple[str, str]] = []
        for arg in function.body.block.args:
            label = printer.names.fresh(arg.name_hint, f"arg{arg.index}")
            printer.known[arg] = Expr(label)
            kind = printer.pointer_to(arg, function)
            const = "const " if arg in printer.read_only else ""
            restrict = "" if (name, arg.index) in self.overlapping else "restrict "
            rows.append(f"{const}{kind} *{restrict}{label}")
            shapes.append((label, shape_text(arg)))
            if arg.first_use is None:
                printer.line(f"(void){label};")
        printer.block(function.body.block)
        width = max((len(label) for label, _ in shapes), default=0)
        about = [f"   {label:{width}}  {shape}" for label, shape in shapes]
        lines = [
            comment([f"{name}: {self.whereabouts(function)}", *about]),
            f"static void {self.names_of[name]}(",
            ",\n".join(f"    {row}" for row in rows) + ")",
            "{",
            *printer.lines,
            "}",
        ]
        return "\n".join(lines) + "\n"

    def read_only(self, function: func.FuncOp) -> set[SSAValue]:
        name = function.sym_name.data
        return {arg for arg in function.body.block.args if (name, arg.index) not in self.written}

    def whereabouts(self, function: func.FuncOp) -> str:
        """The nodes of the model that a kernel computes, a few of them where it serves many."""
        said = self.places.get(function.sym_name.data, [])
        if not said:
            return describe(function.location) or "no node of the model"
        return "; ".join(said[:3]) + (f"; and {len(said) - 3} more" if len(said) > 3 else "")

    def entry_function(self) -> str:
        taken = self.globals.taken | {parameter.name for parameter in self.header.parameters}
        read_only = self.read_only(self.main)
        printer = EntryPrinter(self.language, Names(taken), self.names_of, read_only, program=self)
        args = self.main.body.block.args
        *tensors, weights, arena = args
        labels: dict[BlockArgument, str] = (
            {arena: "arena"} if self.embed_weights else {weights: "weights", arena: "arena"}
        )
        for arg, parameter in zip(tensors, self.header.tensors, strict=True):
            labels[arg] = parameter.name
            printer.known[arg] = self.as_signless(printer, arg, parameter.type, parameter.name)
        printer.known[arena], printer.known[weights] = Expr("arena"), Expr("weights")
        for arg, label in labels.items():
            if arg.first_use is None:
                printer.line(f"(void){label};")
        if self.embed_weights and weights.first_use is not None:
            printer.weights = weights
        printer.block(self.main.body.block)
        return "\n".join([self.header.signature(), "{", *printer.lines, "}"]) + "\n"

    def as_signless(self, printer: FunctionPrinter, arg: BlockArgument, kind: str, name: str) -> Expr:
        """Kernels compute on signed integers, whatever the caller's arrays are."""
        inner = printer.pointer_to(arg, self.main)
        if kind.replace("const ", "") == f"{inner} *":
            return Expr(name)
        const = "const " if kind.startswith("const ") else ""
        return self.language.cast(f"{const}{inner} *", Expr(name))

    # -- weights -------------------------------------------------------------------------------------------------

    def weight_name(self, offset: int) -> str:
        return f"{self.prefix}_weight_{offset}"

    def embedded(self) -> str:
        """The weights as arrays of their own types."""
        layout = self.main.attributes[WEIGHTS_LAYOUT]
        assert isinstance(layout, DictionaryAttr)
        keys = {offset.value.data: key for key, offset in layout.data.items() if isinstance(offset, IntegerAttr)}
        kinds: dict[int, Attribute] = {}
        for use in self.main.body.block.args[-2].uses:
            view = use.operation
            assert isinstance(view, memref.ViewOp) and isinstance(view.result.type, MemRefType)
            kinds[offset_of(view)] = view.result.type.element_type
        texts: list[str] = []
        for offset, kind in sorted(kinds.items()):
            values = np.ascontiguousarray(self.ctx.weights[keys[offset]]).reshape(-1)
            numbers = [self.embedded_number(value, kind) for value in values.tolist()] or ["0"]
            rows = ["  " + ", ".join(numbers[n : n + NUMBERS_A_LINE]) for n in range(0, len(numbers), NUMBERS_A_LINE)]
            name = self.language.type_name(kind, self.main)
            head = f"/* {printable(keys[offset])} */\nstatic const {name} {self.weight_name(offset)}[] = {{\n"
            texts.append(head + ",\n".join(rows) + "\n};\n")
        return "\n".join(texts)

    def embedded_number(self, value: float | int | bool, kind: Attribute) -> str:
        if isinstance(value, float):
            return self.language.float_number(value, self.language.type_name(kind)).text
        return self.language.integer_number(int(value), kind).text


@dataclass
class EntryPrinter(FunctionPrinter):
    """@main: views of the arena and of the weights, and calls under the names of the nodes that they compute."""

    program: Program | None = None
    weights: BlockArgument | None = None

    def op(self, op: Operation) -> None:
        if isinstance(op, func.CallOp):
            said = describe(op.location)
            self.line("")
            if said is not None:
                self.line(f"/* {printable(short(said))} */")
        super().op(op)

    def view(self, op: memref.ViewOp) -> None:
        if op.source is self.weights:
            assert self.program is not None
            self.known[op.result] = Expr(self.program.weight_name(offset_of(op)))
        else:
            super().view(op)


def root_of(value: SSAValue) -> SSAValue:
    """The view or argument that a buffer is a reshape of."""
    while isinstance(owner := value.owner, Operation) and owner.name.startswith("memref.") and owner.operands:
        if isinstance(owner, memref.ViewOp):
            return value
        value = owner.operands[0]
    return value


def written_arguments(functions: dict[str, func.FuncOp]) -> set[tuple[str, int]]:
    """(function, argument number) of each buffer that a function stores into, or hands to one that does."""
    written: set[tuple[str, int]] = set()
    grows = True
    while grows:
        before = len(written)
        for name, function in functions.items():
            for op in function.walk():
                targets: list[SSAValue] = []
                if isinstance(op, memref.StoreOp):
                    targets.append(op.memref)
                elif isinstance(op, func.CallOp):
                    callee = op.callee.string_value()
                    targets.extend(v for n, v in enumerate(op.arguments) if (callee, n) in written)
                for target in targets:
                    root = root_of(target)
                    root = root.owner.source if isinstance(root.owner, memref.ViewOp) else root
                    if isinstance(root, BlockArgument):
                        written.add((name, root.index))
        grows = len(written) != before
    return written


def overlapping_arguments(main: func.FuncOp, written: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """(kernel, argument number) where some call hands in one buffer to read and to write: those are not `restrict`."""
    found: set[tuple[str, int]] = set()
    for op in main.walk():
        if not isinstance(op, func.CallOp):
            continue
        places: dict[Any, list[int]] = {}
        for n, value in enumerate(op.arguments):
            root = root_of(value)
            view = root.owner
            key = (view.source, offset_of(view)) if isinstance(view, memref.ViewOp) else (root, 0)
            places.setdefault(key, []).append(n)
        for numbers in places.values():
            named = {(op.callee.string_value(), n) for n in numbers}
            if len(named) > 1 and named & written:
                found |= named
    return found


def locations_by_kernel(main: func.FuncOp) -> dict[str, list[str]]:
    """What each kernel computes, by the calls of it."""
    places: dict[str, list[str]] = {}
    for op in main.walk():
        if isinstance(op, func.CallOp) and (said := describe(op.location)) is not None:
            places.setdefault(op.callee.string_value(), []).append(short(said))
    return places


def short(said: str) -> str:
    """A location without the file that every node of a model has."""
    return re.sub(r"(node '[^']*'), [^ ;]+", r"\1", said)


def shape_text(arg: BlockArgument) -> str:
    assert isinstance(arg.type, MemRefType)
    return "x".join(map(str, arg.type.get_shape())) or "scalar"


def comment(lines: list[str]) -> str:
    return "/* " + "\n".join(printable(line) for line in lines) + " */"
