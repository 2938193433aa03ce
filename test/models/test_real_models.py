"""Real trained models, end to end, against the outputs that ONNX Runtime gave for the same real input."""

from __future__ import annotations

import json

import pytest
import real_models
import stepwell
from requirements import require_compiler


@pytest.mark.parametrize("target", ["native", "c"])
@pytest.mark.parametrize("name", real_models.SUPPORTED)
def test_agrees_with_onnx_runtime(name: str, target: str) -> None:
    if target == "c":
        require_compiler()
    path = real_models.fetch(name)
    feeds, want = real_models.recorded(name)
    real_models.assert_agrees(stepwell.compile(path, target=target).run(feeds), want)


@pytest.mark.parametrize("name", real_models.SECOND_SIZES)
def test_agrees_at_a_second_size(name: str) -> None:
    path = real_models.fetch(name)
    feeds = real_models.at_second_size(name)
    want = real_models.onnx_runtime(path, feeds)
    real_models.assert_agrees(stepwell.compile(path).run(feeds), want)


def test_the_cat_is_an_egyptian_mau() -> None:
    path = real_models.fetch("mobilenet_v2_imagenet")
    feeds, _ = real_models.recorded("mobilenet_v2_imagenet")
    names = json.loads((real_models.SHARED / "samples" / "imagenet1k_clean_names.json").read_text())
    logits = stepwell.compile(path).run({"input": feeds["input"][:1]})["logits"]
    assert names[int(logits.argmax())] == "Egyptian Mau"
