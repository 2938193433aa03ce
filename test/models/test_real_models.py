"""Real trained models, end to end, against the outputs that ONNX Runtime gave for the same real input."""

from __future__ import annotations

import numpy as np
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
    real_models.assert_agrees(stepwell.compile(path, target=target).run(feeds), want, real_models.accuracy(name))


@pytest.mark.parametrize("name", real_models.SECOND_SIZES)
def test_agrees_at_a_second_size(name: str) -> None:
    path = real_models.fetch(name)
    feeds = real_models.at_second_size(name)
    want = real_models.onnx_runtime(path, feeds)
    real_models.assert_agrees(stepwell.compile(path).run(feeds), want, real_models.accuracy(name))


def test_silero_hears_at_8_khz_too() -> None:
    """Another sampling rate is another side of the model's Ifs, of other shapes: a program of its own."""
    path = real_models.fetch("silero_vad_v6")
    feeds, _ = real_models.recorded("silero_vad_v6")
    program = stepwell.compile(path)
    for rate, samples in ((8000, 288), (16000, 576)):
        given = feeds | {"input": feeds["input"][:, :samples], "sr": np.array(rate, np.int64)}
        real_models.assert_agrees(program.run(given), real_models.onnx_runtime(path, given))
