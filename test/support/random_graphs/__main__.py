"""The long run: graphs of many seeds on all targets, each difference reduced and written down.

    PYTHONPATH=test/support python -m random_graphs --count 2000 --start 0
    PYTHONPATH=test/support python -m random_graphs --count 500 --targets wgsl,opencl

A seed always gives the same graph, so a run that was broken off goes on with `--start`. A graph that fails is made
small (`reduce.py`) and written as text to test/targets/random_graphs/, where `test_random_graphs.py` runs it from then
on. A device may lack what a graph needs: that is no difference, and counted. Exit code 1 where there was a difference,
or a target that refused every graph.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from requirements import DRIVERS, has_device
from workers import Died, Workers

from . import Drawn, graph
from .check import WAYS, Task, Verdict, ways_of
from .reduce import reduced, text_of

FOUND = Path(__file__).parent.parent.parent / "targets" / "random_graphs"
REASONS = 5
"""How many reasons of refusals are printed for a target."""


def tasks(seeds: range, drawn: Counter[str], ways: tuple[tuple[str, int], ...]) -> Iterator[Task]:
    for seed in seeds:
        made = graph(seed)
        drawn.update(node.op_type for node in made.model.graph.node)
        yield task_of(made, seed, ways)


def task_of(made: Drawn, seed: int, ways: tuple[tuple[str, int], ...] = WAYS) -> Task:
    return Task(seed, made.model.SerializeToString(), made.feeds, made.expected, ways)


def verdict(answer: Verdict | Died) -> Verdict:
    return Verdict(answer.how) if isinstance(answer, Died) else answer


def fails(made: Drawn, ways: tuple[tuple[str, int], ...]) -> bool:
    """Whether something is wrong with a graph, tried in a process that may crash."""
    _, answer = next(Workers("random_graphs.check:verdict_of", count=1).run([task_of(made, 0, ways)]))
    return verdict(answer).fault is not None


def write(seed: int, made: Drawn, said: str) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"seed_{seed}.txt"
    path.write_text("".join(f"# {line}\n" for line in said.splitlines()[:4]) + text_of(made))
    return path


@dataclass
class Tally:
    """What became of the graphs so far."""

    done: int = 0
    faults: dict[int, str] = field(default_factory=dict[int, str])
    refused: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, seed: int, said: Verdict) -> None:
        self.done += 1
        for target, why in said.refused.items():
            self.refused.setdefault(target, Counter())[why] += 1
        if said.fault is not None:
            self.faults[seed] = said.fault
            print(f"seed {seed}: {' '.join(said.fault.split())[:300]}", flush=True)

    def compared(self, target: str) -> int:
        """Graphs that the target did not refuse."""
        return self.done - self.refused.get(target, Counter()).total()

    def say(self, targets: list[str]) -> None:
        for target in targets:
            reasons = self.refused.get(target, Counter[str]())
            print(f"{target}: {self.compared(target)} graphs compared, {reasons.total()} refused")
            for why, count in reasons.most_common(REASONS):
                print(f"  {count} x {' '.join(why.split())[:120]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--workers", type=int, help="processes; default: one a core")
    parser.add_argument("--targets", default="native,c", help="with commas between; default: native,c")
    parser.add_argument("--keep-whole", action="store_true", help="do not reduce what fails, only name it")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        ways = ways_of(given.targets)
    except ValueError as unknown:
        parser.error(str(unknown))
    targets = list(dict.fromkeys(target for target, _ in ways))
    for target in targets:
        if target in DRIVERS and not has_device(target):
            parser.error(f"{target} wants {DRIVERS[target]}, which is missing here")
    workers = Workers("random_graphs.check:verdict_of", **({} if given.workers is None else {"count": given.workers}))
    drawn, tally, began = Counter[str](), Tally(), time.monotonic()
    for task, answer in workers.run(tasks(range(given.start, given.start + given.count), drawn, ways)):
        tally.add(task.seed, verdict(answer))
        if tally.done % 100 == 0:
            print(f"{tally.done} graphs, {len(tally.faults)} differences, {time.monotonic() - began:.0f} s", flush=True)
    if not given.keep_whole:
        for seed, said in tally.faults.items():
            small = reduced(graph(seed), lambda made: fails(made, ways))
            print(f"seed {seed} reduced to {write(seed, small, said)}")
    rare = ", ".join(f"{op} {count}" for op, count in sorted(drawn.items(), key=lambda row: row[1])[:5])
    print(f"{tally.done} graphs of {sum(drawn.values())} nodes, {len(drawn)} operators (the rarest: {rare})")
    tally.say(targets)
    print(f"{len(tally.faults)} differences")
    return 1 if tally.faults or not all(map(tally.compared, targets)) else 0


if __name__ == "__main__":
    sys.exit(main())
