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
from .device_program import DeviceProgram, buffer_sizes
from .refusal import refused
from .steps import Launch, Step, Steps

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


class OpenGLProgram(DeviceProgram):
    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        super().__init__(manifest)
        self._worker = ThreadPoolExecutor(1)
        self._worker.submit(self._load, manifest, files, weights).result()

    def _load(self, manifest: Mapping[str, Any], files: Mapping[str, bytes], weights: Any) -> None:
        self._context = request_context()
        import moderngl

        self.FAULTS = (moderngl.Error,)
        sizes = buffer_sizes(manifest)
        with self._faults(f"loading the model, of {sum(sizes.values()):,} bytes"):
            self._buffers = {name: self._context.buffer(reserve=max(size, 4)) for name, size in sizes.items()}
            self._check()
            if sizes["weights"]:
                self._buffers["weights"].write(bytes(weights))
            self._shaders = {name.removesuffix(".comp"): self._shader(name, code) for name, code in files.items()}
            self._numbers = self._context.buffer(reserve=Slots.COUNT * Slots.BYTES)
            self._slots = Slots(lambda at, data: self._numbers.write(data.tobytes(), offset=at))
            self._steps = Steps(manifest["launches"], self._bound)

    def _check(self) -> None:
        """OpenGL keeps what went wrong until it is asked."""
        import moderngl

        if (said := self._context.error) != "GL_NO_ERROR":
            raise moderngl.Error(said)

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

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        return self._worker.submit(super().run, feeds).result()

    def _write(self, name: str, data: Array) -> None:
        self._buffers[name].write(data.tobytes())

    def _read(self, name: str, at: int, size: int) -> Any:
        data = self._buffers[name].read(size=size, offset=at)
        self._check()
        return data
