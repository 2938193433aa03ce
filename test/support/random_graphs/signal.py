"""Spectra, windows and filters."""

from __future__ import annotations

import numpy as np

from .builder import Builder
from .table import draws


@draws("DFT")
def dft(b: Builder, op: str) -> None:
    inverse, complex_ = b.integer(0, 1), b.maybe()
    length = b.one_of(1, 2, 3, 5, 8, 12)
    x = b.fresh(b.numbers([b.integer(1, 2), length, 2 if complex_ or inverse else 1]) / 4)
    onesided = {} if complex_ or inverse else {"onesided": b.integer(0, 1)}
    b.node(op, x, "", b.constant(1, np.int64), inverse=inverse, **onesided)


@draws("STFT")
def stft(b: Builder, op: str) -> None:
    x = b.fresh(b.numbers([1, b.integer(16, 24), 1]) / 4)
    frame, step = b.one_of(4, 8), b.one_of(2, 4)
    window = b.constant(np.hanning(frame + 1)[:-1].astype(np.float32)) if b.maybe() else ""
    b.node(op, x, b.constant(step, np.int64), window, b.constant(frame, np.int64), onesided=b.integer(0, 1))


@draws("HannWindow", "HammingWindow", "BlackmanWindow")
def window(b: Builder, op: str) -> None:
    b.node(op, b.constant(b.integer(2, 12), np.int64), periodic=b.integer(0, 1))


@draws("MelWeightMatrix")
def mel(b: Builder, op: str) -> None:
    whole = [b.constant(n, np.int64) for n in (b.integer(2, 6), 16, 8000)]
    b.node(op, *whole, b.constant(0.0, np.float32), b.constant(b.one_of(2000.0, 4000.0), np.float32))
