"""Calls of one function in processes of their own: one that crashes, hangs or takes all memory ends alone.

    for task, answer in Workers("onnx_nodes:verdict").run(tasks): ...

Tasks and answers are anything that pickles. A task whose process dies gets a `Died` that says how; so does one that
has no answer in time. What a function raises is raised where its answer is taken.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

SECONDS = 120.0
"""Of wall-clock time: a process that is silent for so long is stuck, on any machine."""


@dataclass(frozen=True)
class Died:
    """A task that has no answer."""

    how: str


@dataclass(frozen=True)
class Raised:
    """A task whose function raised."""

    traceback: str


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve(connection: Connection, function: str) -> None:
    """The life of a worker: tasks in, answers out, until the other side closes."""
    module, _, name = function.partition(":")
    call: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            answer = call(task)
        except Exception:
            answer = Raised(traceback.format_exc())
        connection.send(answer)


class Worker:
    """One process and what it works at."""

    def __init__(self, function: str):
        context = multiprocessing.get_context("spawn")  # a fork would inherit the threads' locks, not the threads
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, function), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Any = None
        self.until = 0.0

    def give(self, task: Any, seconds: float) -> None:
        self.task, self.until = task, time.monotonic() + seconds
        self.connection.send(task)

    def answer(self) -> Any:
        """What it said, or how it died."""
        if not self.connection.poll():
            self.stop()
            return Died("it gave no answer in time")
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return Died(ending(self.process.exitcode or 0))

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


@dataclass
class Workers:
    """`count` processes that call `function`, given as module:name."""

    function: str
    count: int = field(default_factory=cores)
    seconds: float = SECONDS

    def run(self, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Each task with its answer, in the order in which they come."""
        left, busy = iter(tasks), list[Worker]()
        idle: list[Worker] = []
        try:
            while True:
                while len(busy) < self.count and (task := next(left, busy)) is not busy:
                    worker = idle.pop() if idle else Worker(self.function)
                    worker.give(task, self.seconds)
                    busy.append(worker)
                if not busy:
                    return
                wait([w.connection for w in busy], max(0.0, min(w.until for w in busy) - time.monotonic()))
                for worker in list(busy):
                    if not worker.connection.poll() and time.monotonic() < worker.until:
                        continue
                    busy.remove(worker)
                    task, answer = worker.task, worker.answer()
                    if not isinstance(answer, Died):
                        idle.append(worker)
                    if isinstance(answer, Raised):
                        raise RuntimeError(f"{self.function} failed:\n{answer.traceback}")
                    yield task, answer
        finally:
            for worker in (*busy, *idle):
                worker.stop()
