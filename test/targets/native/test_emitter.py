"""Object code for each function, alone or together, and the processor that it is for."""

from __future__ import annotations

import numpy as np
import pytest
from stepwell.cache import Cache
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.native import NativeProgram, link
from stepwell.targets.cpu.hardware import Hardware, host
from stepwell.targets.native.emitter import Emitter, compile_functions
from stepwell.targets.native.llvm_ir import float_text, print_llvm_ir
from stepwell.text import parse_module
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp

PROGRAM = """
func.func private @scale(%x: memref<4xf32>, %w: memref<4xf32>, %y: memref<4xf32>) attributes {stepwell.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %a = memref.load %x[%i] : memref<4xf32>
    %b = memref.load %w[%i] : memref<4xf32>
    %c = arith.mulf %a, %b : f32
    %d = math.erf %c : f32
    memref.store %d, %y[%i] : memref<4xf32>
  }
  func.return
}
func.func @main(%x: memref<4xf32>, %y: memref<4xf32>, %weights: memref<64xi8>, %arena: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %w = memref.view %weights[%c0][] : memref<64xi8> to memref<4xf32>
  %t = memref.view %arena[%c0][] : memref<64xi8> to memref<4xf32>
  func.call @scale(%x, %w, %t) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
  func.call @scale(%t, %w, %y) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
  func.return
}
"""
MANIFEST = {
    "entry": "stepwell_entry",
    "inputs": [{"name": "x", "dtype": "float32", "shape": [4]}],
    "outputs": [{"name": "y", "dtype": "float32", "shape": [4]}],
    "arena_size": 64,
    "weights_size": 64,
}
WEIGHTS = np.array([0.5, -1.0, 2.0, 0.0] + [0.0] * 12, np.float32)


def lowered() -> ModuleOp:
    module = parse_module(Context(), PROGRAM)
    run_passes(Context(), module, parse_passes("loops-to-llvm,add-entry"), verify_each=True)
    return module


def expected(x: np.ndarray) -> np.ndarray:
    from math import erf

    once = [erf(a * w) for a, w in zip(x, WEIGHTS, strict=False)]
    return np.array([erf(a * w) for a, w in zip(once, WEIGHTS, strict=False)], np.float32)


def test_an_object_for_each_function_links_to_the_whole() -> None:
    objects = compile_functions(lowered(), host())
    assert set(objects) == {"scale", "main", "stepwell_entry"}
    program = NativeProgram(MANIFEST, objects, WEIGHTS.tobytes())
    x = np.array([1.0, -2.0, 0.25, 3.0], np.float32)
    np.testing.assert_allclose(program.run({"x": x})["y"], expected(x), rtol=1e-5)


def test_one_object_for_all() -> None:
    emitter = Emitter(host())
    code = emitter.object_code(print_llvm_ir(lowered(), attributes=emitter.attributes()))
    program = NativeProgram(MANIFEST, {"all": code}, WEIGHTS.tobytes())
    x = np.arange(4, dtype=np.float32)
    np.testing.assert_allclose(program.run({"x": x})["y"], expected(x), rtol=1e-5)


def test_equal_text_gives_equal_code() -> None:
    """The cache of kernels and the reading back of dumps stand on it."""
    assert compile_functions(lowered(), host()) == compile_functions(lowered(), host())


def test_a_missing_kernel_is_a_clear_error() -> None:
    main = compile_functions(lowered(), host())["main"]
    with pytest.raises(RuntimeError, match="object code of @main does not link"):
        link([main], "main")


@pytest.mark.parametrize("bits,register", [(128, "xmm"), (256, "ymm"), (512, "zmm")])
def test_vectors_are_as_wide_as_the_hardware_says(bits: int, register: str) -> None:
    features = {128: "+sse4.2", 256: "+avx2,+fma", 512: "+avx512f,+avx512vl,+avx512bw,+avx512dq"}[bits]
    hardware = Hardware("x86_64-unknown-linux-gnu", "x86-64", features, bits)
    assert hardware.lanes() == bits // 32
    text = PROGRAM.replace("%d = math.erf %c : f32", "").replace("store %d", "store %c").replace("4xf32", "64xf32")
    text = text.replace("%c4 = arith.constant 4", "%c4 = arith.constant 64").replace("64xi8", "256xi8")
    module = parse_module(Context(), text)
    run_passes(Context(), module, parse_passes("loops-to-llvm"))
    emitter = Emitter(hardware)
    assembly = emitter.assembly(print_llvm_ir(module, attributes=emitter.attributes()))
    assert register in assembly


def test_the_host_has_a_vector_width() -> None:
    assert host().vector_bits in (128, 256, 512)
    assert host().lanes() * 32 == host().vector_bits == host().lanes(64) * 64


def test_cached_objects_are_not_compiled_again(tmp_path, monkeypatch) -> None:
    cache = Cache(tmp_path)
    module = lowered()
    run_passes(Context(), module, parse_passes("name-kernels"))
    first = compile_functions(module, host(), cache)
    compiled: list[str] = []
    original = Emitter.object_code

    def counted(self: Emitter, text: str) -> bytes:
        compiled.append(text)
        return original(self, text)

    monkeypatch.setattr(Emitter, "object_code", counted)
    assert compile_functions(module, host(), cache) == first
    assert all("define void @main" in text for text in compiled), "only @main may be compiled again"


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.1, -1e-40, 3.4e38, 1e300, float("inf"), float("nan"), 123456.5])
@pytest.mark.parametrize("kind", [Float32Type(), Float64Type()], ids=["float", "double"])
def test_float_constants_are_exact(value: float, kind: Float32Type | Float64Type) -> None:
    from stepwell.targets.native.emitter import initialized

    single = isinstance(kind, Float32Type)
    name = "float" if single else "double"
    module = initialized().parse_assembly(f"@c = constant {name} {float_text(value, kind)}")
    dtype = np.float32 if single else np.float64
    with np.errstate(over="ignore"):
        want = dtype(value)
    text = str(next(iter(module.global_variables))).split()[-1]
    got = np.array([int(text, 16)], np.uint64).view(np.float64)[0] if text.startswith("0x") else float(text)
    np.testing.assert_array_equal(dtype(got), want)
    assert np.signbit(dtype(got)) == np.signbit(want)


def test_what_has_no_place_in_llvm_ir_is_refused() -> None:
    module = parse_module(Context(), "func.func @f() {\n  func.return\n}")
    with pytest.raises(StepwellError, match=r"func\.func cannot stand"):
        print_llvm_ir(module)
