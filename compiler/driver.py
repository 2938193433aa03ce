"""From a model to a program: read it, take it down the steps of a target, load what comes out.

    program = stepwell.compile("model.onnx", target="native", threads=2)
    program.run({"input": array})["logits"]

What was compiled once for a model's bytes, shapes, target and options is taken from the cache.
"""

from __future__ import annotations

import gc
import hashlib
import mmap
import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cache import Cache, default_folder
from .diagnostics import NeedsRun, StepwellError, did_you_mean
from .hashing import compiler_digest, package_digest
from .interface import Interface, from_json, to_json
from .program import Loaded, Program, Shapes, Values
from .registry import REGISTRY, load
from .stages import Behind, Staged, take_next_stage
from .target import Artifact, Target, pack_artifact, unpack_artifact

if TYPE_CHECKING:
    from onnx import ModelProto
    from xdsl.dialects.builtin import ModuleOp

    from .context import Context
    from .pass_manager import Hook

MAX_THREADS = 1024
SETTLED_NS = 2_000_000_000
"""How long ago a file must have changed for its times to tell it from what it may become."""


def compile(
    source: str | Path | bytes | ModelProto,
    target: str = "native",
    *,
    threads: int | None = None,
    cpu: str | None = None,
    precision: str | None = None,
    schedule: str | Path | None = None,
    hooks: Sequence[Hook] = (),
    verify_each: bool = False,
) -> Program:
    """Compile a model: a path (.onnx, or .mlir of any level), an ONNX model's bytes, or a `ModelProto`.

    `threads`: how many of the CPU the program may use; None: one for each core this process may use.
    `cpu`: the processor to make code for, by LLVM's name (`haswell`, `znver4`); None: this machine's.
    `precision`: `bf16` rounds what products multiply to bfloat16, `tf32` (cuda) to 10 bits behind the point; None or
    `f32`: nothing is rounded.
    `schedule`: a .mlir file with schedules of some of the kernels; the target's strategy writes the others.
    A model whose dims are all static is compiled now, one with symbolic dims at the first run of each shape.
    `hooks` watch the passes; with hooks, or to `verify_each`, nothing is taken from the cache.
    Raises `StepwellError` for a model that cannot be read or compiled.
    """
    chosen = settings(cpu=cpu, precision=precision, schedule=check_schedule(schedule))
    found = find_target(target)
    way = Way(found, check_threads(threads, found), tuple(hooks), verify_each, chosen)
    way.check_options()
    model = Model(source, way)
    program = Program(model.interface(), model.load)
    if (shapes := program.interface.static_shapes()) is not None and not program.interface.by_value:
        program.load(shapes)
    return program


def find_target(name: str) -> Target:
    if REGISTRY.find("targets", name) is None:
        known = ", ".join(REGISTRY.names("targets"))
        raise StepwellError(f"there is no target '{name}'", fix=did_you_mean(name, REGISTRY.names("targets")) or known)
    return REGISTRY.load_target(name)


def settings(**given: Any) -> tuple[tuple[str, Any], ...]:
    """The options of a target that were given, by name: those that are not None."""
    return tuple((name, value) for name, value in given.items() if value is not None)


def check_threads(threads: int | None, target: Target) -> int:
    """How many threads of the CPU a program of `target` may use."""
    if (threads or 1) > 1 and "threads" not in signature(target.options).parameters:
        raise StepwellError(f"target '{target.name}' has no option 'threads'", fix="leave it out: a device has its own")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads is None:
        return cores
    if not 1 <= threads <= MAX_THREADS:
        raise StepwellError(
            f"{threads} threads cannot be had", fix=f"between 1 and {MAX_THREADS}; this machine has {cores} cores"
        )
    return threads


def check_schedule(schedule: str | Path | None) -> str | None:
    """A file of schedules by its full name; None for none."""
    if schedule is None:
        return None
    path = Path(schedule).resolve()
    if not path.is_file():
        fix = "`stepwell-translate MODEL --to schedule` prints one to edit"
        raise StepwellError("there is no such file", str(schedule), fix)
    return str(path)


