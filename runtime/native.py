"""Runs a compiled model in this process: links its object code, keeps its weights and arena, calls its one function.

    program = NativeProgram(manifest, {"main.o": code, "kernel_conv_0.o": code}, weights)
    outputs = program.run({"input": array})

The manifest says what the function expects: {"entry": "main", "inputs": [{"name", "dtype", "shape"}], "outputs":
[...], "arena_size": bytes, "weights_size": bytes, "threads": how many run it together, "architecture": "x86_64",
"features": ["avx2", ...] that it needs}. Shapes and dtypes of the feeds are trusted: who calls has checked.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .team import Team

Array = npt.NDArray[Any]

LINE = 64
"""Buffers start on a cache line, which is also the widest vector."""

LIBM = (
    *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh", "erf", "erfc", "exp"),
    *("exp2", "expm1", "floor", "fma", "fmod", "log", "log10", "log1p", "log2", "pow", "rint", "round", "roundeven"),
    *("sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
)
"""What compiled code may call of the C library's mathematics, in double and, with an f behind it, single precision."""

_counter = itertools.count()
_jit_lock = threading.Lock()
_jit: Any = None


def _lljit() -> Any:
    """The process's JIT linker, made when first needed."""
    global _jit
    if _jit is None:
        import llvmlite.binding as binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        target = binding.Target.from_triple(binding.get_process_triple())
        machine = target.create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), jit=True
        )
        _jit = binding.create_lljit_compiler(machine, use_jit_link=True)
    return _jit


def check_machine(architecture: str | None, features: Iterable[str]) -> None:
    """Raise `RuntimeError` where this machine cannot run code for a processor with these features."""
    import llvmlite.binding as binding

    here = binding.get_process_triple().partition("-")[0].replace("arm64", "aarch64")
    if architecture not in (None, here):
        raise MachineError(f"the program is for {architecture}, and this machine is {here}")
    has = binding.get_host_cpu_features()
    missing = [feature for feature in features if not has.get(feature)]
    if missing:
        cpu = binding.get_host_cpu_name()
        raise MachineError(f"the program needs {', '.join(missing)}, which this machine's processor ({cpu}) lacks")


class MachineError(RuntimeError):
    """A program that this machine cannot run."""

    fix = "compile it for this machine, or run it on one that has them"


def link(objects: Iterable[bytes], entry: str) -> Any:
    """Link object files in memory. What comes back maps `entry` to its address, and must live as long as it is used."""
    import llvmlite.binding as binding

    with _jit_lock:
        jit = _lljit()
        builder = binding.JITLibraryBuilder()
        for image in objects:
            builder.add_object_img(image)
        libm = ctypes.CDLL(ctypes.util.find_library("m"))
        for name in (*LIBM, *(name + "f" for name in LIBM)):
            if (function := getattr(libm, name, None)) is not None:
                builder.import_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
        builder.add_current_process()  # memcpy and memset
        builder.export_symbol(entry)
        try:
            return builder.link(jit, f"stepwell{next(_counter)}")
        except RuntimeError as error:  # LLVM says on standard error which symbol it is that nobody has
            raise RuntimeError(f"the object code of @{entry} does not link: {error}") from None


def aligned_bytes(size: int) -> Array:
    """`size` bytes that start on a cache line."""
    raw = np.empty(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size]


def numpy_dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes  # numpy has no bfloat16 of its own

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def address_of(array: Array) -> int:
    return array.__array_interface__["data"][0]


class NativeProgram:
    """A model for fixed shapes. Several threads may call `run` at once: each takes an arena of its own.

    How many threads run the model is the manifest's to say. A model that is too small to be shared is run by one,
    however many there may be; those that are shared, one run after the other.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        entry: str = manifest["entry"]
        check_machine(manifest.get("architecture"), manifest.get("features", ()))
        self.threads = int(manifest.get("threads", 1))
        self._library = link(files.values(), entry)
        self._inputs = [(spec["name"], numpy_dtype(spec["dtype"])) for spec in manifest["inputs"]]
        self._outputs = [
            (spec["name"], tuple(spec["shape"]), numpy_dtype(spec["dtype"])) for spec in manifest["outputs"]
        ]
        types: list[Any] = [ctypes.c_void_p] * (len(self._inputs) + len(self._outputs) + 2)
        if self.threads > 1:
            types += [ctypes.c_void_p, ctypes.c_size_t]
        self._function = ctypes.CFUNCTYPE(None, *types)(self._library[entry])
        self._team = Team(self._function, self._library, self.threads) if self.threads > 1 else None
        data = np.frombuffer(weights, np.uint8)
        self._weights = aligned_bytes(data.size)
        self._weights[:] = data
        self._weights_address = address_of(self._weights)
        self._arena_size = int(manifest["arena_size"])
        self._arenas = [aligned_bytes(self._arena_size)]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        arrays = [np.ascontiguousarray(feeds[name], dtype) for name, dtype in self._inputs]
        outputs = {name: np.empty(shape, dtype) for name, shape, dtype in self._outputs}
        arena = self._take_arena()
        try:
            addresses = [*map(address_of, (*arrays, *outputs.values())), self._weights_address, address_of(arena)]
            if self._team is not None:
                self._team.run(addresses)
            else:
                self._function(*addresses)
        finally:
            self._arenas.append(arena)
        return outputs

    def _take_arena(self) -> Array:
        try:
            return self._arenas.pop()  # one step under the interpreter's lock
        except IndexError:  # all are in use by other threads
            return aligned_bytes(self._arena_size)
