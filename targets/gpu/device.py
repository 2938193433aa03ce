"""What a GPU has, as far as schedules and limits ask for it.

vulkan: the least of the profile Roadmap 2022, with the types that most devices have; one that lacks a type says so when
a program is loaded. webgpu: the least that every WebGPU adapter has (W3C WebGPU, section 3.6.2, "Limits", defaults).
opengl: the least of OpenGL 4.3 (table 23.64 and following). webgl: the least of OpenGL ES 3.00 (table 6.32): textures
of 2048 by 2048, 16 of which a fragment shader reads; a thread is a fragment, which stores one result. opencl: of a full
profile (OpenCL 3.0, section 4.2), doubles where the device has them, f16 in memory always (OpenCL C, section 6.15.7).
metal: Apple's table of GPU families. cuda: compute capability 8.0 on (CUDA C++ Programming Guide, section 16). hip:
CDNA and RDNA. Blocks of 256 threads are more than OpenCL promises (one), and what GPUs have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stepwell.diagnostics import StepwellError, did_you_mean
from stepwell.registry import REGISTRY, load


class Room(NamedTuple):
    """`busy`: how many threads a device runs at a time, those that hide what the others wait for among them;
    `registers`: results that one of them may keep. Of devices of all sizes, what a middling one has."""

    busy: int
    registers: int


ONE, SMALL, LARGE = Room(1 << 12, 1), Room(1 << 12, 16), Room(1 << 15, 64)


@dataclass(frozen=True)
class DeviceDescription:
    """`block`: threads of a block that kernels are made for. `threads`: the most that a block may have. `blocks`: the
    most blocks along a dimension of a grid. `buffers`: the most buffers that a kernel takes. `buffer_bytes`: the
    largest part of memory that it is handed. `workgroup_bytes`: memory that the threads of a block share. `alignment`:
    bytes at multiples of which a buffer may start. `types`: the dtypes that kernels may store and compute. `optional`:
    those that some devices of the kind have; a model that needs one says so in its manifest, and the loader asks.
    `kept`: what floats of 16 bits are kept in that the device has no type for, in the words of `store-floats`.
    `library`: whether its language has functions such as acos to call; PTX has not. `as_int32`: dtypes of a model that
    are int32 on the device, by `widen-integers` and `narrow-types`, which asks that each number fit. `room`: what tiles
    are chosen for. `vector_bits`: what a thread moves at once, where a buffer's elements can be told to be neighbours
    without a binding of their own (0: an element). `stages`: of copies to a block's memory that the device makes by
    itself (0: it does not). `mma`: what its tensor cores multiply.
    """

    name: str
    block: int
    threads: int
    blocks: int
    buffers: int
    buffer_bytes: int
    workgroup_bytes: int
    alignment: int
    types: tuple[str, ...]
    optional: tuple[str, ...] = ()
    kept: str = ""
    as_int32: tuple[str, ...] = ()
    library: bool = True
    room: Room = SMALL
    vector_bits: int = 0
    stages: int = 0
    mma: tuple[str, ...] = ()


INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
SINGLE = ("float16", "float32", *INTEGERS)
DOUBLE = (*SINGLE, "float64")
ALL = (*DOUBLE, "bfloat16")
SHADER = ("float32", "int32", "uint32")
AS_INT32 = ("int64", "bool", "int8", "int16", "uint8", "uint16")
HALF = ("float16",)
SHORT = "f16=f32 bf16=f32"
MOST = (1 << 31) - 1
CORES = ("f16", "bf16")

DEVICES = {
    described.name: described
    for described in (
        #                 name     block threads blocks       buffers  bytes     shared    start  types
        DeviceDescription("webgpu", 64, 256, 65535, 8, 128 << 20, 16 << 10, 256, SHADER, HALF, "bf16=f32", AS_INT32),
        DeviceDescription("vulkan", 64, 256, 65535, 30, 128 << 20, 16 << 10, 256, DOUBLE, (), "bf16=i16"),
        DeviceDescription("opengl", 64, 1024, 65535, 8, 128 << 20, 32 << 10, 256, SHADER, (), SHORT, AS_INT32),
        DeviceDescription("webgl", 1, 1, MOST, 16, 2048 * 2048 * 4, 0, 64, SHADER, (), SHORT, AS_INT32, room=ONE),
        DeviceDescription(
            *("opencl", 64, 256, MOST, 64, 2 << 30, 32 << 10, 128, SINGLE, ("float64",), "bf16=i16"), vector_bits=128
        ),
        DeviceDescription(
            "metal", 64, 512, MOST, 24, 256 << 20, 32 << 10, 256, SINGLE, (), "bf16=i16", vector_bits=128
        ),
        DeviceDescription(
            *("cuda", 128, 1024, MOST, 128, 4 << 30, 48 << 10, 256, ALL),
            library=False,
            room=LARGE,
            vector_bits=128,
            stages=3,
            mma=CORES,
        ),
        DeviceDescription(
            *("hip", 128, 1024, MOST, 128, 4 << 30, 64 << 10, 256, DOUBLE, (), "bf16=i16"), room=LARGE, vector_bits=128
        ),
    )
}


def device(name: str) -> DeviceDescription:
    """The device of this name, ours or a plug-in's. Raises `StepwellError` where there is none."""
    if name in DEVICES:
        return DEVICES[name]
    if (path := REGISTRY.find("devices", name)) is not None:
        return load(path)
    known = (*DEVICES, *REGISTRY.devices)
    raise StepwellError(
        f"there is no device '{name}'", fix=did_you_mean(name, known) or f"there are {', '.join(known)}"
    )
