"""What targets that make code for processors share: the description of one, and the strategy that schedules kernels."""

from __future__ import annotations

from stepwell.passes.linalg_to_loops.load_schedules import LoadSchedules

from .hardware import Hardware


def load_schedules(file: str | None) -> str:
    """The pass that takes the schedules of a file, as the start of a pipeline text; nothing where there is no file."""
    return "" if file is None else f"{LoadSchedules(file)},"


def strategy_options(hardware: Hardware) -> str:
    """What schedule-kernels is to know of a processor, as its options."""
    numbers = {
        "vector-width": hardware.lanes(),
        "registers": hardware.vector_registers,
        "fmas": hardware.fma_ports,
        "half-fmas": hardware.half_fma_ports,
        "loads": max(hardware.load_bytes * 8 // hardware.vector_bits, 1),
        "latency": hardware.fma_latency,
        "l1": hardware.l1.size,
        "l1-ways": hardware.l1.ways,
        "l2": hardware.l2.size,
        "l2-ways": hardware.l2.ways,
    }
    dot = " dot" if hardware.has("avx512bf16") else ""
    dot += " dot-bytes" if hardware.has("avx512vnni") else ""
    amx = " amx" if hardware.has("avx512bf16") and hardware.has("amx-tile") and hardware.has("amx-bf16") else ""
    return " ".join(f"{name}={number}" for name, number in numbers.items()) + dot + amx
