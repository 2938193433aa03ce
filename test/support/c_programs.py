"""Build C that we printed: strictly, or with the sanitizers in an executable of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.targets.c import TARGET
from stepwell.targets.c.pipeline import COptions, c_source
from stepwell.text import parse_module
from xdsl.dialects.builtin import ModuleOp

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def lowered(ctx: Context, text: str) -> ModuleOp:
    """A module at level tensor, or between the levels below it, taken down to level program."""
    module = parse_module(ctx, text)
    phases = dict(TARGET.pipeline(COptions()))
    pipeline = ",".join(phases[level] for level in ("buffers", "loops", "program"))
    run_passes(ctx, module, parse_passes(pipeline), verify_each=True)
    return module


def compile_c(folder: Path, sources: list[str], *flags: str) -> None:
    done = subprocess.run(["cc", *STRICT, *flags, *sources, "-lm"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]


def write_source(folder: Path, ctx: Context, module: ModuleOp, **options: bool) -> list[str]:
    """The files of a program; the names of the C files."""
    files = c_source(ctx, module, COptions(**options), "model")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [name for name in files if name.endswith(".c")]


def run_sanitized(
    folder: Path, ctx: Context, module: ModuleOp, feeds: dict[str, np.ndarray], outputs: dict[str, tuple]
) -> dict[str, np.ndarray]:
    """The outputs (name: (shape, dtype)) of a program built with the sanitizers, which stop it at the first fault."""
    sources = write_source(folder, ctx, module, with_main=True)
    compile_c(folder, sources, *SANITIZERS, "-o", "model")
    for n, array in enumerate(feeds.values()):
        (folder / f"in{n}.bin").write_bytes(np.ascontiguousarray(array).tobytes())
    names = [
        "model.weights.bin",
        *(f"in{n}.bin" for n in range(len(feeds))),
        *(f"out{n}.bin" for n in range(len(outputs))),
    ]
    done = subprocess.run(["./model", *names], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    return {
        name: np.fromfile(folder / f"out{n}.bin", dtype).reshape(shape)
        for n, (name, (shape, dtype)) in enumerate(outputs.items())
    }
