"""LLVM IR text to object code, assembly or optimized LLVM IR, in this process, with llvmlite.

Each emission parses its text anew: LLVM's code generation changes the module that it is given.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stepwell.cache import Cache
from stepwell.hashing import compiler_digest, structural_hash
from stepwell.targets.cpu.hardware import Hardware
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp

from .builtins import with_builtins
from .llvm_ir import print_llvm_ir

SPEED_LEVEL = 3

BASELINES = {"x86_64": "x86-64", "aarch64": "generic"}
"""LLVM's name for any processor of an architecture."""


@cache
def initialized() -> Any:
    """llvmlite's binding with LLVM's code generators ready."""
    import llvmlite.binding as binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    return binding


@dataclass(frozen=True)
class Emitter:
    """Compiles LLVM IR for one processor."""

    hardware: Hardware

    def attributes(self) -> Mapping[str, str]:
        """What every function says of its target; without the width LLVM would keep to 256 bits.

        The processor's name only tunes: a machine that has the features, whatever it is called, can run the code.
        """
        return {
            "prefer-vector-width": str(self.hardware.vector_bits),
            "target-cpu": self.baseline,
            "tune-cpu": self.hardware.cpu,
            "target-features": self.hardware.features,
        }

    @property
    def baseline(self) -> str:
        return BASELINES.get(self.hardware.architecture, self.hardware.cpu)

    def machine(self) -> Any:
        binding = initialized()
        target = binding.Target.from_triple(self.hardware.triple)
        return target.create_target_machine(
            cpu=self.baseline, features=self.hardware.features, opt=SPEED_LEVEL, reloc="pic", codemodel="default"
        )

    def optimized(self, text: str, machine: Any) -> Any:
        """`text` as an llvmlite module, through LLVM's O3 pipeline."""
        binding = initialized()
        module = binding.parse_assembly(with_builtins(text))
        module.triple = self.hardware.triple
        module.data_layout = str(machine.target_data)
        module.verify()
        tuning = binding.create_pipeline_tuning_options(speed_level=SPEED_LEVEL)
        tuning.loop_vectorization = True
        tuning.slp_vectorization = True
        # What only fills memory gains nothing by it, and LLVM compares each store of a block with all others: a border
        # of 2 x 59 rows, unrolled, took it 45 s.
        tuning.loop_unrolling = " load " in text
        builder = binding.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        return module

    def object_code(self, text: str) -> bytes:
        with LOCK:
            machine = self.machine()
            return machine.emit_object(self.optimized(text, machine))

    def assembly(self, text: str) -> str:
        with LOCK:
            machine = self.machine()
            return machine.emit_assembly(self.optimized(text, machine))

    def optimized_ir(self, text: str) -> str:
        with LOCK:
            return str(self.optimized(text, self.machine()))


LOCK = threading.Lock()
"""LLVM's global state is one a process."""


def compile_functions(module: ModuleOp, hardware: Hardware, cache: Cache | None = None) -> dict[str, bytes]:
    """An object for each function with a body, by name; from the cache where it has been made before."""
    emitter = Emitter(hardware)
    cache = cache if cache is not None else Cache(None)
    salt = f"{compiler_digest()} {hardware}"
    objects: dict[str, bytes] = {}
    for op in module.body.block.ops:
        if not isinstance(op, llvm.FuncOp) or not op.body.blocks:
            continue
        name = op.sym_name.data
        key = structural_hash(op, salt=f"{salt} {name}")
        code = cache.get(key)
        if code is None:
            code = emitter.object_code(print_llvm_ir(module, [name], emitter.attributes()))
            cache.put(key, code)
        objects[name] = code
    return objects
