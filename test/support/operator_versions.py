"""An operator's model in each version of the operator: what one tells by an operand, an older one says by an attribute.

    opset 13: Squeeze(data, axes = [0])          opset 11: Squeeze(data) {axes = [0]}

Operands and attributes are known by their names; where a name has changed, by their places. What an older version
has not is left out. ONNX's own checker says whether the node is one of that version: else there is no model of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, helper, numpy_helper
from operator_models import Made, domain_of
from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN, Schema, newest_opset, schema


@cache
def versions(name: str) -> Mapping[int, int]:
    """Of each version of an operator that is in use: since which opset it is, and until which; oldest first."""
    domain, op = domain_of(name)
    until: dict[int, int] = {}
    for opset in range(1, newest_opset(domain) + 1):
        known = schema(domain, op, opset)
        if known is not None and not known.deprecated:
            until[known.since] = opset
    return until


def version(name: str, since: int) -> Schema:
    domain, op = domain_of(name)
    found = schema(domain, op, versions(name)[since])
    assert found is not None
    return found


def rewritten(name: str, test: Any, since: int) -> Made | None:
    """The test, whose node is of the newest version, with one of another."""
    domain, _ = domain_of(name)
    new, old, opset = version(name, max(versions(name))), version(name, since), versions(name)[since]
    model = ModelProto()
    model.CopyFrom(test.model)
    graph, node = model.graph, model.graph.node[0]
    arrays = {info.name: array for info, array in zip(graph.input, test.data_sets[0][0], strict=True)}

    places = places_of(new, old, len(node.input))
    operands = dict(zip(places, node.input, strict=True))
    attributes = {key.casefold(): key for key in old.attributes}
    kept = [attribute for attribute in node.attribute if attribute.name in old.attributes]
    for place, operand in operands.items():
        key = attributes.get(place[0].casefold()) if place[1] is None else None
        if key is not None and operand:
            kept += attribute(key, old.attributes[key].kind, array_of(arrays[operand]))
    numbered = {place[1]: operand for place, operand in operands.items() if place[1] is not None}
    given = [numbered[number] for number in sorted(numbered)]
    if any(spec.required and spec.name not in {a.name for a in kept} for spec in old.attributes.values()):
        return None

    outputs = list(node.output)[: old.output_count[1]]
    del node.input[:], node.attribute[:], node.output[:], model.opset_import[:]
    node.input.extend(given)
    node.output.extend(outputs)
    node.attribute.extend(kept)
    infos = {info.name: info for info in (*graph.input, *graph.output)}
    del graph.input[:], graph.output[:]
    graph.input.extend(infos[operand] for operand in dict.fromkeys(given) if operand)
    graph.output.extend(infos[result] for result in outputs if result)
    opsets = {"": opset} if domain == DEFAULT_DOMAIN else {"": newest_opset(), domain: opset}
    model.opset_import.extend(helper.make_opsetid(*entry) for entry in opsets.items())
    if domain == DEFAULT_DOMAIN and not is_valid(node, opset):
        return None
    return Made(model, [([arrays[info.name] for info in graph.input], [])])


def places_of(new: Schema, old: Schema, count: int) -> list[tuple[str, int | None]]:
    """Of each operand of the newest version: its name, and its place in the old one, which may have none for it."""
    old_names = [formal.name.casefold() for formal in old.inputs]
    new_names = {formal.name.casefold() for formal in new.inputs}
    places: list[tuple[str, int | None]] = []
    for index in range(count):
        formal = new.formal(new.inputs, index)
        place: int | None = None
        if formal.variadic:
            place = index if old.inputs and old.inputs[-1].variadic else None
        elif formal.name.casefold() in old_names:
            place = old_names.index(formal.name.casefold())
        elif index < len(old_names) and old_names[index] not in new_names:
            place = index
        places.append((formal.name if not formal.variadic else f"{formal.name}{index}", place))
    return places


def attribute(key: str, kind: str, array: np.ndarray[Any, Any]) -> list[onnx.AttributeProto]:
    """What the operand holds as an attribute, if it can be one of that kind."""
    numbers = [float(n) if kind.startswith("FLOAT") else int(n) for n in array.reshape(-1)]
    if not kind.endswith("S") and len(numbers) != 1:
        return []
    said = numbers if kind.endswith("S") else numbers[0]
    return [helper.make_attribute(key, said, attr_type=getattr(onnx.AttributeProto, kind))]


def is_valid(node: onnx.NodeProto, opset: int) -> bool:
    context = onnx.checker.C.CheckerContext()
    context.ir_version, context.opset_imports = onnx.IR_VERSION, {"": opset}
    try:
        onnx.checker.check_node(node, context)
    except onnx.checker.ValidationError:
        return False
    return True


def array_of(given: Any) -> np.ndarray[Any, Any]:
    """An input of a node test, which may be a tensor of ONNX's."""
    return numpy_helper.to_array(given) if isinstance(given, onnx.TensorProto) else np.asarray(given)
