"""What a module may contain at each level of the stair.

The attribute `stepwell.level` of a module says where it stands; the table below, what may be there. An entry is a
dialect (`"arith"`: all its ops) or one op (`"tensor.empty"`). Every step down ends with a check: nothing of the level
above may be left. Between two steps a module holds ops of both: `bufferize` has made memrefs, loops are still to come.
"""

from __future__ import annotations

from collections import Counter

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation

from .diagnostics import StepwellError, did_you_mean
from .registry import REGISTRY

LEVEL = "stepwell.level"

FUNCTIONS = ("builtin.module", "func.func", "func.return", "func.call")

LEVELS: dict[str, tuple[str, ...]] = {
    "onnx": (*FUNCTIONS, "onnx"),
    "graph": (*FUNCTIONS, "graph"),
    "kernels": (*FUNCTIONS, "graph"),
    "tensor": (
        *FUNCTIONS,
        "arith",
        "math",
        "linalg.fill",
        "linalg.generic",
        "linalg.index",
        "linalg.yield",
        "scf",
        "tensor.collapse_shape",
        "tensor.empty",
        "tensor.expand_shape",
        "tensor.extract",
        "tensor.extract_slice",
        "tensor.from_elements",
        "tensor.insert",
        "tensor.insert_slice",
    ),
    "buffers": (
        *FUNCTIONS,
        "arith",
        "math",
        "memref",
        "linalg.fill",
        "linalg.generic",
        "linalg.index",
        "linalg.yield",
        "schedule",
        "scf",
    ),
    "loops": (*FUNCTIONS, "arith", "gpu.barrier", "math", "memref", "nvgpu", "scf", "vector", "x86vector", "amx"),
    "program": (*FUNCTIONS, "arith", "gpu.barrier", "math", "memref", "nvgpu", "scf", "vector", "x86vector", "amx"),
    "device": (*FUNCTIONS, "gpu", "nvgpu", "spirv", "arith", "math", "memref", "scf", "vector"),
    "device-llvm": (*FUNCTIONS, "gpu.module", "gpu.launch_func", "llvm", "arith", "memref", "scf"),
    "llvm": ("builtin.module", "llvm"),
}

ALLOCATIONS = ("memref.alloc", "memref.alloca", "memref.dealloc", "memref.global", "memref.get_global")

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "kernels": ("graph.fusion",),
    "program": tuple(name for name in ALLOCATIONS if name != "memref.alloca"),  # shared by the threads of a block
    "device": ALLOCATIONS,
    "device-llvm": ALLOCATIONS,
}
"""Of an allowed dialect, what may not be there: from level program on all memory has its place."""

ORDER = tuple(LEVELS)


def level_of(module: ModuleOp) -> str | None:
    """Where the module stands; None when it does not say."""
    found = module.attributes.get(LEVEL)
    return found.data if isinstance(found, StringAttr) else None


def set_level(module: ModuleOp, level: str) -> None:
    """What a step-down pass does when it is done."""
    module.attributes[LEVEL] = StringAttr(level)


def illegal_ops(module: ModuleOp, level: str, *, halfway: bool = False) -> tuple[Counter[str], Operation | None]:
    """The ops that the level may not contain: how many of each name, and the first of them."""
    allowed = set(LEVELS[level])
    forbidden: set[str] = set(FORBIDDEN.get(level, ()))
    if halfway:
        after = ORDER[ORDER.index(level) : ORDER.index(level) + 4]  # from program some ways skip the device
        allowed = {entry for name in after for entry in LEVELS[name]} | {"linalg", "bufferization"}
        forbidden.clear()
    allowed |= {dialect for dialect, at in REGISTRY.levels.items() if at == level}
    counts: Counter[str] = Counter()
    first: Operation | None = None
    for op in module.walk():
        name = op.name
        if name not in forbidden and (name in allowed or name.partition(".")[0] in allowed):
            continue
        counts[name] += 1
        first = op if first is None else first
    return counts, first


def check_level(module: ModuleOp, *, halfway: bool = False) -> None:
    """Raise `StepwellError` when the module contains what its level may not. `halfway`: also what the next may."""
    level = level_of(module)
    if level is None:
        return
    if level not in LEVELS:
        raise StepwellError(
            f"there is no level '{level}'",
            where=module,
            fix=did_you_mean(level, LEVELS) or f"the levels: {', '.join(LEVELS)}",
        )
    counts, first = illegal_ops(module, level, halfway=halfway)
    if first is not None:
        every = ", ".join(f"{name} ({n})" for name, n in counts.most_common())
        raise StepwellError(f"level '{level}' may not contain {first.name}; what is there of such ops: {every}", first)
