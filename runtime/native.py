"""Runs a compiled model in this process: links its object code, keeps its weights and arena, calls its one function.

    program = NativeProgram(manifest, {"main.o": code, "kernel_conv_0.o": code}, weights)
    outputs = program.run({"input": array})

The manifest says what the program expects: {"entry": "stepwell_entry", "inputs": [{"name", "dtype", "shape"}],
"outputs": [...], "arena_size": bytes, "weights_size": bytes, "threads": how many may run it together, "architecture":
"x86_64", "features": ["avx2", ...] that it needs, "amx": true where it uses AMX's tiles}. Shapes and dtypes of feeds
are trusted: who calls has checked. Outputs whose size the data decide are cut to it, see `sizes.py`.

Weights behind "shared_weights" are kept once for all programs that have the same ones, see `sharing.py`.

An input that "grows" stands in the memory of the output of that name: its rows are put there before the run, unless
that is where the caller has them, who hands in the output's array too and a view of its first rows as the input.

A run is one call with the address of a frame, where the program finds its arguments:

    0    256 bytes in which a team of threads counts, see `team.py`; at 200 the program's entry
    256  the addresses of the inputs, the outputs, the weights and the arena
    ...  places for small inputs and outputs, then the arena
"""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import math
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .dtypes import numpy_dtype
from .memory import LINE, aligned_bytes, apart, check_out
from .sharing import share
from .sizes import cut, has_sizes
from .team import RECORD, Team

Array = npt.NDArray[Any]

STAGED = 1 << 14
"""Arrays of up to so many bytes are copied to places of their own: asking numpy for an address takes longer."""
ENTRY_AT = 200
"""Where in a frame the address of the program's entry stands."""

LIBM = (
    *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh", "erf", "erfc", "exp"),
    *("exp2", "expm1", "floor", "fma", "fmod", "log", "log10", "log1p", "log2", "pow", "rint", "round", "roundeven"),
    *("sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
)
"""What compiled code may call of the C library's mathematics, in double and, with an f behind it, single precision."""

ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)
TEAM_FUNCTIONS = ("stepwell_run", "stepwell_work", "stepwell_stop")

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


ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, TILE_DATA = 158, 0x1023, 18
"""The system call, its word that asks for a part of the processor's state, and the number of AMX's tiles."""


@cache
def allow_tiles() -> None:
    """Ask Linux, once a process, for AMX's tiles: without it the first of their instructions ends the process.

    Raises `RuntimeError` where Linux (before 5.16, say) gives none. See arch_prctl(2) and the kernel's x86/xstate.rst.
    """
    if not sys.platform.startswith("linux"):
        raise MachineError("the program needs amx, for which only Linux is known to be asked")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(ARCH_PRCTL), ctypes.c_long(ARCH_REQ_XCOMP_PERM), ctypes.c_long(TILE_DATA)) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise MachineError(f"the program needs amx, which the system does not lend ({reason})")


class MachineError(RuntimeError):
    """A program that this machine cannot run."""

    fix = "compile it for this machine, or run it on one that has them"


def link(objects: Iterable[bytes], *names: str) -> Any:
    """Link object files in memory. What comes back maps names to addresses, and must outlive their use."""
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
        for name in names:
            builder.export_symbol(name)
        try:
            return builder.link(jit, f"stepwell{next(_counter)}")
        except RuntimeError as error:  # LLVM says on standard error which symbol it is that nobody has
            raise RuntimeError(f"the object code of @{names[0]} does not link: {error}") from None


def address_of(array: Array) -> int:
    """Where a contiguous array's elements are."""
    try:
        buffer: Any = array  # numpy's stubs do not say that an array is a buffer
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    except (TypeError, ValueError, BufferError):  # read-only, empty, or of a type that buffers know nothing of
        return array.__array_interface__["data"][0]


