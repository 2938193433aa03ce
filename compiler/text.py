"""Modules as text: read with locations, written with their weights beside them.

builtin.module attributes {stepwell.weights = "model.safetensors"} { ... dense_resource<conv1.weight> ... }
"""

from __future__ import annotations

import io
from bisect import bisect_right
from pathlib import Path

from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, LocationAttr, ModuleOp, StringAttr, UnknownLoc
from xdsl.ir import AttributeInvT, Operation, SSAValue
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError, UnregisteredConstructException

from .context import Context
from .diagnostics import StepwellError, one_line
from .locations import is_known

SPLIT_MARK = "// -----"
"""A line of it parts a file into modules of their own (`--split-input-file`), as in upstream MLIR."""


class ModuleParser(Parser):
    """xDSL's parser, but every op gets the line and column of its name as location, unless the text states one.

    A `dense_resource<key>` keeps its key, since the data are in the compilation's weights table. This class is where
    we touch xDSL's parser from inside.
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


def read_module(ctx: Context, path: Path) -> ModuleOp:
    return parse_module(ctx, path.read_text(), str(path))


def print_module(module: ModuleOp, *, locations: bool = False) -> str:
    out = io.StringIO()
    Printer(stream=out, print_debuginfo=locations).print_op(module)
    return out.getvalue() + "\n"
