"""WGSL, the language of WebGPU: kernels as compute shaders."""

from stepwell.targets.gpu.target import PAGE, SourceTarget

from .shader import Shader

TARGET = SourceTarget(
    *("wgsl", Shader, "wgsl", "webgpu", "stepwell.runtime.webgpu:WebGPUProgram"),
    page=PAGE,
)
SOURCE = TARGET.translation()

__all__ = ["SOURCE", "TARGET"]
