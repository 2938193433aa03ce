"""The program of the host, read off @main at level device: which buffers there are, and which launches follow.

    %t = memref.view %arena[%c4096][] : memref<8192xi8> to memref<64xf32>
    gpu.launch_func @kernels::@scale blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
      args(%x : memref<64xf32>, %t : memref<64xf32>, %c4 : index)
  is, in a package's manifest,
    {"kernel": "scale", "blocks": [1, 1, 1], "threads": [64, 1, 1], "numbers": [4],
     "buffers": [{"of": "input 0", "offset": 0, "bytes": 256}, {"of": "arena", "offset": 4096, "bytes": 256}]}

Buffers and numbers stand in the order of the kernel's arguments. Launches run one after the other, each seeing what
those before it wrote.
"""

from __future__ import annotations

from typing import Any, cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.gpu import LaunchFuncOp
from stepwell.manifest import dtype_name, entry_of, manifest_of
from stepwell.passes.loops_to_gpu.loops_to_gpu import is_root
from stepwell.passes.loops_to_llvm.arguments import constant
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, ModuleOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from .device import DeviceDescription


def host_program(module: ModuleOp, device: DeviceDescription) -> dict[str, Any]:
    """The manifest of a module at level device. Raises `StepwellError` where it asks for more than `device` has."""
    main = cast("func.FuncOp", entry_of(module))
    manifest = manifest_of(module)
    names = names_of(main, len(manifest["inputs"]))
    launches = [describe(op, names, device) for op in main.body.block.ops if isinstance(op, LaunchFuncOp)]
    for entry, argument in zip((*manifest["inputs"], *manifest["outputs"]), main.body.block.args, strict=False):
        entry["stored"] = dtype_name(cast("MemRefType[Attribute]", argument.type).element_type)
    return manifest | {"device": device.name, "launches": launches}


def names_of(main: func.FuncOp, inputs: int) -> dict[SSAValue, str]:
    """What the arguments of @main are called: `input 0`, ..., `output 0`, ..., `weights`, `arena`."""
    *tensors, weights, arena = main.body.block.args
    names: dict[SSAValue, str] = {weights: "weights", arena: "arena"}
    for n, value in enumerate(tensors):
        names[value] = f"input {n}" if n < inputs else f"output {n - inputs}"
    return names


def describe(op: LaunchFuncOp, names: dict[SSAValue, str], device: DeviceDescription) -> dict[str, Any]:
    buffers: list[dict[str, Any]] = []
    numbers: list[int] = []
    for value in op.arguments:
        if isinstance(value.type, MemRefType):
            buffers.append(place(value, names))
        elif (number := constant(value)) is not None:
            numbers.append(number)
        else:
            raise StepwellError("a launch is handed a number that is only known when run", op)
    kernel = op.kernel.nested_references.data[0].data
    if len(buffers) > device.buffers:
        raise StepwellError(
            f"@{kernel} takes {len(buffers)} buffers; {device.name} has {device.buffers}", op, "split its model there"
        )
    for buffer in buffers:
        if buffer["bytes"] > device.buffer_bytes:
            raise StepwellError(
                f"@{kernel} takes a buffer of {buffer['bytes']} bytes; {device.name} has {device.buffer_bytes}", op
            )
    grid, block = ([constant(n) for n in size] for size in (op.blocks, op.threads))
    return {"kernel": kernel, "blocks": grid, "threads": block, "buffers": buffers, "numbers": numbers}


def place(value: SSAValue, names: dict[SSAValue, str]) -> dict[str, Any]:
    """Where a buffer that a kernel is handed stands: always at the start of a part that has a place of its own."""
    kind = cast("MemRefType[Attribute]", value.type)
    while not is_root(value):
        value = cast("Operation", value.owner).operands[0]
    whole = cast("MemRefType[Attribute]", value.type)
    count = 1
    for size in whole.get_shape():
        count *= size
    assert DYNAMIC_INDEX not in whole.get_shape()
    size = count * element_bytes(kind.element_type)
    if isinstance(value, BlockArgument):
        return {"of": names[value], "offset": 0, "bytes": size}
    view = cast("memref.ViewOp", value.owner)
    return {"of": names[view.source], "offset": constant(view.byte_shift), "bytes": size}
