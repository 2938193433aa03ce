"""GLSL: compute shaders of OpenGL."""

from stepwell.targets.gpu.target import SourceTarget

from .language import GLSL

TARGET = SourceTarget("glsl", GLSL, "comp", "opengl", "stepwell.runtime.opengl:OpenGLProgram")
SOURCE = TARGET.translation()

__all__ = ["SOURCE", "TARGET"]
