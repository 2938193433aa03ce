"""Kernels written by hand, as schedules with workgroup memory and subgroups make them: run by Vulkan, against numpy."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from requirements import require_device
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.passes.gpu_to_spirv.gpu_to_spirv import GPUToSPIRV
from stepwell.runtime.device import DeviceError
from stepwell.runtime.vulkan import VulkanProgram
from stepwell.runtime.vulkan_device import capabilities, open_device
from stepwell.targets.spirv.binary import binary
from stepwell.text import parse_module

Array = npt.NDArray[Any]
RNG = np.random.default_rng(0)


def words(arguments: str, body: str, block: Sequence[int], locals: str = "") -> bytes:
    x, y, z = block
    text = f"""
        gpu.module @m {{
          gpu.func @k({arguments}) {locals} kernel attributes {{known_block_size = array<i32: {x}, {y}, {z}>}} {{
            {body}
            gpu.return
          }}
        }}"""
    ctx = Context()
    module = parse_module(ctx, text)
    GPUToSPIRV().apply(ctx, module)
    module.verify()
    return binary(next(op for op in module.walk() if isinstance(op, spirv.SPIRVModuleOp)))


def loaded(code: bytes, arrays: Sequence[Array], threads: Sequence[int], **launch: Any) -> VulkanProgram:
    """A program of one launch; the last array is the output."""
    specs = [
        {"name": f"x{n}", "dtype": str(array.dtype), "stored": str(array.dtype), "shape": list(array.shape)}
        for n, array in enumerate(arrays)
    ]
    names = [*(f"input {n}" for n in range(len(arrays) - 1)), "output 0"]
    buffers = [{"of": name, "offset": 0, "bytes": a.nbytes} for name, a in zip(names, arrays, strict=True)]
    step = {"kernel": "k", "blocks": [1, 1, 1], "threads": list(threads), "numbers": [], "buffers": buffers} | launch
    manifest = {"inputs": specs[:-1], "outputs": specs[-1:], "arena_size": 1024, "weights_size": 0, "launches": [step]}
    return VulkanProgram(manifest, {"k.spv": code}, b"")


def run(code: bytes, arrays: Sequence[Array], threads: Sequence[int], **launch: Any) -> Array:
    feeds = {f"x{n}": array for n, array in enumerate(arrays[:-1])}
    return loaded(code, arrays, threads, **launch).run(feeds)[f"x{len(arrays) - 1}"]


def test_a_tree_in_workgroup_memory_sums_a_block() -> None:
    """Barriers in a loop, and a launch's number."""
    require_device("spirv")
    code = words(
        "%x: memref<256xf32>, %out: memref<4xf32>, %start: index",
        """
        %c1 = arith.constant 1 : index
        %c0 = arith.constant 0 : index
        %c32 = arith.constant 32 : index
        %t = gpu.thread_id x
        %b = gpu.block_id x
        %g = gpu.global_id x
        %v = memref.load %x[%g] : memref<256xf32>
        memref.store %v, %tile[%t] : memref<64xf32, #gpu.address_space<workgroup>>
        gpu.barrier
        %last = scf.while (%half = %c32) : (index) -> index {
          %more = arith.cmpi ugt, %half, %c0 : index
          scf.condition(%more) %half : index
        } do {
        ^bb0(%h: index):
          %low = arith.cmpi ult, %t, %h : index
          scf.if %low {
            %other = arith.addi %t, %h : index
            %p = memref.load %tile[%t] : memref<64xf32, #gpu.address_space<workgroup>>
            %q = memref.load %tile[%other] : memref<64xf32, #gpu.address_space<workgroup>>
            %s = arith.addf %p, %q : f32
            memref.store %s, %tile[%t] : memref<64xf32, #gpu.address_space<workgroup>>
          }
          gpu.barrier
          %next = arith.shrui %h, %c1 : index
          scf.yield %next : index
        }
        %first = arith.cmpi eq, %t, %c0 : index
        scf.if %first {
          %sum = memref.load %tile[%c0] : memref<64xf32, #gpu.address_space<workgroup>>
          %at = arith.subi %b, %start : index
          memref.store %sum, %out[%at] : memref<4xf32>
        }""",
        (64, 1, 1),
        "workgroup(%tile: memref<64xf32, #gpu.address_space<workgroup>>)",
    )
    x = RNG.random(256, np.float32)
    got = run(code, [x, np.zeros(4, np.float32)], (64, 1, 1), blocks=[4, 1, 1], numbers=[0])
    np.testing.assert_allclose(got, x.reshape(4, 64).sum(1), rtol=1e-6)


