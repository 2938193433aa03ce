"""Fragment shaders over textures, for WebGL 2 and OpenGL ES 3.00, which have no compute shaders."""

from stepwell.targets.gpu.target import PAGE, SourceTarget

from .language import FragmentShader

TARGET = SourceTarget(
    *("webgl", FragmentShader, "frag", "webgl", "stepwell.runtime.webgl:WebGLProgram"),
    page=PAGE,
    more=",gpu-to-fragments",
)
SOURCE = TARGET.translation()

__all__ = ["SOURCE", "TARGET"]
