"""What the strategy asks of a processor, and what it counts of loops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from stepwell.passes.linalg_to_loops.access import Stage

L1_BYTES, L2_BYTES, L3_BYTES = 64.0, 32.0, 8.0  # that a core reads from a cache in a cycle, about, on x86


@dataclass(frozen=True)
class Cpu:
    """What of a processor the strategy asks for; these are options of schedule-kernels.

    `vector_width`: f32 lanes of a register, 1 for scalar loops, which a C compiler makes vectors of. `registers`: how
    many vector registers there are. `fmas`, `loads`: how many vector operations of each a cycle has; `half_fmas`: as
    many of half a vector, 0 where that is not known. `latency`: cycles from an FMA to the next that needs its result.
    `l1`, `l2`: bytes of a core's caches; `l1_ways`, `l2_ways`: in how many places a line may stand there. `unroll`,
    `vectors`: the tile of a reduction where they are not 0 (rows, and vectors a row).
    `dot`: an instruction adds the products of pairs of bf16, as fast as one of f32 adds its own. `amx`: another one
    multiplies tiles of them. `dot_bytes`: an instruction adds the products of fours of bytes.
    """

    vector_width: int = 1
    registers: int = 32
    fmas: int = 2
    half_fmas: int = 0
    loads: int = 2
    latency: int = 4
    l1: int = 32 << 10
    l1_ways: int = 8
    l2: int = 512 << 10
    l2_ways: int = 8
    unroll: int = 0
    vectors: int = 0
    dot: bool = False
    dot_bytes: bool = False
    amx: bool = False

    def halved(self) -> Cpu:
        """This processor with half its vectors' width, of which it starts more in a cycle."""
        return replace(
            self, vector_width=self.vector_width // 2, fmas=self.half_fmas, half_fmas=0, loads=2 * self.loads
        )

    def bytes_per_cycle(self, size: int) -> float:
        """How fast a buffer of `size` bytes is read again and again."""
        return L1_BYTES if size <= self.l1 else L2_BYTES if size <= self.l2 else L3_BYTES


def reduction_steps(main: Stage) -> int:
    return prod(e for e, reduced in zip(main.extents, main.reduction, strict=True) if reduced)


def pieces(extent: int, step: int) -> list[tuple[int, int]]:
    """(size, how often) of the tiles that cover `extent`."""
    return [(s, k) for s, k in ((step, extent // step), (extent % step, 1)) if s and k]
