"""Products by tensor cores, with copies that run beside them: numbers by emulation, as no GPU is needed for that."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cuda_emulated import CUDA
from emulated import built, run_grid
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.targets.cuda import SOURCE_TARGET
from stepwell.targets.cuda.ptx import llvm_ir, ptx
from stepwell.text import parse_module

PTXAS = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
M, N, K = 32, 16, 64
HALVES = ("f16", "bf16")


def gemm(kind: str) -> str:
    """y = a b by two warps, of 16 rows each; 16 steps of the sum are copied while the 16 before are multiplied."""
    shared = (
        f"memref<64x24x{kind}, #gpu.address_space<workgroup>>",
        f"memref<32x24x{kind}, #gpu.address_space<workgroup>>",
    )
    a, b = (f"memref<{of}x{kind}> to {to}" for of, to in zip((f"{M}x{K}", f"{K}x{N}"), shared, strict=True))
    sums = "vector<2x2xf32>"
    product = f"{{mmaShape = [16, 8, 16]}} : (vector<4x2x{kind}>, vector<2x2x{kind}>, {sums}) -> {sums}"
    return f"""
gpu.module @kernels {{
gpu.func @gemm(%a: memref<{M}x{K}x{kind}>, %b: memref<{K}x{N}x{kind}>, %y: memref<{M}x{N}xf32>)
    workgroup(%at: {shared[0]}, %bt: {shared[1]}) kernel attributes {{known_block_size = array<i32: 64, 1, 1>}} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : vector<2x2xf32>
  %t = gpu.thread_id x
  %warp = arith.divui %t, %c32 : index
  %lane = arith.remui %t, %c32 : index
  %row = arith.divui %t, %c2 : index
  %odd = arith.remui %t, %c2 : index
  %col = arith.muli %odd, %c8 : index
  %first = arith.cmpi ult, %t, %c32 : index
  %row8 = arith.remui %lane, %c8 : index
  %quarter = arith.divui %lane, %c8 : index
  %down = arith.remui %quarter, %c2 : index
  %right = arith.divui %quarter, %c2 : index
  %down8 = arith.muli %down, %c8 : index
  %right8 = arith.muli %right, %c8 : index
  %in16 = arith.addi %down8, %row8 : index
  %ta = nvgpu.device_async_copy %a[%row, %col], %at[%row, %col], 8 {{bypassL1}} : {a}
  scf.if %first {{
    %tb = nvgpu.device_async_copy %b[%row, %col], %bt[%row, %col], 8 {{bypassL1}} : {b}
  }}
  %g0 = nvgpu.device_async_create_group %ta
  %sums:2 = scf.for %s = %c0 to %c4 step %c1 iter_args(%s0 = %zero, %s1 = %zero) -> ({sums}, {sums}) {{
    %half = arith.remui %s, %c2 : index
    %next = arith.addi %s, %c1 : index
    %other = arith.remui %next, %c2 : index
    %k = arith.muli %next, %c16 : index
    %more = arith.cmpi ult, %next, %c4 : index
    scf.if %more {{
      %to = arith.muli %other, %c32 : index
      %toa = arith.addi %to, %row : index
      %ka = arith.addi %k, %col : index
      %tn = nvgpu.device_async_copy %a[%row, %ka], %at[%toa, %col], 8 {{bypassL1}} : {a}
      scf.if %first {{
        %tob = arith.muli %other, %c16 : index
        %tbr = arith.addi %tob, %row : index
        %kb = arith.addi %k, %row : index
        %tm = nvgpu.device_async_copy %b[%kb, %col], %bt[%tbr, %col], 8, %c8 : {b}
      }}
    }}
    %g = nvgpu.device_async_create_group %g0
    nvgpu.device_async_wait %g {{numGroups = 1 : i32}}
    gpu.barrier
    %ah = arith.muli %half, %c32 : index
    %aw = arith.muli %warp, %c16 : index
    %ar0 = arith.addi %ah, %aw : index
    %ar = arith.addi %ar0, %in16 : index
    %fa = nvgpu.ldmatrix %at[%ar, %right8] {{numTiles = 4 : i32, transpose = false}} : {shared[0]} -> vector<4x2x{kind}>
    %bh = arith.muli %half, %c16 : index
    %br = arith.addi %bh, %in16 : index
    %fb0 = nvgpu.ldmatrix %bt[%br, %c0] {{numTiles = 2 : i32, transpose = true}} : {shared[1]} -> vector<2x2x{kind}>
    %fb1 = nvgpu.ldmatrix %bt[%br, %c8] {{numTiles = 2 : i32, transpose = true}} : {shared[1]} -> vector<2x2x{kind}>
    %p0 = nvgpu.mma.sync(%fa, %fb0, %s0) {product}
    %p1 = nvgpu.mma.sync(%fa, %fb1, %s1) {product}
    gpu.barrier
    scf.yield %p0, %p1 : vector<2x2xf32>, vector<2x2xf32>
  }}
{stores()}
  gpu.return
}}
}}
"""


def stores() -> str:
    """A thread's part of the two products, where it belongs."""
    lines = [
        "%g4 = arith.divui %lane, %c4 : index",
        "%q = arith.remui %lane, %c4 : index",
        "%q2 = arith.muli %q, %c2 : index",
        "%wr = arith.muli %warp, %c16 : index",
        "%r0 = arith.addi %wr, %g4 : index",
        "%r1 = arith.addi %r0, %c8 : index",
    ]
    for n in range(2):
        for i in range(2):
            for j in range(2):
                at = f"{n}{i}{j}"
                lines += [
                    f"%n{at} = arith.constant {8 * n + j} : index",
                    f"%c{at} = arith.addi %q2, %n{at} : index",
                    f"%v{at} = vector.extract %sums#{n}[{i}, {j}] : f32 from vector<2x2xf32>",
                    f"memref.store %v{at}, %y[%r{i}, %c{at}] : memref<{M}x{N}xf32>",
                ]
    return "\n".join(f"  {line}" for line in lines)


