"""Refuse a tensor of a dtype that the device has no way to keep, before kernels are made of it.

    func.func private @kernel(%x: memref<4xf64>, ...)      // of node 'total'
  is, for WebGPU, the error
    tensors of f64, which webgpu has not
      at node 'total'

Nothing is changed. Integers and bools any device can keep: `narrow-types` says which numbers do not fit. Floats of 16
bits are kept as the description says (`store-floats`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import (
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    MemRefType,
    ModuleOp,
)
from xdsl.ir import Attribute, Operation

from .device import DeviceDescription, device

ALWAYS = (IntegerType, IndexType, Float16Type, BFloat16Type, Float32Type)


@dataclass(frozen=True)
class CheckTypes(ModulePass):
    """`device`: the name of a description, `webgpu` or `cuda`."""

    name = "check-types"

    device: str

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        described = device(self.device)
        for op in module.walk():
            for kind in buffers_of(op):
                if not has(described, kind.element_type):
                    fix = "use float32 in the model, or another target"
                    raise StepwellError(f"tensors of {kind.element_type}, which {described.name} has not", op, fix)


def buffers_of(op: Operation) -> Iterator[MemRefType[Attribute]]:
    for value in (*op.operands, *op.results):
        if isinstance(value.type, MemRefType):
            yield value.type


def has(device: DeviceDescription, element: Attribute) -> bool:
    if isinstance(element, Float64Type):
        return "float64" in (*device.types, *device.optional)
    return isinstance(element, ALWAYS)
