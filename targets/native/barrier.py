"""Where the threads of a team wait for one another, as LLVM IR: `void stepwell_barrier(ptr %team)`.

The last thread to come resets the count and moves the team on to its next generation, which the others wait to see.
They spin, since the work between two barriers takes microseconds; when a thread has been long in coming, because the
machine has other work than ours, they offer their core to it between two looks.

Count and generation stand on cache lines of their own: who waits does not disturb who comes.
"""

from __future__ import annotations

SPINS = 2000
"""Looks before the core is offered: 20 to 100 microseconds, about what it takes to wake a thread."""

PAUSES = {
    "x86_64": "call void @llvm.x86.sse2.pause()",
    "aarch64": "call void @llvm.aarch64.hint(i32 1)",
    "arm64": "call void @llvm.aarch64.hint(i32 1)",
}
"""By architecture: the instruction that tells the core that this thread only waits."""
DECLARATIONS = {
    "x86_64": "declare void @llvm.x86.sse2.pause()",
    "aarch64": "declare void @llvm.aarch64.hint(i32)",
    "arm64": "declare void @llvm.aarch64.hint(i32)",
}

TEXT = """
declare i32 @{yield_}()
{declaration}

define void @stepwell_barrier(ptr %team) nounwind {{
entry:
  %generation = getelementptr inbounds i8, ptr %team, i64 64
  %mine = load atomic i32, ptr %generation acquire, align 4
  %before = atomicrmw add ptr %team, i32 1 acq_rel, align 4
  %last = icmp eq i32 %before, {others}
  br i1 %last, label %open, label %look

open:
  store atomic i32 0, ptr %team monotonic, align 4
  %next = add i32 %mine, 1
  store atomic i32 %next, ptr %generation release, align 4
  ret void

look:
  %looks = phi i32 [ 0, %entry ], [ %more, %spin ], [ {spins}, %offer ]
  %now = load atomic i32, ptr %generation acquire, align 4
  %moved = icmp ne i32 %now, %mine
  br i1 %moved, label %done, label %wait

wait:
  %patient = icmp slt i32 %looks, {spins}
  br i1 %patient, label %spin, label %offer

spin:
  {pause}
  %more = add i32 %looks, 1
  br label %look

offer:
  %ignored = call i32 @{yield_}()
  br label %look

done:
  ret void
}}
"""


def barrier(threads: int, triple: str) -> str:
    """The barrier of a team of `threads`, for a machine of this triple."""
    architecture = triple.partition("-")[0]
    return TEXT.format(
        others=threads - 1,
        spins=SPINS,
        pause=PAUSES.get(architecture, ""),
        declaration=DECLARATIONS.get(architecture, ""),
        yield_="SwitchToThread" if "windows" in triple else "sched_yield",
    )