def rounded(x: Any, kind: str) -> tuple[Any, Any]:
    """`x` as the device has it, and the numbers that those are."""
    if kind == "f16":
        return x.astype(np.float16), x.astype(np.float16).astype(np.float32)
    bits = x.astype(np.float32).view(np.uint32) & 0xFFFF0000
    return (bits >> 16).astype(np.uint16), bits.view(np.float32)


@pytest.mark.parametrize("kind", HALVES)
def test_copies_and_products_compute_a_matrix_product(kind: str) -> None:
    rng = np.random.default_rng(0)
    (a, exact_a), (b, exact_b) = (rounded(rng.uniform(-1, 1, shape), kind) for shape in ((M, K), (K, N)))
    y = np.full((M, N), np.nan, np.float32)
    (source,) = SOURCE_TARGET.texts(parse_module(Context(), gemm(kind))).values()
    run_grid(built(source, CUDA), "gemm", (1, 1, 1), (64, 1, 1), [part.ctypes.data for part in (a, b, y)])
    np.testing.assert_allclose(y, exact_a.astype(np.float64) @ exact_b, atol=1e-5)


@pytest.mark.parametrize("kind", HALVES)
def test_a_wait_that_lacks_is_found(kind: str) -> None:
    """Copies are made as late as they may be."""
    rng = np.random.default_rng(0)
    (a, exact_a), (b, exact_b) = (rounded(rng.uniform(-1, 1, shape), kind) for shape in ((M, K), (K, N)))
    y = np.zeros((M, N), np.float32)
    (source,) = SOURCE_TARGET.texts(
        parse_module(Context(), gemm(kind).replace("numGroups = 1", "numGroups = 2"))
    ).values()
    run_grid(built(source, CUDA), "gemm", (1, 1, 1), (64, 1, 1), [part.ctypes.data for part in (a, b, y)])
    assert not np.allclose(y, exact_a @ exact_b, atol=1e-2)


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("kind", HALVES)
def test_ptxas_takes_tensor_cores(kind: str, architecture: str, tmp_path: Path) -> None:
    module = parse_module(Context(), gemm(kind))
    run_passes(Context(), module, parse_passes("gpu-to-llvm"))
    text = ptx(llvm_ir(module, architecture), architecture)
    for part in ("mma.sync.aligned.m16n8k16.row.col.f32.", "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16",
                 "cp.async.cg.shared.global", "cp.async.ca.shared.global", "cp.async.wait_group \t1;"):  # fmt: skip
        assert part in text
    if PTXAS is None:
        pytest.skip("there is no ptxas, which is not free to fetch")
    (tmp_path / "k.ptx").write_text(text)
    subprocess.run([PTXAS, f"-arch={architecture}", "-o", tmp_path / "k.cubin", tmp_path / "k.ptx"], check=True)


@pytest.mark.parametrize("kind", HALVES)
def test_nvcc_takes_tensor_cores(kind: str, tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc, which is not free to fetch")
    (source,) = SOURCE_TARGET.texts(parse_module(Context(), gemm(kind))).values()
    (tmp_path / "k.cu").write_text(source)
    subprocess.run(["nvcc", "-arch=sm_80", "-cubin", "-o", tmp_path / "k.cubin", tmp_path / "k.cu"], check=True)
