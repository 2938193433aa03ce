"""The schemas of ONNX Runtime's own operators: each row of our table is what the installed release says."""

from __future__ import annotations

import pytest
from onnx import AttributeProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from stepwell.dialects.onnx.contrib import contrib_schemas
from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN, Formal, Schema, schema

THEIRS = {(s.domain or DEFAULT_DOMAIN, s.name): s for s in runtime.get_all_operator_schema() if s.since_version == 1}


def default_of(attribute) -> object:
    proto = AttributeProto()
    proto.ParseFromString(attribute._default_value)
    value = helper.get_attribute_value(proto) if proto.type else None
    return value.decode() if isinstance(value, bytes) else value


def assert_is(ours: tuple[Formal, ...], theirs: list) -> None:
    """A newer release may have more at the end, and allow more types."""
    for our, their in zip(ours, theirs, strict=False):
        option = str(their.option).rpartition(".")[2]
        assert (our.name, our.type_name, our.homogeneous) == (their.name, their.typeStr, their.isHomogeneous)
        assert (our.optional, our.variadic) == (option == "Optional", option == "Variadic"), our.name
        assert our.allowed <= their.types, our.name
    assert len(ours) <= len(theirs)


@pytest.mark.parametrize("ours", contrib_schemas().values(), ids=lambda row: row.op_type)
def test_a_row_is_what_onnx_runtime_says(ours: Schema):
    theirs = THEIRS[ours.domain, ours.op_type]
    assert_is(ours.inputs, theirs.inputs)
    assert_is(ours.outputs, theirs.outputs)
    assert (ours.input_count[0], ours.output_count[0]) == (theirs.min_input, theirs.min_output)
    for name, spec in ours.attributes.items():
        attribute = theirs.attributes[name]
        assert (spec.kind, spec.required) == (str(attribute.type).rpartition(".")[2], attribute.required), name
        assert spec.required or spec.default == pytest.approx(default_of(attribute)), name


def test_onnx_comes_first():
    """`LayerNormalization` is ONNX's own from opset 17 on; before, it is what ONNX Runtime wrote there."""
    assert schema(DEFAULT_DOMAIN, "LayerNormalization", 17).since == 17
    assert schema(DEFAULT_DOMAIN, "LayerNormalization", 12).since == 1
    assert schema(DEFAULT_DOMAIN, "Gelu", 12) is None
