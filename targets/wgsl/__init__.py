"""WGSL, the language of WebGPU: kernels as compute shaders."""

from .pipeline import TARGET, WGSL_SOURCE

__all__ = ["TARGET", "WGSL_SOURCE"]
