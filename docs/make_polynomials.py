"""Compute the coefficients of the formulas in passes/loops/elementary, and print them as those files have them.

    python docs/make_polynomials.py

Each is a sum of powers that comes closest to a function: the largest weighted error over an interval is smallest. It is
found by least squares whose weights are multiplied by the error, round after round, until all peaks of the error are of
one height [Lawson 1961; Rice, Usow 1968]. The first coefficient is then rounded to f32 and the others are fitted anew
to what is left, and so on: the error of each rounding is made good by those that follow [Brisebarre, Muller 2006 do it
optimally]. The errors that are printed are relative, in units of 2**-24.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

ROUNDS = 200
NODES = 2000

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """Find c with sum c[i] * x**powers[i] ~ target(x) for low <= x <= high, where `size` is what errors compare to."""

    name: str
    low: float
    high: float
    powers: Iterable[int]
    target: Function
    size: Function
    rounded: bool = True

    def solve(self) -> tuple[list[float], float]:
        x = (self.low + self.high) / 2 + (self.high - self.low) / 2 * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
        terms = np.stack([x**p for p in self.powers], axis=1) / np.abs(self.size(x))[:, None]
        rest = self.target(x) / np.abs(self.size(x))
        if not self.rounded:
            found = minimax(terms, rest)
            return [float(c) for c in found], float(np.abs(terms @ found - rest).max())
        chosen: list[float] = []
        for n in range(terms.shape[1]):
            chosen.append(float(np.float32(minimax(terms[:, n:], rest)[0])))
            rest = rest - terms[:, n] * chosen[-1]
        return chosen, float(np.abs(rest).max())


def minimax(terms: Any, target: Any) -> Any:
    """The best of Lawson's rounds."""
    weights, scale = np.full(len(target), 1 / len(target)), np.abs(terms).max(axis=0)
    best, smallest = None, np.inf
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        found = np.linalg.lstsq(terms / scale * root[:, None], target * root, rcond=None)[0] / scale
        error = np.abs(terms @ found - target)
        if error.max() < smallest:
            best, smallest = found, error.max()
        weights = weights * error
        weights /= weights.sum()
    return best


LN2 = math.log(2)
HALF_LN2 = LN2 / 2 * 1.001  # a little more, for where rounding puts the edge
QUARTER_PI = math.pi / 4 * 1.0005
SLOPE = float.fromhex("0x1.20dd76p+0")  # 2/sqrt(pi), rounded to f32
erf, erfc = np.vectorize(math.erf), np.vectorize(math.erfc)


def log2p(r: Any) -> Any:
    return np.log1p(r) / LN2


FITS = (
    Fit("exponentials.EXP", -HALF_LN2, HALF_LN2, range(2, 7), lambda r: np.expm1(r) - r, np.exp),
    Fit("exponentials.EXP2", -0.5, 0.5, range(1, 7), lambda r: np.exp2(r) - 1, np.exp2),
    Fit(
        "exponentials.ERF", 1e-9, 3.95, range(1, 10), lambda x: -np.log(erfc(x)) - SLOPE * x, lambda x: erf(x) / erfc(x)
    ),
    Fit("logarithms.LOG", -1 / 3, 1 / 3, range(3, 11), lambda r: np.log1p(r) - r + r * r / 2, np.log1p),
    Fit("circular.SIN", -QUARTER_PI, QUARTER_PI, range(3, 11, 2), lambda r: np.sin(r) - r, np.sin),
    Fit("circular.COS", -QUARTER_PI, QUARTER_PI, range(4, 10, 2), lambda r: np.cos(r) - 1 + r * r / 2, np.cos),
    Fit("powers.LOG2, past 1/ln 2", -1 / 3, 1 / 3, range(2, 15), lambda r: log2p(r) - r / LN2, log2p, rounded=False),
    Fit(
        "single_powers.P",
        1e-6,
        0.1716**2,
        range(4),
        lambda t: (np.arctanh(t**0.5) / t**0.5 - 1) / t,
        lambda t: 1 + 0 * t,
    ),
    Fit("single_inverse.ASIN", 1e-6, 0.25, range(5), lambda z: (np.arcsin(z**0.5) / z**0.5 - 1) / z, np.ones_like),
    Fit("single_inverse.ATAN", 1e-6, 0.4143**2, range(5), lambda z: (np.arctan(z**0.5) / z**0.5 - 1) / z, np.ones_like),
    Fit("powers.EXP2, past 1", -0.5, 0.5, range(1, 8), lambda r: np.exp2(r) - 1, np.exp2, rounded=False),
)


def main() -> None:
    for fit in FITS:
        coefficients, error = fit.solve()
        print(f"{fit.name}, to {error * 2**24:.4g}: {' '.join(c.hex().replace('0000000p', 'p') for c in coefficients)}")


if __name__ == "__main__":
    main()
