"""Modules as text: read with locations, written with their weights beside them.

builtin.module attributes {stepwell.weights = "model.safetensors"} { ... dense_resource<conv1.weight> ... }
"""

from __future__ import annotations

import io
from pathlib import Path

from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer

from .context import Context


class ModuleParser(Parser):
    """xDSL's parser; a `dense_resource<key>` keeps its key, since the data are in the compilation's weights table."""

    def _parse_dialect_resource_handle(self, dialect_name: str, interface: OpAsmDialectInterface) -> str:
        # xDSL declares the key in a module-global object and renames it when it is met a second time.
        return self.parse_identifier(" for resource handle")


def parse_module(ctx: Context, text: str, name: str = "<input>") -> ModuleOp:
    return ModuleParser(ctx, text, name=name).parse_module()


def read_module(ctx: Context, path: Path) -> ModuleOp:
    return parse_module(ctx, path.read_text(), str(path))


def print_module(module: ModuleOp, *, locations: bool = False) -> str:
    out = io.StringIO()
    Printer(stream=out, print_debuginfo=locations).print_op(module)
    return out.getvalue() + "\n"
