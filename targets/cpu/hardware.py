"""A processor as kernels see it: vectors, registers, multiply-adds and loads a cycle, caches, cores.

    host()                  # the processor that this process runs on
    named("cortex-a72")     # another one, by the name that LLVM has for it

What the system tells of the host is taken from there: LLVM knows the name and the features, Linux the caches. What it
does not tell, how many multiply-adds a cycle, is in the table of `microarchitectures.py`, as is all of other machines.
A pass never asks what a processor is called; it asks for a number or a feature of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from stepwell.diagnostics import StepwellError, did_you_mean

from .microarchitectures import MICROARCHITECTURES, MIDDLE_CACHE, NO_CACHE, SMALL_CACHE, CacheSize, Microarchitecture

WIDTHS = (("avx512f", 512), ("avx2", 256))
"""A feature, and the bits of a vector register that it brings; 128 without either (SSE, NEON)."""

MANY_REGISTERS = ("avx512f", "neon")
"""Features that come with 32 vector registers; there are 16 without them."""

TRIPLES = {"x86_64": "x86_64-unknown-linux-gnu", "aarch64": "aarch64-unknown-linux-gnu"}
"""What a processor of another architecture than ours is taken to run."""

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
"""Where Linux describes the caches of a core."""


@dataclass(frozen=True)
class Hardware:
    """A processor. `features` as LLVM writes them, `+avx2,-amx-tile,...`: code uses what has a plus, and nothing else.

    `fma_ports`, `load_bytes`: multiply-adds of whole vectors, and bytes from L1, that start in a cycle.
    `half_fma_ports`: as many of half a vector; 0 where that is not known.
    `fma_latency`: cycles from one multiply-add to the next that needs its result. Cache sizes in bytes; an L3 of 0
    bytes is none. `cores`: those of the whole machine.
    """

    triple: str
    cpu: str
    features: str
    vector_bits: int
    vector_registers: int = 16
    fma_ports: int = 2
    half_fma_ports: int = 0
    fma_latency: int = 4
    load_bytes: int = 64
    l1: CacheSize = SMALL_CACHE
    l2: CacheSize = MIDDLE_CACHE
    l3: CacheSize = NO_CACHE
    cores: int = 1

    @property
    def architecture(self) -> str:
        """`x86_64` or `aarch64`, whatever the system calls it."""
        name = self.triple.partition("-")[0]
        return "aarch64" if name == "arm64" else name

    def lanes(self, bits: int = 32) -> int:
        """How many elements of `bits` bits a vector register holds."""
        return self.vector_bits // bits

    def has(self, feature: str) -> bool:
        return f"+{feature}" in self.features.split(",")

    def required(self) -> list[str]:
        """The features that a machine must have to run code made for this one."""
        return [said[1:] for said in self.features.split(",") if said.startswith("+")]

    def describe(self) -> str:
        """For people: what kernels are made for."""
        fmas = self.fma_ports * self.lanes()
        rows = {
            "processor": f"{self.cpu} ({self.triple})",
            "cores": str(self.cores),
            "vectors": f"{self.vector_bits} bits, {self.vector_registers} registers",
            "multiply-adds": f"{fmas} of f32 a cycle ({self.fma_ports} vectors), {self.fma_latency} cycles each",
            "loads": f"{self.load_bytes} bytes a cycle",
            "L1 data": str(self.l1),
            "L2": str(self.l2),
            "L3": str(self.l3),
            "features": " ".join(self.required()),
        }
        return "\n".join(f"{name:14} {value}" for name, value in rows.items())


def processor(cpu: str | None = None) -> Hardware:
    """The processor called `cpu`; the host's for None or `host`."""
    return host() if cpu in (None, "host") else named(cpu)


@cache
def host() -> Hardware:
    """The processor that this process runs on."""
    import llvmlite.binding as binding

    features = binding.get_host_cpu_features().flatten()
    triple, cpu = binding.get_process_triple(), binding.get_host_cpu_name()
    known = MICROARCHITECTURES.get(cpu, Microarchitecture(architecture=triple.partition("-")[0]))
    found = described(triple, cpu, features, known)
    return replace(found, **system_caches(), cores=os.cpu_count() or 1)


@cache
def named(cpu: str) -> Hardware:
    """A processor by LLVM's name for it. Raises `StepwellError` for one that is not in the table."""
    known = MICROARCHITECTURES.get(cpu)
    if known is None:
        names = ", ".join(["host", *MICROARCHITECTURES])
        hint = did_you_mean(cpu, ["host", *MICROARCHITECTURES])
        raise StepwellError(f"no processor is known as '{cpu}'", fix=f"{hint}; known are {names}" if hint else names)
    import llvmlite.binding as binding

    here = binding.get_process_triple()
    mine = here.partition("-")[0].replace("arm64", "aarch64") == known.architecture
    triple = known.triple or (here if mine else TRIPLES[known.architecture])
    return described(triple, cpu, ",".join(f"+{feature}" for feature in known.features), known)


def described(triple: str, cpu: str, features: str, known: Microarchitecture) -> Hardware:
    """A processor of this micro-architecture, whose vectors are as wide as its features say."""
    has = set(features.split(","))
    bits = next((width for feature, width in WIDTHS if f"+{feature}" in has), 128)
    registers = 32 if any(f"+{feature}" in has for feature in MANY_REGISTERS) else 16
    ports = known.fma_ports.get(bits, 1)
    return Hardware(
        triple,
        cpu,
        features,
        bits,
        registers,
        ports,
        known.fma_ports.get(bits // 2, 0),
        known.fma_latency,
        known.load_bytes.get(bits, bits // 8),
        known.l1,
        known.l2,
        known.l3,
        known.cores,
    )


def system_caches() -> dict[str, CacheSize]:
    """The caches of a core as Linux describes them, by field of `Hardware`; nothing elsewhere."""
    found: dict[str, CacheSize] = {}
    for folder in CACHES.glob("index*"):
        try:
            level, kind, size, ways = (
                (folder / name).read_text().strip() for name in ("level", "type", "size", "ways_of_associativity")
            )
            if kind != "Instruction" and level in ("1", "2", "3"):
                found[f"l{level}"] = CacheSize(int(size.removesuffix("K")) << 10, max(int(ways), 1))
        except (OSError, ValueError):  # a container or an emulator may show part of it
            continue
    return found
