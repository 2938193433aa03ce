"""What a target is: a name, the phases of its way down, and what comes out at the end.

    TARGET.pipeline(options)             # (("graph", "onnx-to-graph,..."), ..., ("program", "plan-memory"))
    TARGET.emit(ctx, module, options)    # Artifact(manifest, {"model.c": ..., "model.h": ...}, weights)

A target stands in the registry's table; its loader in `runtime/` is named by the same kind of string.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from xdsl.dialects.builtin import ModuleOp

from .context import Context

Phases = tuple[tuple[str, str], ...]
"""(level that the module stands at afterwards, pipeline text) pairs, from the top of the stair down."""


@dataclass(frozen=True)
class Artifact:
    """A compiled program: what its loader must know, the files that the target made, and the packed weights."""

    manifest: dict[str, Any]
    files: dict[str, bytes]
    weights: bytes | bytearray


class Target(Protocol):
    """`options` is a frozen dataclass whose fields are the target's options: its repr is a part of the cache key."""

    name: str
    loader: str
    """The runtime class that runs an artifact, "stepwell.runtime.c:CProgram"."""
    options: type[Any]

    def pipeline(self, options: Any) -> Phases: ...

    def emit(self, ctx: Context, module: ModuleOp, options: Any) -> Artifact: ...
