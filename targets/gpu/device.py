"""What a GPU has, as far as schedules and limits ask for it.

The numbers of `webgpu` are the least that every WebGPU adapter has (W3C WebGPU, section 3.6.2, "Limits", defaults);
those of `opencl`, of a full profile (Khronos, OpenCL 3.0, table of device queries), its doubles and sub-buffers' starts
those of what is in use.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.diagnostics import StepwellError, did_you_mean


@dataclass(frozen=True)
class DeviceDescription:
    """`block`: threads of a block that kernels are made for. `blocks`: the most blocks along a dimension of a grid.
    `buffers`: the most buffers that a kernel takes. `buffer_bytes`: the largest part of memory that it is handed.
    `workgroup_bytes`: memory that the threads of a block share. `alignment`: bytes at multiples of which a buffer may
    start. `types`: the dtypes that kernels may store and compute.
    """

    name: str
    block: int
    blocks: int
    buffers: int
    buffer_bytes: int
    workgroup_bytes: int
    alignment: int
    types: tuple[str, ...]


DEVICES = {
    "webgpu": DeviceDescription(
        name="webgpu",
        block=64,
        blocks=65535,
        buffers=8,
        buffer_bytes=128 << 20,
        workgroup_bytes=16 << 10,
        alignment=256,
        types=("float32", "int32", "uint32"),
    ),
    "opencl": DeviceDescription(
        name="opencl",
        block=64,
        blocks=(1 << 31) - 1,
        buffers=64,
        buffer_bytes=2 << 30,
        workgroup_bytes=32 << 10,
        alignment=128,
        types=("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"),
    ),
}


def device(name: str) -> DeviceDescription:
    """The device of this name. Raises `StepwellError` where there is none."""
    if name not in DEVICES:
        fix = did_you_mean(name, DEVICES) or f"there are {', '.join(DEVICES)}"
        raise StepwellError(f"there is no device '{name}'", fix=fix)
    return DEVICES[name]
