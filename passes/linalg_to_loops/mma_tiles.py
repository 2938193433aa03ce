"""Whether the warps of a block can read its tiles as matrices: rows of 16 bytes, at multiples of 16 bytes.

64 x 32 of f16, rows of 32 + 8     row r starts at 80 r bytes, in another bank than 7 others: 20 r mod 32 differ
64 x 32 of f16, rows of 32 + 1     row 1 starts at 66 bytes, where ldmatrix reads none
"""

from __future__ import annotations

from stepwell.dialects.nvgpu import COPIED
from stepwell.passes.loops_to_llvm.memory import element_bytes

from .block_plan import BlockPlan
from .block_tiles import Layout, layout_of
from .mma_plan import LEFT, RIGHT, Fragments
from .reading import Reading, refusal


def check_tiles(reading: Reading, plan: BlockPlan) -> None:
    """Refuse factors that are not in the memory of the block, or not in rows that warps can read."""
    op, fragments = reading.mma, plan.fragments
    if op is None or fragments is None:
        return
    cached = {cache.input: cache for cache in plan.caches}
    for n, loops in ((LEFT, fragments.rows), (RIGHT, fragments.columns)):
        if n not in cached:
            reason = f"input {n} is not in memory of the block, where warps read it: schedule.cache"
            raise refusal(op, op.rows[0], reason)
        layout = layout_of(reading.nest.main, plan, cached[n])
        cache = next(cache for cache in reading.caches if cache.operand_number == n)
        if layout.dims[-1] not in (loops[-1].dim, fragments.sums[-1].dim):
            raise refusal(
                cache, cache.loop, "neighbours in the tile are neither of the last loop of a matrix nor of its sums"
            )
        multiple = COPIED[-1] // element_bytes(layout.access.element)
        if is_loaded_by_rows(layout, fragments) and any(n % multiple for n in (*layout.strides[:-1], layout.half)):
            raise refusal(cache, cache.loop, f"rows start at multiples of 16 bytes: pad by a multiple of {multiple}")


def is_loaded_by_rows(layout: Layout, fragments: Fragments) -> bool:
    """Whether a row is read at once: of the sum, or of other loops and turned, which elements of 32 bits are not."""
    return layout.dims[-1] == fragments.sums[-1].dim or element_bytes(layout.access.element) == 2
