"""The C of real models: no warning under strict flags, nothing for the sanitizers to find, the recorded outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
import real_models
from c_programs import compile_c, run_sanitized, write_source
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.interface import interface_of
from xdsl.dialects.builtin import ModuleOp

SMALL = ("mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet", "mediapipe_selfie_seg")
"""Those that the sanitizers run in seconds."""


def program_of(ctx: Context, name: str) -> ModuleOp:
    """A model at level program, for the shapes of its recorded inputs, and for the values of those that say shapes."""
    feeds, _ = real_models.recorded(name)
    way = Way(find_target("c"))
    module = read_module(ctx, real_models.fetch(name))
    way.mark(ctx, module)
    interface = interface_of(module)
    if interface.static_shapes() is None or interface.by_value:
        values = tuple(tuple(feeds[key].reshape(-1).tolist()) for key in interface.by_value)
        way.bind(ctx, module, interface, tuple(feeds[spec.name].shape for spec in interface.inputs), values)
    way.lower(ctx, module)
    return module


@needs_compiler
@pytest.mark.parametrize("name", [name for name in real_models.SUPPORTED if name not in SMALL])
def test_compiles_without_a_warning(tmp_path: Path, name: str):
    ctx = Context()
    sources = write_source(tmp_path, ctx, program_of(ctx, name))
    compile_c(tmp_path, sources, "-O2", "-c")


@needs_compiler
@pytest.mark.parametrize("name", SMALL)
def test_sanitizers_find_nothing(tmp_path: Path, name: str):
    ctx = Context()
    module = program_of(ctx, name)
    feeds, want = real_models.recorded(name)
    interface = interface_of(module)
    ordered = {spec.name: feeds[spec.name] for spec in interface.inputs}
    outputs = {spec.name: (spec.dims, spec.dtype) for spec in interface.outputs}
    real_models.assert_agrees(run_sanitized(tmp_path, ctx, module, ordered, outputs), want)
