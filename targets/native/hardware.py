"""What the native target asks of a processor: its name and features for LLVM, and how wide its vectors are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

WIDTHS = (("avx512f", 512), ("avx2", 256))
"""A feature, and the bits of a vector register that it brings; 128 without either (SSE, NEON)."""

MANY_REGISTERS = ("avx512f", "neon")
"""Features that come with 32 vector registers; there are 16 without them."""


@dataclass(frozen=True)
class Hardware:
    """A processor. `features` as LLVM writes them, `+avx2,-amx-tile,...`."""

    triple: str
    cpu: str
    features: str
    vector_bits: int
    vector_registers: int = 16

    def lanes(self, bits: int = 32) -> int:
        """How many elements of `bits` bits a vector register holds."""
        return self.vector_bits // bits


@cache
def host() -> Hardware:
    """The processor that this process runs on."""
    import llvmlite.binding as binding

    features = binding.get_host_cpu_features()
    bits = next((width for name, width in WIDTHS if features.get(name)), 128)
    registers = 32 if any(features.get(name) for name in MANY_REGISTERS) else 16
    return Hardware(binding.get_process_triple(), binding.get_host_cpu_name(), features.flatten(), bits, registers)
