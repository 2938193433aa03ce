"""Stepwell: a compiler for neural networks in which every level is a dialect you can read."""

from __future__ import annotations

__version__ = "0.1.0"
