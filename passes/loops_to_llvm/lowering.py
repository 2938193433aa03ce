"""The state of one function on its way to `llvm`, and the table of rules: op name → how that op is lowered.

A rule gets the `Lowering` and the op; it emits llvm ops and says what the op's results have become:

    @lowers("arith.negf")
    def negf(low: Lowering, op: Operation) -> None:
        low[op.results[0]] = low.emit(llvm.FNegOp, [low[op.operands[0]]], low.type(op.results[0].type))

Types are converted by a memo table: `index` is i64, a memref is a bare `!llvm.ptr` to its first element.
Constants are made once a function, at the head of its entry block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, cast

from stepwell.conversion import TypeConverter
from stepwell.diagnostics import StepwellError
from stepwell.dialects.amx import TileType
from stepwell.dialects.lanes import is_integer, vector_type
from stepwell.dialects.llvm import X86AMXType
from xdsl.dialects import builtin, llvm
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    VectorType,
    i1,
    i8,
    i64,
)
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import IRDLOperation

Rule = Callable[["Lowering", Operation], None]
RULES: dict[str, Rule] = {}
CONSTANT = "arith.constant"

PTR = llvm.LLVMPointerType()
CONTRACT: Mapping[str, Attribute] = {"fastmathFlags": llvm.FastMathAttr((FastMathFlag.ALLOW_CONTRACT,))}
NSW: Mapping[str, Attribute] = {"overflowFlags": IntegerAttr(1, 32)}
ALWAYS: dict[type[IRDLOperation], Mapping[str, Attribute]] = {
    **{op: {"overflowFlags": IntegerAttr(0, 32)} for op in (llvm.AddOp, llvm.SubOp, llvm.MulOp, llvm.ShlOp)},
    llvm.TruncOp: {"overflowFlags": llvm.OverflowAttr(None)},
}
"""What the parser gives an op where the text is silent: so what is read back equals what was printed."""


def lowers(*names: str, table: dict[str, Rule] = RULES) -> Callable[[Rule], Rule]:
    """Put a rule into the table under the names of the ops that it lowers."""

    def enter(rule: Rule) -> Rule:
        for name in names:
            table[name] = rule
        return rule

    return enter


def elements(type: Attribute, values: Sequence[int | float]) -> Attribute:
    """A dense attribute of a vector type; one value stands for all lanes."""
    return DenseIntOrFPElementsAttr.from_list(cast(Any, type), list(values))


@lru_cache(4096)
def integer_attr(value: int, type: IntegerType) -> Attribute:
    return IntegerAttr(value, type)


class Types(TypeConverter):
    """Types of buffers and loops to those of machine code; a type without a counterpart is an error."""

    def __init__(self) -> None:
        super().__init__({})

    def convert(self, old: Attribute) -> Attribute:
        type = old
        if isinstance(type, IndexType):
            return i64
        if isinstance(type, MemRefType):
            return PTR
        if (vector := vector_type(type)) is not None:
            if vector.get_num_scalable_dims():
                raise StepwellError(f"{type}: scalable vectors are not supported")
            shape = vector.get_shape() or (1,)
            if len(shape) != 1:
                raise StepwellError(
                    f"{type}: vectors of more than one dimension are not supported",
                    fix="unroll to one-dimensional vectors before loops-to-llvm",
                )
            return VectorType(self(vector.element_type), shape)
        if isinstance(type, TileType):
            return X86AMXType()
        if is_integer(type) or isinstance(type, AnyFloat | llvm.LLVMPointerType):
            return type
        raise StepwellError(f"{type} has no counterpart in llvm")


class Lowering:
    """One function being lowered: the values so far, the block that grows, constants, addresses in scope."""

    STEP: ClassVar = "loops-to-llvm"
    TABLE: ClassVar[Mapping[str, Rule]] = RULES

    def __init__(
        self,
        types: Types,
        region: Region,
        entry: Block,
        blocks: Mapping[Block, Block],
        declarations: dict[str, llvm.FuncOp],
    ):
        self.type = types
        self.region = region
        self.entry = entry
        self.block = entry
        self.blocks = blocks
        self.declarations = declarations
        self.location: builtin.LocationAttr = builtin.UnknownLoc()
        self.values: dict[SSAValue, SSAValue] = {}
        self.constants: dict[object, SSAValue] = {}
        self.head: list[Operation] = []
        self.scopes: list[dict[object, SSAValue]] = [{}]

    # Values
    def __getitem__(self, value: SSAValue) -> SSAValue:
        if (known := self.values.get(value)) is not None:
            return known
        op = value.owner  # a constant: lowered when first used, since most only say an offset or a loop's bound
        assert isinstance(op, Operation) and op.name == CONSTANT, f"{value} was used before it was lowered"
        RULES[CONSTANT](self, op)
        return self.values[value]

    def __setitem__(self, value: SSAValue, lowered: SSAValue) -> None:
        self.values[value] = lowered
        if value.name_hint is not None and lowered.name_hint is None:
            lowered.name_hint = value.name_hint

    def all(self, values: Iterable[SSAValue]) -> list[SSAValue]:
        return [self[value] for value in values]

    # Ops
    def emit(
        self,
        op: type[IRDLOperation],
        operands: Sequence[SSAValue],
        type: Attribute,
        properties: Mapping[str, Attribute] | None = None,
    ) -> SSAValue:
        """Append an op of one result, and give the result."""
        made = op.create(
            operands=operands, result_types=(type,), properties={**ALWAYS.get(op, {}), **(properties or {})}
        )
        return self.append(made).results[0]

    def append(self, op: Operation) -> Operation:
        op.location = self.location
        self.block.add_op(op)
        return op

    def intrinsic(
        self, name: str, args: Sequence[SSAValue], type: Attribute | None, flags: Mapping[str, Attribute] | None = None
    ) -> SSAValue | None:
        """Call an LLVM intrinsic by its base name, `llvm.exp`; the printer adds the types to it."""
        op = llvm.CallIntrinsicOp(StringAttr(name), list(args), [] if type is None else [type])
        op.properties.update(flags or {})
        self.append(op)
        return op.results[0] if type is not None else None

    def call_intrinsic(
        self, name: str, args: Sequence[SSAValue], type: Attribute, flags: Mapping[str, Attribute] | None = None
    ) -> SSAValue:
        result = self.intrinsic(name, args, type, flags)
        assert result is not None
        return result

    # Constants
    def constant(self, value: int | float, type: Attribute = i64) -> SSAValue:
        """A scalar, or the vector with `value` in each lane."""
        key = (value if isinstance(value, int) else str(value), id(type))  # 0.0 == -0.0, but not as text
        if (known := self.constants.get(key)) is not None:
            return known
        if vector_type(type) is not None:
            attr: Attribute = elements(type, [value])
        elif is_integer(type):
            attr = integer_attr(int(value), cast(IntegerType, type))
        else:
            attr = FloatAttr(float(value), cast(Any, type))
        made = self.attribute_constant(attr, type)
        self.constants[key] = made
        return made

    def attribute_constant(self, attr: Attribute, type: Attribute) -> SSAValue:
        if (known := self.constants.get(attr)) is not None:
            return known
        op = llvm.ConstantOp.create(result_types=(type,), properties={"value": attr})
        op.location = self.location
        self.head.append(op)
        self.constants[attr] = op.results[0]
        return op.results[0]

    def poison(self, type: Attribute) -> SSAValue:
        from stepwell.dialects.llvm import PoisonOp

        key = ("poison", id(type))
        if (known := self.constants.get(key)) is None:
            op = PoisonOp(type)
            op.location = self.location
            self.head.append(op)
            known = self.constants[key] = op.res
        return known

    def integer(self, value: SSAValue) -> int | None:
        """What an `arith.constant` of the source says, if that is what made `value`."""
        op = value.owner
        if isinstance(op, Operation) and op.name == CONSTANT:
            attr = op.properties["value"]
            if isinstance(attr, IntegerAttr):
                return cast(IntegerAttr[Any], attr).value.data
        return None

    def finish(self) -> None:
        """Put the constants at the head of the entry block."""
        if not self.head:
            return
        if (first := self.entry.first_op) is None:
            self.entry.add_ops(self.head)
        else:
            self.entry.insert_ops_before(self.head, first)

    def declare(self, name: str, inputs: Sequence[Attribute], output: Attribute) -> None:
        """A function of the C library, declared once a module."""
        if name not in self.declarations:
            type = llvm.LLVMFunctionType(list(inputs), output)
            made = llvm.FuncOp(name, type, linkage=llvm.LinkageAttr("external"))
            made.properties["unnamed_addr"] = IntegerAttr(0, 64)  # what reading the text gives it
            self.declarations[name] = made

    # Blocks
    def start(self, block: Block) -> None:
        self.region.add_block(block)
        self.block = block

    def jump(self, block: Block, args: Sequence[SSAValue] = ()) -> None:
        self.append(llvm.BrOp(block, *args))

    def branch(
        self,
        condition: SSAValue,
        yes: Block,
        yes_args: Sequence[SSAValue],
        no: Block,
        no_args: Sequence[SSAValue] = (),
    ) -> None:
        self.append(llvm.CondBrOp(condition, yes, yes_args, no, no_args))

    def body(self, block: Block) -> list[SSAValue]:
        """Lower the ops of a structured op's block; what its terminator yields."""
        self.scopes.append({})
        for op in block.ops:
            if op is block.last_op:
                break
            self.lower(op)
        self.scopes.pop()
        last = block.last_op
        return [] if last is None else self.all(last.operands)

    def lower(self, op: Operation) -> None:
        if op.name == CONSTANT:
            return
        self.location = op.location
        if (rule := self.TABLE.get(op.name)) is None:
            raise StepwellError(f"{self.STEP} knows no '{op.name}'", where=op)
        try:
            rule(self, op)
        except StepwellError as error:
            if error.where is None:
                error.where = op
            raise

    # Memory
    def remember(self, key: object, make: Callable[[], SSAValue]) -> SSAValue:
        """A value once computed in a scope that encloses this place (block or outer block), else made now."""
        for scope in self.scopes:
            if (known := scope.get(key)) is not None:
                return known
        made = make()
        self.scopes[-1][key] = made
        return made


def in_memory(element: Attribute) -> Attribute:
    """What a memref's element is in memory: a boolean takes a byte."""
    if element == i1:
        return i8
    return i64 if isinstance(element, IndexType) else element
