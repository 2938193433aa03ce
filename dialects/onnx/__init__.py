"""The onnx dialect: a model as its file has it, one op a node, made from ONNX's own operator schemas.

    builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
      func.func @main(%x : tensor<?x4xf32> {stepwell.name = "x", stepwell.dims = ["batch", 4 : i64]})
          -> (tensor<?x4xf32> {stepwell.name = "y", stepwell.dims = ["batch", 4 : i64]}) {
        %w = onnx.Constant() {value = dense_resource<w> : tensor<4x4xf32>} : () -> tensor<4x4xf32>
        %h = onnx.MatMul(%x, %w) : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
        %y = onnx.Relu(%h) : (tensor<?x4xf32>) -> tensor<?x4xf32>
        func.return %y : tensor<?x4xf32>
      }
    }

Every operator of ONNX's domains is an op: `onnx.Conv`, and `onnx.ai.onnx.ml.Scaler` where the domain is not ONNX's own.
An initializer is an `onnx.Constant`; an optional input that is left out is the value of `onnx.NoValue`; the graphs of
`If`, `Loop` and `Scan` are regions that end with `onnx.Yield`. Types: builtin tensors, and those of `types.py`.
Files are read by `importer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Dialect, Operation

from . import schemas
from .ops import NoValueOp, OnnxOp, YieldOp, op_class
from .types import OptionalType, SeqType, StringsAttr, StringType, UnknownType

__all__ = [
    "NoValueOp",
    "Onnx",
    "OnnxOp",
    "OptionalType",
    "SeqType",
    "StringType",
    "StringsAttr",
    "UnknownType",
    "YieldOp",
    "op_class",
]


class OnnxDialect(Dialect):
    """The classes are made when a context first meets an onnx op in text, since only then `onnx` must be imported."""

    @property
    def operations(self) -> Iterator[type[Operation]]:
        yield NoValueOp
        yield YieldOp
        for domain, op_type in schemas.operator_names():
            yield op_class(domain, op_type)


Onnx = OnnxDialect("onnx", [], [StringType, SeqType, OptionalType, UnknownType, StringsAttr])
