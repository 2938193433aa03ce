"""Whole trained models, brought to the graph level and evaluated there in numpy, against ONNX Runtime's outputs."""

from __future__ import annotations

import pytest
import real_models
from reference import evaluate
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.locations import is_known
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.passes.graph.bind_shapes import BindShapes
from stepwell.text import parse_module, print_module

SIMPLIFY = "infer-shapes,fold-constants,canonicalize"
LAYOUT = "fold-batch-norm,channels-last,fold-constants,canonicalize,cse"

TRANSPOSES: dict[str, int | None] = {
    "open_nsfw_resnet50_thin": 0,
    "mtcnn_pnet": 0,
    "mtcnn_rnet": 0,
    "mtcnn_onet": 0,
    "esrgan_slim_x2": 0,
    "mediapipe_selfie_seg": 0,
    "oww_embedding": 0,
    "blazeface_back": 0,
    "dnsmos_sig_bak_ovr": 0,
    "mobilenet_v2_imagenet": 1,
    "mobilenet_v2_imagenet_dynamo_static": 1,
    "ppocr_v2_cls": 1,
    "magika_v3_3": None,
    "oww_melspectrogram": None,
    "ppocrv4_det": None,
    "ppocrv4_rec": None,
    "nudenet_yolov8n_320": None,
}
"""The models of convolutions, and what channels-last leaves of transposes: one for the image, where the model takes it
with channels first. None: the model has some of its own (heads of attention, frames of a signal) between them."""


@pytest.mark.parametrize("name", TRANSPOSES)
def test_verifies_with_symbolic_dims(name: str) -> None:
    ctx = Context()
    module = import_onnx(ctx, real_models.fetch(name))
    run_passes(ctx, module, parse_passes(f"onnx-to-graph,{SIMPLIFY}"), verify_each=True)
    ops = [op for op in module.walk() if isinstance(op, graph.GraphOp)]
    assert ops and all(is_known(op.location) for op in ops)
    text = print_module(module)
    assert print_module(parse_module(ctx, text)) == text


@pytest.mark.parametrize("name", TRANSPOSES)
@pytest.mark.parametrize("layout", [False, True], ids=["as-converted", "channels-last"])
def test_agrees_with_onnx_runtime(name: str, layout: bool) -> None:
    feeds, want = real_models.recorded(name)
    ctx = Context()
    module = import_onnx(ctx, real_models.fetch(name))
    run_passes(ctx, module, parse_passes("onnx-to-graph"))
    run_passes(ctx, module, [BindShapes.of({key: array.shape for key, array in feeds.items()})])
    run_passes(ctx, module, parse_passes(f"{SIMPLIFY},{LAYOUT}" if layout else SIMPLIFY), verify_each=True)
    if layout:
        windows = [op for op in module.walk() if isinstance(op, graph.WindowOp)]
        assert windows and all(op.layout == "nhwc" for op in windows)
        transposes, most = sum(isinstance(op, graph.TransposeOp) for op in module.walk()), TRANSPOSES[name]
        assert most is None or transposes <= most
        assert not any(isinstance(op, graph.BatchNormOp) for op in module.walk())
    real_models.assert_agrees(evaluate(ctx, module, feeds), want, relative=1e-4)
