"""Modules as text: read with locations, written with their weights beside them.

    builtin.module attributes {stepwell.weights = "model.safetensors"} {
      ... dense_resource<conv1.weight> : tensor<8x3x3x3xf32> loc("conv1"("model.onnx":0:0)) ...

`stepwell.weights` names the files, one or several, in the folder of the .mlir; a module in memory has it not.
`module_parser.py` reads the text; the printer is here.
"""

from __future__ import annotations

import builtins
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    BFloat16Type,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    DictionaryAttr,
    FileLineColLoc,
    Float16Type,
    Float32Type,
    Float64Type,
    IntAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError, UnregisteredConstructException

from .context import Context
from .diagnostics import StepwellError, one_line
from .manifest import WEIGHTS_LAYOUT, dtype_name, has_dtype
from .module_parser import ModuleParser
from .weights import Array
from .weights_file import read_weights, write_weights

WEIGHTS_ATTRIBUTE = "stepwell.weights"
INLINE_LIMIT = 4096
"""Inline arrays longer than this are not searched for NaNs: weights of that size belong into the table."""

SPLIT_MARK = "// -----"
"""A line of it parts a file into modules of their own (`--split-input-file`), as in upstream MLIR."""


def parse_module(ctx: Context, text: str, name: str = "<input>") -> ModuleOp:
    """The module that `text` is. Raises `StepwellError` with a caret where the text is not one."""
    ctx.sources[name] = text
    parser: ModuleParser | None = None
    try:
        parser = ModuleParser(ctx, text, name)
        return parser.parse_module()
    except ParseError as error:
        place = error.span.get_location()
        where = FileLineColLoc(StringAttr(name), IntAttr(place.line), IntAttr(place.col))
        failure = StepwellError(" ".join(error.msg.split()).rstrip("!."), where=where)
        if parser is not None and "used but not defined" in error.msg:
            failure = parser.undefined() or failure
    except StepwellError as error:
        failure = error
        if failure.where is None and parser is not None:
            failure.where = parser.here()
    except (DiagnosticException, UnregisteredConstructException, ValueError) as error:
        failure = StepwellError(one_line(error), where=None if parser is None else parser.here())
    except RecursionError:
        failure = StepwellError("the text is nested too deep", where=None if parser is None else parser.here())
    failure.show_source(ctx.sources)
    raise failure from None


def split_text(text: str) -> list[str]:
    """The modules of a text parted by `// -----` lines, each with its lines at their numbers in the whole."""
    pieces: list[str] = []
    piece: list[str] = []
    lines = text.splitlines(keepends=True)
    start = 0
    for number, line in enumerate(lines):
        if line.strip() == SPLIT_MARK:
            pieces.append("\n" * start + "".join(piece))
            piece, start = [], number + 1
        else:
            piece.append(line)
    pieces.append("\n" * start + "".join(piece))
    return pieces


DIGITS: dict[type[Attribute], int] = {BFloat16Type: 4, Float16Type: 5, Float32Type: 9, Float64Type: 17}
"""Significant decimal digits that tell any two numbers of a type apart."""


class ModulePrinter(Printer):
    """xDSL's printer, but every float reads back as the same bits.

    xDSL prints a long f32 without a point as its bits, which `dense` and `array` read as an integer; and a NaN loses
    its payload on the way through a Python float, so an array that is not finite is printed as one string of bytes.
    """

    def print_float(self, value: float, type: AnyFloat) -> None:
        short = f"{value:.6e}" if math.isfinite(value) else ""
        if short and type.unpack(type.pack([float(short)]), 1)[0] != value and builtins.type(type) in DIGITS:
            self.print_string(f"{value:.{DIGITS[builtins.type(type)] - 1}e}")
        else:
            super().print_float(value, type)

    def print_attribute(self, attribute: Attribute) -> None:
        if isinstance(attribute, DenseIntOrFPElementsAttr):
            dense = cast(DenseIntOrFPElementsAttr[Any], attribute)
            if isinstance(dense.get_element_type(), AnyFloat) and len(dense) <= INLINE_LIMIT:
                if not all(math.isfinite(value) for value in cast("tuple[float, ...]", dense.get_values())):
                    self.print_string(f'dense<"0x{dense.data.data.hex().upper()}"> : ')
                    self.print_attribute(dense.type)
                    return
        super().print_attribute(cast(Attribute, attribute))


def print_module(module: ModuleOp, *, locations: bool = False) -> str:
    out = io.StringIO()
    ModulePrinter(stream=out, print_debuginfo=locations).print_op(module)
    return out.getvalue() + "\n"


# Files.


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StepwellError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise StepwellError(f"{path} is not text", fix="a .mlir file is expected") from None


def read_module(ctx: Context, path: Path) -> ModuleOp:
    """The module of a .mlir file; the weights that it uses are mapped from the files which it names."""
    module = parse_module(ctx, read_text(path), str(path))
    load_weights(ctx, module, path.parent)
    return module


