"""MSL: kernels for Apple's GPUs, as source text."""

from stepwell.targets.gpu.target import SourceTarget

from .language import MSL

TARGET = SourceTarget("msl", MSL, "metal", "metal")
SOURCE = TARGET.translation()

__all__ = ["SOURCE", "TARGET"]
