"""Runs a model that was compiled to GLSL, by OpenGL's compute shaders through the library moderngl.

    program = OpenGLProgram(manifest, {"kernel_conv_0.comp": source, ...}, weights)
    outputs = program.run({"input": array})

The rest is `DeviceProgram`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .device import Array, DeviceError, Slots
from .device_program import DeviceProgram
from .refusal import refused
from .steps import Launch, Step, launches_of

VERSION = 430


def request_context() -> Any:
    """A context without a window. Raises `DeviceError` where there is none with compute shaders."""
    try:
        import moderngl
    except ImportError:
        raise DeviceError("the library moderngl is not installed", fix="pip install moderngl") from None
    try:
        return moderngl.create_standalone_context(backend="egl", require=VERSION)  # pyright: ignore[reportArgumentType]
    except Exception as error:
        raise DeviceError(f"no OpenGL 4.3 without a window: {error}", fix="install a driver with EGL") from None


class GLProgram(DeviceProgram):
    """A context of OpenGL is one thread's: all work goes there."""

    _context: Any

    def __init__(self, *args: Any, **options: Any):
        self._worker = ThreadPoolExecutor(1)
        self._worker.submit(super().__init__, *args, **options).result()

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        return self._worker.submit(super().run, feeds, out).result()

    def repeat(self, feeds: Mapping[str, Array], times: int) -> float:
        return self._worker.submit(super().repeat, feeds, times).result()

    def _opened(self) -> Any:
        """A context of this program's own."""
        context = request_context()
        import moderngl

        self.FAULTS = (moderngl.Error,)
        return context

    def _make_slots(self) -> None:
        self._numbers = self._context.buffer(reserve=Slots.COUNT * Slots.BYTES)
        self._slots = Slots(lambda at, data: self._numbers.write(data.tobytes(), offset=at))

    def _wait(self) -> None:
        self._context.finish()
        self._check()

    def _check(self) -> None:
        """OpenGL keeps what went wrong until it is asked."""
        import moderngl

        if (said := self._context.error) != "GL_NO_ERROR":
            raise moderngl.Error(said)


class OpenGLProgram(GLProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._context = self._opened()
        info = self._context.info
        most = {
            "buffers": info["GL_MAX_COMPUTE_SHADER_STORAGE_BLOCKS"],
            "bytes of a buffer": info["GL_MAX_SHADER_STORAGE_BLOCK_SIZE"],
            "threads of a block": info["GL_MAX_COMPUTE_WORK_GROUP_INVOCATIONS"],
            "blocks along a dimension": min(info["GL_MAX_COMPUTE_WORK_GROUP_COUNT"]),
        }
        self._check_launches(info["GL_RENDERER"], list(launches_of(manifest["launches"])), most)

    def _buffer(self, size: int) -> Any:
        buffer = self._context.buffer(reserve=max(size, 4))
        self._check()
        return buffer

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._shaders = {name.removesuffix(".comp"): self._shader(name, code) for name, code in files.items()}
        self._make_slots()

    def _shader(self, name: str, code: bytes) -> Any:
        import moderngl

        try:
            return self._context.compute_shader(code.decode())
        except moderngl.Error as error:
            raise refused(name, code.decode(), str(error), self._kernels) from None

    def _bound(self, launch: Step) -> Launch:
        parts = [(self._buffers[part["of"]], part["offset"], max(part["bytes"], 4)) for part in launch["buffers"]]
        context, shader, blocks = self._context, self._shaders[launch["kernel"]], launch["blocks"]
        places, slots = self._numbers, self._slots

        def run(numbers: Sequence[int]) -> None:
            for place, (buffer, offset, size) in enumerate(parts):
                buffer.bind_to_storage_buffer(place, offset=offset, size=size)
            if numbers:
                places.bind_to_uniform_block(len(parts), offset=slots.place(numbers), size=Slots.BYTES)
            shader.run(*blocks)
            context.memory_barrier()

        return run

    def _write(self, name: str, data: Array) -> None:
        self._buffers[name].write(data.tobytes())

    def _read(self, name: str, at: int, size: int) -> Any:
        data = self._buffers[name].read(size=size, offset=at)
        self._check()
        return data