def test_a_tile_is_turned_by_way_of_workgroup_and_private_memory() -> None:
    require_device("spirv")
    code = words(
        "%x: memref<64xf32>, %out: memref<64xf32>",
        """
        %c1 = arith.constant 1 : index
        %i = gpu.thread_id x
        %j = gpu.thread_id y
        %eight = gpu.block_dim x
        %row = arith.muli %j, %eight : index
        %at = arith.addi %row, %i : index
        %v = memref.load %x[%at] : memref<64xf32>
        memref.store %v, %tile[%j, %i] : memref<8x8xf32, #gpu.address_space<workgroup>>
        gpu.barrier
        %t = memref.load %tile[%i, %j] : memref<8x8xf32, #gpu.address_space<workgroup>>
        memref.store %t, %own[%c1] : memref<2xf32, #gpu.address_space<private>>
        %w = memref.load %own[%c1] : memref<2xf32, #gpu.address_space<private>>
        memref.store %w, %out[%at] : memref<64xf32>""",
        (8, 8, 1),
        "workgroup(%tile: memref<8x8xf32, #gpu.address_space<workgroup>>) "
        "private(%own: memref<2xf32, #gpu.address_space<private>>)",
    )
    x = RNG.random((8, 8), np.float32)
    np.testing.assert_array_equal(run(code, [x, x.copy()], (8, 8, 1)), x.T)


REDUCTIONS = {
    "add": ("f32", np.add.reduce),
    "mul": ("f32", np.multiply.reduce),
    "maximumf": ("f32", np.max),
    "minimumf": ("f32", np.min),
    "maxnumf": ("f32", np.nanmax),
    "minnumf": ("f32", np.nanmin),
    "maxsi": ("i32", np.max),
    "xor": ("i32", np.bitwise_xor.reduce),
}


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("with_nan", [False, True])
def test_a_subgroup_reduces(kind: str, with_nan: bool) -> None:
    require_device("spirv")
    element, want = REDUCTIONS[kind]
    code = words(
        f"%x: memref<64x{element}>, %out: memref<64x{element}>, %size: memref<64xi32>",
        f"""
        %g = gpu.global_id x
        %v = memref.load %x[%g] : memref<64x{element}>
        %s = gpu.subgroup_reduce {kind} %v : ({element}) -> {element}
        memref.store %s, %out[%g] : memref<64x{element}>
        %n = gpu.subgroup_size : index
        %m = arith.index_cast %n : index to i32
        memref.store %m, %size[%g] : memref<64xi32>""",
        (64, 1, 1),
    )
    if element == "f32":
        x = RNG.random(64, np.float32) + 0.5
        if with_nan:
            x[[3, 40]] = np.nan
    else:
        x = RNG.integers(-100, 100, 64, np.int32)
    specs = [np.zeros(64, x.dtype), np.zeros(64, np.int32)]
    buffers = [{"of": name, "offset": 0, "bytes": 256} for name in ("input 0", "arena", "output 0")]
    # twice: once for the size of a subgroup, once for the results
    size = int(run(code, [x, specs[1]], (64, 1, 1), buffers=buffers)[0])
    buffers = [{"of": name, "offset": 0, "bytes": 256} for name in ("input 0", "output 0", "arena")]
    got = run(code, [x, specs[0]], (64, 1, 1), buffers=buffers)
    expected = np.repeat([want(part) for part in x.reshape(-1, size)], size)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


