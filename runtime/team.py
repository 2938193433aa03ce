"""The threads that run a compiled function together, each with its number, and live as long as the program.

    team = Team(function, library, threads=4)
    team.run([address, ...])       # function(address, ..., counters, n) for n of 0 to 3, the caller as thread 0

The threads wait for one another within the function, at barriers; the last one is behind all that the caller may
look at, so the caller need not wait for the others to return.
"""

from __future__ import annotations

import collections
import itertools
import operator
import os
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
        for number, queue in enumerate(self._queues, 1):
            name = f"stepwell-{number}"
            threading.Thread(target=work, args=(queue, self._function, held), name=name, daemon=True).start()
        weakref.finalize(self, stop, self._queues)

    def run(self, addresses: Sequence[int]) -> None:
        if self._process != os.getpid():
            self._start()
        job = (*addresses, self._counters)
        calls: list[Job] = [(queue.put, (*job, number)) for number, queue in enumerate(self._queues, 1)]
        calls.append((self._function, *job, 0))
        with self._lock:
            # In one step of the interpreter: an interrupt between two calls would leave some threads waiting for ever.
            collections.deque(itertools.starmap(operator.call, calls), maxlen=0)


def work(queue: SimpleQueue[Job | None], function: Any, held: object) -> None:
    """What a thread of a team does; it knows nothing of the team, so that the team can end."""
    while (job := queue.get()) is not None:
        function(*job)


def stop(queues: list[SimpleQueue[Job | None]]) -> None:
    for queue in queues:
        queue.put(None)
