"""Programs that a team of threads runs: the same bits as with one thread, however often, from wherever, all at once."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper, numpy_helper
from stepwell.cache import Cache
from stepwell.driver import Model, Way, find_target
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime import team
from stepwell.runtime.native import NativeProgram
from stepwell.targets.native import team as team_code

CORES = 4
"""How many cores the threads of these tests believe in: more than many machines have, to be put aside for one another.
"""
RNG = np.random.default_rng(0)
DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"
SHARE_ALL = "plan-memory{{threads={0}}},distribute-threads{{threads={0} min-work=0 min-spared=0}}"


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A pool of its own for each test, whose threads stay at it however often they wait for one another."""
    monkeypatch.setattr(team, "usable_cores", lambda: set(range(CORES)))
    monkeypatch.setattr(team_code, "MOST_IDLE", 1 << 30)
    team.stop()
    team.forget()
    yield
    if team._pool is not None:
        assert team._pool._words[0] == 0, "all that were at work have come back"
    team.stop()
    team.forget()


def model(shape: list[int], nodes: list[tuple[Any, ...]], **weights: tuple[int, ...]) -> bytes:
    """A chain: each node (op, extra inputs, attributes) takes what the one before it gave."""
    made, value = [], "x"
    for n, (op, extra, attributes) in enumerate(nodes):
        made.append(helper.make_node(op, [value, *extra], [f"v{n}"], **attributes))
        value = f"v{n}"
    graph = helper.make_graph(
        made,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(RNG.normal(size=s).astype(np.float32), name) for name, s in weights.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(proto).SerializeToString()


GRAPHS = {
    "padded convolution": lambda: model(
        [1, 3, 19, 23],
        [("Conv", ["w", "b"], {"pads": [1, 1, 1, 1]}), ("Relu", [], {}), ("MaxPool", [], {"kernel_shape": [2, 2]})],
        w=(21, 3, 3, 3),
        b=(21,),
    ),
    "depthwise convolution": lambda: model(
        [2, 37, 11, 13],
        [("Conv", ["w"], {"group": 37, "pads": [1, 1, 1, 1], "strides": [2, 2]}), ("Sigmoid", [], {})],
        w=(37, 1, 3, 3),
    ),
    "matrix products": lambda: model(
        [31, 45], [("MatMul", ["a"], {}), ("Tanh", [], {}), ("MatMul", ["b"], {})], a=(45, 53), b=(53, 7)
    ),
    "softmax": lambda: model([5, 33, 47], [("Softmax", [], {"axis": 1}), ("Softmax", [], {"axis": -1})]),
    "reductions": lambda: model(
        [7, 33, 29],
        [("ReduceMean", [], {"axes": [2]}), ("ReduceMax", [], {"axes": [0]}), ("ReduceSum", [], {"keepdims": 1})],
    ),
    "movement": lambda: model(
        [3, 17, 19],
        [
            ("Transpose", [], {"perm": [2, 0, 1]}),
            ("Concat", ["w"], {"axis": 2}),
            ("Transpose", [], {"perm": [1, 2, 0]}),
            ("Add", ["b"], {}),
        ],
        w=(19, 3, 6),
        b=(23, 1),
    ),
}


def lowered(source: Any, threads: int, shape: tuple[int, ...] | None = None) -> NativeProgram:
    """The program with every loop shared that can be, however short."""
    way = Way(find_target("native"))
    ctx, module = Model(source, way, Cache(None)).read()
    if shape is not None:
        from stepwell.interface import interface_of

        way.bind(ctx, module, interface_of(module), (shape,))
    way.lower(ctx, module, to="loops")
    run_passes(ctx, module, parse_passes(SHARE_ALL.format(threads)), verify_each=True)
    way.lower(ctx, module)
    artifact = way.target.emit(ctx, module, way.options)
    made = NativeProgram(artifact.manifest, artifact.files, artifact.weights)
    assert made.threads == threads
    return made


def only(program: NativeProgram, x: Any, name: str = "x") -> Any:
    (output,) = program.run({name: x}).values()
    return output


def hold_against(one: NativeProgram, many: NativeProgram, shape: tuple[int, ...], name: str, runs: int) -> None:
    inputs = [RNG.normal(size=shape).astype(np.float32) for _ in range(3)]
    wanted = [only(one, x, name) for x in inputs]
    for run in range(runs):
        np.testing.assert_array_equal(only(many, inputs[run % 3], name), wanted[run % 3], strict=True)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_bits(name: str) -> None:
    source = GRAPHS[name]()
    shape = tuple(d.dim_value for d in onnx.load_from_string(source).graph.input[0].type.tensor_type.shape.dim)
    one = lowered(source, 1)
    for threads in (2, 3):
        hold_against(one, lowered(source, threads), shape, "x", runs=30)


def test_digits() -> None:
    shape = (5, 1, 8, 8)
    one = lowered(DIGITS, 1, shape)
    for threads in (2, 3):
        hold_against(one, lowered(DIGITS, threads, shape), shape, "image", runs=50)


@pytest.mark.parametrize("threads", [2, 4])
def test_who_waits_may_sleep(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that sleep at once: each wait is a chance to miss the call that ends it."""
    monkeypatch.setattr(team_code, "SPINS", 0)
    monkeypatch.setattr(team_code, "IDLE_SPINS", 0)
    source = GRAPHS["softmax"]()
    one, many = lowered(source, 1), lowered(source, threads)
    hold_against(one, many, (5, 33, 47), "x", runs=200)
    assert threads_of_the_last_run(many) == threads


def threads_of_the_last_run(program: NativeProgram) -> int:
    return ctypes.c_int64.from_address(program._frames[-1].address + 192).value


def test_fewer_threads_for_a_while() -> None:
    many = lowered(GRAPHS["reductions"](), CORES)
    x = np.ones((7, 33, 29), np.float32)
    wanted = only(many, x)
    assert threads_of_the_last_run(many) == CORES
    team._pool._words[team.LIMIT : team.LIMIT + 2] = CORES // 2, 3
    seen: list[int] = []
    for _ in range(5):
        np.testing.assert_array_equal(only(many, x), wanted)
        seen.append(threads_of_the_last_run(many))
    assert seen == [CORES // 2] * 3 + [CORES] * 2


def test_runs_that_mostly_idle_are_followed_by_modest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team_code, "MOST_IDLE", 0)
    monkeypatch.setattr(team_code, "TIMED_EVERY", 1)
    monkeypatch.setattr(
        team_code, "TEXT", team_code.TEXT.replace("mul i64 %took, %threads.64", "add i64 0, 1000000000")
    )
    many = lowered(GRAPHS["softmax"](), CORES)
    x = np.ones((5, 33, 47), np.float32)
    seen = list[int]()
    for _ in range(12):
        only(many, x)
        seen.append(threads_of_the_last_run(many))
    # after 4 threads 2, after these 1; as a run of one thread says nothing, 2 are tried again
    assert seen[:4] == [4, 2, 1, 1] and 2 in seen[4:]


@cache
def products(threads: int) -> NativeProgram:
    return lowered(GRAPHS["matrix products"](), threads)


def all_at_once(work: list[Callable[[], None]]) -> None:
    """Run each in a thread; what one raises is raised here."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_several_callers_at_once() -> None:
    many = products(2)

    def caller(number: int) -> Callable[[], None]:
        x = np.full((31, 45), number, np.float32)
        wanted = only(many, x)

        def job() -> None:
            for _ in range(50):
                np.testing.assert_array_equal(only(many, x), wanted)

        return job

    all_at_once([caller(n) for n in range(4)])


def test_several_programs_at_once() -> None:
    source = GRAPHS["softmax"]()
    programs = [lowered(source, 2), lowered(source, 3), lowered(source, 2)]
    x = RNG.normal(size=(5, 33, 47)).astype(np.float32)
    wanted = only(programs[0], x)

    def caller(program: NativeProgram) -> Callable[[], None]:
        def job() -> None:
            for _ in range(30):
                np.testing.assert_array_equal(only(program, x), wanted)

        return job

    all_at_once([caller(program) for program in programs])


def test_many_more_threads_than_cores() -> None:
    source = GRAPHS["matrix products"]()
    hold_against(lowered(source, 1), lowered(source, 1000), (31, 45), "x", runs=20)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("stepwell-")]


def test_programs_share_their_threads() -> None:
    only(lowered(GRAPHS["reductions"](), 3), np.ones((7, 33, 29), np.float32))
    only(lowered(GRAPHS["softmax"](), CORES + 7), np.ones((5, 33, 47), np.float32))
    only(lowered(GRAPHS["reductions"](), 2), np.ones((7, 33, 29), np.float32))
    assert len(workers()) == CORES - 1


def test_workers_end_when_they_are_told() -> None:
    only(lowered(GRAPHS["reductions"](), 3), np.ones((7, 33, 29), np.float32))
    mine = workers()
    assert len(mine) >= 2
    team.stop()
    assert not any(thread.is_alive() for thread in mine)
    many = lowered(GRAPHS["reductions"](), 2)
    hold_against(lowered(GRAPHS["reductions"](), 1), many, (7, 33, 29), "x", runs=3)  # the caller does it alone


def large() -> bytes:
    return model([1, 16, 48, 48], [("Conv", ["w"], {"pads": [1, 1, 1, 1]})], w=(32, 16, 3, 3))


def test_compile_shares_what_is_large_enough() -> None:
    source = large()
    shape = (1, 16, 48, 48)
    programs = {n: stepwell.compile(source, threads=n).load((shape,)) for n in (1, 2)}
    assert [programs[n].threads for n in (1, 2)] == [1, 2]  # type: ignore[attr-defined]
    hold_against(programs[1], programs[2], shape, "x", runs=20)  # type: ignore[arg-type]
    assert stepwell.compile(DIGITS, threads=2).load(((1, 1, 8, 8),)).threads == 1  # type: ignore[attr-defined]


ONE_CORE = """
import os, sys, threading
import numpy as np
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import stepwell
program = stepwell.compile(sys.argv[1], threads=3)
program.run({"x": np.ones((1, 16, 48, 48), np.float32)})
assert program.load(((1, 16, 48, 48),)).threads == 3
assert threading.active_count() == 1
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no os.sched_setaffinity")
def test_one_core_has_no_workers(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(large())
    subprocess.run([sys.executable, "-c", ONE_CORE, str(path)], check=True, timeout=120)


SCRIPT = """
import os, sys, threading
import numpy as np
import stepwell
program = stepwell.compile(sys.argv[1], threads=3)
feeds = {"x": np.ones((1, 16, 48, 48), np.float32)}
wanted = program.run(feeds)["v0"]
stop = threading.Event()
def run():
    while not stop.is_set():
        assert (program.run(feeds)["v0"] == wanted).all()
busy = threading.Thread(target=run)
busy.start()
for _ in range(5 if hasattr(os, "fork") else 0):
    child = os.fork()
    if child == 0:  # has none of its parent's threads
        os._exit(0 if all((program.run(feeds)["v0"] == wanted).all() for _ in range(3)) else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
busy.join()
assert (program.run(feeds)["v0"] == wanted).all()
"""


def test_fork_and_exit(tmp_path: Path) -> None:
    """A child that is forked amid runs gets threads of its own, and no interpreter hangs when it exits."""
    path = tmp_path / "model.onnx"
    path.write_bytes(large())
    subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, timeout=120)
