"""The real models that tests and benchmarks run: fetched once, each with a real input and ONNX Runtime's output.

They lie in `../shared/models` beside the checkout, or where STEPWELL_SHARED says.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from requirements import require

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("STEPWELL_SHARED", ROOT.parent / "shared")) / "models"
FETCHED = Path(os.environ.get("STEPWELL_MODELS", Path.home() / ".cache" / "stepwell-test-models"))

SUPPORTED = (
    "mobilenet_v2_imagenet",
    "mobilenet_v2_imagenet_dynamo_static",
    "open_nsfw_resnet50_thin",
    "mtcnn_pnet",
    "mtcnn_rnet",
    "mtcnn_onet",
    "esrgan_slim_x2",
    "mediapipe_selfie_seg",
    "oww_embedding",
    "ppocr_v2_cls",
    "blazeface_back",
    "dnsmos_sig_bak_ovr",
    "magika_v3_3",
    "oww_melspectrogram",
    "ppocrv4_det",
    "ppocrv4_rec",
    "nudenet_yolov8n_320",
    "all_minilm_l6_v2_fp32",
    "basic_pitch",
    "minimol_gnn",
    "oww_hey_jarvis",
    "silero_vad_v6",
    "silero_vad_16k_sequence",
    "aecmos_gru",
    "plcmos_v2",
    "chars2vec_en_300",
    "easyocr_english_g2_crnn",
    "resemblyzer_speaker_lstm",
    "text2tashkeel_rawi_int8",
)

LARGE = ("smollm2_135m_kvcache_fp32",)
"""What a script of shared/models makes (it needs torch): benchmarks take it where it has been put to the others."""

ACCURACY = {"basic_pitch": 2e-3}
"""What a model's numbers are held to, where 1e-3 of the largest is too much to ask of float32. basic_pitch takes the
logarithm of near silence: float64 is 1.0e-3 from what is recorded, and 1.9e-4 from ours; ONNX Runtime's own levels of
optimisation differ by 9.7e-4."""

SECOND_SIZES: dict[str, dict[str, tuple[int, ...]]] = {
    "mtcnn_pnet": {"input_1": (2, 40, 61, 3)},
    "mtcnn_rnet": {"input_2": (5, 24, 24, 3)},
    "mtcnn_onet": {"input_3": (3, 48, 48, 3)},
    "ppocr_v2_cls": {"x": (1, 3, 48, 100)},
    "esrgan_slim_x2": {"LR": (2, 33, 20, 3)},
    "oww_melspectrogram": {"input": (2, 16000)},
    "dnsmos_sig_bak_ovr": {"input_1": (2, 144160)},
    "oww_embedding": {"input_1": (1, 76, 32, 1)},
    "magika_v3_3": {"bytes": (2, 2048)},
    "ppocrv4_det": {"x": (1, 3, 96, 160)},
    "ppocrv4_rec": {"x": (2, 3, 48, 120)},
    "nudenet_yolov8n_320": {"images": (2, 3, 96, 160)},
    "mobilenet_v2_imagenet": {"input": (1, 3, 224, 224)},
    "open_nsfw_resnet50_thin": {"input:0": (1, 224, 224, 3)},
    "basic_pitch": {"serving_default_input_2:0": (2, 43844, 1)},
    "minimol_gnn": {
        "feat": (17, 85),
        "edge_feat": (40, 13),
        "edge_index": (2, 40),
        "laplacian_eigvec": (17, 8),
        "laplacian_eigval": (17, 8),
        "rw_return_probs": (17, 16),
        "batch": (17,),
        "graph_slots": (2,),
    },
    "silero_vad_v6": {"input": (2, 576), "state": (2, 2, 128)},
    "silero_vad_16k_sequence": {"input": (40, 576)},
    "aecmos_gru": {"input": (1, 3, 200, 160)},
    "plcmos_v2": {"degraded_audio": (1, 1, 100, 257)},
    "chars2vec_en_300": {"lstm_input": (2, 5, 59)},
    "easyocr_english_g2_crnn": {"image": (1, 1, 64, 300)},
    "resemblyzer_speaker_lstm": {"mels": (1, 90, 40)},
    "text2tashkeel_rawi_int8": {"input": (1, 9)},
    "all_minilm_l6_v2_fp32": dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), (2, 7)),
}
"""Other shapes that the inputs of a model with dynamic dims may have, than those of the recorded ones."""


@functools.cache
def fetch(name: str) -> Path:
    """The path of a model's .onnx file."""
    path = FETCHED / f"{name}.onnx"
    if name in LARGE:
        require(path.exists(), f"model {name}, made by a script,")
        return path
    require((SHARED / "fetch.py").exists(), "shared/models beside the checkout")
    known = {model["name"]: model["sha256"] for model in json.loads((SHARED / "manifest.json").read_text())}
    assert name in known
    done = subprocess.run([sys.executable, SHARED / "fetch.py", FETCHED, name], capture_output=True, text=True)
    require(done.returncode == 0 and path.exists(), f"model {name} ({done.stdout.strip()[-200:]})")
    return path


def recorded(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The recorded inputs and ONNX Runtime's outputs, by name."""
    with np.load(SHARED / "io" / f"{name}.npz") as io:
        feeds = {key[3:]: io[key] for key in io.files if key.startswith("in/")}
        want = {key[4:]: io[key] for key in io.files if key.startswith("out/")}
    return feeds, want


def accuracy(name: str) -> float:
    """How much of the largest output a model's numbers may be off."""
    return ACCURACY.get(name, 1e-3)


def at_second_size(name: str) -> dict[str, np.ndarray]:
    """The recorded inputs, each dim cut or repeated to what SECOND_SIZES says."""
    feeds, _ = recorded(name)
    for key, shape in SECOND_SIZES[name].items():
        for axis, size in enumerate(shape):
            feeds[key] = np.take(feeds[key], np.arange(size) % feeds[key].shape[axis], axis)
    return feeds


def onnx_runtime(path: Path, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What ONNX Runtime makes of these inputs, here and now."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds), strict=True))


def assert_agrees(got: Mapping[str, np.ndarray], want: Mapping[str, np.ndarray], relative: float = 1e-3) -> None:
    """Same names, dtypes and shapes; max |difference| at most `relative` × max |output|; the same largest entry."""
    assert set(got) == set(want)
    for key, expected in want.items():
        actual = got[key]
        assert actual.dtype == expected.dtype and actual.shape == expected.shape, key
        assert np.isfinite(actual).all(), key
        worst = np.abs(actual.astype("f8") - expected.astype("f8")).max()
        assert worst <= relative * np.abs(expected).max(), f"{key}: max |difference| is {worst}"
        if expected.ndim == 2:  # rows of scores
            assert (actual.argmax(axis=1) == expected.argmax(axis=1)).all(), f"{key}: another top-1"
