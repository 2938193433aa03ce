"""What targets that make code for processors share: the description of one, and the strategy that schedules kernels."""

from __future__ import annotations

from stepwell.passes.linalg_to_loops.load_schedules import LoadSchedules


def load_schedules(file: str | None) -> str:
    """The pass that takes the schedules of a file, as the start of a pipeline text; nothing where there is no file."""
    return "" if file is None else f"{LoadSchedules(file)},"
