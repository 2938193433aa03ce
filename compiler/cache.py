"""A cache on disk, in the user's cache folder: what was compiled once is not compiled again.

Entries are bytes under a hexadecimal key. A file begins with a digest of its content, so that a torn or damaged entry
is seen, removed and made again. Writers write beside and rename, so that parallel ones never see half an entry.
The folder is bounded: when it has grown past its limit, the entries that were used longest ago go.

STEPWELL_CACHE names another folder; STEPWELL_CACHE=off turns the cache off.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 1 << 30
DIGEST_BYTES = 32


def default_folder() -> Path | None:
    """Where this user's entries live; None when the cache is turned off."""
    said = os.environ.get("STEPWELL_CACHE")
    if said is not None:
        return None if said in ("", "off") else Path(said)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "stepwell"


@dataclass
class Cache:
    """Bytes by key below `folder`; a cache without a folder holds nothing."""

    folder: Path | None
    limit: int = LIMIT_BYTES

    def get(self, key: str) -> bytes | None:
        """The entry of `key`, or None when there is none, or none that is whole."""
        entry = self.map(key)
        return None if entry is None else bytes(entry)

    def map(self, key: str) -> memoryview | None:
        """The entry of `key` as memory that the system reads from the file: for large entries, of which there is no
        copy. None as for `get`."""
        if self.folder is None:
            return None
        path = self._path(key)
        try:
            with path.open("rb") as file:
                entry = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except OSError:
            return None
        except ValueError:  # an empty file cannot be mapped
            entry = memoryview(b"")
        if hashlib.sha256(entry[DIGEST_BYTES:]).digest() != bytes(entry[:DIGEST_BYTES]):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: last to go
        return entry[DIGEST_BYTES:]

    def put(self, key: str, content: bytes) -> None:
        """Keep `content`. A folder that cannot be written is no error: the next compilation only takes longer."""
        if self.folder is None:
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest())
                    file.write(content)
                os.replace(beside, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(beside)
                raise
        except OSError:
            return

    def trim(self) -> None:
        """Remove the entries used longest ago until the rest fits the limit."""
        if self.folder is None:
            return
        entries: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if path.name.startswith(".writing-") and time.time() - status.st_mtime < 3600:
                    continue  # another process is at it
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / key[:2] / key[2:]
