"""Where an op came from: `loc("model.mlir":3:7)` for text, `loc("conv1"("model.onnx":0:0))` for an ONNX node.

xDSL keeps a location on each op but stamps none; we stamp it on parsing and on import, and carry it through rewriting.
Where ops merge, their locations fuse: `loc(fused["conv1", "relu1"])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, Operation

UNKNOWN: LocationAttr = UnknownLoc()


def file_location(file: str, line: int, column: int) -> LocationAttr:
    """A place in a text file; line and column count from 1."""
    return FileLineColLoc(StringAttr(file), IntAttr(line), IntAttr(column))


def node_location(node: str, file: str | None = None) -> LocationAttr:
    """A node of a framework's graph, by its name, in the file that held it."""
    child: Attribute = NoneAttr() if file is None else file_location(file, 0, 0)
    return NameLoc(StringAttr(node), child)


def is_known(location: Attribute) -> bool:
    return not isinstance(location, UnknownLoc)


MOST_FUSED = 64
"""A long chain that folds into one op fuses step by step; without an end to it, that takes the square of its length."""


def fuse(locations: Iterable[LocationAttr]) -> LocationAttr:
    """One location for an op that stands for several: known ones only, each once, in order, the first `MOST_FUSED`."""
    parts: dict[Attribute, None] = {}
    for location in locations:
        for part in parts_of(location):
            if is_known(part) and len(parts) < MOST_FUSED:
                parts[part] = None
    if not parts:
        return UNKNOWN
    if len(parts) == 1:
        return next(iter(parts))  # pyright: ignore[reportReturnType]
    return FusedLoc(ArrayAttr(list(parts)), NoneAttr())


def parts_of(location: Attribute) -> Sequence[Attribute]:
    """The locations that a fused one holds; any other stands for itself."""
    if isinstance(location, FusedLoc):
        return cast("ArrayAttr[Attribute]", location.locations).data
    return (location,)


def stamp(ops: Iterable[Operation], location: LocationAttr) -> None:
    """Give `location` to those of `ops`, and to all that they hold, that know none of their own."""
    for op in ops:
        for inner in op.walk():
            if not is_known(inner.location):
                inner.location = location


MOST_SAID = 3
"""Of an op that stands for many, so many origins are named; the rest are counted."""


def describe(location: Attribute) -> str | None:
    """A location as a person would say it; None when nothing is known."""
    if isinstance(location, FileLineColLoc):
        line = location.line.data
        return f"{location.filename.data}:{line}:{location.column.data}" if line else location.filename.data
    if isinstance(location, NameLoc):
        inside = describe(location.location)
        return f"node '{location.desc.data}'" + (f", {inside}" if inside else "")
    if isinstance(location, FusedLoc):
        parts = [said for part in parts_of(location) if (said := describe(part)) is not None]
        if len(parts) > MOST_SAID:
            parts = [*parts[:MOST_SAID], f"{len(parts) - MOST_SAID} more"]
        return " and ".join(parts) or None
    if isinstance(location, CallSiteLoc):
        return describe(location.callee)
    return None


def text_place(location: Attribute) -> FileLineColLoc | None:
    """The first line of text that a location speaks of; None when it speaks of none (an ONNX node has no line)."""
    match location:
        case FileLineColLoc():
            return location if location.line.data > 0 else None
        case NameLoc():
            return text_place(location.location)
        case CallSiteLoc():
            return text_place(location.callee)
        case FusedLoc():
            places = (text_place(part) for part in parts_of(location))
            return next((place for place in places if place is not None), None)
        case _:
            return None
