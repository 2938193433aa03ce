"""Turn linalg ops on memrefs into loops, as their schedule says: scalar ones, or register-tiled vector ones.

    linalg.fill ins(%zero : f32) outs(%y : memref<64x32xf32>)
    linalg.generic {maps of a matrix product} ins(%a, %b) outs(%y)
  and
    schedule.kernel @matmul {
      %i, %j, %r = schedule.nest [0, 1] : 64, 32, 8
      %j_o, %j_i = schedule.tile %j by 16
      schedule.reorder %j_o, %i, %r, %j_i
      schedule.parallel %j_o, %i
      schedule.vectorize %j_i by 16
    }
  become
    scf.for %j = %c0 to %c32 step %c16 {
      scf.for %i = %c0 to %c64 step %c1 {
        %start = vector.broadcast %zero : f32 to vector<16xf32>
        %sum = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %start) {
          %x = vector.broadcast %a[i, k]
          %s = vector.fma %x, %b[k, j .. j + 16], %acc : vector<16xf32>
          scf.yield %s
        }
        vector.store %sum, %y[i, j .. j + 16]

`access.py` reads each op as loops over flat buffers, `nests.py` joins what the schedule has in one nest (the fill
above; an elementwise op that follows), `interpret.py` reads what the schedule says of its loops, `emit.py` writes
them. What cannot be done is refused with the reason and the schedule's place: nothing here chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import KernelOp, NestOp, PackOp, TogetherOp
from stepwell.dialects.schedule.ops import nest_of
from stepwell.levels import set_level
from stepwell.locations import fuse, stamp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, ModuleOp, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .access import VIEWS, Stage, stage_of
from .block_nests import emit_blocks
from .block_plan import BlockPlan
from .blocks_together import check_together
from .builder import Function
from .emit import Emitter
from .interpret import plan_of
from .nests import Nest, group, why_apart
from .plan import Tiles

INPLACE = "stepwell.inplace"
TRANSPARENT = (*VIEWS, memref.AllocOp, memref.ViewOp, memref.GetGlobalOp, arith.ConstantOp)
"""Ops that touch no element, so that nests may move across them."""


@dataclass(frozen=True)
class ApplySchedule(ModulePass):
    name = "apply-schedule"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        schedules: dict[str, KernelOp] = {}
        for op in module.body.block.ops:
            if isinstance(op, KernelOp):
                if op.kernel_name in schedules:
                    raise StepwellError(f"@{op.kernel_name} has two schedules", op)
                schedules[op.kernel_name] = op
        for op in functions_of(module):
            lower(op, schedules.get(op.sym_name.data))
        names = {op.sym_name.data for op in functions_of(module)}
        for name, schedule in schedules.items():
            if name not in names:
                raise StepwellError(f"there is no function @{name} to schedule", schedule)
            module.body.block.erase_op(schedule)
        set_level(module, "loops")


def functions_of(module: ModuleOp) -> list[func.FuncOp]:
    """The functions that have a body."""
    return [op for op in module.body.block.ops if isinstance(op, func.FuncOp) and op.body.first_block is not None]


def lower(function: func.FuncOp, schedule: KernelOp | None) -> None:
    """Turn the linalg ops of `function` into loops."""
    shared = Function(function.body.blocks[0])
    runs = {block: list(stages_in(block)) for block in blocks_of(function)}
    numbers = {stage.op: n for n, stage in enumerate(s for of in runs.values() for run in of for s in run)}
    if schedule is None:
        if numbers:
            raise StepwellError(
                f"@{function.sym_name.data} has no schedule", function, "run schedule-kernels of a target before"
            )
        return
    for op in schedule.body.block.ops:
        if isinstance(op, PackOp):
            raise StepwellError("an operand is to be packed", op, "run pack-operands before")
    said = nest_of_each(function, schedule, numbers)
    shapes: set[Tiles] = set()
    groups = [op for op in schedule.body.block.ops if isinstance(op, TogetherOp)]
    together = {nest_of(loop): op for op in groups for loop in op.loops}
    for block, of in runs.items():
        nests = [nest for run in of for nest in nests_of(run, said, numbers)]
        if not nests:
            continue
        keep_inplace_safe(function, partial(may_share, nests))
        position = {op: n for n, op in enumerate(block.ops)}
        bound: list[tuple[Nest, BlockPlan]] = []
        for nest in nests:
            nest_op = said[nest.main.op]
            if bound and together.get(nest_op) is not together[said[bound[0][0].main.op]]:
                raise apart(together[said[bound[0][0].main.op]])
            nest = fitted(nest, nest_op)
            plan = plan_of(nest_op, list(schedule.body.block.ops), nest, numbers[nest.main.op])
            if nest.is_empty:
                continue
            ops = sorted((s.op for s in nest.stages), key=position.__getitem__)
            if isinstance(plan, BlockPlan):
                bound.append((nest, plan))
                group = together.get(nest_op)
                if group is not None and nest_op is not last_nest(group):
                    continue
                if group is not None:
                    check_group(group, bound, said)
                made = emit_blocks(bound, shared, ops[-1])
                written = [stage.op for member, _ in bound for stage in member.stages]
                stamp(made, fuse(op.location for op in sorted(written, key=position.__getitem__)))
                bound = []
                continue
            shapes |= set() if plan.tiles is None else {plan.tiles}
            if len(shapes) > 1:
                raise StepwellError("schedule.dot by amx: the tiles of a kernel have one shape, here are two", nest_op)
            made = Emitter(nest, plan, shared, ops[-1]).emit()
            stamp(made, fuse(o.location for o in ops))
        if bound:
            raise apart(together[said[bound[0][0].main.op]])
        for nest in nests:
            for stage in nest.stages:
                block.erase_op(stage.op)
        erase_unused(block)
    stamp((v.owner for v in shared.shared.values() if isinstance(v.owner, Operation)), function.location)


def last_nest(group: TogetherOp) -> NestOp:
    return nest_of(group.loops[-1])


def apart(group: TogetherOp) -> StepwellError:
    return StepwellError("schedule.together: these nests do not follow one another, in this order", group)


def check_group(group: TogetherOp, members: Sequence[tuple[Nest, BlockPlan]], said: dict[Operation, NestOp]) -> None:
    """Refuse nests that cannot share their blocks, or do not follow one another as `group` has them."""
    if [said[nest.main.op] for nest, _ in members] != [nest_of(loop) for loop in group.loops]:
        raise apart(group)
    check_together(members, group)


def nest_of_each(function: func.FuncOp, schedule: KernelOp, numbers: dict[Operation, int]) -> dict[Operation, NestOp]:
    """The schedule.nest of each linalg op. Raises `StepwellError` unless there is one for each, and for no other."""
    by_number = {n: op for op, n in numbers.items()}
    said: dict[Operation, NestOp] = {}
    for nest in schedule.body.block.ops:
        if not isinstance(nest, NestOp):
            continue
        for number in nest.numbers:
            if number not in by_number:
                last = f"they are 0 to {len(by_number) - 1}" if by_number else "it has none"
                raise StepwellError(f"@{function.sym_name.data} has no linalg op {number}; {last}", nest)
            said[by_number[number]] = nest
    for op, number in numbers.items():
        if op not in said:
            raise StepwellError(f"linalg op {number} ({op.name}) is in no schedule.nest", schedule)
    return said


def nests_of(run: list[Stage], said: dict[Operation, NestOp], numbers: dict[Operation, int]) -> list[Nest]:
    """The nests of a run of stages, which are those that the schedule has, or are refused."""

    def accept(nest: Nest) -> bool:
        return len({said[stage.op] for stage in nest.stages}) == 1

    nests = group(run, accept)
    for nest in nests:
        wanted = said[nest.main.op]
        if len(nest.stages) != len(wanted.numbers):
            here = sorted(numbers[stage.op] for stage in nest.stages)
            others = [n for n in wanted.numbers if n not in here]
            raise StepwellError(
                f"linalg ops {said_of(here)} and {said_of(others)} cannot share loops: {why_apart(run, accept)}",
                wanted,
                "give each a schedule.nest of its own",
            )
    return nests


def said_of(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def fitted(nest: Nest, said: NestOp) -> Nest:
    """`nest` over the loops that the schedule names."""
    found = nest.collapsed() if nest.is_empty else nest.over_loops(said.sizes)
    if found is None or found.main.extents != said.sizes:
        raise StepwellError(
            f"the loops have other extents: [{said_of(list(nest.main.extents))}], or with neighbours merged "
            f"[{said_of(list(nest.collapsed().main.extents))}]",
            said,
        )
    return found


def blocks_of(op: Operation) -> Iterator[Block]:
    """The blocks inside of `op` that are run, not those that say what a linalg op computes."""
    for block in (block for region in op.regions for block in region.blocks):
        yield block
        for inner in block.ops:
            if not inner.name.startswith("linalg."):
                yield from blocks_of(inner)


def stages_of(function: func.FuncOp) -> list[Stage]:
    """The linalg ops and copies of a function, each at the place that is its number in a schedule."""
    return [stage for block in blocks_of(function) for run in stages_in(block) for stage in run]


def stages_in(block: Block) -> Iterator[list[Stage]]:
    """The stages of `block`, parted where an op stands between them that may touch memory."""
    run: list[Stage] = []
    for op in block.ops:
        if (stage := stage_of(op)) is not None:
            run.append(stage)
        elif op.name.startswith("linalg."):
            raise StepwellError(f"{op.name} is not supported", op, "rewrite it as a linalg.generic")
        elif not isinstance(op, TRANSPARENT):
            yield run
            run = []
    yield run


def erase_unused(block: Block) -> None:
    """Views that nothing uses any more, and buffers that were only there between two stages of a nest."""
    for op in reversed(list(block.ops)):
        if isinstance(op, (*VIEWS, memref.AllocOp)) and not tuple(op.results[0].uses):
            block.erase_op(op)


def keep_inplace_safe(function: func.FuncOp, may_share: Callable[[SSAValue, SSAValue], bool]) -> None:
    """Take back `stepwell.inplace = [n]` where the output is now written before all of input `n` has been read.

    That an output may share its buffer with an input was found for one op after the other. A nest runs ops together:
    a convolution whose epilogue writes the output still reads its input while it does.
    """
    given = function.properties.get("arg_attrs")
    if not isinstance(given, ArrayAttr):
        return
    args = function.body.block.args
    entries: list[Attribute] = []
    for out, entry in zip(args, cast("ArrayAttr[Attribute]", given), strict=True):
        assert isinstance(entry, DictionaryAttr)
        inputs = entry.data.get(INPLACE)
        if isinstance(inputs, DenseArrayBase):
            safe = [int(n) for n in inputs.get_values() if may_share(args[int(n)], out)]
            left: dict[str, Attribute] = {k: v for k, v in entry.data.items() if k != INPLACE}
            entry = DictionaryAttr(left | ({INPLACE: DenseArrayBase.from_list(i64, safe)} if safe else {}))
        entries.append(entry)
    function.properties["arg_attrs"] = ArrayAttr(entries)


def may_share(nests: list[Nest], source: SSAValue, out: SSAValue) -> bool:
    """Whether every element of `source` is read before, or in the very iteration in which, that of `out` is written."""
    first = next((n for n, nest in enumerate(nests) if out in nest.writes), len(nests))
    for n, nest in enumerate(nests):
        if n < first or source not in nest.reads:
            continue
        reads = [a.at for s in nest.stages for a in s.reads() if a.base is source]
        writes = [a.at for s in nest.stages for a in s.outputs if a.base is out]
        if n > first or any(source in s.gathers() for s in nest.stages) or len({*reads, *writes}) != 1:
            return False
    return True
