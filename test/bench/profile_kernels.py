"""Where the time of a model goes: each kernel call of the native program, timed within it.

    python test/bench/profile_kernels.py MODEL.onnx [--inputs IN.npz] [--rounds 20] [--calls] [--shape x=1x3]
        [--precision bf16]

@main reads the processor's cycle counter between two calls, so that every kernel finds the caches as the kernel before
left them. Times are the minimum over the rounds, one thread. GFLOP/s counts the arithmetic of a kernel's linalg ops
(a multiplication and an addition are two, an exp is one), GB/s the elements of its arguments, each once: weights,
inputs and outputs, whatever the caches hold of them.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module, settings
from stepwell.interface import interface_of
from stepwell.manifest import manifest_of, pack_weights
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.memory import aligned_bytes
from stepwell.runtime.native import address_of, link, numpy_dtype
from stepwell.targets.cpu.hardware import host
from stepwell.targets.native.emitter import Emitter, compile_functions
from stepwell.tools.shapes import parse_shapes, shapes_for
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import FunctionType, IndexType, MemRefType, ModuleOp, ShapedType, i64
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute

TICK = "tick"
TICK_TEXT = f"""
declare i64 @llvm.readcyclecounter()
define void @{TICK}(ptr %ticks, i64 %n) {{
  %now = call i64 @llvm.readcyclecounter()
  %place = getelementptr i64, ptr %ticks, i64 %n
  store i64 %now, ptr %place
  ret void
}}
"""
ARITHMETIC = ("arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.maximumf", "arith.minimumf", "arith.negf")


@dataclass(frozen=True)
class Cost:
    """What one call does: floating-point operations, bytes of its arguments, what it computes."""

    flops: float
    bytes: float
    what: str


def cost_of(kernel: func.FuncOp) -> Cost:
    """The cost of a kernel at level tensor."""
    flops, loops = 0.0, list[str]()
    for op in kernel.walk():
        if isinstance(op, linalg.GenericOp):
            extents = op.get_static_loop_ranges()
            steps = prod(extents)
            counted = [inner for inner in op.body.block.ops if inner.name in ARITHMETIC or inner.name[:5] == "math."]
            flops += float(steps) * len(counted)
            loops.append("x".join(map(str, extents)))
    types = [*kernel.function_type.inputs, *kernel.function_type.outputs]
    return Cost(flops, float(sum(map(bytes_of, types))), " ".join(dict.fromkeys(loops)))


def bytes_of(kind: Attribute) -> int:
    if not isinstance(kind, ShapedType):
        return 8
    element = cast("Any", kind).get_element_type()
    return prod(kind.get_shape()) * max(getattr(element, "size", 1), 1)


def insert_ticks(main: func.FuncOp) -> list[str]:
    """Read the counter before the first call and after each; returns the names of what is called."""
    block = main.body.block
    calls = [op for op in block.ops if isinstance(op, func.CallOp)]
    ticks = block.insert_arg(MemRefType(i64, [len(calls) + 1]), len(block.args))
    main.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
    main.properties.pop("arg_attrs", None)

    def tick(n: int) -> list[Any]:
        place = arith.ConstantOp.from_int_and_width(n, IndexType())
        return [place, func.CallOp(TICK, [ticks, place.result], [])]

    block.insert_ops_before(tick(0), calls[0])
    for n, call in enumerate(calls):
        block.insert_ops_after(tick(n + 1), call)
    module = cast(ModuleOp, main.parent_op())
    module.body.block.insert_op_before(func.FuncOp.external(TICK, [ticks.type, IndexType()], []), main)
    return [call.callee.string_value() for call in calls]


def build(
    path: str, shapes: list[str], given: dict[str, Any], **options: Any
) -> tuple[list[str], dict[str, Cost], Callable[[], Any], Callable[[], Any]]:
    """The names of the calls in order, the costs by name, the program, and the program with ticks, which it returns."""
    way = Way(find_target("native"), threads=1, settings=settings(**options))
    ctx = Context()
    module = read_module(ctx, path)
    way.lower(ctx, module, to="graph")
    interface = interface_of(module)
    if interface.static_shapes() is None:
        said = (
            shapes_for(interface, parse_shapes(shapes)) if shapes else [given[i.name].shape for i in interface.inputs]
        )
        way.bind(ctx, module, interface, said)
    way.lower(ctx, module, to="tensor")
    buffers = module.clone()
    run_passes(ctx, buffers, parse_passes("bufferize"))  # a kernel for each layout, and those that copy
    functions = [op for op in buffers.body.block.ops if isinstance(op, func.FuncOp)]
    costs = {op.sym_name.data: cost_of(op) for op in functions if op.sym_name.data != "main"}
    way.lower(ctx, module, to="program")
    plain = module.clone()
    calls = insert_ticks(next(op for op in module.body.block.ops if op.sym_name.data == "main"))
    way.lower(ctx, plain)
    way.lower(ctx, module)
    manifest, weights = manifest_of(module), pack_weights(ctx, module)
    blob = aligned_bytes(len(weights))
    blob[:] = np.frombuffer(weights, np.uint8)
    arena, ticks = aligned_bytes(manifest["arena_size"]), np.zeros(len(calls) + 1, np.int64)
    rng = np.random.default_rng(0)

    def feed(spec: dict[str, Any]) -> Any:
        dtype, shape = numpy_dtype(spec["dtype"]), spec["shape"]
        if spec["name"] in given:
            return np.ascontiguousarray(given[spec["name"]], dtype)
        return rng.standard_normal(shape).astype(dtype) if dtype.kind == "f" else np.ones(shape, dtype)

    arrays = [feed(spec) for spec in manifest["inputs"]]
    arrays += [np.empty(spec["shape"], numpy_dtype(spec["dtype"])) for spec in manifest["outputs"]]
    arrays += [blob, arena]

    def callable_of(module: ModuleOp, more: list[Any], objects: list[bytes]) -> Callable[[], Any]:
        library = link([*compile_functions(module, host(), ctx.cache).values(), *objects], "main")
        addresses = [address_of(array) for array in (*arrays, *more)]
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(addresses))(library["main"])

        def run() -> Any:
            assert library is not None and arrays  # keeps code and data alive
            function(*addresses)
            return ticks

        return run

    ticking = callable_of(module, [ticks], [Emitter(host()).object_code(TICK_TEXT)])
    return calls, costs, callable_of(plain, [], []), ticking


def seconds_per_tick() -> float:
    library = link([Emitter(host()).object_code(TICK_TEXT)], TICK)
    tick = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(library[TICK])
    ticks = np.zeros(2, np.int64)
    tick(address_of(ticks), 0)
    start = time.perf_counter()
    time.sleep(0.1)
    tick(address_of(ticks), 1)
    return (time.perf_counter() - start) / float(ticks[1] - ticks[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--inputs", help="an .npz of the inputs; random numbers otherwise")
    parser.add_argument("--shape", action="append", default=[], help="of an input with symbolic dims, name=1x3")
    parser.add_argument("--schedule", help="a file of schedules that take the place of the strategy's")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", action="store_true", help="a line for each call, not for each kernel")
    parser.add_argument("--precision", help="f32 or bf16")
    parser.add_argument("--cpu", help="the processor to make code for")
    args = parser.parse_args()
    given = dict(np.load(args.inputs)) if args.inputs else {}
    options = {"precision": args.precision, "cpu": args.cpu, "schedule": args.schedule}
    names, costs, plain, ticking = build(args.model, args.shape, given, **options)
    unit = seconds_per_tick()
    best, total = np.full(len(names), np.inf), np.inf
    for _ in range(args.rounds):
        start = time.perf_counter()
        plain()
        total = min(total, time.perf_counter() - start)
        best = np.minimum(best, np.diff(ticking()) * unit)
    rows: dict[str, list[float]] = defaultdict(list)
    for n, (name, taken) in enumerate(zip(names, best, strict=True)):
        rows[f"{n:3} {name}" if args.calls else name].append(float(taken))
    print(f"{'kernel':28} {'calls':>5} {'ms':>8} {'share':>6} {'GFLOP/s':>8} {'GB/s':>6}  loops")
    order = rows if args.calls else sorted(rows, key=lambda name: -sum(rows[name]))
    for name in order:
        cost, taken = costs[name.split()[-1]], sum(rows[name])
        rates = [amount * len(rows[name]) / taken / 1e9 for amount in (cost.flops, cost.bytes)]
        share, times = taken / float(best.sum()), len(rows[name])
        print(f"{name:28} {times:5} {taken * 1e3:8.3f} {share:6.1%} {rates[0]:8.1f} {rates[1]:6.1f}  {cost.what}")
    flops = sum(costs[name].flops for name in names)
    print(f"sum {best.sum() * 1e3:.3f} ms, the whole program {total * 1e3:.3f} ms, {flops / total / 1e9:.1f} GFLOP/s")


if __name__ == "__main__":
    main()
