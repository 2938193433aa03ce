"""DFT and STFT against numpy in float64: every variant, lengths that are one product, several, and a convolution."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_node import run
from stepwell.diagnostics import StepwellError

RANDOM = np.random.default_rng(11)

LENGTHS = (1, 2, 7, 16, 400, 513, 640, 1009, 1024, 1536, 2018)
"""Of these 513 = 19 * 27 and more go in steps, 1009 is prime, 2018 twice that."""

CLOSE = 2e-6
"""Of the largest element: what sums of a thousand float32 products lose."""


def signal(*dims: int) -> np.ndarray:
    return RANDOM.standard_normal(dims).astype(np.float32)


def as_complex(x: np.ndarray) -> np.ndarray:
    wide = x.astype(np.float64)
    return wide[..., 0] + 1j * wide[..., 1] if x.shape[-1] == 2 else wide[..., 0]


def as_parts(x: np.ndarray) -> np.ndarray:
    return np.stack([x.real, x.imag], -1) if np.iscomplexobj(x) else x[..., None]


def check(have: np.ndarray, want: np.ndarray, close: float = CLOSE) -> None:
    assert have.shape == want.shape
    np.testing.assert_allclose(have, want, rtol=0, atol=close * np.abs(want).max())


def dft(x: np.ndarray, axis: int, n: int | None = None, **attributes: int) -> np.ndarray:
    node = helper.make_node("DFT", ["x", "" if n is None else "n", "axis"], ["y"], **attributes)
    constants = {"axis": np.int64(axis)} | ({} if n is None else {"n": np.int64(n)})
    return run(node, {"x": x}, constants)[0]


@pytest.mark.parametrize("n", LENGTHS)
def test_forward(n: int) -> None:
    real, full = signal(2, n, 1), signal(2, n, 2)
    check(dft(real, 1, onesided=1), as_parts(np.fft.rfft(as_complex(real), axis=1)))
    check(dft(full, 1), as_parts(np.fft.fft(as_complex(full), axis=1)))


@pytest.mark.parametrize("n", LENGTHS)
def test_inverse(n: int) -> None:
    full, half = signal(2, n, 2), signal(2, n // 2 + 1, 2)
    check(dft(full, 1, inverse=1), as_parts(np.fft.ifft(as_complex(full), axis=1)))
    check(dft(half, 1, n, inverse=1, onesided=1), as_parts(np.fft.irfft(as_complex(half), n, axis=1)))


@pytest.mark.parametrize("axis", [0, 1, 2, -2, -4])
@pytest.mark.parametrize("n", [None, 3, 8, 600])
def test_any_axis_is_cut_or_filled_with_zeros(axis: int, n: int | None) -> None:
    x = signal(4, 5, 6, 2)
    at = axis if axis >= 0 else axis + 4
    check(dft(x, axis, n), as_parts(np.fft.fft(as_complex(x), n, axis=at)))
    check(dft(x, axis, n, onesided=1, inverse=1), as_parts(np.fft.irfft(as_complex(x), n, axis=at)))


def test_a_real_signal_may_have_a_full_spectrum_and_a_complex_one_half_of_it() -> None:
    x = signal(3, 10, 1)
    check(dft(x, 1), as_parts(np.fft.fft(as_complex(x), axis=1)))
    x = signal(3, 10, 2)
    check(dft(x, 1, onesided=1), as_parts(np.fft.fft(as_complex(x), axis=1)[:, :6]))


@pytest.mark.parametrize(("dtype", "close"), [(np.float16, 1e-3), (np.float64, 1e-14)])
@pytest.mark.parametrize("n", [40, 700])
def test_other_floats(dtype: type, close: float, n: int) -> None:
    x = signal(2, n, 2).astype(dtype)
    y = dft(x, 1)
    assert y.dtype == dtype
    check(y, as_parts(np.fft.fft(as_complex(x), axis=1)), close)


def test_axis_is_an_attribute_before_opset_20() -> None:
    x = signal(2, 3, 4, 1)
    node = helper.make_node("DFT", ["x"], ["y"], axis=2)
    check(run(node, {"x": x}, opset=17)[0], as_parts(np.fft.fft(as_complex(x), axis=2)))


def test_the_parts_are_no_axis() -> None:
    with pytest.raises(StepwellError, match="real and imaginary parts"):
        dft(signal(2, 3, 2), 2)


def frames_of(x: np.ndarray, step: int, window: np.ndarray) -> np.ndarray:
    count = (x.shape[1] - len(window)) // step + 1
    return np.stack([x[:, i * step : i * step + len(window)] * window for i in range(count)], axis=1)


@pytest.mark.parametrize(("length", "step", "n"), [(100, 10, 16), (100, 7, 32), (1500, 128, 640)])
@pytest.mark.parametrize("handed_in", [False, True])
def test_stft(length: int, step: int, n: int, handed_in: bool) -> None:
    x, window = signal(2, length, 1), np.hanning(n).astype(np.float32)
    want = np.fft.rfft(frames_of(as_complex(x), step, window.astype(np.float64)), axis=2)
    node = helper.make_node("STFT", ["x", "step", "window"], ["y"])
    feeds = {"x": x} | ({"window": window} if handed_in else {})
    constants = {"step": np.int64(step)} | ({} if handed_in else {"window": window})
    check(run(node, feeds, constants)[0], as_parts(want))


def test_stft_of_a_complex_signal() -> None:
    x, window = signal(2, 50, 2), np.ones(12)
    node = helper.make_node("STFT", ["x", "step", "", "n"], ["y"], onesided=0)
    have = run(node, {"x": x, "step": np.int64(5), "n": np.int64(12)})[0]
    check(have, as_parts(np.fft.fft(frames_of(as_complex(x), 5, window), axis=2)))


def test_frames_longer_than_the_signal_are_refused() -> None:
    node = helper.make_node("STFT", ["x", "step", "", "n"], ["y"])
    with pytest.raises(StepwellError, match="frames of 60 elements"):
        run(node, {"x": signal(1, 50, 1)}, {"step": np.int64(5), "n": np.int64(60)})
