"""The way from a framework's graph to its kernels, which all targets share."""

from __future__ import annotations

from stepwell.diagnostics import StepwellError
from stepwell.target import Phases

ROUNDING = {"f32": "", "bf16": "use-bf16,fold-constants,canonicalize,cse,"}
"""Precision → what rounds to it."""


def graph_phases(
    precision: str = "f32", algorithms: str = "", strips: str = "cut-strips", fuse: str = "fuse"
) -> Phases:
    """`precision`: what products multiply. `algorithms`: passes by which a target computes some ops in another way.
    `strips`: the one that cuts what is too large for a cache. `fuse`: the one that makes kernels.

    Raises `StepwellError` for a precision that there is not.
    """
    if precision not in ROUNDING:
        raise StepwellError(f"there is no precision '{precision}'", fix=f"there are {', '.join(ROUNDING)}")
    return (
        ("graph", "onnx-to-graph,infer-shapes"),
        (
            "kernels",
            "bind-shapes,fuse-qdq,fold-constants,canonicalize,"  # what can be known is known
            "fold-batch-norm,merge-products,"  # less work
            "channels-last,fold-constants,canonicalize,cse,"  # in the layout that loops like
            f"{ROUNDING[precision]}"
            f"{algorithms and algorithms + ','}"
            f"separate-pads,cse,{strips},"
            f"{fuse},outline-kernels,dedupe-kernels",  # one function a kernel, each once
        ),
    )


GRAPH_PHASES: Phases = graph_phases()
