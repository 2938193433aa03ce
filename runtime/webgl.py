"""Runs a model that was compiled to fragment shaders, by OpenGL through the library moderngl: what a browser's WebGL 2
does, without a browser.

    program = WebGLProgram(manifest, {"kernel_conv_0.frag": source, ...}, weights)
    outputs = program.run({"input": array})

A buffer is a texture of one number a texel, with rows of 2048; so is each part of the arena or the weights that a
launch is handed, since no draw may read the texture that it draws into. Parts of the arena that overlap are never in
use at the same time. A launch draws all of its last buffer; a shader that reads what it draws over reads a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, Slots
from .opengl import GLProgram
from .refusal import refused
from .steps import Launch, Step, launches_of

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


class WebGLProgram(GLProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._context = self._opened()
        rows = self._context.info["GL_MAX_TEXTURE_SIZE"]
        self._launches = list(launches_of(manifest["launches"]))
        most = {"bytes of a buffer": rows * WIDTH * 4, "buffers": self._context.info["GL_MAX_TEXTURE_IMAGE_UNITS"]}
        self._check_launches(self._context.info["GL_RENDERER"], self._launches, most)

    def _allocate(self, sizes: Mapping[str, int]) -> None:
        """Textures of the parts that launches have. What no launch has may be of a type that no texture has."""
        self._textures: dict[Key, Any] = {}
        for key in {key_of(part) for launch in self._launches for part in launch["buffers"]}:
            self._textures[key] = self._texture(key[2], key[3])
            if key[0] not in ("arena", "weights"):
                self._buffers[key[0]] = self._textures[key]

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._shaders = {name.removesuffix(".frag"): self._shader(name, code) for name, code in files.items()}
        self._make_slots()

    def _texture(self, size: int, dtype: str) -> Any:
        rows = max(-(-size // (4 * WIDTH)), 1)
        made = self._context.texture((WIDTH, rows), 1, dtype=TYPES[dtype])
        self._check()
        made.filter = (0x2600, 0x2600)  # GL_NEAREST
        return made

    def _shader(self, name: str, code: bytes) -> Any:
        import moderngl

        try:
            return self._context.program(vertex_shader=COVER, fragment_shader=code.decode())
        except moderngl.Error as error:
            raise refused(name, code.decode(), str(error), self._kernels) from None

    def _bound(self, launch: Step) -> Launch:
        import moderngl

        context, shader = self._context, self._shaders[launch["kernel"]]
        textures = [self._textures[key_of(part)] for part in launch["buffers"]]
        target = context.framebuffer([textures[-1]])
        reads: list[tuple[int, Any]] = []
        copy = None
        for unit, texture in enumerate(textures):
            if (name := f"buffer{unit}") not in shader:
                continue
            if texture is textures[-1]:
                texture = self._texture(launch["buffers"][-1]["bytes"], launch["buffers"][-1]["dtype"])
                copy = context.framebuffer([texture])
            shader[name].value = unit
            reads.append((unit, texture))
        shape = context.vertex_array(shader, [])

        def run(numbers: Sequence[int]) -> None:
            if copy is not None:
                context.copy_framebuffer(copy, target)
            for unit, texture in reads:
                texture.use(unit)
            if numbers:
                self._numbers.bind_to_uniform_block(0, offset=self._slots.place(numbers), size=Slots.BYTES)
            target.use()
            shape.render(moderngl.TRIANGLES, vertices=3)
            context.memory_barrier()  # llvmpipe of Mesa 22 now and then reads in the next draw what was there before

        return run

    def _write(self, name: str, data: Array) -> None:
        if name != "weights":
            if name in self._buffers:
                write(self._buffers[name], data)
            return
        for (of, offset, size, dtype), texture in self._textures.items():
            if of == name:
                write(texture, data[offset : offset + size].view(dtype))

    def _read(self, name: str, at: int, size: int) -> Any:
        data = self._buffers[name].read()
        self._check()
        return data[at : at + size]

    def _number(self, part: Step, n: int, kind: np.dtype[Any]) -> int:
        data = self._textures[key_of(part)].read()
        self._check()
        return int(np.frombuffer(data, kind)[n])


def write(texture: Any, array: Array) -> None:
    """Fill a texture from its start."""
    whole = np.zeros(texture.size[0] * texture.size[1], array.dtype)
    whole[: array.size] = array.reshape(-1)
    texture.write(whole.tobytes())
