"""What a manifest says of @main at level device: the steps of the host, and what a device refuses."""

from __future__ import annotations

from typing import Any

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.targets.gpu.device import device
from stepwell.targets.gpu.host import host_program
from stepwell.text import parse_module

ATTRIBUTES = """attributes {stepwell.signature = {inputs = [
    {name = "x", type = tensor<8xf32>}, {name = "n", type = tensor<1xi64>}], outputs = [
    {name = "y", type = tensor<8xf32>}]}, stepwell.arena_size = 4096 : i64, stepwell.weights_size = 0 : i64}"""


def steps(body: str, described: str = "webgpu") -> list[Any]:
    module = f"""builtin.module attributes {{gpu.container_module, stepwell.level = "device"}} {{
      gpu.module @kernels {{
        gpu.func @k(%x: memref<8xf32>, %at: index) kernel attributes {{known_block_size = array<i32: 64, 1, 1>}} {{
          gpu.return
        }}
      }}
      func.func @main(%x: memref<8xf32>, %n: memref<1xi64>, %y: memref<8xf32>, %weights: memref<0xi8>,
                      %arena: memref<4096xi8>) {ATTRIBUTES} {{
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c3 = arith.constant 3 : index
        %c64 = arith.constant 64 : index
        {body}
        func.return
      }}
    }}"""
    return host_program(parse_module(Context(), module, "test.mlir"), device(described))["launches"]


LAUNCH = "gpu.launch_func @kernels::@k blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1) args"
OF_X = [{"of": "input 0", "offset": 0, "bytes": 32, "dtype": "float32"}]


def launch(*numbers: int | str) -> dict[str, Any]:
    size = {"blocks": [1, 1, 1], "threads": [64, 1, 1]}
    return {"kernel": "k", **size, "buffers": OF_X, "numbers": list(numbers)}


def test_a_loop_whose_end_is_read_hands_on_its_counter() -> None:
    read, loop = steps(f"""
        %most = memref.load %n[%c0] : memref<1xi64>
        %end = arith.index_cast %most : i64 to index
        scf.for %i = %c0 to %end step %c3 {{
          {LAUNCH}(%x : memref<8xf32>, %i : index)
        }}""")[::2]
    of_n = {"of": "input 1", "offset": 0, "bytes": 8, "dtype": "int64"}
    assert read == {"read": "v0", "at": 0, "dtype": "int64", "buffer": of_n}
    assert loop == {"for": "v2", "from": 0, "to": "v1", "step": 3, "do": [launch("v2")]}


def test_what_a_branch_gives_is_set_in_both_of_its_parts() -> None:
    *_, branch, after = steps(f"""
        %m = memref.load %n[%c0] : memref<1xi64>
        %i = arith.index_cast %m : i64 to index
        %c = arith.cmpi slt, %i, %c3 : index
        %r = scf.if %c -> (index) {{
          scf.yield %c3 : index
        }} else {{
          scf.yield %i : index
        }}
        {LAUNCH}(%x : memref<8xf32>, %r : index)""")
    assert branch == {"if": "v2", "then": [{"set": {"v3": 3}}], "else": [{"set": {"v3": "v1"}}]}
    assert after == launch("v3")


def test_what_a_loop_carries_has_one_name() -> None:
    start, loop, after = steps(f"""
        %r = scf.while (%a = %c0) : (index) -> index {{
          %c = arith.cmpi slt, %a, %c3 : index
          scf.condition(%c) %a : index
        }} do {{
        ^bb0(%b: index):
          %s = arith.addi %b, %c1 : index
          scf.yield %s : index
        }}
        {LAUNCH}(%x : memref<8xf32>, %r : index)""")
    assert start == {"set": {"v0": 0}}
    assert loop == {
        "while": "v1",
        "test": [{"let": "v1", "be": "slt", "of": ["v0", 3], "bits": 64}],
        "do": [{"let": "v4", "be": "addi", "of": ["v0", 1], "bits": 64}, {"set": {"v0": "v4"}}],
    }
    assert after == launch("v0")


def test_what_the_host_cannot_compute_is_refused() -> None:
    with pytest.raises(StepwellError, match=r"arith\.sitofp cannot be run by the host of a device"):
        steps("%m = memref.load %n[%c0] : memref<1xi64>  %f = arith.sitofp %m : i64 to f32")
