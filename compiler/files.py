"""Files read whole, or refused; written whole or not at all: beside first, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .diagnostics import StepwellError


def read_file(path: Path, most: int, what: str, fix: str | None = None) -> bytes:
    """The bytes of a file. Raises `StepwellError` for a folder, a pipe, what cannot be read, and where there are more
    than `most`. `what` it should be, `fix` for one that is too large."""
    try:
        if path.is_dir():
            raise StepwellError(f"{path} is a folder", fix="name a file inside of it")
        if not path.exists():
            raise StepwellError(f"there is no file {path}")
        if not path.is_file():
            raise StepwellError(f"{path} is not a file")
        if (size := path.stat().st_size) > most:
            raise StepwellError(f"{path} has {size} bytes, and {what} has at most {most}", fix=fix)
        return path.read_bytes()
    except OSError as error:
        raise StepwellError(f"{path} cannot be read: {error.strerror}") from None


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
