"""Files written whole or not at all: beside first, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .diagnostics import StepwellError


def write_file(path: Path, content: bytes | bytearray | memoryview) -> None:
    """Replace `path` by `content`. Raises `StepwellError` where that cannot be; the old file then stays as it was."""
    beside: str | None = None
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o666 & ~_umask())  # mkstemp gives its files to their owner alone
        os.replace(beside, path)
    except OSError as error:
        if beside is not None:
            with contextlib.suppress(OSError):
                os.unlink(beside)
        raise StepwellError(
            f"cannot write: {error.strerror}", str(path), fix="name a folder that exists and can be written"
        ) from None


def write_files(folder: Path, files: Mapping[str, bytes | bytearray | memoryview]) -> None:
    for name, content in files.items():
        write_file(folder / name, content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