SHUFFLES = {
    "xor": lambda lane, offset, width: (lane ^ offset, True),
    "up": lambda lane, offset, width: (lane - offset, lane % width >= offset),
    "down": lambda lane, offset, width: (lane + offset, lane % width + offset < width),
    "idx": lambda lane, offset, width: (lane // width * width + offset, offset < width),
}


@pytest.mark.parametrize("mode", SHUFFLES)
def test_a_subgroup_shuffles(mode: str) -> None:
    """Among 4 threads each: lavapipe's subgroups have 8."""
    require_device("spirv")
    code = words(
        "%x: memref<64xf32>, %out: memref<64xf32>",
        f"""
        %offset = arith.constant 1 : i32
        %width = arith.constant 4 : i32
        %none = arith.constant -1.0 : f32
        %g = gpu.global_id x
        %v = memref.load %x[%g] : memref<64xf32>
        %s, %there = gpu.shuffle {mode} %v, %offset, %width : f32
        %r = arith.select %there, %s, %none : f32
        memref.store %r, %out[%g] : memref<64xf32>""",
        (64, 1, 1),
    )
    x = RNG.random(64, np.float32)
    found = [SHUFFLES[mode](lane, 1, 4) for lane in range(64)]
    want = [x[lane] if there else -1 for lane, there in found]
    np.testing.assert_array_equal(run(code, [x, x.copy()], (64, 1, 1)), np.array(want, np.float32))


TYPES = {"i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "f16": np.float16, "f64": np.float64}


@pytest.mark.parametrize("kind", TYPES)
def test_numbers_of_every_width(kind: str) -> None:
    """Products wrap, or are rounded to the nearest; a quotient of integers is rounded down."""
    require_device("spirv")
    floats = kind.startswith("f")
    ops = ("mulf", "divf", "addf") if floats else ("muli", "floordivsi", "subi")
    code = words(
        f"%x: memref<64x{kind}>, %y: memref<64x{kind}>, %out: memref<64x{kind}>",
        f"""
        %g = gpu.global_id x
        %v = memref.load %x[%g] : memref<64x{kind}>
        %w = memref.load %y[%g] : memref<64x{kind}>
        %p = arith.{ops[0]} %v, %v : {kind}
        %q = arith.{ops[1]} %v, %w : {kind}
        %r = arith.{ops[2]} %p, %q : {kind}
        memref.store %r, %out[%g] : memref<64x{kind}>""",
        (64, 1, 1),
    )
    dtype = np.dtype(TYPES[kind])
    if floats:
        x, y = (RNG.random(64).astype(dtype) + dtype.type(0.5) for _ in range(2))
        want = x * x + x / y
        tolerance = 4 * float(np.finfo(dtype).eps)
    else:
        limits = np.iinfo(dtype)
        x, y = RNG.integers(limits.min + 1, limits.max, 64, dtype), RNG.integers(1, 100, 64, dtype)
        y[::2] *= -1
        want, tolerance = x * x - x // y, 0
    np.testing.assert_allclose(run(code, [x, y, x.copy()], (64, 1, 1)), want, rtol=tolerance)


ROUNDINGS = {"round": lambda x: np.copysign(np.floor(abs(x) + 0.5), x), "trunc": np.trunc, "roundeven": np.rint}


@pytest.mark.parametrize("name", ROUNDINGS)
def test_floats_are_rounded_as_in_c(name: str) -> None:
    require_device("spirv")
    x = np.array([-2.5, -0.5, -0.4, 0.0, 0.5, 1.5, 2.5, 1e9], np.float32)
    code = words(
        "%x: memref<8xf32>, %out: memref<8xf32>",
        f"""
        %g = gpu.global_id x
        %v = memref.load %x[%g] : memref<8xf32>
        %r = math.{name} %v : f32
        memref.store %r, %out[%g] : memref<8xf32>""",
        (8, 1, 1),
    )
    np.testing.assert_array_equal(run(code, [x, x.copy()], (8, 1, 1)), ROUNDINGS[name](x))


COPY = """
    %g = gpu.global_id x
    %v = memref.load %x[%g] : memref<8xf64>
    %w = arith.addf %v, %v : f64
    memref.store %w, %out[%g] : memref<8xf64>"""


def test_a_device_that_lacks_a_type_says_so_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    require_device("spirv")
    device = open_device()
    monkeypatch.setattr(device, "features", device.features - {"shaderFloat64"})
    x = np.zeros(8, np.float64)
    code = words("%x: memref<8xf64>, %out: memref<8xf64>", COPY, (8, 1, 1))
    assert set(capabilities(code)) == {1, 10}
    with pytest.raises(DeviceError, match=r"k computes with float64 \(SPIR-V's capability Float64\), which .* lacks"):
        loaded(code, [x, x], (8, 1, 1))


def test_a_capability_that_is_not_known_is_refused() -> None:
    require_device("spirv")
    code = words("%x: memref<8xf64>, %out: memref<8xf64>", COPY, (8, 1, 1))
    strange = code[:20] + struct.pack("<II", 2 << 16 | 17, 5000) + code[20:]
    with pytest.raises(DeviceError, match="number 5000"):
        loaded(strange, [np.zeros(8), np.zeros(8)], (8, 1, 1))


def test_limits_of_the_device_at_hand_are_looked_at() -> None:
    require_device("spirv")
    code = words("%x: memref<8xf64>, %out: memref<8xf64>", COPY, (8, 1, 1))
    with pytest.raises(DeviceError, match="k asks for 8,192 threads of a block; "):
        loaded(code, [np.zeros(8), np.zeros(8)], (8192, 1, 1))


def test_more_numbers_than_a_launch_can_hand_over_are_refused() -> None:
    numbers = ", ".join(f"%n{n}: index" for n in range(33))
    with pytest.raises(StepwellError, match="33 numbers to the kernel; Vulkan takes 32"):
        words(f"%x: memref<8xf32>, {numbers}", "", (8, 1, 1))
