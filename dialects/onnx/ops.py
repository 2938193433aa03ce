"""The ops of the onnx dialect: one class an operator, made from its name; what it means is asked of the schema.

    %y = onnx.Conv(%x, %w) {group = 1 : i64, strides = array<i64: 2, 2>}
        : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x4x4xf32>
    %r = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
      onnx.Yield %a : tensor<4xf32>
    } then_branch {
      onnx.Yield %b : tensor<4xf32>
    }

The attributes of the ONNX node are the op's properties; names with a dot (`stepwell.…`) are discardable attributes.
An op means what its domain's opset says, which stands on the module: `onnx.opset = {ai.onnx = 13 : i64}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Self, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    DictionaryAttr,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    NoneType,
    StringAttr,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from . import schemas
from .schemas import DEFAULT_DOMAIN, Formal, Schema
from .types import StringsAttr, schema_name

# Two of these are not the same value, however alike they look.
RANDOM = frozenset(
    ("Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
)

# The operators with attributes that are graphs: the names of these, in the order in which the regions stand.
REGIONS = {
    "FlexAttention": ("prob_mod", "score_mod"),
    "If": ("else_branch", "then_branch"),
    "Loop": ("body",),
    "Scan": ("body",),
    "SequenceMap": ("body",),
}


class OnnxOp(Operation):
    """An ONNX node. `op_type`, `domain` and `opset` say which operator it is and which version of it."""

    op_type: ClassVar[str]
    domain: ClassVar[str]
    region_names: ClassVar[tuple[str, ...]]

    # -- what passes ask ------------------------------------------------------------------------------------------

    @property
    def opset(self) -> int:
        """The opset of this op's domain, as its module says; outside of a module the newest."""
        top: Operation = self
        while (parent := top.parent_op()) is not None:
            top = parent
        if top.name != "builtin.module":
            return schemas.newest_opset(self.domain)
        opsets = top.attributes.get("onnx.opset")
        version = opsets.data.get(self.domain) if isinstance(opsets, DictionaryAttr) else None
        if not isinstance(version, IntegerAttr):
            raise VerifyException(f"the module's onnx.opset does not name {self.domain}, so {self.name} has no meaning")
        return version.value.data

    @property
    def schema(self) -> Schema:
        """What ONNX says of this operator in this opset."""
        opset = self.opset
        if (found := schemas.schema(self.domain, self.op_type, opset)) is None:
            raise VerifyException(f"{self.op_type} is not in opset {opset} of {self.domain}")
        return found

    def input(self, index: int) -> SSAValue | None:
        """Operand `index`; None when it is optional and left out."""
        if index >= len(self.operands):
            return None
        value = self.operands[index]
        return None if isinstance(value.type, NoneType) else value

    def attr(self, name: str) -> Any:
        """The node's attribute as Python has it, or the schema's default; None when it has neither.

        int, float, str and tuples of them; a tensor and a type stay IR attributes; a graph is the region.
        """
        if name in self.region_names:
            return self.region(name)
        if (value := self.properties.get(name)) is not None:
            return _python(value)
        if (spec := self.schema.attributes.get(name)) is None:
            raise VerifyException(f"{self.op_type} has no attribute '{name}' in opset {self.opset}")
        return spec.default

    def region(self, name: str) -> Region | None:
        """The region of a graph attribute; None when it is optional and left out."""
        region = self.regions[self.region_names.index(name)]
        return region if region.blocks else None

    # -- text ------------------------------------------------------------------------------------------------------

    def print(self, printer: Printer) -> None:
        printer.print_operands(self.operands)
        printer.print_op_attributes(self.properties | self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)
        for name, region in zip(self.region_names, self.regions, strict=True):
            if region.blocks:
                printer.print_string(f" {name} ")
                printer.print_region(region)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        start = parser.pos
        names = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        types = parser.parse_function_type()
        regions = [
            parser.parse_region() if parser.parse_optional_keyword(name) is not None else Region()
            for name in cls.region_names
        ]
        return cls.create(
            operands=parser.resolve_operands(names, types.inputs.data, start),
            result_types=types.outputs.data,
            properties={name: value for name, value in attributes.items() if "." not in name},
            attributes={name: value for name, value in attributes.items() if "." in name},
            regions=regions,
        )

    # -- verification ----------------------------------------------------------------------------------------------

    def verify_(self) -> None:
        schema = self.schema
        if schema.deprecated:
            raise VerifyException(f"{self.op_type} is deprecated since opset {schema.since}")
        _check_count("inputs", len(self.operands), schema.input_count)
        _check_count("outputs", len(self.results), schema.output_count)
        self._verify_attributes(schema)
        self._verify_types(schema)
        self._verify_regions()

    def _verify_attributes(self, schema: Schema) -> None:
        for name, value in self.properties.items():
            if (spec := schema.attributes.get(name)) is None:
                raise VerifyException(f"{self.op_type} has no attribute '{name}' in opset {self.opset}")
            if spec.kind == "GRAPH" or not _KINDS[spec.kind](value):
                raise VerifyException(f"attribute '{name}' is {value}; it must be of kind {spec.kind}")
        for name, spec in schema.attributes.items():
            given = self.region(name) if spec.kind == "GRAPH" else self.properties.get(name)
            if spec.required and given is None:
                raise VerifyException(f"attribute '{name}' is missing")

    def _verify_types(self, schema: Schema) -> None:
        if self.op_type == "Constant":
            return  # an initializer is one too, and may be of types that the op itself has only since opset 9
        bound: dict[str, tuple[str, str]] = {}
        for index, value in enumerate(self.operands):
            _check_type("input", schema.formal(schema.inputs, index), index, value.type, bound)
        for index, value in enumerate(self.results):
            _check_type("output", schema.formal(schema.outputs, index), index, value.type, bound)

    def _verify_regions(self) -> None:
        for name, region in zip(self.region_names, self.regions, strict=True):
            if not region.blocks:
                continue
            block = region.blocks.first
            if len(region.blocks) != 1 or block is None or not isinstance(block.last_op, YieldOp):
                raise VerifyException(f"'{name}' must be one block that ends with onnx.Yield")
            if (expected := self._interface()) is None:
                continue
            arguments, yields = expected
            if len(block.args) != arguments:
                raise VerifyException(f"'{name}' has {len(block.args)} inputs; it must have {arguments}")
            if len(block.last_op.operands) != yields:
                raise VerifyException(f"'{name}' has {len(block.last_op.operands)} outputs; it must have {yields}")

    def _interface(self) -> tuple[int, int] | None:
        """(inputs, outputs) that each region of this op must have; None where nothing general can be said."""
        operands, results = len(self.operands), len(self.results)
        match self.op_type:
            case "If":
                return 0, results
            case "Loop":  # operands: trip count, condition, carried; body: iteration, condition, carried
                return operands, results + 1
            case "Scan" if self.opset >= 9:  # operands and body: state, scanned
                return operands, results
            case _:
                return None


