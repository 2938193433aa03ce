"""Hold every launch against the limits of a device, before anything is run.

    gpu.launch_func @kernels::@sum blocks in (%c70000, %c1, %c1) threads in (%c64, %c1, %c1) args(...)
  is, for WebGPU, the error
    @sum runs 70000 blocks along x; webgpu has 65535

Nothing is changed. The limits are those that every device of its kind has (`device.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.gpu import LaunchFuncOp
from stepwell.pass_manager import ModulePass
from stepwell.passes.loops_to_gpu.loops_to_gpu import is_root
from stepwell.passes.loops_to_llvm.arguments import constant
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue

from .device import DeviceDescription, device

FEWER_BUFFERS = "split its node in the model: a Sum or a Concat of fewer inputs"
SMALLER_BUFFERS = "make the model's inputs smaller, or take a target with more memory, opencl or cuda"
SMALLER_TILES = "give its schedule smaller tiles"
FEWER_THREADS = "give its schedule fewer threads a block"
FEWER_BLOCKS = "give its schedule larger tiles, so that a thread computes more"


@dataclass(frozen=True)
class CheckLimits(ModulePass):
    """`device`: the name of a description, `webgpu` or `cuda`."""

    name = "check-limits"

    device: str

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        described = device(self.device)
        for op in module.walk():
            if isinstance(op, LaunchFuncOp):
                check(op, described)


def check(op: LaunchFuncOp, device: DeviceDescription) -> None:
    for does, asked, most, fix in asked_of(op, device):
        if asked > most:
            kernel = op.kernel.nested_references.data[0].data
            raise StepwellError(f"@{kernel} {does.format(asked)}; {device.name} has {most}", op, fix)


def asked_of(op: LaunchFuncOp, device: DeviceDescription) -> Iterator[tuple[str, int, int, str]]:
    """(what a launch does, with a number in it; the number; the most that the device has; what to do)."""
    buffers = [value for value in op.arguments if isinstance(value.type, MemRefType)]
    yield "takes {} buffers", len(buffers), device.buffers, FEWER_BUFFERS
    yield "takes a buffer of {} bytes", max(map(whole_bytes, buffers), default=0), device.buffer_bytes, SMALLER_BUFFERS
    target = op.target()
    shared = sum(map(bytes_of, target.workgroup_buffers)) if target is not None else 0
    yield "shares {} bytes among the threads of a block", shared, device.workgroup_bytes, SMALLER_TILES
    threads = [constant(n) or 0 for n in op.threads]
    yield "runs blocks of {} threads", prod(threads), device.threads, FEWER_THREADS
    for dimension, count in zip("xyz", op.blocks, strict=True):
        yield f"runs {{}} blocks along {dimension}", constant(count) or 0, device.blocks, FEWER_BLOCKS


def whole_bytes(buffer: SSAValue) -> int:
    """Bytes of what a launch is handed: the whole of which `buffer` is a view."""
    kind = cast("MemRefType[Attribute]", buffer.type).element_type
    while not is_root(buffer):
        buffer = cast("Operation", buffer.owner).operands[0]
    return prod(cast("MemRefType[Attribute]", buffer.type).get_shape()) * element_bytes(kind)


def bytes_of(buffer: SSAValue) -> int:
    kind = cast("MemRefType[Attribute]", buffer.type)
    return prod(kind.get_shape()) * element_bytes(kind.element_type)
