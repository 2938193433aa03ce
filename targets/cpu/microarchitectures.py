"""Processors by LLVM's names for them: what no system tells of its own, and all that we know of others.

Multiply-adds and loads a cycle by vector width, since a core may split wide vectors: Zen 4 does one multiply-add of 512
bits a cycle or two of 256. Sources: Fog, "The microarchitecture of Intel, AMD and VIA CPUs" (2025) and uops.info for
x86; Arm's software optimization guides for its cores; Johnson, "Apple M1 Microarchitecture Research" (2021).
Caches of one core; an L3 is the part of it that one core can fill alone, of a usual model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class CacheSize:
    """A cache: `size` in bytes, and in how many `ways` a line may stand."""

    size: int
    ways: int = 8

    def __str__(self) -> str:
        if self.size == 0:
            return "none"
        size = f"{self.size / MIB:g} MiB" if self.size >= MIB else f"{self.size / KIB:g} KiB"
        return f"{size}, {self.ways} ways"


SMALL_CACHE, MIDDLE_CACHE, NO_CACHE = CacheSize(32 * KIB), CacheSize(512 * KIB), CacheSize(0)

SSE = ("sse", "sse2", "cx8", "cmov", "fxsr", "mmx")
V2 = (*SSE, "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16", "sahf")
V3 = (*V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
V4 = (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
"""The levels x86-64-v2 to v4 of the System V ABI: what code for a processor may use, beside what its row adds."""

NEON = ("neon", "fp-armv8")
V8_2 = (*NEON, "lse", "rdm", "crc", "fullfp16", "dotprod")
"""Armv8.0, and what of Armv8.2 cores since Cortex-A76 have."""


@dataclass(frozen=True)
class Microarchitecture:
    """`fma_ports`, `load_bytes`: by the bits of a vector, what starts in a cycle. The defaults are of a usual core."""

    architecture: str = "x86_64"
    features: tuple[str, ...] = SSE
    fma_ports: Mapping[int, int] = field(default_factory=lambda: {512: 2, 256: 2, 128: 2})
    load_bytes: Mapping[int, int] = field(default_factory=lambda: {512: 128, 256: 64, 128: 32})
    fma_latency: int = 4
    l1: CacheSize = SMALL_CACHE
    l2: CacheSize = MIDDLE_CACHE
    l3: CacheSize = NO_CACHE
    cores: int = 4
    triple: str | None = None


INTEL = Microarchitecture(features=V3, l2=CacheSize(256 * KIB, 8), l3=CacheSize(8 * MIB, 16))
"""Two multiply-adds and two loads of any width a cycle, since Haswell."""
XEON = replace(INTEL, features=V4, l2=CacheSize(1 * MIB, 16), l3=CacheSize(16 * MIB, 11), cores=16)
ICE_LAKE = (*V4, "avx512vnni", "avx512vbmi", "avx512vbmi2", "avx512ifma", "avx512bitalg", "avx512vpopcntdq")
AMX = ("amx-tile", "amx-bf16", "amx-int8")

ZEN = Microarchitecture(features=(*V3, "sse4a"), l3=CacheSize(16 * MIB, 16), cores=8)
ZEN_4 = (*ICE_LAKE, "sse4a", "avx512bf16")

ARM = Microarchitecture(
    "aarch64",
    NEON,
    fma_ports={128: 2},
    load_bytes={128: 32},
    l1=CacheSize(64 * KIB, 4),
    l2=CacheSize(1 * MIB, 8),
)

MICROARCHITECTURES: dict[str, Microarchitecture] = {
    "x86-64": Microarchitecture(),
    "x86-64-v3": Microarchitecture(features=V3),
    "x86-64-v4": Microarchitecture(features=V4),
    "haswell": INTEL,
    "broadwell": INTEL,
    "skylake": INTEL,
    "alderlake": replace(
        INTEL,
        features=(*V3, "avxvnni"),
        load_bytes={256: 96},
        l1=CacheSize(48 * KIB, 12),
        l2=CacheSize(1280 * KIB, 10),
        l3=CacheSize(30 * MIB, 12),
        cores=8,
    ),
    "skylake-avx512": XEON,
    "cascadelake": replace(XEON, features=(*V4, "avx512vnni")),
    "icelake-server": replace(
        XEON, features=ICE_LAKE, l1=CacheSize(48 * KIB, 12), l2=CacheSize(1280 * KIB, 20), l3=CacheSize(24 * MIB, 12)
    ),
    "sapphirerapids": replace(
        XEON,
        features=(*ICE_LAKE, "avx512bf16", "avx512fp16", "avxvnni", *AMX),
        l1=CacheSize(48 * KIB, 12),
        l2=CacheSize(2 * MIB, 16),
        l3=CacheSize(30 * MIB, 15),
    ),
    "znver1": replace(
        ZEN, fma_ports={256: 1, 128: 2}, load_bytes={256: 32, 128: 32}, fma_latency=5, l3=CacheSize(8 * MIB, 16)
    ),
    "znver2": replace(ZEN, fma_latency=5),
    "znver3": replace(ZEN, l3=CacheSize(32 * MIB, 16)),
    "znver4": replace(
        ZEN,
        features=ZEN_4,
        fma_ports={512: 1, 256: 2, 128: 2},
        load_bytes={512: 64, 256: 64, 128: 32},
        l2=CacheSize(1 * MIB, 8),
        l3=CacheSize(32 * MIB, 16),
    ),
    "znver5": replace(
        ZEN,
        features=(*ZEN_4, "avxvnni"),
        l1=CacheSize(48 * KIB, 12),
        l2=CacheSize(1 * MIB, 16),
        l3=CacheSize(32 * MIB, 16),
    ),
    "cortex-a53": replace(
        ARM, fma_ports={128: 1}, load_bytes={128: 8}, l1=CacheSize(32 * KIB, 4), l2=CacheSize(512 * KIB, 16)
    ),
    "cortex-a72": replace(
        ARM,
        features=(*NEON, "crc"),
        fma_ports={128: 1},
        load_bytes={128: 16},
        fma_latency=7,
        l1=CacheSize(32 * KIB, 2),
        l2=CacheSize(1 * MIB, 16),
    ),
    "cortex-a76": replace(ARM, features=V8_2, l2=CacheSize(512 * KIB, 8), l3=CacheSize(2 * MIB, 16)),
    "neoverse-n1": replace(ARM, features=V8_2, l3=CacheSize(32 * MIB, 16), cores=64),
    "neoverse-v1": replace(
        ARM,
        features=(*V8_2, "bf16", "i8mm", "sve"),
        fma_ports={128: 4},
        load_bytes={128: 48},
        l3=CacheSize(32 * MIB, 16),
        cores=64,
    ),
    "neoverse-v2": replace(
        ARM,
        features=(*V8_2, "bf16", "i8mm", "sve", "sve2"),
        fma_ports={128: 4},
        load_bytes={128: 48},
        l2=CacheSize(2 * MIB, 8),
        l3=CacheSize(64 * MIB, 16),
        cores=64,
    ),
    "apple-m1": replace(
        ARM,
        features=V8_2,
        fma_ports={128: 4},
        load_bytes={128: 48},
        l1=CacheSize(128 * KIB, 8),
        l2=CacheSize(12 * MIB, 12),
        triple="arm64-apple-macosx11.0.0",
    ),
}
"""Name → processor."""
