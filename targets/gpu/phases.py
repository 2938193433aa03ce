"""The way from a framework's graph to kernels of a device, which all GPU targets share."""

from __future__ import annotations

from stepwell.target import Phases
from stepwell.targets.graph_phases import graph_phases

from .device import DeviceDescription


def device_phases(device: DeviceDescription, schedules: str = "") -> Phases:
    """`schedules`: the start of a pipeline text that loads some from a file."""
    narrow = "" if "int64" in device.types else ",narrow-types"
    return (
        *graph_phases(),
        ("tensor", "graph-to-linalg,fuse-elementwise"),
        ("buffers", f"bufferize,{schedules}schedule-gpu"),
        ("loops", f"apply-schedule,expand-math{{ordered=false double=false}}{narrow}"),
        ("program", f"plan-memory{{alignment={device.alignment} inplace=false}}"),
        ("device", f"loops-to-gpu{{block={device.block} blocks={device.blocks}}}"),
    )
