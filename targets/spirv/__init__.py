"""SPIR-V, the binary form of shaders that Vulkan takes."""

from .target import ASSEMBLY, BINARY, TARGET

__all__ = ["ASSEMBLY", "BINARY", "TARGET"]