def line(offset: int) -> int:
    """`offset`, or the next one on a cache line."""
    return -(-offset // LINE) * LINE


class Tensor:
    """An input or an output."""

    def __init__(self, spec: Mapping[str, Any]):
        self.name: str = spec["name"]
        self.grows: str | None = spec.get("grows")
        """The output in whose memory an input stands."""
        self.shape = tuple(spec["shape"])
        self.dtype = numpy_dtype(spec["dtype"])
        self.bytes = math.prod(self.shape) * self.dtype.itemsize


def put_rows(rows: Array, whole: Array) -> None:
    """Put `rows` where `whole` begins, in each dim, unless that is where they are."""
    place = whole[tuple(slice(0, size) for size in rows.shape)]
    if rows.__array_interface__["data"][0] != place.__array_interface__["data"][0] or rows.strides != place.strides:
        np.copyto(place, rows)


class Frame:
    """The memory of one run at a time, and what is done there before and after the program."""

    def __init__(self, program: NativeProgram):
        tensors = [*program.inputs, *program.outputs]
        end = line(RECORD + 8 * (len(tensors) + 2))
        in_place = {tensor.grows for tensor in program.inputs}
        places: list[int | None] = []
        for tensor in tensors:
            staged = tensor.bytes <= STAGED and tensor.grows is None and tensor.name not in in_place
            places.append(end if staged else None)
            end += line(tensor.bytes) if staged else 0
        memory: Any = aligned_bytes(end + program.arena_size)
        memory[:RECORD] = 0
        self.address = address_of(memory)
        memory[ENTRY_AT : ENTRY_AT + 8].view(np.uint64)[0] = program.entry_address
        self._slots = memoryview(memory)[RECORD : RECORD + 8 * (len(tensors) + 2)].cast("Q")
        self._slots[len(tensors)] = program.weights_address
        self._slots[len(tensors) + 1] = self.address + end
        self._staged: list[tuple[str, Array]] = []
        self._large: list[tuple[str, int, np.dtype[Any]]] = []
        self._outputs: list[tuple[str, Array | None]] = []
        self._large_outputs: list[tuple[str, int, Tensor]] = []
        self._growing: list[tuple[str, int, str]] = []
        for n, (tensor, place) in enumerate(zip(tensors, places, strict=True)):
            stage = None
            if place is not None:
                stage = memory[place : place + tensor.bytes].view(tensor.dtype).reshape(tensor.shape)
                self._slots[n] = self.address + place
            if n >= len(program.inputs):
                self._outputs.append((tensor.name, stage))
                if stage is None:
                    self._large_outputs.append((tensor.name, n, tensor))
            elif tensor.grows is not None:
                self._growing.append((tensor.name, n, tensor.grows))
            elif stage is not None:
                self._staged.append((tensor.name, stage))
            else:
                self._large.append((tensor.name, n, tensor.dtype))

    def run(
        self, feeds: Mapping[str, Array], call: Callable[[int], None], out: Mapping[str, Array]
    ) -> dict[str, Array]:
        for name, stage in self._staged:
            np.copyto(stage, feeds[name])
        held: list[Array] = []  # what is copied must live until the run is over
        for name, slot, dtype in self._large:
            held.append(array := apart(np.ascontiguousarray(feeds[name], dtype), out))
            self._slots[slot] = address_of(array)
        made: dict[str, Array] = {}
        for name, slot, tensor in self._large_outputs:
            array = out.get(name)
            made[name] = array = np.empty(tensor.shape, tensor.dtype) if array is None else array
            self._slots[slot] = address_of(array)
        for name, slot, output in self._growing:
            put_rows(feeds[name], whole := made[output])
            self._slots[slot] = address_of(whole)
        call(self.address)
        for name, stage in self._outputs:
            if stage is not None and name in out:
                np.copyto(out[name], stage)
        return {
            name: out[name] if name in out else made[name] if stage is None else stage.copy()
            for name, stage in self._outputs
        }


class NativeProgram:
    """A model for fixed shapes. Several threads may call `run` at once: each takes a frame of its own.

    How many threads may run the model is the manifest's to say: one where it is too small to be shared. How many do
    depends on who else is at work, see `team.py`; the outputs do not.
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
        if manifest.get("amx"):
            allow_tiles()
        self.threads = int(manifest.get("threads", 1))
        self._library = link(files.values(), entry, *(TEAM_FUNCTIONS if self.threads > 1 else ()))
        self.entry_address: int = self._library[entry]
        if self.threads > 1:
            self.call: Callable[[int], None] = Team(self._library, self.threads).run
        else:
            function = ENTRY(self.entry_address)
            self.call = lambda frame: function(frame, 0)
        self.inputs = [Tensor(spec) for spec in manifest["inputs"]]
        self.outputs = [Tensor(spec) for spec in manifest["outputs"]]
        self._specs = manifest["outputs"]
        self._sized = has_sizes(self._specs)
        self._weights, self._shared = share(np.frombuffer(weights, np.uint8), manifest.get("shared_weights"))
        self.weights_address = address_of(self._weights)
        self.arena_size = int(manifest["arena_size"])
        self._frames = [Frame(self)]

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The outputs by name, each a new array, or the one that `out` holds for it. `feeds` has one for every input.

        Raises `ValueError` where an array of `out` is of another shape than the output.
        """
        if out:
            check_out(self._specs, out)
        try:
            frame = self._frames.pop()  # one step under the interpreter's lock
        except IndexError:  # all are in use by other threads
            frame = Frame(self)
        try:
            made = frame.run(feeds, self.call, out or {})
            return cut(self._specs, made) if self._sized else made
        finally:
            self._frames.append(frame)
