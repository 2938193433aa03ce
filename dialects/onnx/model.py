"""A model file as a ModelProto of our own: read, and held against what this reader can read at all.

Everything that a stranger's file can get wrong before its graph is looked at ends here in one clear error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError
from stepwell.files import read_file

from .schemas import DEFAULT_DOMAIN, OLDEST_OPSET, newest_opset

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MOST_BYTES = (1 << 31) - 1
"""What protobuf reads in one piece. Models beyond it keep their weights in other files."""
SPLIT = "keep the weights in files beside it: onnx.save(..., save_as_external_data=True)"

MOST_NESTING = 40
"""Graphs inside of graphs; protobuf itself reads no more of them from a file."""


def load_model(source: Path | str | bytes | ModelProto) -> ModelProto:
    """A copy of the model that we may change."""
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model = ModelProto()
    if isinstance(source, ModelProto):
        model.CopyFrom(source)
        return model
    data = source if isinstance(source, bytes) else read_file(Path(source), MOST_BYTES, "an ONNX file", SPLIT)
    if not data:
        raise StepwellError("the model is empty: it has no bytes at all")
    broken = StepwellError(
        "this is not an ONNX model, or not all of one: it does not decode as protobuf",
        fix="check that the file arrived whole; `onnx.save` writes one that is",
    )
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise broken from None
    if not model.HasField("graph"):
        raise broken
    return model


def opsets_of(model: ModelProto) -> dict[str, int]:
    """The opset of each domain, as the model states it, or else its functions. Raises for one that cannot be read."""
    from onnx import IR_VERSION

    if not 3 <= model.ir_version <= IR_VERSION:
        raise StepwellError(
            f"the model has IR version {model.ir_version}; versions 3 to {IR_VERSION} can be read",
            fix="export it again with another version of onnx" if model.ir_version else "the file is damaged",
        )
    opsets: dict[str, int] = {}
    for entry in model.opset_import:
        domain = _utf8(entry.domain, "a domain") or DEFAULT_DOMAIN
        if not 0 < entry.version < 1 << 31:
            raise StepwellError(f"the model states opset {entry.version} of {domain}, which is no version")
        if opsets.setdefault(domain, entry.version) != entry.version:
            raise StepwellError(f"the model states two opsets of {domain}: {opsets[domain]} and {entry.version}")
    for function in model.functions:
        for entry in function.opset_import:
            opsets.setdefault(entry.domain or DEFAULT_DOMAIN, entry.version)
    newest = newest_opset()
    version = opsets.setdefault(DEFAULT_DOMAIN, 0)
    if version == 0:
        if any(node.domain in ("", DEFAULT_DOMAIN) for graph in graphs_of(model.graph) for node in graph.node):
            raise StepwellError(f"the model does not state its opset of {DEFAULT_DOMAIN}")
        opsets[DEFAULT_DOMAIN] = newest
    elif not OLDEST_OPSET <= version <= newest:
        raise StepwellError(
            f"the model has opset {version}; opsets {OLDEST_OPSET} to {newest} can be read",
            fix="convert it: onnx.version_converter.convert_version(model, 17)",
        )
    del model.opset_import[:]
    for domain, version in opsets.items():
        model.opset_import.add(domain="" if domain == DEFAULT_DOMAIN else domain, version=version)
    return opsets


def graphs_of(graph: GraphProto) -> Iterator[GraphProto]:
    """`graph` and all graphs inside of it, outermost first."""
    yield graph
    for node in graph.node:
        for _, inner in subgraphs_of(node):
            yield from graphs_of(inner)


def subgraphs_of(node: NodeProto) -> Iterator[tuple[str, GraphProto]]:
    """The graphs that are attributes of `node`, by name, in the order of names: so stand the regions of its op."""
    found = [(a.name, a.g) for a in node.attribute if a.type == a.GRAPH or a.HasField("g")]
    return iter(sorted(found, key=lambda pair: pair[0]))


def check_names(model: ModelProto) -> None:
    """Every name must be UTF-8; protobuf hands on one that is not as bytes."""
    _check_graph(model.graph)
    for function in model.functions:
        for text in (function.name, function.domain, function.overload, *function.input, *function.output):
            _utf8(text, "a name of a function")
        _check_nodes(function.node)


def _check_graph(graph: GraphProto, depth: int = 0) -> None:
    if depth > MOST_NESTING:
        raise StepwellError(f"the model nests more than {MOST_NESTING} graphs in each other")
    for value in (*graph.input, *graph.output, *graph.value_info):
        _utf8(value.name, "the name of a value")
        for dim in value.type.tensor_type.shape.dim:
            _utf8(dim.dim_param, f"a dim of '{value.name}'")
    for tensor in graph.initializer:
        _utf8(tensor.name, "the name of an initializer")
    for sparse in graph.sparse_initializer:
        _utf8(sparse.values.name, "the name of an initializer")
    _check_nodes(graph.node, depth)


def _check_nodes(nodes: Iterable[NodeProto], depth: int = 0) -> None:
    for node in nodes:
        _utf8(node.name, "the name of a node")
        for text in (node.op_type, node.domain, *node.input, *node.output):
            _utf8(text, f"a name in node '{node.name}'")
        for attribute in node.attribute:
            _utf8(attribute.name, f"the name of an attribute of node '{node.name}'")
            if attribute.HasField("g"):
                _check_graph(attribute.g, depth + 1)


def _utf8(text: str | bytes, what: str) -> str:
    if isinstance(text, bytes):
        raise StepwellError(f"{what} is not UTF-8: {text[:60]!r}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StepwellError(f"{what} is not UTF-8: {text[:60]!r}") from None
    return text
