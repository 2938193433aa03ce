"""Conversion of one level's ops into another's: patterns first, then types, then proof that nothing is left.

    convert(func, [AddToLLVM(), LoadToLLVM()], TypeConverter({MemRefType: lambda t: LLVMPointerType(), ...}),
            gone=("memref", "arith"))

The patterns see the old types. Then types change in place, each distinct type once (the table remembers), so values
keep their uses and no casts arise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType
from xdsl.ir import Attribute, Block, Operation
from xdsl.pattern_rewriter import RewritePattern
from xdsl.rewriter import Rewriter

from .diagnostics import StepwellError
from .rewriting import apply_patterns

TypeFunction = Callable[[Any], Attribute]


@dataclass
class TypeConverter:
    """Type class → function from the old type to the new. A type of a class without an entry stays as it is.

    Function types are converted by their parts. What a function gives is not converted again. Memoised on identity:
    hashing a memref type costs more than converting it.
    """

    table: Mapping[type[Attribute], TypeFunction]
    _known: dict[int, tuple[Attribute, Attribute]] = field(default_factory=dict[int, tuple[Attribute, Attribute]])

    def __call__(self, old: Attribute) -> Attribute:
        if (known := self._known.get(id(old))) is not None:
            return known[1]
        new = self.convert(old)
        self._known[id(old)] = (old, new)  # holding the old one keeps its id its own
        return new

    def convert(self, old: Attribute) -> Attribute:
        if (function := self.table.get(type(old))) is not None:
            return function(old)
        if isinstance(old, FunctionType):
            return FunctionType.from_lists([self(t) for t in old.inputs], [self(t) for t in old.outputs])
        return old

    def attribute(self, old: Attribute) -> Attribute:
        """An attribute with the types that it names converted: `array`s, dictionaries and types themselves."""
        if isinstance(old, ArrayAttr):
            return ArrayAttr([self.attribute(part) for part in old])  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        if isinstance(old, DictionaryAttr):
            return DictionaryAttr({name: self.attribute(part) for name, part in old.data.items()})
        return self(old)


def convert_types(scope: Operation, converter: TypeConverter, *, attributes: Collection[str] = ()) -> None:
    """Give every value inside `scope` its new type, and every attribute or property called one of `attributes`."""
    for op in list(scope.walk()):
        for result in list(op.results):
            if (new := converter(result.type)) is not result.type:
                Rewriter.replace_value_with_new_type(result, new)
        for region in op.regions:
            for block in region.blocks:
                convert_block_arguments(block, converter)
        for name in attributes:
            for holder in (op.properties, op.attributes):
                if name in holder:
                    holder[name] = converter.attribute(holder[name])


def convert_block_arguments(block: Block, converter: TypeConverter) -> None:
    for argument in list(block.args):
        if (new := converter(argument.type)) is not argument.type:
            location = argument.location
            Rewriter.replace_value_with_new_type(argument, new).location = location  # pyright: ignore[reportAttributeAccessIssue]


def check_gone(scope: Operation, gone: Collection[str]) -> None:
    """Raise `StepwellError` when ops of the dialects `gone` (or ops of those names) are left inside `scope`."""
    counts: Counter[str] = Counter()
    first: Operation | None = None
    for op in scope.walk():
        if op.name in gone or op.name.partition(".")[0] in gone:
            counts[op.name] += 1
            first = op if first is None else first
    if first is not None:
        every = ", ".join(f"{name} ({n})" for name, n in counts.most_common())
        raise StepwellError(f"{first.name} cannot be converted; left over: {every}", first)


def convert(
    scope: Operation,
    patterns: Sequence[RewritePattern],
    converter: TypeConverter | None = None,
    *,
    gone: Collection[str],
    attributes: Collection[str] = ("function_type",),
) -> None:
    """Apply `patterns`, retype, and check that the dialects (or ops) `gone` are."""
    apply_patterns(scope, patterns)
    if converter is not None:
        convert_types(scope, converter, attributes=attributes)
    check_gone(scope, gone)
