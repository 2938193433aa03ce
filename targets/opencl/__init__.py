"""OpenCL C: kernels for every device that has a driver of OpenCL."""

from .pipeline import OPENCL_SOURCE, TARGET

__all__ = ["OPENCL_SOURCE", "TARGET"]
