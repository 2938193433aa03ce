"""The way from a framework's graph to its kernels, which all targets share."""

from __future__ import annotations

from stepwell.target import Phases

GRAPH_PHASES: Phases = (
    ("graph", "onnx-to-graph,infer-shapes"),
    (
        "kernels",
        "bind-shapes,fold-constants,canonicalize,"  # what can be known is known
        "fold-batch-norm,channels-last,fold-constants,canonicalize,cse,"  # less work, in the layout that loops like
        "fuse,outline-kernels,dedupe-kernels",  # one function a kernel, each once
    ),
)
