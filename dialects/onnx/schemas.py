"""ONNX's own operator schemas as plain Python values, read when first asked for.

    schema("", "Conv", 13).inputs[0]     Formal(name="X", type_name="T", allowed={"tensor(float)", ...}, ...)
    schema("", "Gelu", 13)               None: Gelu came with opset 20
    schema("com.microsoft", "Gelu", 1)   one of ONNX Runtime's own, which `contrib.py` lists

`onnx` itself is imported inside the functions, since it costs a tenth of a second and most of our tools do without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import AttributeProto
    from onnx.defs import OpSchema

OLDEST_OPSET = 1
DEFAULT_DOMAIN = "ai.onnx"  # ONNX writes it "" as well
CONTRIB_DOMAIN = "com.microsoft"  # ONNX Runtime's own operators; `onnx` has no schemas of them


@dataclass(frozen=True)
class Formal:
    """An input or output as the schema declares it. Those of one `type_name` have one type, unless heterogeneous."""

    name: str
    type_name: str
    allowed: frozenset[str]
    optional: bool
    variadic: bool
    homogeneous: bool


@dataclass(frozen=True)
class AttributeSpec:
    """An attribute: its kind ("INT", "FLOATS", "GRAPH", ...), and the value that it has when a node gives none."""

    name: str
    kind: str
    required: bool
    default: Any


@dataclass(frozen=True)
class Schema:
    """One version of an operator."""

    domain: str
    op_type: str
    since: int
    deprecated: bool
    inputs: tuple[Formal, ...]
    outputs: tuple[Formal, ...]
    input_count: tuple[int, int]
    output_count: tuple[int, int]
    attributes: Mapping[str, AttributeSpec]

    def formal(self, formals: tuple[Formal, ...], index: int) -> Formal:
        """The declaration of operand (or result) `index`; the last one stands for all that a variadic list holds."""
        return formals[min(index, len(formals) - 1)]


def newest_opset(domain: str = DEFAULT_DOMAIN) -> int:
    """The newest opset of `domain` that the installed `onnx` knows; 0 when it does not know the domain."""
    import onnx.defs

    if domain == DEFAULT_DOMAIN:
        return onnx.defs.onnx_opset_version()
    if domain == CONTRIB_DOMAIN:
        return 1
    return max((s.since_version for s in onnx.defs.get_all_schemas() if s.domain == domain), default=0)


IN_USE = frozenset({("GroupNormalization", 18)})
"""Deprecated from the start, since a scale a channel was meant; but exporters wrote it, and ONNX Runtime runs it."""


@cache
def operator_names() -> tuple[tuple[str, str], ...]:
    """(domain, operator) of all that ONNX has or had, and of what ONNX Runtime adds, in order."""
    import onnx.defs

    from .contrib import contrib_schemas

    of_onnx = {(s.domain or DEFAULT_DOMAIN, s.name) for s in onnx.defs.get_all_schemas_with_history()}
    return tuple(sorted(of_onnx.union(contrib_schemas())))


@cache
def schema(domain: str, op_type: str, opset: int) -> Schema | None:
    """The schema that `op_type` has in `opset` of `domain`; None when that opset has no such operator."""
    import onnx.defs

    from .contrib import contrib_schemas

    try:
        found = onnx.defs.get_schema(op_type, opset, "" if domain == DEFAULT_DOMAIN else domain)
    except onnx.defs.SchemaError:
        return contrib_schemas().get((domain, op_type))
    return Schema(
        domain=domain,
        op_type=op_type,
        since=found.since_version,
        deprecated=found.deprecated and (op_type, found.since_version) not in IN_USE,
        inputs=tuple(_formal(formal) for formal in found.inputs),
        outputs=tuple(_formal(formal) for formal in found.outputs),
        input_count=(found.min_input, found.max_input),
        output_count=(found.min_output, found.max_output),
        attributes={
            name: AttributeSpec(name, _name(spec.type), spec.required, default_of(spec.default_value))
            for name, spec in sorted(found.attributes.items())
        },
    )


def _name(member: object) -> str:
    """The name of an enum's member; to onnx's type stubs these are not enums."""
    return str(member).rpartition(".")[2]


def _formal(formal: OpSchema.FormalParameter) -> Formal:
    return Formal(
        name=formal.name,
        type_name=formal.type_str,
        allowed=frozenset(formal.types),
        optional=_name(formal.option) == "Optional",
        variadic=_name(formal.option) == "Variadic",
        homogeneous=formal.is_homogeneous,
    )


def default_of(proto: AttributeProto) -> Any:
    """The value of an attribute as Python has it; None where there is none or it is a tensor."""
    match proto.type:
        case proto.INT:
            return proto.i
        case proto.FLOAT:
            return proto.f
        case proto.STRING:
            return proto.s.decode()
        case proto.INTS:
            return tuple(proto.ints)
        case proto.FLOATS:
            return tuple(proto.floats)
        case proto.STRINGS:
            return tuple(s.decode() for s in proto.strings)
        case _:
            return None
