"""NativeProgram: what it does to inputs, outputs, weights and arenas, and that threads may share it."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import numpy as np
import pytest
import stepwell.runtime.native as native
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.native import NativeProgram
from stepwell.targets.cpu.hardware import host
from stepwell.targets.native.emitter import compile_functions
from stepwell.text import parse_module

COUNT = 4096

# y = x + w, by way of the arena, so that two callers in one arena would see each other.
TEXT = f"""
func.func private @add(%x: memref<{COUNT}xf32>, %w: memref<{COUNT}xf32>, %y: memref<{COUNT}xf32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant {COUNT} : index
  scf.for %i = %c0 to %n step %c1 {{
    %a = memref.load %x[%i] : memref<{COUNT}xf32>
    %b = memref.load %w[%i] : memref<{COUNT}xf32>
    %c = arith.addf %a, %b : f32
    memref.store %c, %y[%i] : memref<{COUNT}xf32>
  }}
  func.return
}}
func.func @main(%x: memref<{COUNT}xf32>, %y: memref<{COUNT}xf32>, %weights: memref<{4 * COUNT}xi8>,
                %arena: memref<{4 * COUNT}xi8>) {{
  %c0 = arith.constant 0 : index
  %w = memref.view %weights[%c0][] : memref<{4 * COUNT}xi8> to memref<{COUNT}xf32>
  %t = memref.view %arena[%c0][] : memref<{4 * COUNT}xi8> to memref<{COUNT}xf32>
  func.call @add(%x, %w, %t) : (memref<{COUNT}xf32>, memref<{COUNT}xf32>, memref<{COUNT}xf32>) -> ()
  func.call @add(%t, %w, %y) : (memref<{COUNT}xf32>, memref<{COUNT}xf32>, memref<{COUNT}xf32>) -> ()
  func.return
}}
"""
MANIFEST = {
    "entry": "stepwell_entry",
    "inputs": [{"name": "x", "dtype": "float32", "shape": [64, COUNT // 64]}],
    "outputs": [{"name": "y", "dtype": "float32", "shape": [COUNT]}],
    "arena_size": 4 * COUNT,
    "weights_size": 4 * COUNT,
}


@pytest.fixture(scope="module")
def program() -> NativeProgram:
    module = parse_module(Context(), TEXT)
    run_passes(Context(), module, parse_passes("loops-to-llvm,add-entry"))
    weights = bytearray(np.ones(COUNT, np.float32).tobytes())
    made = NativeProgram(MANIFEST, compile_functions(module, host()), weights)
    weights[:] = bytes(len(weights))  # the program holds its own
    return made


def test_each_run_gives_new_arrays(program: NativeProgram) -> None:
    x = np.zeros((64, COUNT // 64), np.float32)
    first = program.run({"x": x})["y"]
    second = program.run({"x": x + 1})["y"]
    assert first.shape == (COUNT,) and (first == 2).all() and (second == 3).all()


def test_inputs_of_any_layout(program: NativeProgram) -> None:
    x = np.arange(COUNT, dtype=np.float32).reshape(COUNT // 64, 64)
    np.testing.assert_array_equal(program.run({"x": x.T})["y"], x.T.reshape(-1) + 2)
    every_other = np.arange(2 * COUNT, dtype=np.float32).reshape(64, -1)[:, ::2]
    np.testing.assert_array_equal(program.run({"x": every_other})["y"], every_other.reshape(-1) + 2)
    backwards = x.reshape(64, -1)[::-1]
    np.testing.assert_array_equal(program.run({"x": backwards})["y"], backwards.reshape(-1) + 2)
    unaligned = np.frombuffer(b"\0\0" + x.tobytes(), np.uint8)[2:].view(np.float32).reshape(64, -1)
    np.testing.assert_array_equal(program.run({"x": unaligned})["y"], x.reshape(-1) + 2)
    swapped = x.reshape(64, -1).astype(">f4")
    np.testing.assert_array_equal(program.run({"x": swapped})["y"], x.reshape(-1) + 2)


def test_inputs_are_not_written(program: NativeProgram) -> None:
    x = np.ones((64, COUNT // 64), np.float32)
    x.flags.writeable = False
    program.run({"x": x})
    assert (x == 1).all()


def test_threads_share_a_program(program: NativeProgram) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        x = np.full((64, COUNT // 64), number, np.float32)
        for _ in range(200):
            if not (program.run({"x": x})["y"] == number + 2).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_ships_alone() -> None:
    """The runtime imports nothing of the compiler's."""
    tree = ast.parse(Path(native.__file__).read_text())
    imported = [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert not [name for name in imported if name.startswith((".", "stepwell", "xdsl"))]
