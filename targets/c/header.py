"""How C calls a compiled model: one function, in a header of its own.

    #define MODEL_ARENA_SIZE 602112
    #define MODEL_WEIGHTS_SIZE 13984000
    void model_run(
        const float *input,  /* "input": 1x3x224x224 */
        float *logits,  /* "logits": 1x1000 */
        const unsigned char *weights,
        unsigned char *arena);

It is made from the manifest alone, so it is the same whether the function was printed as C or compiled to an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stepwell.diagnostics import StepwellError
from stepwell.targets.source.printer import Names

from .language import C99

FRAMEWORK_TYPES = {"float32": "float", "float64": "double", "bool": "unsigned char"}


def printable(text: str) -> str:
    """Text that can stand in a comment."""
    return "".join(
        c if c.isprintable() and c.isascii() else "?" for c in text.replace("*/", "* /").replace("/*", "/ *")
    )


@dataclass(frozen=True)
class Parameter:
    """A parameter of the function; `count` is how many elements the array of an input or output has."""

    type: str
    name: str
    comment: str = ""
    count: int = 0
    is_input: bool = False


@dataclass(frozen=True)
class Header:
    """`prefix` is what functions and macros are called after. `alignment`: what weights and arena must be aligned at;
    0: like malloc's memory."""

    prefix: str
    manifest: Mapping[str, Any]
    embed_weights: bool = False
    alignment: int = 0

    @property
    def entry(self) -> str:
        return f"{self.prefix}_run"

    @property
    def arena_size(self) -> int:
        return self.manifest["arena_size"]

    @property
    def weights_size(self) -> int:
        return self.manifest["weights_size"]

    @cached_property
    def tensors(self) -> list[Parameter]:
        """Inputs, then outputs."""
        names = Names(C99.KEYWORDS | {"weights", "arena", "argc", "argv"})
        made: list[Parameter] = []
        inputs, outputs = self.manifest["inputs"], self.manifest["outputs"]
        labels = [names.fresh(spec["name"], f"arg{n}") for n, spec in enumerate((*inputs, *outputs))]
        for n, spec in enumerate((*inputs, *outputs)):
            is_input = n < len(inputs)
            count = 1
            for dim in spec["shape"]:
                count *= dim
            type = f"{'const ' if is_input else ''}{framework_type(spec['dtype'])} *"
            comment = f'"{printable(spec["name"])}": {"x".join(map(str, spec["shape"])) or "scalar"}'
            if "sizes" in spec:
                comment += f", of which {counted(spec, labels[len(inputs) :])} count"
            made.append(Parameter(type, labels[n], comment, count, is_input))
        return made

    @cached_property
    def parameters(self) -> list[Parameter]:
        weights = [] if self.embed_weights else [Parameter("const unsigned char *", "weights")]
        return [*self.tensors, *weights, Parameter("unsigned char *", "arena")]

    def signature(self) -> str:
        rows = [(f"{p.type}{p.name}", p.comment) for p in self.parameters]
        ends = [","] * (len(rows) - 1) + [")"]
        lines = [f"    {text}{end}" + (f"  /* {c} */" if c else "") for (text, c), end in zip(rows, ends, strict=True)]
        return f"void {self.entry}(\n" + "\n".join(lines)

    def text(self) -> str:
        upper = self.prefix.upper()
        loaded = [] if self.embed_weights else [f"#define {upper}_WEIGHTS_SIZE {self.weights_size}"]
        lines = [
            f"/* {self.prefix}.h: how to call {self.entry}. Made by Stepwell. */",
            f"#ifndef {upper}_H",
            f"#define {upper}_H",
            "",
            "#include <stdint.h>",
            "",
            *(f"/* {line}" if n == 0 else f"   {line}" for n, line in enumerate(self.contract())),
            f"#define {upper}_ARENA_SIZE {self.arena_size}",
            *loaded,
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            f"{self.signature()};",
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
        ]
        return "\n".join(lines) + "\n"

    def contract(self) -> list[str]:
        lines = ["Sizes are in bytes. Arrays are dense, the last index runs fastest; no two may overlap."]
        if not self.embed_weights:
            lines.append(f"weights: the contents of {self.prefix}.weights.bin.")
        if self.alignment:
            lines.append(f"weights and arena must be aligned at {self.alignment} bytes.")
        elif self.embed_weights:
            lines.append("arena must be aligned like malloc's memory; at 64 bytes it is fastest.")
        else:
            lines.append("weights and arena must be aligned like malloc's memory; at 64 bytes they are fastest.")
        lines.append(
            "The arena may hold anything before and after; it, not the stack, holds what lies between layers. */"
        )
        return lines


def counted(spec: Mapping[str, Any], outputs: Sequence[str]) -> str:
    """How much of an output counts whose size the data decide: `2 x *y_count`."""
    return " x ".join(
        str(dim) if n < 0 else f"*{outputs[n]}" for dim, n in zip(spec["shape"], spec["sizes"], strict=True)
    )


def framework_type(dtype: str) -> str:
    """C99's name of an element type."""
    if dtype in FRAMEWORK_TYPES:
        return FRAMEWORK_TYPES[dtype]
    if re.fullmatch(r"u?int\d+", dtype):
        return f"{dtype}_t"
    raise StepwellError(f"C99 has no type for {dtype}", fix="use float32 in the model, or run it from Python")


def prefix_for(name: str) -> str:
    """What the functions of a model of this name are called after: a C identifier."""
    prefix = re.sub(r"\W", "_", name, flags=re.ASCII) or "model"
    return prefix if prefix[0].isalpha() else f"model_{prefix}"
