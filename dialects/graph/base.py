"""The base of all graph ops: operands and attributes declared as a table, one text form, one result.

    class ReduceOp(GraphOp):
        name = "graph.reduce"
        kind = word("sum", "mean", leading=True)
        x = Operand()
        axes = ints()
        keepdims = flag()

    %y = graph.reduce sum %x {axes = [2, 3], keepdims} : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>

Where all operands and the result have one type it is written once: `graph.add %a, %b : tensor<4xf32>`.
Each op knows its result type (`infer_type`) and, where its value can be computed while compiling, how (`fold`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from stepwell.work import Work
from xdsl.dialects.builtin import TensorType
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Operation, OpResult, Region, SSAValue
from xdsl.irdl import traits_def
from xdsl.parser import Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .fields import Field, Operand, Operands, OptionalOperand, as_value
from .types import Tensor, Value, check_size, same_dim, type_of

Array = npt.NDArray[Any]


class GraphOp(HasCanonicalizationPatternsInterface):
    """An op on tensors without side effects, with one result.

    `XOp(operands..., attribute=value..., result_type=None)`: the result type is inferred unless given. Raises
    `VerifyException` where operands and attributes do not fit each other.
    """

    fields: ClassVar[Mapping[str, Field[Any]]] = {}
    least_operands: ClassVar[int] = 0
    most_operands: ClassVar[int | None] = 0

    traits = traits_def(*HasCanonicalizationPatternsInterface.traits, Pure())

    def __init_subclass__(cls) -> None:
        """Collect what the class declares: attributes by name, operands by position."""
        declared = [item for base in reversed(cls.mro()) for item in base.__dict__.items()]
        cls.fields = {name: item for name, item in declared if isinstance(item, Field)}
        operands = [item for _, item in declared if isinstance(item, Operand | OptionalOperand | Operands)]
        for index, item in enumerate(operands):
            item.index = index
        cls.least_operands = sum(not isinstance(item, OptionalOperand) for item in operands)
        cls.most_operands = None if any(isinstance(item, Operands) for item in operands) else len(operands)

    def __init__(
        self,
        *operands: SSAValue | Operation | None,
        result_type: Attribute | None = None,
        regions: Sequence[Region] = (),
        **attributes: Any,
    ):
        super().__init__(operands=[as_value(item) for item in operands if item is not None], regions=regions)
        if result_type is not None:
            self._add_result(result_type)
        for name, value in attributes.items():
            if name not in self.fields:
                raise TypeError(f"{self.name} has no attribute '{name}'; it has {', '.join(self.fields) or 'none'}")
            if value is not None:
                setattr(self, name, value)
        if result_type is None:
            self.verify_op()
            inferred = self.infer_type()
            check_size(inferred)
            self._add_result(inferred)

    def _add_result(self, type: Attribute) -> None:
        self.results = self.results.__class__((OpResult(type, self, 0),))

    @property
    def result(self) -> OpResult[Tensor]:
        return cast("OpResult[Tensor]", self.results[0])

    @property
    def result_type(self) -> Tensor:
        return type_of(self.results[0])

    def infer_type(self) -> Tensor:
        """The result type that follows from operand types and attributes.

        Raises `VerifyException` where they do not fit. A dim that does not follow from them is `?`.
        """
        raise NotImplementedError(f"{self.name}.infer_type")

    @property
    def can_fold(self) -> bool:
        return type(self).fold is not GraphOp.fold

    def fold(self, *arrays: Array) -> Array:
        """The result's value, given the operands' values."""
        raise NotImplementedError(f"{self.name}.fold")

    def work(self) -> Work:
        """How much arithmetic it is, once its shapes are static."""
        from .work import work_of  # a table names the ops it counts, so it is read after them

        return work_of(self)

    def operand(self, index: int) -> Value:
        return cast(Value, self.operands[index])

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import patterns_of  # a pattern names the ops it rewrites, so it is read after them

        return patterns_of(cls)

    # Checking

    def verify_(self) -> None:
        self._verify_counts()
        for field in self.fields.values():
            field.verify(self)
        for name in self.properties:
            if name not in self.fields:
                raise VerifyException(f"has no attribute '{name}'; it has {', '.join(self.fields) or 'none'}")
        for operand in self.operands:
            type_of(operand)
        self.verify_op()
        self.verify_result(self.infer_type())

    def verify_op(self) -> None:
        """What must hold besides the result type; classes add to it."""

    def _verify_counts(self) -> None:
        have, least, most = len(self.operands), self.least_operands, self.most_operands
        if have < least or (most is not None and have > most):
            want = f"at least {least}" if most is None else f"{least}" if least == most else f"{least} to {most}"
            raise VerifyException(f"has {have} operands; it takes {want}")
        if len(self.results) != 1:
            raise VerifyException(f"has {len(self.results)} results; it gives 1")

    def verify_result(self, inferred: Tensor) -> None:
        """The result may know more or fewer dims than follow from the operands, but none may contradict."""
        actual = type_of(self.results[0])
        check_size(actual)
        want, have = inferred.get_shape(), actual.get_shape()
        fits = len(want) == len(have) and all(same_dim(a, b) for a, b in zip(want, have, strict=True))
        if not fits or actual.element_type != inferred.element_type:
            raise VerifyException(f"result is {actual}, but {inferred} follows from operands and attributes")

    # Text

    def print(self, printer: Printer) -> None:
        for field in self.fields.values():
            if field.leading:
                printer.print_string(" ")
                field.kind.print(printer, getattr(self, field.name))
        if self.operands:
            printer.print_string(" ")
            printer.print_list(self.operands, printer.print_operand)
        self._print_fields(printer)
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)
        self.print_types(printer)

    def _print_fields(self, printer: Printer) -> None:
        shown = [f for f in self.fields.values() if not f.leading and f.name in self.properties]
        if not shown:
            return
        with printer.delimited(" {", "}"):
            printer.print_list(shown, lambda field: self._print_field(printer, field))

    def _print_field(self, printer: Printer, field: Field[Any]) -> None:
        value = getattr(self, field.name)
        printer.print_string(field.name if value is True else f"{field.name} = ")
        field.kind.print(printer, value)

    def print_types(self, printer: Printer) -> None:
        types = [operand.type for operand in self.operands]
        result = self.results[0].type
        printer.print_string(" : ")
        if all(type == result for type in types):
            printer.print_attribute(result)
        else:
            printer.print_function_type(types, (result,))

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        values = {f.name: cls._parse_value(parser, f) for f in cls.fields.values() if f.leading}
        first = parser.parse_optional_unresolved_operand()
        operands = [] if first is None else [first]
        while operands and parser.parse_optional_punctuation(",") is not None:
            operands.append(parser.parse_unresolved_operand())
        if parser.parse_optional_punctuation("{") is not None:
            values |= cls._parse_fields(parser)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        parser.parse_punctuation(":")
        position = parser.pos
        types, result = cls.parse_types(parser, len(operands))
        op = cls._blank(parser.resolve_operands(operands, types, position))
        op.attributes = {} if attributes is None else dict(attributes.data)
        op._add_result(result)
        for name, value in values.items():
            try:
                setattr(op, name, value)
            except VerifyException:  # its default cannot be said: the verifier will tell why
                op.properties[name] = cls.fields[name].kind.encode(value)
        return op

    @classmethod
    def _blank(cls, operands: Sequence[SSAValue]) -> Self:
        op = cls.__new__(cls)
        Operation.__init__(op, operands=operands)
        return op

    @classmethod
    def parse_types(cls, parser: Parser, operands: int) -> tuple[Sequence[Attribute], Attribute]:
        """`T` for operands and result alike, or `(A, B) -> T`."""
        function = parser.parse_optional_punctuation("(")
        if function is None:
            result = parser.parse_type()
            return [result] * operands, result
        types = [] if parser.parse_optional_punctuation(")") is not None else [parser.parse_type()]
        if types:
            while parser.parse_optional_punctuation(",") is not None:
                types.append(parser.parse_type())
            parser.parse_punctuation(")")
        parser.parse_punctuation("->")
        return types, parser.parse_type()

    @classmethod
    def _parse_fields(cls, parser: Parser) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while parser.parse_optional_punctuation("}") is None:
            if values:
                parser.parse_punctuation(",")
            name = parser.parse_identifier()
            if name not in cls.fields:
                parser.raise_error(f"{cls.name} has no attribute '{name}'; it has {', '.join(cls.fields) or 'none'}")
            field = cls.fields[name]
            if field.kind.attribute.name != "unit":
                parser.parse_punctuation("=")
            values[name] = cls._parse_value(parser, field)
        return values

    @classmethod
    def _parse_value(cls, parser: Parser, field: Field[Any]) -> Any:
        if field.words:
            word = parser.parse_optional_identifier()
            if word not in field.words:
                parser.raise_error(f"{field.name} may be {', '.join(field.words)}, but is '{word}'")
            return word
        return field.kind.parse(parser)


def as_type(array: Array, type: Tensor) -> Array:
    """`array` with the dtype that `type` says."""
    from .types import dtype_of

    return np.asarray(array, dtype=dtype_of(type.element_type))


def summable(array: Array, wide: bool = False) -> Array:
    """`array` as what it is summed in: 16-bit floats as float32, bytes whose sums stay wide as int32."""
    if wide and array.dtype.name in ("int8", "uint8"):
        return array.astype(np.int32)
    return array.astype(np.float32) if array.dtype.name in ("float16", "bfloat16") else array


__all__ = ["Array", "GraphOp", "Operand", "Operands", "OptionalOperand", "TensorType", "as_type", "summable"]
