"""Modules as text: read with locations, written with their weights beside them.

    builtin.module attributes {stepwell.weights = "model.safetensors"} {
      ... dense_resource<conv1.weight> : tensor<8x3x3x3xf32> loc("conv1"("model.onnx":0:0)) ...

`stepwell.weights` names the files, one or several, in the folder of the .mlir; a module in memory has it not.
The parser and the printer here are where we touch xDSL's parser and printer from inside.
"""

from __future__ import annotations

import builtins
import io
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    BFloat16Type,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    DictionaryAttr,
    FileLineColLoc,
    Float16Type,
    Float32Type,
    Float64Type,
    IntAttr,
    LocationAttr,
    ModuleOp,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, AttributeInvT, Operation, ParametrizedAttribute, SSAValue
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError, UnregisteredConstructException
from xdsl.utils.mlir_lexer import MLIRTokenKind, StringLiteral

from .context import Context
from .diagnostics import StepwellError, did_you_mean, one_line
from .locations import is_known
from .manifest import WEIGHTS_LAYOUT
from .weights_file import read_weights, write_weights

WEIGHTS_ATTRIBUTE = "stepwell.weights"
INLINE_LIMIT = 4096
"""Inline arrays longer than this are not searched for NaNs: weights of that size belong into the table."""

SPLIT_MARK = "// -----"
"""A line of it parts a file into modules of their own (`--split-input-file`), as in upstream MLIR."""


class ModuleParser(Parser):
    """xDSL's parser, but every op gets the line and column of its name as location, unless the text states one.

    A `dense_resource<key>` keeps its key, since the data are in the compilation's weights table. A float may be written
    by its bits everywhere, `dense<0x7F800000> : tensor<4xf32>`, as upstream; xDSL takes them for an integer here.
    """

    def __init__(self, ctx: Context, text: str, name: str) -> None:
        super().__init__(ctx, text, name)
        self._file = StringAttr(name)
        self._line_starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self._op_starts: list[int] = []  # of the ops being parsed, outermost first
        self._stated_unknown = UnknownLoc()  # `loc(unknown)` in the text is a statement, too
        self._first_uses: dict[str, int] = {}  # of values that were not yet defined there

    def place(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        return FileLineColLoc(self._file, IntAttr(line), IntAttr(position - self._line_starts[line - 1] + 1))

    def here(self) -> FileLineColLoc:
        return self.place(self._current_token.span.start)

    def _parse_op_result_list(self):
        results = super()._parse_op_result_list()
        self._op_starts.append(self._current_token.span.start)
        return results

    def parse_operation(self) -> Operation:
        op = super().parse_operation()
        start = self._op_starts.pop()
        if not is_known(op.location) and op.location is not self._stated_unknown:
            op.location = self.place(start)
        for region in op.regions:  # a terminator that the text leaves out stands where its parent does
            for block in region.blocks:
                last = block.last_op
                if last is not None and not is_known(last.location) and last.location is not self._stated_unknown:
                    last.location = op.location
        return op

    def resolve_operand(self, operand: UnresolvedOperand, type: AttributeInvT) -> SSAValue[AttributeInvT]:
        if operand.operand_name not in self.ssa_values:
            self._first_uses.setdefault(operand.operand_name, operand.span.start)
        return super().resolve_operand(operand, type)

    def undefined(self) -> StepwellError | None:
        """The first use of a value that the text defines nowhere, where there is one."""
        for name in self.forward_ssa_references:
            where = self.place(self._first_uses[name]) if name in self._first_uses else None
            return StepwellError(f"%{name} is used, but nothing that can be seen here defines it", where=where)
        return None

    def parse_optional_location(self) -> LocationAttr | None:
        location = super().parse_optional_location()
        return self._stated_unknown if isinstance(location, UnknownLoc) else location

    def parse_optional_str_literal(self) -> str | None:
        """To xDSL a literal with escapes beyond ASCII is bytes; what is UTF-8 is a string, as it was when printed."""
        if self._current_token.kind is MLIRTokenKind.BYTES_LIT:
            try:
                text = StringLiteral.from_span(self._current_token.span).string_contents
            except UnicodeDecodeError:
                return None
            self._consume_token()
            return text
        return super().parse_optional_str_literal()

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if found is not None:
            return found
        where = self.place(self._op_starts[-1])
        dialect_name = name.partition(".")[0]
        if "." in name and (dialect := self.ctx.get_optional_dialect(dialect_name)) is not None:
            fix = did_you_mean(name, (op.name for op in dialect.operations))
            raise StepwellError(f"dialect '{dialect_name}' has no op '{name}'", where=where, fix=fix)
        if "." in name:
            fix = did_you_mean(dialect_name, self.ctx.registered_dialect_names)
            raise StepwellError(f"there is no dialect '{dialect_name}' (of op '{name}')", where=where, fix=fix)
        raise StepwellError(f"there is no op '{name}'", where=where)

    @dataclass
    class _TensorLiteralElement(Parser._TensorLiteralElement):  # pyright: ignore[reportPrivateUsage]
        def to_type(self, parser: Parser, type: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            if isinstance(type, AnyFloat) and is_bits(self.span.text):
                return float_of_bits(parser, self.span.text, type)
            return super().to_type(parser, type)

    def _parse_builtin_densearray_attr(self) -> DenseArrayBase | None:
        start = self._current_token.span.start
        self.parse_characters("<", " in dense array")
        element = self.parse_attribute()
        if not isinstance(element, AnyFloat):
            self._resume_from(start)
            return super()._parse_builtin_densearray_attr()
        values: list[float] = []
        if self.parse_optional_punctuation(":") is not None:
            values = self.parse_comma_separated_list(self.Delimiter.NONE, lambda: self._parse_float_of(element))
        self.parse_punctuation(">", " in dense array")
        return DenseArrayBase.from_list(element, values)

    def _parse_float_of(self, element: AnyFloat) -> float:
        text = self._current_token.text
        number = self.parse_number()
        return float_of_bits(self, text, element) if is_bits(text) else float(number)

    def _parse_dialect_resource_handle(self, dialect_name: str, interface: OpAsmDialectInterface) -> str:
        # xDSL declares the key in a module-global object and renames it when it is met a second time.
        return self.parse_identifier(" for resource handle")


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


def is_bits(text: str) -> bool:
    return text[:2] in ("0x", "0X")


def float_of_bits(parser: Parser, text: str, type: AnyFloat) -> float:
    """The float that the hexadecimal digits are the bits of."""
    size = type.compile_time_size
    bits = int(text, 16)
    if bits >= 1 << (8 * size):
        parser.raise_error(f"{text} has more bits than a {type}")
    return next(type.iter_unpack(bits.to_bytes(size, "little")))


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
    keys = weight_keys(module)
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
        for key, array in read_weights(path, keys).items():
            ctx.weights.put(key, array)
    if missing := [key for key in keys if key not in ctx.weights]:
        raise StepwellError(
            f"the weights files lack {len(missing)} of the module's weights, '{missing[0]}' first",
            where=module,
            fix="write the dump again",
        )


def weight_keys(module: ModuleOp) -> list[str]:
    """The keys of all weights that the module refers to, in the order of the text."""
    keys: dict[str, None] = {}
    seen: set[Attribute] = set()

    def visit(attribute: Attribute) -> None:
        if attribute in seen:
            return
        seen.add(attribute)
        if isinstance(attribute, DenseResourceAttr):
            keys[attribute.resource_handle.data] = None
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
            keys.update(dict.fromkeys(layout.data))
    return list(keys)


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