@irdl_op_definition
class NoValueOp(IRDLOperation):
    """Stands for an optional input that a node leaves out.

    %none = onnx.NoValue
    """

    name = "onnx.NoValue"
    result = result_def(NoneType())
    traits = traits_def(Pure())
    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__(result_types=[NoneType()])


@irdl_op_definition
class YieldOp(IRDLOperation):
    """The outputs of a subgraph.

    onnx.Yield %a, %b : tensor<4xf32>, tensor<i1>
    """

    name = "onnx.Yield"
    values = var_operand_def()
    traits = traits_def(IsTerminator())
    assembly_format = "($values^ `:` type($values))? attr-dict"

    def __init__(self, values: Iterable[SSAValue]) -> None:
        super().__init__(operands=[list(values)])


@cache
def op_class(domain: str, op_type: str) -> type[OnnxOp]:
    """The class of an operator: `onnx.Conv`; outside of ONNX's own domain `onnx.<domain>.<operator>`."""
    name = f"onnx.{op_type}" if domain == DEFAULT_DOMAIN else f"onnx.{domain}.{op_type}"
    regions = REGIONS.get(op_type, ())
    return type(
        op_type,
        (OnnxOp,),
        {
            "name": name,
            "op_type": op_type,
            "domain": domain,
            "region_names": regions,
            "traits": traits_def() if regions or op_type in RANDOM else traits_def(Pure()),
            "__module__": __name__,
            "__doc__": f"{op_type} of {domain}, as ONNX's schema has it.",
        },
    )


def _python(value: Attribute) -> Any:
    match value:
        case IntegerAttr() | FloatAttr():
            return value.value.data
        case StringAttr():
            return value.data
        case DenseArrayBase():
            return tuple(cast(DenseArrayBase[IntegerType], value).get_values())
        case ArrayAttr():
            return tuple(_python(item) for item in value.data)
        case _:
            return value


def _is_list(value: Attribute, element: type[Attribute] | UnionType) -> bool:
    return isinstance(value, DenseArrayBase) and isinstance(cast(DenseArrayBase[Any], value).elt_type, element)


def _are_strings(value: Attribute) -> bool:
    return isinstance(value, ArrayAttr) and all(isinstance(i, StringAttr) for i in cast(ArrayAttr[Any], value).data)


TENSORS = (DenseIntOrFPElementsAttr, DenseResourceAttr, StringsAttr)

# What stands for an attribute of each kind.
_KINDS: dict[str, Callable[[Attribute], bool]] = {
    "INT": lambda value: isinstance(value, IntegerAttr),
    "FLOAT": lambda value: isinstance(value, FloatAttr),
    "STRING": lambda value: isinstance(value, StringAttr),
    "INTS": lambda value: _is_list(value, IntegerType),
    "FLOATS": lambda value: _is_list(value, Float32Type | Float64Type),
    "STRINGS": _are_strings,
    "TENSOR": lambda value: isinstance(value, TENSORS),
    "SPARSE_TENSOR": lambda value: isinstance(value, TENSORS),
    "TYPE_PROTO": lambda value: isinstance(value, TypeAttribute),
}


def _check_count(what: str, count: int, limits: tuple[int, int]) -> None:
    low, high = limits
    if low <= count <= high:
        return
    allowed = f"{low}" if low == high else f"at least {low}" if count < low else f"at most {high}"
    raise VerifyException(f"{count} {what}; there must be {allowed}")


def _check_type(role: str, formal: Formal, index: int, type: Attribute, bound: dict[str, tuple[str, str]]) -> None:
    """One operand or result against its declaration; `bound` holds what its type variable was bound to, and where."""
    where = f"{role} {index} ({formal.name})"
    if isinstance(type, NoneType):
        if role == "input" and not formal.optional:
            raise VerifyException(f"{where} is missing, and it is not optional")
        return
    if (name := schema_name(type)) is None:
        return
    if name not in formal.allowed:
        raise VerifyException(f"{where} is {name}; allowed are {', '.join(sorted(formal.allowed))}")
    if not formal.homogeneous or formal.type_name in formal.allowed:
        return
    before, first = bound.setdefault(formal.type_name, (name, where))
    if before != name:
        raise VerifyException(f"{where} is {name}, but {first} is {before}; both must have one element type")