@contextmanager
def collector_paused() -> Generator[None]:
    """Garbage collection off: the IR is one large cyclic structure that stays alive while we compile."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class Way:
    """One way down: a target, the threads of the program, what watches the passes, the target's other options."""

    target: Target
    threads: int = 1
    hooks: tuple[Hook, ...] = ()
    verify_each: bool = False
    settings: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def options(self) -> Any:
        known = signature(self.target.options).parameters
        for name, _ in self.settings:
            if name not in known:
                fix = f"its options: {', '.join(known)}"
                raise StepwellError(f"target '{self.target.name}' has no option '{name}'", fix=fix)
        shared = {"threads": self.threads} if "threads" in known else {}  # a device has its own
        return self.target.options(**shared, **dict(self.settings))

    def check_options(self) -> None:
        """Raise `StepwellError` for an option that the target has not, or a value that it does not take."""
        _ = self.options

    def lower(self, ctx: Context, module: ModuleOp, to: str | None = None) -> None:
        """Take the module from the level it stands at down to level `to`, or to the target's last."""
        from .levels import ORDER, level_of

        here = level_of(module)
        if here is not None and here not in ORDER:
            raise StepwellError(f"there is no level '{here}'", fix=did_you_mean(here, ORDER) or ", ".join(ORDER))
        start = ORDER.index(here) if here is not None else -1
        end = len(ORDER) if to is None else ORDER.index(to)
        phases = self.target.pipeline(self.options)
        if start >= ORDER.index("buffers") and "device" not in dict(phases):
            from .signature import check_signature

            check_signature(module)  # a text for a device may have narrower types in its buffers
        self.run(ctx, module, ",".join(text for level, text in phases if start < ORDER.index(level) <= end))

    def run(self, ctx: Context, module: ModuleOp, pipeline: str) -> None:
        from .instrumentation import CheckSteps, VerifyEach
        from .pass_manager import parse_passes
        from .reproducer import ReproducingManager, default_folder

        hooks: list[Hook] = [*self.hooks, VerifyEach() if self.verify_each else CheckSteps()]
        if pipeline:
            ReproducingManager(ctx, module, default_folder(), hooks, only_faults=True).run(parse_passes(pipeline))

    def mark(self, ctx: Context, module: ModuleOp) -> None:
        """Find the inputs by value of a framework's model, unless it is plain that it has none."""
        from .interface import interface_of
        from .levels import level_of

        interface = interface_of(module)
        if level_of(module) != "onnx":
            return
        if interface.static_shapes() is None or any(len(spec.dims) <= 1 for spec in interface.inputs):
            self.run(ctx, module, "mark-value-inputs")

    def bind(self, ctx: Context, module: ModuleOp, interface: Interface, shapes: Shapes, values: Values = ()) -> None:
        """Give the inputs of a model at level onnx or graph their sizes, and those by value their values."""
        said = ";".join(
            f"{spec.name}={'x'.join(map(str, shape))}" for spec, shape in zip(interface.inputs, shapes, strict=True)
        )
        bind_shapes: Any = REGISTRY.load_pass("bind-shapes")
        from .pass_manager import run_passes

        run_passes(ctx, module, [bind_shapes(shapes=said)], hooks=self.hooks)
        if values:
            held = zip(interface.by_value, values, strict=True)
            bind_values: Any = REGISTRY.load_pass("bind-values")
            said = ";".join(f"{name}={','.join(map(written, numbers))}" for name, numbers in held)
            run_passes(ctx, module, [bind_values(values=said)], hooks=self.hooks)


def written(number: int | float) -> str:
    """A number as `bind-values` reads it back."""
    return repr(int(number) if isinstance(number, bool) else number)


