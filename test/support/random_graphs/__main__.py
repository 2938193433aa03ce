"""The long run: graphs of many seeds on all targets, each difference reduced and written down.

    PYTHONPATH=test/support python -m random_graphs --count 2000 --start 0

A seed always gives the same graph, so a run that was broken off goes on with `--start`. A graph that fails is made
small (`reduce.py`) and written as text to test/targets/random_graphs/, where `test_random_graphs.py` runs it from then
on. Exit code 1 where there was any.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from workers import Died, Workers

from . import Drawn, graph
from .check import WAYS, Task
from .reduce import reduced, text_of

FOUND = Path(__file__).parent.parent.parent / "targets" / "random_graphs"


def tasks(seeds: range, drawn: Counter[str], ways: tuple[tuple[str, int], ...]) -> Iterator[Task]:
    for seed in seeds:
        made = graph(seed)
        drawn.update(node.op_type for node in made.model.graph.node)
        yield task_of(made, seed, ways)


def task_of(made: Drawn, seed: int, ways: tuple[tuple[str, int], ...] = WAYS) -> Task:
    return Task(seed, made.model.SerializeToString(), made.feeds, made.expected, ways)


def fault(made: Drawn, ways: tuple[tuple[str, int], ...]) -> str | None:
    """What is wrong with a graph, in a process that may crash."""
    _, answer = next(Workers("random_graphs.check:fault_of", count=1).run([task_of(made, 0, ways)]))
    return answer.how if isinstance(answer, Died) else answer


def write(seed: int, made: Drawn, said: str) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"seed_{seed}.txt"
    path.write_text("".join(f"# {line}\n" for line in said.splitlines()[:4]) + text_of(made))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--workers", type=int, help="processes; default: one a core")
    parser.add_argument("--targets", default="native,c")
    parser.add_argument("--keep-whole", action="store_true", help="do not reduce what fails, only name it")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    ways = tuple(way for way in WAYS if way[0] in given.targets.split(","))
    workers = Workers("random_graphs.check:fault_of", **({} if given.workers is None else {"count": given.workers}))
    drawn, faults, began, done = Counter[str](), dict[int, str](), time.monotonic(), 0
    for task, answer in workers.run(tasks(range(given.start, given.start + given.count), drawn, ways)):
        done += 1
        if answer is not None:
            faults[task.seed] = answer.how if isinstance(answer, Died) else answer
            print(f"seed {task.seed}: {' '.join(faults[task.seed].split())[:300]}", flush=True)
        if done % 100 == 0:
            print(f"{done} graphs, {len(faults)} differences, {time.monotonic() - began:.0f} s", flush=True)
    if not given.keep_whole:
        for seed in faults:
            small = reduced(graph(seed), lambda made: fault(made, ways) is not None)
            print(f"seed {seed} reduced to {write(seed, small, faults[seed])}")
    rare = ", ".join(f"{op} {count}" for op, count in sorted(drawn.items(), key=lambda row: row[1])[:5])
    print(f"{done} graphs of {sum(drawn.values())} nodes, {len(drawn)} operators (the rarest: {rare})")
    print(f"{len(faults)} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
