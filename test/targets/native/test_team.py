"""The code in which threads wait for one another: valid LLVM IR for every system, and one layout with the runtime."""

from __future__ import annotations

import pytest
from stepwell.passes.llvm import add_entry
from stepwell.passes.loops.distribute_threads import BARRIER
from stepwell.runtime import native
from stepwell.runtime import team as runtime_team
from stepwell.targets.native.emitter import initialized
from stepwell.targets.native.team import team

SYSTEMS = {
    "x86_64-unknown-linux-gnu": ["syscall", "llvm.x86.sse2.pause", "sched_setaffinity"],
    "aarch64-unknown-linux-gnu": ["syscall", "llvm.aarch64.hint", "sched_setaffinity"],
    "riscv64-unknown-linux-gnu": ["syscall", "sched_setaffinity"],
    "s390x-unknown-linux-gnu": ["usleep"],
    "arm64-apple-darwin": ["usleep", "llvm.aarch64.hint"],
    "x86_64-pc-windows-msvc": ["Sleep", "llvm.x86.sse2.pause"],
}


@pytest.mark.parametrize("triple", SYSTEMS)
def test_every_system(triple: str) -> None:
    module = initialized().parse_assembly(team(triple))
    module.verify()
    declared = {function.name for function in module.functions if function.is_declaration}
    defined = {function.name for function in module.functions} - declared
    assert set(SYSTEMS[triple]) <= declared
    assert {BARRIER, *native.TEAM_FUNCTIONS} <= defined


def test_compiler_and_runtime_agree_on_the_frame() -> None:
    assert add_entry.HEAD == runtime_team.RECORD
    text = team("x86_64-unknown-linux-gnu")
    assert f"%frame, i64 {native.ENTRY_AT}" in text and f"%frame, i64 {add_entry.THREADS_AT}" in text
