"""NVIDIA's GPUs by PTX; CUDA C++ and HIP, for the GPUs of NVIDIA and AMD, as source text."""

from stepwell.targets.gpu.target import SourceTarget

from .language import CUDA, HIP
from .ptx import PTX, CUDATarget, cuda_options

TARGET = CUDATarget()
SOURCE_TARGET = SourceTarget("cuda", CUDA, "cu", "cuda", options=cuda_options)
SOURCE = SOURCE_TARGET.translation()

HIP_TARGET = SourceTarget("hip", HIP, "hip", "hip")
HIP_SOURCE = HIP_TARGET.translation()

__all__ = ["HIP_SOURCE", "HIP_TARGET", "PTX", "SOURCE", "SOURCE_TARGET", "TARGET"]
