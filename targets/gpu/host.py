"""The program of the host, read off @main at level device: which buffers there are, and which launches follow.

    %t = memref.view %arena[%c4096][] : memref<8192xi8> to memref<64xf32>
    gpu.launch_func @kernels::@scale blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
      args(%x : memref<64xf32>, %t : memref<64xf32>, %c4 : index)
  is, in a package's manifest,
    {"kernel": "scale", "blocks": [1, 1, 1], "threads": [64, 1, 1], "numbers": [4],
     "buffers": [{"of": "input 0", "offset": 0, "bytes": 256, "dtype": "float32"},
                 {"of": "arena", "offset": 4096, "bytes": 256, "dtype": "float32"}]}

Buffers and numbers stand in the order of the kernel's arguments. `requires`: the dtypes that a loader
must ask a device for. Launches run one after the other, each seeing what those before it wrote. Control flow holds
lists of such steps. A number is known, or called by its name: `v1` and so on.

    scf.for %i = %c0 to %c9 step %c1        {"for": "v0", "from": 0, "to": 9, "step": 1, "do": [...]}
    scf.if %c { ... } else { ... }          {"if": "v1", "then": [...], "else": [...]}
    scf.while ... { %c = ...                {"while": "v2", "test": [...], "do": [...]}
      scf.condition(%c) } do { ... }
    %n = memref.load %b[%c3] : memref<8xi64>    {"read": "v3", "at": 3, "dtype": "int64", "buffer": {"of": ...}}
    %p = arith.addi %n, %c4 : i64           {"let": "v4", "be": "addi", "of": ["v3", 4], "bits": 64}
    scf.yield %p, %n : i64, i64             {"set": {"v5": "v4", "v6": "v3"}}

What a loop carries has one name before, in and behind it, which `set` gives new values, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.gpu import LaunchFuncOp
from stepwell.locations import describe
from stepwell.manifest import dtype_name, entry_of, manifest_of
from stepwell.passes.loops_to_gpu.loops_to_gpu import is_root
from stepwell.passes.loops_to_llvm.arguments import VIEWS, constant
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import DYNAMIC_INDEX, AnyFloat, IntegerType, MemRefType, ModuleOp, i1
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from .device import DeviceDescription

Step = dict[str, Any]


COMPUTED = frozenset(
    f"arith.{name}"
    for name in (
        *("addi", "subi", "muli", "divsi", "remsi", "floordivsi", "maxsi", "minsi", "andi", "ori", "xori", "select"),
        *("index_cast", "extsi", "extui", "trunci"),
    )
)
"""What the host computes with whole numbers, besides comparisons."""
COMPARISONS = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
"""Those of arith.cmpi, in the order of their numbers."""


def host_program(module: ModuleOp, device: DeviceDescription) -> dict[str, Any]:
    """The manifest of a module at level device, made for `device`."""
    main = cast("func.FuncOp", entry_of(module))
    manifest = manifest_of(module)
    steps = Steps(names_of(main, len(manifest["inputs"]))).of(main.body.block)
    for entry, argument in zip((*manifest["inputs"], *manifest["outputs"]), main.body.block.args, strict=False):
        entry["stored"] = dtype_name(cast("MemRefType[Attribute]", argument.type).element_type)
    manifest |= {"device": device.name, "requires": requirements(module, device), "kernels": origins(main)}
    return manifest | {"launches": steps}


def origins(main: func.FuncOp) -> dict[str, str]:
    """What of the model each kernel was made of, as a person would say it."""
    launches = [op for op in main.walk() if isinstance(op, LaunchFuncOp)]
    return {kernel_of(op): describe(op.location) or "no node of the model" for op in launches}


def kernel_of(op: LaunchFuncOp) -> str:
    return op.kernel.nested_references.data[0].data


@dataclass
class Steps:
    """Blocks of @main as lists of steps. `buffers`: what the arguments of @main are called."""

    buffers: dict[SSAValue, str]
    numbers: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])

    def of(self, block: Block) -> list[Step]:
        return [step for op in block.ops for step in self.step(op)]

    def step(self, op: Operation) -> list[Step]:
        match op:
            case LaunchFuncOp():
                return [self.launch(op)]
            case memref.LoadOp():
                kind = dtype_name(op.res.type)
                (at,) = map(self.number, op.indices)
                return [{"read": self.name(op.res), "at": at, "dtype": kind, "buffer": place(op.memref, self.buffers)}]
            case scf.ForOp():
                return self.count(op)
            case scf.IfOp():
                return self.branch(op)
            case scf.WhileOp():
                return self.repeat(op)
            case arith.ConstantOp() | func.ReturnOp() | scf.YieldOp() | scf.ConditionOp():
                return []
            case arith.CmpiOp():
                return [self.let(op, COMPARISONS[op.predicate.value.data])]
            case _ if op.name in COMPUTED:
                return [self.let(op, op.name.removeprefix("arith."))]
            case _ if op.name in VIEWS:
                return []
            case _:
                raise StepwellError(f"{op.name} cannot be run by the host of a device", op)

    # -- numbers -----------------------------------------------------------------------------------------------------

    def name(self, value: SSAValue, like: SSAValue | None = None) -> str:
        """What a number is called; `like`: as that one is."""
        if value not in self.numbers:
            self.numbers[value] = f"v{len(self.numbers)}" if like is None else self.numbers[like]
        return self.numbers[value]

    def number(self, value: SSAValue) -> int | str:
        known = constant(value)
        if known is not None:
            return known & 1 if value.type == i1 else known
        return self.numbers[value]

    def let(self, op: Operation, word: str) -> Step:
        (result,) = op.results
        wide = op.operands[0] if word in COMPARISONS else result
        step = {"let": self.name(result), "be": word, "of": list(map(self.number, op.operands))}
        return step | {"bits": bits(op.operands[0] if word == "extui" else wide)}

    def set(self, names: Sequence[SSAValue], values: Sequence[SSAValue]) -> list[Step]:
        new = {self.name(a): self.number(b) for a, b in zip(names, values, strict=True)}
        changed = {name: number for name, number in new.items() if name != number}
        return [{"set": changed}] if changed else []

    # -- control flow ------------------------------------------------------------------------------------------------

    def count(self, op: scf.ForOp) -> list[Step]:
        block = op.body.block
        counter, *carried = block.args
        before = self.set(carried, op.iter_args)
        for result, arg in zip(op.results, carried, strict=True):
            self.name(result, like=arg)
        first, end, step = map(self.number, (op.lb, op.ub, op.step))
        name = self.name(counter)
        return [*before, {"for": name, "from": first, "to": end, "step": step, "do": self.yielding(block, carried)}]

    def branch(self, op: scf.IfOp) -> list[Step]:
        for result in op.output:
            self.name(result)
        then, otherwise = (
            self.yielding(region.block, op.output) if region.blocks else []
            for region in (op.true_region, op.false_region)
        )
        return [{"if": self.number(op.cond), "then": then, "else": otherwise}]

    def repeat(self, op: scf.WhileOp) -> list[Step]:
        test, body = op.before_region.block, op.after_region.block
        before = self.set(test.args, op.arguments)
        steps = self.of(test)
        last = test.last_op
        assert isinstance(last, scf.ConditionOp)
        handed = last.operands[1:]
        for result, arg, value in zip(op.results, body.args, handed, strict=True):
            self.name(arg, like=value if value in test.args else None)
            self.name(result, like=arg)
        steps += self.set(body.args, handed)
        return [
            *before,
            {"while": self.number(last.operands[0]), "test": steps, "do": self.yielding(body, test.args)},
        ]

    def yielding(self, block: Block, to: Sequence[SSAValue]) -> list[Step]:
        """The steps of a block, and what it yields."""
        last = block.last_op
        assert isinstance(last, scf.YieldOp)
        return [*self.of(block), *self.set(to, last.operands)]

    # -- launches ----------------------------------------------------------------------------------------------------

    def launch(self, op: LaunchFuncOp) -> Step:
        buffers = [place(value, self.buffers) for value in op.arguments if isinstance(value.type, MemRefType)]
        numbers = [self.number(value) for value in op.arguments if not isinstance(value.type, MemRefType)]
        kernel = kernel_of(op)
        grid, block = ([constant(n) for n in size] for size in (op.blocks, op.threads))
        return {"kernel": kernel, "blocks": grid, "threads": block, "buffers": buffers, "numbers": numbers}


def bits(value: SSAValue) -> int:
    return value.type.width.data if isinstance(value.type, IntegerType) else 64


def requirements(module: ModuleOp, device: DeviceDescription) -> list[str]:
    """The dtypes of the program that not every device of the kind has."""
    met: set[Attribute] = set()
    for op in module.walk():
        for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
            kind = value.type
            met.add(cast("MemRefType[Attribute]", kind).element_type if isinstance(kind, MemRefType) else kind)
    names = {dtype_name(kind) for kind in met if isinstance(kind, AnyFloat)}
    return sorted(names & set(device.optional))


def names_of(main: func.FuncOp, inputs: int) -> dict[SSAValue, str]:
    """What the arguments of @main are called: `input 0`, ..., `output 0`, ..., `weights`, `arena`."""
    *tensors, weights, arena = main.body.block.args
    names: dict[SSAValue, str] = {weights: "weights", arena: "arena"}
    for n, value in enumerate(tensors):
        names[value] = f"input {n}" if n < inputs else f"output {n - inputs}"
    return names


def place(value: SSAValue, names: dict[SSAValue, str]) -> Step:
    """Where a buffer that a kernel is handed stands: always at the start of a part that has a place of its own."""
    kind = cast("MemRefType[Attribute]", value.type)
    while not is_root(value):
        value = cast("Operation", value.owner).operands[0]
    whole = cast("MemRefType[Attribute]", value.type)
    count = 1
    for size in whole.get_shape():
        count *= size
    assert DYNAMIC_INDEX not in whole.get_shape()
    size = count * element_bytes(kind.element_type)
    if isinstance(value, BlockArgument):
        return {"of": names[value], "offset": 0, "bytes": size, "dtype": dtype_name(kind.element_type)}
    view = cast("memref.ViewOp", value.owner)
    start = constant(view.byte_shift)
    return {"of": names[view.source], "offset": start, "bytes": size, "dtype": dtype_name(kind.element_type)}
