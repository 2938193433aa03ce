"""MSL and CUDA C++ without such a GPU: the kernels of whole models, run on the CPU by headers that stand in for Metal's
standard library and for CUDA's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import real_models
import stepwell
from cuda_emulated import CUDA
from emulated import program
from metal_emulated import METAL
from stepwell.targets.cuda import SOURCE_TARGET
from stepwell.targets.msl import TARGET

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
WAYS = {"msl": (TARGET, METAL), "cuda": (SOURCE_TARGET, CUDA)}
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
def test_digits_agree_with_the_native_target(way: str) -> None:
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    got = program(DIGITS, feeds, *WAYS[way]).run(feeds)["logits"]
    np.testing.assert_allclose(got, stepwell.compile(DIGITS).run(feeds)["logits"], rtol=1e-5, atol=1e-5)


@each_way
@pytest.mark.parametrize("name", ["mtcnn_rnet", "all_minilm_l6_v2_fp32", "silero_vad_16k_sequence"])
def test_real_models_agree_with_onnx_runtime(name: str, way: str) -> None:
    """The last one has a loop, whose steps the host counts."""
    feeds, want = real_models.recorded(name)
    made = program(real_models.fetch(name), feeds, *WAYS[way])
    real_models.assert_agrees(made.run(feeds), want)
    assert made.threads > 0
