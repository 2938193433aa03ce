"""The threads of this process that run compiled functions together: one pool, whatever programs there are.

    team = Team(library, threads=4)         # the pool has three workers from now on, if there are as many cores
    team.run(frame)                         # the entry that the frame names, by the caller and idle workers

A worker is a thread that never comes back from compiled code: it waits there for a job, looking for some microseconds
and then asleep, and needs nothing of Python. How a run takes idle workers and waits for them is compiled code too,
which the program brings with it; here are the memory that it counts in, and the threads' beginning and end.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time
from typing import Any

import numpy as np

RECORD = 256
"""Bytes of the pool's head, of a worker and of a frame's head; all start on a cache line."""
CORES, WORKERS, LIMIT, CORE_SET = 1, 2, 16, 32
"""Where in the pool's head, counted in words of 4 bytes, these stand."""
THREAD = 16
"""Where in a worker the system's number of its thread stands."""
MOST_WORKERS = 1023

WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


def usable_cores() -> set[int]:
    """The cores that this process may use."""
    return set(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


class Pool:
    """The workers. Their code is that of the first program that asked for them, which is kept."""

    def __init__(self, library: Any):
        self._work = WORK(library["stepwell_work"])
        self._stop = WORK(library["stepwell_stop"])
        self._threads: list[threading.Thread] = []
        raw = np.zeros((MOST_WORKERS + 2) * RECORD, np.uint8)  # the system gives what is touched
        start = -raw.ctypes.data % RECORD
        self.address = raw.ctypes.data + start
        self._words = raw[start : start + (MOST_WORKERS + 1) * RECORD].view(np.uint32)
        self._held = (library, raw)
        cores = usable_cores()
        self._words[CORES] = self._words[LIMIT] = len(cores)
        for core in cores:
            self._words[CORE_SET + core // 32] |= 1 << core % 32

    def grow(self, workers: int) -> None:
        """Have so many workers, or one fewer than there are cores."""
        for number in range(len(self._threads) + 1, min(workers, int(self._words[CORES]) - 1, MOST_WORKERS) + 1):
            place = self.address + number * RECORD
            thread = threading.Thread(target=live, args=(self._work, place, self._held), daemon=True)
            thread.name = f"stepwell-{number}"
            try:
                thread.start()
            except RuntimeError:  # the system gives no more threads: those that there are do it
                return
            self._threads.append(thread)
            self._words[number * RECORD // 4 + THREAD] = thread.native_id or 0
            self._words[WORKERS] = number

    def stop(self) -> None:
        """End the idle workers: the interpreter is about to unload the code that they wait in."""
        self._stop(self.address)
        end = time.monotonic() + 1
        for thread in self._threads:
            thread.join(max(0, end - time.monotonic()))


def live(work: Any, place: int, held: object) -> None:
    """A worker's life: it holds what it looks at, whoever drops the pool."""
    work(place)


_pool: Pool | None = None
_lock = threading.Lock()


def pool_of(library: Any, threads: int) -> Pool:
    """The process's pool, with workers enough for `threads`."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(library)
        _pool.grow(threads - 1)
        return _pool


def forget() -> None:
    """Have no pool: a forked child has none of its parent's threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


def stop() -> None:
    if _pool is not None:
        _pool.stop()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


class Team:
    """At most `threads` threads for one program, of which one is the caller. Several callers may run at once."""

    def __init__(self, library: Any, threads: int):
        self._library = library
        self._run = RUN(library["stepwell_run"])
        self._threads = threads
        self._pool = pool_of(library, threads)

    def run(self, frame: int) -> None:
        """Run what the frame at this address names, and return when all are done."""
        if self._pool is not _pool:
            self._pool = pool_of(self._library, self._threads)
        self._run(self._pool.address, frame, self._threads)
