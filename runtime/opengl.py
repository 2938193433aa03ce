"""Runs a model that was compiled to GLSL, by OpenGL's compute shaders through the library moderngl.

    program = OpenGLProgram(manifest, {"kernel_conv_0.comp": source, ...}, weights)
    outputs = program.run({"input": array})

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, with control flow around them, see `steps.py`. Weights are uploaded once. A context of OpenGL
belongs to one thread: all work is done by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .device import Array, DeviceError, Slots, bytes_of, handed_back, stored
from .sizes import cut
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


class OpenGLProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self._worker = ThreadPoolExecutor(1)
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        self._worker.submit(self._load, manifest, files, weights).result()

    def _load(self, manifest: Mapping[str, Any], files: Mapping[str, bytes], weights: Any) -> None:
        self._context = request_context()
        sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
        sizes |= {f"input {n}": bytes_of(spec) for n, spec in enumerate(self._inputs)}
        sizes |= {f"output {n}": bytes_of(spec) for n, spec in enumerate(self._outputs)}
        self._buffers = {name: self._context.buffer(reserve=max(size, 4)) for name, size in sizes.items()}
        if sizes["weights"]:
            self._buffers["weights"].write(bytes(weights))
        self._shaders = {name.removesuffix(".comp"): self._shader(name, code) for name, code in files.items()}
        numbers = self._context.buffer(reserve=Slots.COUNT * Slots.BYTES)
        slots = Slots(lambda at, data: numbers.write(data.tobytes(), offset=at))
        self._steps = Steps(manifest["launches"], lambda launch: self._bound(launch, numbers, slots))

    def _shader(self, name: str, code: bytes) -> Any:
        import moderngl

        try:
            return self._context.compute_shader(code.decode())
        except moderngl.Error as error:
            raise DeviceError(f"the device refused {name}: {error}") from None

    def _bound(self, launch: Step, places: Any, slots: Slots) -> Launch:
        """`places`: the buffer in which numbers stand."""
        parts = [(self._buffers[part["of"]], part["offset"], max(part["bytes"], 4)) for part in launch["buffers"]]
        context, shader, blocks = self._context, self._shaders[launch["kernel"]], launch["blocks"]

        def run(numbers: Sequence[int]) -> None:
            for place, (buffer, offset, size) in enumerate(parts):
                buffer.bind_to_storage_buffer(place, offset=offset, size=size)
            if numbers:
                places.bind_to_uniform_block(len(parts), offset=slots.place(numbers), size=Slots.BYTES)
            shader.run(*blocks)
            context.memory_barrier()

        return run

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
        return self._worker.submit(self._run, data).result()

    def _run(self, data: list[Array]) -> dict[str, Array]:
        for n, array in enumerate(data):
            if array.nbytes:
                self._buffers[f"input {n}"].write(array.tobytes())
        self._steps.run(data, self._number)
        return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def _number(self, buffer: str, at: int, kind: np.dtype[Any]) -> int:
        return int(np.frombuffer(self._buffers[buffer].read(size=kind.itemsize, offset=at), kind)[0])

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        size = bytes_of(spec)
        return handed_back(self._buffers[f"output {n}"].read(size=size) if size else b"", spec)
