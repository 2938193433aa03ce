"""How an ONNX op becomes graph ops: a function a name, registered with the first opset that it is right for.

    @converts("HardSigmoid", since=6)
    def hard_sigmoid(node: Node) -> SSAValue:
        return node.clamp(node.add(node.mul(node[0], node.real("alpha")), node.real("beta")), 0.0, 1.0)

Of several functions of a name, the newest that isn't newer than the model's opset is taken. The table of what is
supported (docs/onnx-support.md) is made from the decorators, so that it and the code cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

from stepwell.diagnostics import NeedsRun, StepwellError
from stepwell.dialects.graph.types import rank_of
from stepwell.dialects.onnx import OnnxOp
from stepwell.dialects.onnx.types import ELEMENT_TYPES
from xdsl.ir import Attribute, Operation, SSAValue

from .emitter import Array, Emitter, static_shape


@dataclass
class NeedsValue(NeedsRun):
    """What the graph dialect wants as an attribute is `value`, which is not known.

    `instead`: what is in the way where the value stays unknown; when that is removed, `value` need not be known.
    """

    value: SSAValue = field(kw_only=True)
    also: Sequence[SSAValue] = ()
    """What else is wanted, so that all can be made known at once."""
    instead: StepwellError | None = None


@dataclass
class NeedsShapes(StepwellError):
    """What is to be converted has open dims, without which it cannot be done."""


@dataclass
class Unsettled(StepwellError):
    """What an op reads has not been converted, and why has been reported."""


@dataclass(frozen=True)
class SequenceOf:
    """An ONNX sequence, which is there only while converting: its values, and so its length, are known."""

    items: tuple[Converted, ...]


@dataclass(frozen=True)
class Absent:
    """An ONNX optional that holds nothing. One that holds something is what it holds."""


@dataclass(frozen=True)
class Sized:
    """A tensor whose size the data decide, in one of the largest size that it can have: `counts` are (dim, how many of
    it count), a scalar i64 each. What lies behind them means nothing. See `sizes.py`."""

    tensor: SSAValue
    counts: tuple[tuple[int, SSAValue], ...]


Converted: TypeAlias = SSAValue | SequenceOf | Absent | Sized
"""What an ONNX value has become."""

Values: TypeAlias = dict[SSAValue, Converted]


@dataclass
class Node(Emitter):
    """One ONNX op under conversion: its operands as graph values, its attributes, and an emitter at its place."""

    op: OnnxOp = field(kw_only=True)
    values: Values = field(kw_only=True)

    @property
    def opset(self) -> int:
        return self.op.opset

    # operands

    def get(self, index: int) -> SSAValue | None:
        """Operand `index` as a graph value; None where the optional operand isn't given."""
        value = self.op.input(index)
        return None if value is None else self.tensor(self.values[value])

    def tensor(self, value: Converted) -> SSAValue:
        if isinstance(value, SSAValue):
            return value
        if isinstance(value, Sized):
            raise NeedsRun(
                f"{self.name}: it reads a tensor whose size is known only when the program runs",
                where=self.op,
                fix="compile the model as a whole, which cuts it there; or export it so that its shapes follow from "
                "the shapes of its inputs",
            )
        kind = "a sequence" if isinstance(value, SequenceOf) else "an optional that holds nothing"
        raise self.unsupported(f"{kind} where a tensor is needed", "export the model again with a valid node")

    def sequence(self, index: int) -> tuple[Converted, ...]:
        """What the sequence that is operand `index` holds."""
        value = self.converted(index)
        if not isinstance(value, SequenceOf):
            raise self.unsupported(f"operand {index} is no sequence", "export the model again with a valid node")
        return value.items

    def converted(self, index: int) -> Converted:
        """Operand `index`, a tensor, a sequence or an optional."""
        return self.values[self.op.operands[index]]

    def __getitem__(self, index: int) -> SSAValue:
        value = self.get(index)
        if value is None:
            raise self.unsupported(f"operand {index} is missing", "export the model again with a valid node")
        return value

    @property
    def inputs(self) -> list[SSAValue]:
        """All operands of a variadic op."""
        return [self.tensor(self.values[value]) for value in self.op.operands]

    def needed(self, index: int, what: str) -> Array:
        """What operand `index` holds, where the graph dialect wants it as an attribute."""
        return self.needed_value(self[index], what)

    def needed_value(self, value: SSAValue, what: str) -> Array:
        """What `value` holds, likewise."""
        array = self.known(value)
        if array is None:
            raise NeedsValue(
                f"{self.name}: {what} computed at run time is not supported; a constant is",
                where=self.op,
                fix="bind symbolic dims (bind-shapes) before onnx-to-graph, or export with constant shapes",
                value=value,
            )
        return array

    def needed_all(self, whats: Mapping[int, str]) -> list[Array]:
        """What these operands hold: where several aren't known they are asked for at once."""
        missing = {index: what for index, what in whats.items() if self.known(self[index]) is None}
        if missing:
            first, *others = missing
            raise NeedsValue(
                f"{self.name}: {' and '.join(missing.values())} computed at run time is not supported; a constant is",
                where=self.op,
                fix="export with constants",
                value=self[first],
                also=[self[index] for index in others],
            )
        return [self.needed(index, what) for index, what in whats.items()]

    def needed_scalars(self, whats: Mapping[int, str]) -> list[float]:
        return [array.reshape(-1)[0].item() for array in self.needed_all(whats)]

    def needed_integers(self, index: int, what: str) -> list[int]:
        return [int(number) for number in self.needed(index, what).reshape(-1)]

    def static(self, value: SSAValue) -> tuple[int, ...]:
        """The shape of a value, where a conversion must know all of it."""
        dims = static_shape(value)
        if dims is None:
            raise self.open_dims()
        return dims

    # attributes, by kind; ONNX's own default where the node gives none

    def attribute(self, name: str) -> Any:
        """An attribute as Python has it; None where neither the node nor its opset's schema gives one."""
        return self.op.attr(name) if name in self.op.schema.attributes else None

    def _attribute(self, name: str, kind: type[T], default: T | None) -> T:
        value = self.attribute(name)
        if value is None:
            value = default
        if not isinstance(value, kind):
            raise self.unsupported(f"attribute '{name}' is missing", "export the model again with a valid node")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        return self._attribute(name, int, default)

    def real(self, name: str, default: float | None = None) -> float:
        return self._attribute(name, float, default)

    def text(self, name: str, default: str | None = None) -> str:
        return self._attribute(name, str, default)

    def integers_of(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """The integers of a list attribute; `default` where it isn't given."""
        value = self.attribute(name)
        if value is None and default is not None:
            return list(default)
        if value is None:
            raise self.unsupported(f"attribute '{name}' is missing", "export the model again with a valid node")
        return [int(number) for number in cast("Sequence[int]", value)]

    def element(self, name: str, default: Attribute | None = None) -> Attribute:
        """The element type that an attribute names by its number in TensorProto.DataType."""
        number = self.integer(name) if default is None or self.has(name) else None
        found = default if number is None else ELEMENT_TYPES.get(number)
        if found is None:
            raise self.unsupported(f"{name} = {number} is no element type", "export the model again with a valid node")
        return found

    def has(self, name: str) -> bool:
        return self.attribute(name) is not None

    def axis(self, value: SSAValue, default: int | None = None, *, name: str = "axis") -> int:
        """The attribute `axis`, counted from the front of `value`."""
        return self.from_front(self.integer(name, default), rank_of(value))

    def from_front(self, axis: int, dims: int) -> int:
        if not -dims <= axis < dims:
            raise self.unsupported(f"axis {axis} does not exist in {dims} dims", "export the model again")
        return axis % dims

    # errors

    @property
    def name(self) -> str:
        return self.op.name.removeprefix("onnx.")

    def unsupported(self, what: str, fix: str) -> StepwellError:
        return StepwellError(f"{self.name}: {what}", where=self.op, fix=fix)

    def open_dims(self, what: str = "open dims are not supported") -> NeedsShapes:
        return NeedsShapes(f"{self.name}: {what}", where=self.op, fix="bind them (bind-shapes) before onnx-to-graph")


T = TypeVar("T", int, float, str)

Converter: TypeAlias = Callable[[Node], Converted | Sequence[Converted]]


@dataclass(frozen=True)
class Conversion:
    """A row of the support table: ONNX op `name`, from opset `since` on."""

    name: str
    since: int
    convert: Converter
    sized: bool = False
    """Whether what its results hold says how large they are (`Sized`)."""


CONVERSIONS: dict[str, list[Conversion]] = {}
"""By op name, newest opset first."""


Registered = TypeVar("Registered", bound=Converter)


def converts(*names: str, since: int = 1, sized: bool = False) -> Callable[[Registered], Registered]:
    def register(convert: Registered) -> Registered:
        for name in names:
            rows = CONVERSIONS.setdefault(name, [])
            rows.append(Conversion(name, since, convert, sized))
            rows.sort(key=lambda row: -row.since)
        return convert

    return register


def conversion_of(op: Operation) -> Conversion | None:
    """The conversion that fits an ONNX op at its opset."""
    assert isinstance(op, OnnxOp)
    rows = CONVERSIONS.get(op.name.removeprefix("onnx."), ())
    return next((row for row in rows if row.since <= op.opset), None)
