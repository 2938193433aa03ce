"""What a target is: a name, the phases of its way down, and what comes out at the end.

    TARGET.pipeline(options)             # (("graph", "onnx-to-graph,..."), ..., ("program", "plan-memory"))
    TARGET.emit(ctx, module, options)    # Artifact(manifest, {"model.c": ..., "model.h": ...}, weights)

A target stands in the registry's table; its loader in `runtime/` is named by the same kind of string.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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
    weights: bytes | bytearray | memoryview


class Target(Protocol):
    """`options` takes `threads` and the target's other options by name, and gives a frozen dataclass of what they mean:
    its repr is a part of the cache key."""

    name: str
    loader: str
    """The runtime class that runs an artifact, "stepwell.runtime.c:CProgram"."""
    options: Callable[..., Any]

    def pipeline(self, options: Any) -> Phases: ...

    def emit(self, ctx: Context, module: ModuleOp, options: Any) -> Artifact: ...


@dataclass(frozen=True)
class Translation:
    """A source that can be written of a module: `write(ctx, module, options, name)` gives its files, the principal
    one first, each called after `name`."""

    target: str
    level: str
    write: Callable[[Context, ModuleOp, Any, str], dict[str, bytes]]


def pack_artifact(artifact: Artifact) -> bytes:
    """An artifact as one block of bytes: a .safetensors file with the manifest as its metadata.

    Written here, since the format's own library holds the weights three times over while it does.
    """
    parts = {f"file:{name}": content for name, content in artifact.files.items()} | {"weights": artifact.weights}
    table: dict[str, Any] = {"__metadata__": {"manifest": json.dumps(artifact.manifest)}}
    end = 0
    for name, content in parts.items():
        table[name] = {"dtype": "U8", "shape": [len(content)], "data_offsets": [end, end + len(content)]}
        end += len(content)
    head = json.dumps(table).encode()
    head += b" " * (-(8 + len(head)) % 64)
    return b"".join((len(head).to_bytes(8, "little"), head, *parts.values()))


def unpack_artifact(packed: bytes | memoryview) -> Artifact:
    """The artifact that `pack_artifact` packed. Its weights are a view of `packed`."""
    head = 8 + int.from_bytes(packed[:8], "little")
    table = json.loads(bytes(packed[8:head]))
    manifest = json.loads(table.pop("__metadata__")["manifest"])
    data = memoryview(packed)[head:]
    parts = {name: data[slice(*entry["data_offsets"])] for name, entry in table.items()}
    weights = parts.pop("weights")
    return Artifact(manifest, {name.removeprefix("file:"): bytes(part) for name, part in parts.items()}, weights)
