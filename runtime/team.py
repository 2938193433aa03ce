"""The threads that run a compiled function together, each with its number, and live as long as the program.

    team = Team(function, library, threads=4)
    team.run([address, ...])       # function(address, ..., counters, n) for n of 0 to 3, the caller as thread 0

The threads wait for one another within the function, at barriers; the last one is behind all that the caller may
look at, so the caller need not wait for the others to return.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import itertools
import operator
import os
import sys
import threading
import weakref
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np

Job = tuple[Any, ...]
COUNTER_BYTES = 128
"""What the barrier counts in; its two counters stand on cache lines of their own."""


class Team:
    """`threads` threads, of which one is the caller. Runs are one after the other, whoever asks for them."""

    def __init__(self, function: Any, library: Any, threads: int):
        self._function = function
        self._library = library
        self._others = threads - 1
        self._start()

    def _start(self) -> None:
        """Have threads of this process: a forked child has none of its parent's."""
        raw = np.zeros(COUNTER_BYTES + 64, np.uint8)
        address = raw.ctypes.data
        self._counters = address + -address % 64
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._queues: list[SimpleQueue[Job | None]] = [SimpleQueue() for _ in range(self._others)]
        held = (self._library, raw)  # must outlive the last thread that is still on its way out of the function
        self._ids: list[int] = []
        for number, queue in enumerate(self._queues, 1):
            name = f"stepwell-{number}"
            thread = threading.Thread(target=work, args=(queue, self._function, held), name=name, daemon=True)
            thread.start()
            self._ids.append(thread.native_id or 0)
        self._cores = own_cores()
        self._callers_core = -1
        weakref.finalize(self, stop, self._queues)

    def run(self, addresses: Sequence[int]) -> None:
        if self._process != os.getpid():
            self._start()
        job = (*addresses, self._counters)
        calls: list[Job] = [(queue.put, (*job, number)) for number, queue in enumerate(self._queues, 1)]
        calls.append((self._function, *job, 0))
        with self._lock:
            self._make_room()
            # In one step of the interpreter: an interrupt between two calls would leave some threads waiting for ever.
            collections.deque(itertools.starmap(operator.call, calls), maxlen=0)

    def _make_room(self) -> None:
        """Keep the others off the caller's core. A scheduler likes to wake them where their waker runs, and lets both
        share that core for milliseconds, the one spinning at a barrier for the other, before it moves one away."""
        if len(self._cores) <= self._others:
            return
        core = current_core()
        if core == self._callers_core or core not in self._cores:
            return
        self._callers_core = core
        for thread in self._ids:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread, self._cores - {core})


def own_cores() -> set[int]:
    """The cores that this process may use; none where the system does not say which one a thread runs on."""
    return set(os.sched_getaffinity(0)) if current_core() >= 0 and hasattr(os, "sched_getaffinity") else set()


@functools.cache
def _sched_getcpu() -> Any:
    return getattr(ctypes.CDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None


def current_core() -> int:
    """The core that the calling thread runs on; -1 where the system does not say."""
    function = _sched_getcpu()
    return function() if function is not None else -1


def work(queue: SimpleQueue[Job | None], function: Any, held: object) -> None:
    """What a thread of a team does; it knows nothing of the team, so that the team can end."""
    while (job := queue.get()) is not None:
        function(*job)


def stop(queues: list[SimpleQueue[Job | None]]) -> None:
    for queue in queues:
        queue.put(None)
