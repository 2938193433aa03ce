"""Runs a model that was compiled to fragment shaders, by OpenGL through the library moderngl: what a browser's WebGL 2
does, without a browser.

    program = WebGLProgram(manifest, {"kernel_conv_0.frag": source, ...}, weights)
    outputs = program.run({"input": array})

A buffer is a texture of one number a texel, with rows of 2048; so is each part of the arena or the weights that a
launch is handed, since no draw may read the texture that it draws into. Parts of the arena that overlap are never in
use at the same time. A launch draws all of its last buffer; a shader that reads what it draws over reads a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .device import Array, DeviceError, Slots, bytes_of, handed_back, stored
from .opengl import request_context
from .sizes import cut

WIDTH = 2048
"""Elements of a row of a texture."""
COVER = """#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }
"""
"""A triangle that covers everything."""
TYPES = {"float32": "f4", "int32": "i4", "uint32": "u4"}

Key = tuple[str, int, int, str]
"""Of a texture: which buffer, from which byte on, how many, and the type of its elements."""


def key_of(part: Mapping[str, Any]) -> Key:
    return part["of"], part["offset"], part["bytes"], part["dtype"]


class WebGLProgram:
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
        self._launches = manifest["launches"]
        self._worker.submit(self._load, files, np.frombuffer(weights, np.uint8)).result()

    def _load(self, files: Mapping[str, bytes], weights: Array) -> None:
        self._context = request_context()
        self._shaders = {name.removesuffix(".frag"): self._shader(name, code) for name, code in files.items()}
        self._textures: dict[Key, Any] = {}
        for of, offset, size, dtype in {key_of(part) for launch in self._launches for part in launch["buffers"]}:
            data = weights[offset : offset + size].view(dtype) if of == "weights" else None
            self._textures[of, offset, size, dtype] = self._texture(size, dtype, data)
        for side, specs in (("input", self._inputs), ("output", self._outputs)):
            for n, spec in enumerate(specs):  # one that no launch has
                key = (f"{side} {n}", 0, bytes_of(spec), spec["stored"])
                self._textures.setdefault(key, self._texture(key[2], key[3]))
        self._draws = [self._draw(launch) for launch in self._launches]

    def _texture(self, size: int, dtype: str, data: Array | None = None) -> Any:
        rows = max(-(-size // (4 * WIDTH)), 1)
        made = self._context.texture((WIDTH, rows), 1, dtype=TYPES[dtype])
        made.filter = (0x2600, 0x2600)  # GL_NEAREST
        if data is not None:
            write(made, data)
        return made

    def _shader(self, name: str, code: bytes) -> Any:
        import moderngl

        try:
            return self._context.program(vertex_shader=COVER, fragment_shader=code.decode())
        except moderngl.Error as error:
            raise DeviceError(f"the device refused {name}: {error}") from None

    def _draw(self, launch: Mapping[str, Any]) -> tuple[Any, Any, list[tuple[int, Any]], Any, Any]:
        """What it draws, into what, the textures that it reads, by unit, where its target is copied to, its numbers."""
        shader = self._shaders[launch["kernel"]]
        textures = [self._textures[key_of(part)] for part in launch["buffers"]]
        frame = self._context.framebuffer([textures[-1]])
        reads: list[tuple[int, Any]] = []
        copy = None
        for unit, texture in enumerate(textures):
            if (name := f"buffer{unit}") not in shader:
                continue
            if texture is textures[-1]:
                texture = self._texture(launch["buffers"][-1]["bytes"], launch["buffers"][-1]["dtype"])
                copy = self._context.framebuffer([texture])
            shader[name].value = unit
            reads.append((unit, texture))
        numbers = None
        if launch["numbers"]:
            words = np.zeros(Slots.BYTES // 4, np.int32)
            words[: len(launch["numbers"])] = launch["numbers"]
            numbers = self._context.buffer(words.tobytes())
        return self._context.vertex_array(shader, []), frame, reads, copy, numbers

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
        return self._worker.submit(self._run, data).result()

    def _run(self, data: list[Array]) -> dict[str, Array]:
        import moderngl

        for n, (array, spec) in enumerate(zip(data, self._inputs, strict=True)):
            write(self._textures[f"input {n}", 0, bytes_of(spec), spec["stored"]], array)
        for shape, frame, reads, copy, numbers in self._draws:
            if copy is not None:
                self._context.copy_framebuffer(copy, frame)
            for unit, texture in reads:
                texture.use(unit)
            if numbers is not None:
                numbers.bind_to_uniform_block(0)
            frame.use()
            shape.render(moderngl.TRIANGLES, vertices=3)
        return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        return handed_back(self._textures[f"output {n}", 0, bytes_of(spec), spec["stored"]].read(), spec)


def write(texture: Any, array: Array) -> None:
    """Fill a texture from its start."""
    whole = np.zeros(texture.size[0] * texture.size[1], array.dtype)
    whole[: array.size] = array.reshape(-1)
    texture.write(whole.tobytes())
