"""Refuse a tensor of a dtype that the device has no way to keep, before kernels are made of it.

    func.func private @kernel(%x: memref<4xf64>, ...)      // of node 'total'
  is, for WebGPU, the error
    tensors of f64, which webgpu has not
      at node 'total'

Nothing is changed, and all that is wrong is reported, each node once. Integers and bools any device can keep:
`narrow-types` says which numbers do not fit. Floats of 16 bits are kept as the description says (`store-floats`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import parts_of
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
        described, told = device(self.device), set[tuple[Attribute, Attribute]]()
        for op in sorted(module.walk(), key=lambda op: len(parts_of(op.location))):  # of one node before of several
            for element in dict.fromkeys(kind.element_type for kind in buffers_of(op)):
                new = {(part, element) for part in parts_of(op.location)} - told
                if new and not has(described, element):
                    told |= new
                    fix = "use float32 in the model, or another target"
                    ctx.report(StepwellError(f"tensors of {element}, which {described.name} has not", op, fix))


def buffers_of(op: Operation) -> Iterator[MemRefType[Attribute]]:
    for value in (*op.operands, *op.results):
        if isinstance(value.type, MemRefType):
            yield value.type


def has(device: DeviceDescription, element: Attribute) -> bool:
    if isinstance(element, Float64Type):
        return "float64" in (*device.types, *device.optional)
    return isinstance(element, ALWAYS)