def read_module(ctx: Context, source: Any, suffix: str | None = None) -> ModuleOp:
    """A model as a module, at whatever level it stands. `suffix`: what a file is, whatever its name says."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        suffix = suffix or path.suffix
        if suffix == ".mlir":
            from .signature import check_signature
            from .text import read_module as read_text
            from .verification import refuse_recursion, verify_module

            module = read_text(ctx, path)
            verify_module(module, ctx.sources)  # a person may have edited it
            refuse_recursion(module)
            check_signature(module, converted=True)  # `Way.lower` knows whether it is
            return module
        importer = REGISTRY.importers.get(suffix)
        if importer is None:
            known = ", ".join([".mlir", *REGISTRY.importers])
            raise StepwellError(f"no importer reads '{path.name}'", str(path), fix=f"known are {known}")
        return load(importer)(ctx, path)
    return load(REGISTRY.importers[".onnx"])(ctx, source)


@dataclass
class Model:
    """A model on its way to programs: its source, and what has been made of it so far."""

    source: Any
    way: Way
    cache: Cache = field(default_factory=lambda: Cache(default_folder()))
    _read: tuple[Context, ModuleOp] | None = None
    _behind: dict[tuple[Shapes, Values], tuple[Context, ModuleOp]] = field(
        default_factory=dict[tuple[Shapes, Values], "tuple[Context, ModuleOp]"]
    )
    """What comes behind first stages that were made, until it is taken from here."""

    def interface(self) -> Interface:
        """What the model takes and gives; reads the model unless the cache knows it."""
        key = self.key()
        if key is not None and (entry := self.cache.get(key)) is not None:
            return from_json(entry)
        with collector_paused():
            _, module = self.read()
        from .interface import interface_of

        interface = interface_of(module)
        if key is not None:
            self.cache.put(key, to_json(interface))
        return interface

    def load(self, shapes: Shapes, values: Values = ()) -> Loaded:
        """The program for inputs of these shapes, and of these values where it is made for some."""
        artifact = self.artifact(shapes, values)
        first = self.loaded(artifact)
        if (staged := artifact.manifest.get("staged")) is None:
            return first
        known = self._behind.pop((shapes, values), None)
        rest = Model(Behind(self, shapes, values), self.way, self.cache, known)
        return Staged(first, Program(from_json(staged["rest"]), rest.load), tuple(staged["outputs"]))

    def artifact(self, shapes: Shapes, values: Values = ()) -> Artifact:
        """What the target made, for these shapes and values; from the cache where that has it.

        Where only a run can tell what the model needs, of its first stage: `staged` in the manifest says what the
        `rest` takes and gives, and the names of all `outputs`.
        """
        key = self.key((shapes, values))
        entry = self.cache.map(key) if key is not None else None
        if entry is not None:
            return unpack_artifact(entry)
        with collector_paused():
            try:
                artifact = self.compile(shapes, values)
            except NeedsRun as error:
                artifact = self.first_stage(shapes, values, error)
        if key is not None:
            self.cache.put(key, pack_artifact(artifact))
            self.cache.trim()
        return artifact

    def loaded(self, artifact: Artifact) -> Loaded:
        loader = load(self.way.target.loader)
        try:
            return loader(artifact.manifest, artifact.files, artifact.weights, threads=self.way.threads)
        except RuntimeError as error:  # a loader knows nothing of ours: no C compiler, no device, ...
            raise StepwellError(str(error), fix=getattr(error, "fix", None)) from error

    def first_stage(self, shapes: Shapes, values: Values, error: NeedsRun) -> Artifact:
        """The program of the first stage, where `error` says that only a run can tell what the model needs."""
        from .interface import interface_of

        ctx, module, rest = self.cut(shapes, values)
        if rest is None:
            raise error
        outputs = [spec.name for spec in interface_of(self.read()[1]).outputs]
        self._behind[shapes, values] = ctx, rest
        self.way.lower(ctx, module)
        artifact = self.way.target.emit(ctx, module, self.way.options)
        staged = {"rest": to_json(interface_of(rest)).decode(), "outputs": outputs}
        return replace(artifact, manifest=artifact.manifest | {"staged": staged})

    def cut(self, shapes: Shapes, values: Values) -> tuple[Context, ModuleOp, ModuleOp | None]:
        """The model's first stage, and what comes behind it; None where it is not cut."""
        from .interface import interface_of
        from .levels import level_of

        ctx, module = self.read()
        if level_of(module) != "onnx":
            return ctx, module, None
        module = module.clone()
        self.way.bind(ctx, module, interface_of(module), shapes, values)
        self.way.run(ctx, module, "split-stages")
        rest = take_next_stage(module)
        if rest is not None:
            self.way.mark(ctx, rest)
        return ctx, module, rest

    def compile(self, shapes: Shapes, values: Values = ()) -> Artifact:
        from .interface import interface_of
        from .text import weight_keys

        ctx, module = self.read()
        interface = interface_of(module)
        if interface.static_shapes() is None or values or isinstance(self.source, Behind):
            module = module.clone()  # the next shapes start from the same text
            self.way.bind(ctx, module, interface, shapes, values)
            self.way.lower(ctx, module)
            return self.way.target.emit(ctx, module, self.way.options)
        self._read = None  # lowered in place: read again if it should be needed
        self.way.lower(ctx, module)
        ctx.weights.keep(weight_keys(module))  # not what they were folded, transposed and transformed from
        artifact = self.way.target.emit(ctx, module, self.way.options)
        ctx.weights.keep(())  # the artifact has them; the collector would come for the context too late
        return artifact

    def read(self) -> tuple[Context, ModuleOp]:
        """The model in the compiler, at the level at which it was read; inputs by value are marked."""
        if self._read is None:
            from .context import Context

            if isinstance(self.source, Behind):
                ctx, _, module = self.source.model.cut(self.source.shapes, self.source.values)
                assert module is not None
            else:
                ctx = Context(cache=self.cache)
                module = read_module(ctx, self.source)
                self.way.mark(ctx, module)
            self._read = ctx, module
        return self._read

    def key(self, shapes: tuple[Shapes, Values] | None = None) -> str | None:
        """The cache's key for the interface, or for the program of some shapes; None for what is not cached."""
        if self.cache.folder is None or self.way.hooks or self.way.verify_each:
            return None
        content = self.content_digest
        if content is None:
            return None
        digest = hashlib.blake2b(digest_size=20)
        makers = compiler_digest() + package_digest(type(self.way.target).__module__)
        for part in (makers, self.way.target.name, repr(self.way.options), repr(shapes)):
            digest.update(part.encode() + b"\0")
        if (schedule := dict(self.way.settings).get("schedule")) is not None:
            digest.update(Path(schedule).read_bytes() + b"\0")
        digest.update(content)
        return digest.hexdigest()

    @cached_property
    def content_digest(self) -> bytes | None:
        """What stands for the model's bytes where they say everything; None for text, protos, and external data."""
        if isinstance(self.source, Behind):
            whole = self.source.model.key((self.source.shapes, self.source.values))
            return b"behind " + whole.encode() if whole is not None else None
        if isinstance(self.source, bytes):
            return digest_of(self.source)
        if not isinstance(self.source, (str, Path)) or Path(self.source).suffix not in REGISTRY.importers:
            return None
        try:
            return self.file_digest(Path(self.source)) or None
        except (OSError, ValueError):
            return None  # the importer will say what is wrong with it

    def file_digest(self, path: Path) -> bytes:
        """The digest of a file's content, empty where it has none. What has been read once is not read again as long as
        the system says that the file is the same, at the same time of its last change, which lies some time back."""
        status = path.stat()
        same = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        key = hashlib.blake2b(repr((same, compiler_digest())).encode(), digest_size=20).hexdigest()
        if (known := self.cache.get(key)) is not None:
            return known
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            digest = digest_of(content) or b""
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS:
            self.cache.put(key, digest)
        return digest


def digest_of(content: bytes | mmap.mmap) -> bytes | None:
    """SHA-256, since processors have instructions for it. None for external data, which are named by an entry called
    `location`; a stray match only costs time."""
    return None if content.find(b"location") >= 0 else hashlib.sha256(content).digest()
