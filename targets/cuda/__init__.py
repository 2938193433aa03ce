"""CUDA C++ and HIP: kernels for the GPUs of NVIDIA and AMD, as source text."""

from stepwell.targets.gpu.target import SourceTarget

from .language import CUDA, HIP

TARGET = SourceTarget("cuda", CUDA, "cu", "cuda")
SOURCE = TARGET.translation()

HIP_TARGET = SourceTarget("hip", HIP, "hip", "hip")
HIP_SOURCE = HIP_TARGET.translation()

__all__ = ["HIP_SOURCE", "HIP_TARGET", "SOURCE", "TARGET"]
