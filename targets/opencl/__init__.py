"""OpenCL C: kernels for every device that has a driver of OpenCL."""

from stepwell.targets.gpu.target import SourceTarget

from .language import OpenCLC

TARGET = SourceTarget("opencl", OpenCLC, "cl", "opencl", "stepwell.runtime.opencl:OpenCLProgram")
SOURCE = TARGET.translation()

__all__ = ["SOURCE", "TARGET"]
