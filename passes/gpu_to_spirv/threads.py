"""Who a thread is, and what threads do together: ids are variables that the device fills in; barriers and subgroups.

  gpu.barrier
  %s = gpu.subgroup_reduce add %x : (f32) -> f32
  %t, %valid = gpu.shuffle xor %x, %offset, %width : f32
becomes
  spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
  %s = spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %x : f32 -> f32
  %t = spirv.GroupNonUniformShuffleXor <Subgroup> %x, %offset : f32, i32
"""

from __future__ import annotations

from collections.abc import Callable

from stepwell.dialects import gpu, spirv
from stepwell.dialects.gpu.attributes import Reduction
from xdsl.dialects.builtin import AnyFloat, VectorType, i1, i32
from xdsl.ir import Attribute, SSAValue

from .writer import Writer, pointer

TRIPLE = VectorType(i32, [3])
BUILT_IN: dict[str, tuple[str, Attribute]] = {
    "gpu.global_id": ("GlobalInvocationId", TRIPLE),
    "gpu.thread_id": ("LocalInvocationId", TRIPLE),
    "gpu.block_id": ("WorkgroupId", TRIPLE),
    "gpu.grid_dim": ("NumWorkgroups", TRIPLE),
    "gpu.lane_id": ("SubgroupLocalInvocationId", i32),
    "gpu.subgroup_id": ("SubgroupId", i32),
    "gpu.subgroup_size": ("SubgroupSize", i32),
}
"""An op → the variable that the device fills in, and its type. (Vulkan, "Built-In Variables".)"""

BARRIER = "Workgroup", "Workgroup", "AcquireRelease|UniformMemory|WorkgroupMemory"
"""gpu.barrier orders what a block wrote anywhere: to its own memory and to buffers."""


def built_in_name(op_name: str) -> str:
    """What the variable is called."""
    return op_name.removeprefix("gpu.")


def input_variable(op_name: str) -> spirv.GlobalVariableOp:
    device_name, kind = BUILT_IN[op_name]
    return spirv.GlobalVariableOp(built_in_name(op_name), pointer(kind, "Input"), built_in=device_name)


def built_in(to: Writer, op_name: str) -> SSAValue:
    return to.load(to.address(built_in_name(op_name), pointer(BUILT_IN[op_name][1], "Input")))


def barrier(to: Writer) -> None:
    to.add(spirv.ControlBarrierOp(*BARRIER))


REDUCTIONS = {
    Reduction.Add: ("IAdd", "FAdd"),
    Reduction.Mul: ("IMul", "FMul"),
    Reduction.And: ("BitwiseAnd", None),
    Reduction.Or: ("BitwiseOr", None),
    Reduction.Xor: ("BitwiseXor", None),
    Reduction.MinSI: ("SMin", None),
    Reduction.MinUI: ("UMin", None),
    Reduction.MaxSI: ("SMax", None),
    Reduction.MaxUI: ("UMax", None),
    Reduction.MinNumF: (None, "FMin"),
    Reduction.MaxNumF: (None, "FMax"),
    Reduction.MinimumF: (None, "FMin"),
    Reduction.MaximumF: (None, "FMax"),
}
"""A reduction → SPIR-V's on integers, and on floats."""
ON_BOOLS = {
    Reduction.And: "LogicalAnd",
    Reduction.Or: "LogicalOr",
    Reduction.Xor: "LogicalXor",
    Reduction.Add: "LogicalXor",
    Reduction.Mul: "LogicalAnd",
    Reduction.MinSI: "LogicalOr",
    Reduction.MaxSI: "LogicalAnd",
    Reduction.MinUI: "LogicalAnd",
    Reduction.MaxUI: "LogicalOr",
}
"""True is 1, and -1 where there is a sign."""
NAN_WINS = {Reduction.MinimumF, Reduction.MaximumF}
NAN_LOSES = {Reduction.MinNumF: float("inf"), Reduction.MaxNumF: float("-inf")}


def reduce(to: Writer, op: gpu.SubgroupReduceOp, value: SSAValue) -> SSAValue:
    """SPIR-V leaves open which of a NaN and a number is the less, so NaNs are looked for apart: each thread hands in
    what changes nothing in place of one, and where all are, or one wins, the result is a NaN."""
    kind = op.op.data
    if value.type == i1:
        return to.make(f"GroupNonUniform{ON_BOOLS[kind]}", value)
    on_integers, on_floats = REDUCTIONS[kind]
    if not isinstance(value.type, AnyFloat):
        return to.make(f"GroupNonUniform{on_integers}", value)
    if kind not in NAN_WINS and kind not in NAN_LOSES:
        return to.make(f"GroupNonUniform{on_floats}", value)
    is_nan = to.is_nan(value)
    found = to.make("GroupNonUniformAny" if kind in NAN_WINS else "GroupNonUniformAll", is_nan)
    neutral = NAN_LOSES[Reduction.MinNumF if on_floats == "FMin" else Reduction.MaxNumF]
    number = to.choose(is_nan, to.number(neutral, value.type), value)
    best = to.make(f"GroupNonUniform{on_floats}", number)
    return to.choose(found, to.number(float("nan"), value.type), best)


def shuffle(to: Writer, op: gpu.ShuffleOp, value: SSAValue, offset: SSAValue, width: SSAValue) -> list[SSAValue]:
    """The value of another thread, and whether there is one. Of `width` threads, a power of two, each is among its
    own."""
    lane = built_in(to, "gpu.lane_id")
    within = to.make("BitwiseAnd", lane, to.make("ISub", width, to.number(1)))

    def by_index() -> tuple[SSAValue, SSAValue]:
        there = to.make("IAdd", to.make("ISub", lane, within), offset)
        return to.make("GroupNonUniformShuffle", value, there), to.make("ULessThan", offset, width)

    def by_bits() -> tuple[SSAValue, SSAValue]:
        there = to.make("BitwiseXor", within, offset)
        return to.make("GroupNonUniformShuffleXor", value, offset), to.make("ULessThan", there, width)

    def below() -> tuple[SSAValue, SSAValue]:
        return to.make("GroupNonUniformShuffleUp", value, offset), to.make("UGreaterThanEqual", within, offset)

    def above() -> tuple[SSAValue, SSAValue]:
        there = to.make("IAdd", within, offset)
        return to.make("GroupNonUniformShuffleDown", value, offset), to.make("ULessThan", there, width)

    modes: dict[str, Callable[[], tuple[SSAValue, SSAValue]]] = {
        "idx": by_index,
        "xor": by_bits,
        "up": below,
        "down": above,
    }
    return list(modes[op.mode.data]())