def load_weights(ctx: Context, module: ModuleOp, folder: Path) -> None:
    """Take the weights that `module` uses from the files its attribute names, and drop the attribute."""
    named = module.attributes.pop(WEIGHTS_ATTRIBUTE, None)
    if named is None:
        return
    names = list(cast(ArrayAttr[Attribute], named)) if isinstance(named, ArrayAttr) else [named]
    types = weight_types(module)
    for name in names:
        if not isinstance(name, StringAttr):
            raise StepwellError(f"{WEIGHTS_ATTRIBUTE} is the name of a file, or an array of names", where=module)
        path = folder / name.data
        if not path.resolve().is_relative_to(folder.resolve()):
            raise StepwellError(
                f"the weights file '{name.data}' lies outside the folder of the .mlir",
                where=module,
                fix="move it there",
            )
        for key, array in read_weights(path, types).items():
            check_weight(key, types[key], array)
            ctx.weights.put(key, array)
    if missing := [key for key in types if key not in ctx.weights]:
        raise StepwellError(
            f"the weights files lack {len(missing)} of the module's weights, '{missing[0]}' first",
            where=module,
            fix="write the dump again",
        )


def check_weight(key: str, type: Attribute | None, array: Array) -> None:
    """Hold what a file has against what the text says of it. Raises `StepwellError`. (Below level graph integers have
    no sign, so that one says nothing of the other.)"""
    if not isinstance(type, TensorType | MemRefType):
        return
    shaped = cast("TensorType[Attribute] | MemRefType[Attribute]", type)
    element = shaped.element_type
    if not has_dtype(element):
        return
    want, have = dtype_name(element), array.dtype.name
    if math.prod(shaped.get_shape()) != array.size or want.removeprefix("u") != have.removeprefix("u"):
        raise StepwellError(
            f"weight '{key}' is {have}{list(array.shape)} in its file, but {type} in the text",
            fix="write the dump again",
        )


def weight_keys(module: ModuleOp) -> list[str]:
    """The keys of all weights that the module refers to, in the order of the text."""
    return list(weight_types(module))


def weight_types(module: ModuleOp) -> dict[str, Attribute | None]:
    """The keys, and what the text says that each is; None where it only names it."""
    keys: dict[str, Attribute | None] = {}
    seen: set[Attribute] = set()

    def visit(attribute: Attribute) -> None:
        if attribute in seen:
            return
        seen.add(attribute)
        if isinstance(attribute, DenseResourceAttr):
            keys[attribute.resource_handle.data] = attribute.type
        elif isinstance(attribute, ArrayAttr):
            for part in cast(ArrayAttr[Attribute], attribute):
                visit(part)
        elif isinstance(attribute, DictionaryAttr):
            for part in attribute.data.values():
                visit(part)
        elif isinstance(attribute, ParametrizedAttribute):
            for part in attribute.parameters:
                visit(part)

    for op in module.walk():
        for attribute in (*op.properties.values(), *op.attributes.values()):
            visit(attribute)
        if isinstance(layout := op.attributes.get(WEIGHTS_LAYOUT), DictionaryAttr):  # from level program on
            keys = dict.fromkeys(layout.data) | keys
    return keys


@dataclass
class ModuleWriter:
    """Writes modules of one compilation into a folder; each weight is written once, beside the first that uses it."""

    folder: Path
    _file_of: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, ctx: Context, module: ModuleOp, stem: str, comment: str = "") -> Path:
        """Write `stem.mlir`, and `stem.safetensors` with the weights that are new; both appear whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = [key for key in weight_keys(module) if key in ctx.weights]
        new = {key: ctx.weights[key] for key in keys if key not in self._file_of}
        if new:
            write_weights(self.folder / f"{stem}.safetensors", new)
            self._file_of.update(dict.fromkeys(new, f"{stem}.safetensors"))
        files = [StringAttr(name) for name in dict.fromkeys(self._file_of[key] for key in keys)]
        if files:
            module.attributes[WEIGHTS_ATTRIBUTE] = files[0] if len(files) == 1 else ArrayAttr(files)
        try:
            text = comment + print_module(module, locations=True)
        finally:
            module.attributes.pop(WEIGHTS_ATTRIBUTE, None)
        path = self.folder / f"{stem}.mlir"
        beside = path.with_name(path.name + ".part")
        beside.write_text(text)
        beside.replace(path)
        return path


def write_module(ctx: Context, module: ModuleOp, path: Path, comment: str = "") -> None:
    """Write a .mlir file, with locations, and the weights that it uses beside it."""
    try:
        ModuleWriter(path.parent).write(ctx, module, path.name.removesuffix(".mlir"), comment)
    except OSError as error:
        raise StepwellError(f"cannot write {path}: {error.strerror or error}") from None
