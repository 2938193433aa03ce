"""Give every buffer its place before the program runs: offsets in one arena, offsets in one block of weights.

    memref.global "private" constant @w : memref<4xf32> = dense_resource<w>
    func.func private @sum(%a: memref<4xf32>, %b: memref<4xf32>, %out: memref<4xf32>) {
      %t = memref.alloc() : memref<4xf32>
      ...
    }
    func.func @main(%x: memref<4xf32>, %out: memref<4xf32>) {
      %w = memref.get_global @w : memref<4xf32>
      %y = memref.alloc() : memref<4xf32>
      func.call @sum(%x, %w, %y) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
      func.call @sum(%y, %x, %out) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
      func.return
    }
  becomes
    func.func private @sum(%a: memref<4xf32>, %b: memref<4xf32>, %out: memref<4xf32>, %ws: memref<64xi8>) {
      %c0 = arith.constant 0 : index
      %t = memref.view %ws[%c0][] : memref<64xi8> to memref<4xf32>
      ...
    }
    func.func @main(%x: memref<4xf32>, %out: memref<4xf32>, %weights: memref<64xi8>, %arena: memref<128xi8>)
      attributes {
        stepwell.weights_layout = {w = 0 : i64}, stepwell.weights_size = 64 : i64,
        stepwell.arena_size = 128 : i64, stepwell.arena_lower_bound = 128 : i64} {
      %c0 = arith.constant 0 : index
      %w = memref.view %weights[%c0][] : memref<64xi8> to memref<4xf32>
      %y = memref.view %arena[%c0][] : memref<128xi8> to memref<4xf32>
      %c64 = arith.constant 64 : index
      %ws = memref.view %arena[%c64][] : memref<128xi8> to memref<64xi8>
      func.call @sum(%x, %w, %y, %ws) : ...
      func.call @sum(%y, %x, %out, %ws) : ...
      func.return
    }

What a kernel allocates in a loop that several threads may share (`stepwell.parallel`) is placed once for each of
`threads`, so many bytes apart: the offset is counted from a constant 0 marked `stepwell.thread = threads`, which
distribute-threads replaces by the thread's number. Loops inside are then one thread's.

A buffer lives from the first call that is handed it to the last; to the end of a loop, where that call stands in one
and the buffer does not: the next step may read it. One that is allocated in a loop is a step's own. Where a kernel's
output may stand over an input (`stepwell.inplace`, see `linalg_to_loops/inplace.py`) whose last use this call is, the
two are one buffer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import cast

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import GlobalOp
from stepwell.locations import stamp
from stepwell.manifest import ARENA_SIZE, ENTRY, SHARED_WEIGHTS, WEIGHTS_LAYOUT, WEIGHTS_SIZE, dtype_name
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.emit import PARALLEL
from stepwell.passes.linalg_to_loops.inplace import INPLACE, VIEW_NAMES, touches
from stepwell.passes.loops_to_llvm.arguments import bytes_of
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    DictionaryAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    i8,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from .arena import ALIGNMENT, Lifetime, align, lower_bound, place

LOWER_BOUND = "stepwell.arena_lower_bound"
WORTH_SHARING = 1 << 20
"""Bytes of weights; less is not worth a look-up."""
LEVEL = "stepwell.level"
THREAD = "stepwell.thread"
"""Marks the constant 0 in whose place distribute-threads puts the number of the thread; says how many there may be."""
Buffer = MemRefType[Attribute]


@dataclass(frozen=True)
class PlanMemory(ModulePass):
    """`threads`: how many may run the iterations of a `stepwell.parallel` loop: each gets a copy of the buffers that
    are allocated in it. `alignment`: bytes at multiples of which buffers start, a multiple of a cache line's.
    `inplace`: outputs may stand over inputs; a device that takes no buffer twice has none of that, and each of its
    threads reads anew what was read before the loop that they share: there a buffer lives as long as its numbers do.
    `shared`: weights of so many bytes and more stand behind the others, for `share-weights`, where they have
    `WORTH_SHARING` together."""

    name = "plan-memory"

    threads: int = 1
    alignment: int = ALIGNMENT
    inplace: bool = True
    shared: int = 0

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if self.alignment < 1 or self.alignment % ALIGNMENT:
            raise StepwellError(f"plan-memory: alignment={self.alignment} is not a multiple of {ALIGNMENT}")
        functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
        main = functions.get(ENTRY)
        if main is None:
            raise StepwellError(f"plan-memory: the module has no function @{ENTRY}", module)
        workspaces = {
            name: plan_kernel(op, self.threads, self.alignment, read_again=not self.inplace)
            for name, op in functions.items()
            if op is not main and not op.is_declaration
        }
        EntryPlan(ctx, module, main, functions, workspaces, self.alignment, self.inplace, self.shared).run()
        module.attributes[LEVEL] = StringAttr("program")


def byte_size(kind: Buffer) -> int:
    """Bytes of a contiguous buffer; a bool takes one, an index eight."""
    element = kind.element_type
    if isinstance(element, IndexType):
        width = 64
    elif isinstance(element, IntegerType):
        width = cast(IntegerType[int], element).width.data
    else:
        width = getattr(element, "bitwidth")  # noqa: B009
    return prod(kind.get_shape()) * -(-width // 8)


def whole(size: int, alignment: int) -> int:
    """`size` in whole multiples of `alignment`."""
    return -(-size // alignment) * alignment


def viewed(value: SSAValue) -> SSAValue:
    """The buffer that `value` is a view of."""
    while isinstance(owner := value.owner, Operation) and owner.name in VIEW_NAMES:
        value = owner.operands[0]
    return value


@dataclass
class Steps:
    """The steps of a block: its ops, in order; what an op holds belongs to the op's step."""

    block: Block
    number: dict[Operation, int] = field(default_factory=dict[Operation, int])

    def __post_init__(self) -> None:
        self.number = {op: n for n, op in enumerate(self.block.ops)}

    def of(self, op: Operation) -> int:
        while op not in self.number:
            parent = op.parent_op()
            assert parent is not None
            op = parent
        return self.number[op]

    def lifetime(self, alloc: memref.AllocOp, alignment: int) -> Lifetime | None:
        """None where nothing uses the buffer. Sizes are multiples of `alignment`, so that all offsets are."""
        steps = [self.of(op) for op, _ in touches(alloc.memref)]
        if not steps:
            return None
        return Lifetime(whole(byte_size(alloc.memref.type), alignment), min(steps), max(steps))


class NestedSteps(Steps):
    """The steps of a function with control flow: its ops and those inside, in the order of the text."""

    def __post_init__(self) -> None:
        ops = [op for top in self.block.ops for op in top.walk()]
        self.number = {op: n for n, op in enumerate(ops)}

    def lifetime(self, alloc: memref.AllocOp, alignment: int) -> Lifetime | None:
        """As seen from the block that holds the buffer: what an op there holds counts as the whole op."""
        holders: list[Operation] = []
        for op, _ in touches(alloc.memref):
            while op.parent is not alloc.parent:
                parent = op.parent_op()
                assert parent is not None
                op = parent
            holders.append(op)
        if not holders:
            return None
        ends = [self.number[op] + sum(1 for _ in op.walk()) - 1 for op in holders]
        size = whole(byte_size(alloc.memref.type), alignment)
        return Lifetime(size, min(self.number[op] for op in holders), max(ends))


class ViewsOf:
    """Views of one block of bytes, a new argument of a function; each offset is a constant at the start, once."""

    def __init__(self, block: Block, name: str, size: int) -> None:
        self.source: BlockArgument = block.insert_arg(MemRefType(i8, [size]), len(block.args))
        self.source.name_hint = name
        self.block = block
        self.offsets: dict[int, arith.ConstantOp] = {}
        self.thread: arith.ConstantOp | None = None
        self.threads = 1

    def at(self, offset: int, kind: Buffer, like: Operation, apart: int = 0) -> SSAValue:
        """A view that stands where `like` stands; at the start where that is inside a loop.

        `apart`: how many bytes lie between the buffers of two threads that have one each.
        """
        if (start := self.offsets.get(offset)) is None:
            start = self.offsets[offset] = self._constant(offset)
        if apart:
            return self._of_thread(start, kind, like, apart)
        view = memref.ViewOp(self.source, start.result, [], kind)
        stamp([view], like.location)
        if like.parent is self.block:
            self.block.insert_op_before(view, like)
        else:
            self.block.insert_op_after(view, start)
        view.result.name_hint = like.results[0].name_hint if like.results else None
        return view.result

    def _of_thread(self, start: arith.ConstantOp, kind: Buffer, like: Operation, apart: int) -> SSAValue:
        """A view at `start + thread * apart`, right before `like`."""
        if self.thread is None:
            self.thread = self._constant(0)
            self.thread.attributes[THREAD] = IntegerAttr(self.threads, i64)
            self.thread.result.name_hint = "thread"
        stride = arith.ConstantOp(IntegerAttr(apart, IndexType()))
        behind = arith.MuliOp(self.thread.result, stride.result)
        place = arith.AddiOp(behind.result, start.result)
        view = memref.ViewOp(self.source, place.result, [], kind)
        made = (stride, behind, place, view)
        stamp(made, like.location)
        assert like.parent is not None
        like.parent.insert_ops_before(made, like)
        view.result.name_hint = like.results[0].name_hint if like.results else None
        return view.result

    def _constant(self, offset: int) -> arith.ConstantOp:
        constant = arith.ConstantOp(IntegerAttr(offset, IndexType()))
        constant.result.name_hint = f"c{offset}"
        if self.offsets:
            self.block.insert_op_after(constant, list(self.offsets.values())[-1])
        else:
            assert self.block.first_op is not None
            self.block.insert_op_before(constant, self.block.first_op)
        return constant


def erase_unused(alloc: Operation) -> None:
    """Erase a buffer that is never read or written, and the views of it."""
    for use in list(alloc.results[0].uses):
        erase_unused(use.operation)
    assert alloc.parent is not None
    alloc.parent.erase_op(alloc)


def live_allocs(block: Block, steps: Steps, alignment: int) -> dict[memref.AllocOp, Lifetime]:
    """The allocations of a function with their lives; unused ones are erased."""
    lives: dict[memref.AllocOp, Lifetime] = {}
    for op in [op for top in block.ops for op in top.walk() if isinstance(op, memref.AllocOp)]:
        if op.dynamic_sizes:
            raise StepwellError("plan-memory: an allocation of dynamic size", op, fix="bind all shapes first")
        life = steps.lifetime(op, alignment)
        if life is None:
            erase_unused(op)
        else:
            lives[op] = life
    return lives


def last_step(op: Operation, steps: Steps) -> int:
    """The last step that needs what `op` gives: itself, or by way of others that are of no loop."""
    last = steps.of(op)
    for use in (use for result in op.results for use in result.uses):
        alone = use.operation.parent is steps.block and not use.operation.regions
        last = max(last, last_step(use.operation, steps) if alone else steps.of(use.operation))
    return last


def plan_kernel(kernel: func.FuncOp, threads: int, alignment: int, *, read_again: bool = False) -> int:
    """Place a kernel's allocations in a workspace that its caller hands in; returns the workspace's size.
    `read_again`: what is read of a buffer is read where it is needed."""
    block = kernel.body.block
    steps = Steps(block)
    lives = live_allocs(block, steps, alignment)
    if not lives:
        return 0
    for alloc, life in lives.items() if read_again else ():
        last = max(last_step(op, steps) for op, _ in touches(alloc.memref))
        lives[alloc] = replace(life, last=max(life.last, last))
    shared = {alloc: loop for alloc in lives if (loop := parallel_loop(alloc)) is not None}
    for loop in set(shared.values()):  # what one thread alone has in its memory, the others cannot help with
        around = set[Operation].intersection(*(set(loops_around(a)) for a, outer in shared.items() if outer is loop))
        for inner in loop.walk():
            if inner not in around or threads == 1:
                inner.attributes.pop(PARALLEL, None)
    for alloc in shared:
        lives[alloc] = replace(lives[alloc], size=align(lives[alloc].size) * threads)
    offsets, size = place(list(lives.values()))
    views = ViewsOf(block, "ws", size)
    views.threads = threads
    for (alloc, life), offset in zip(lives.items(), offsets, strict=True):
        apart = life.size // threads if alloc in shared and threads > 1 else 0
        _replace(alloc, views.at(offset, alloc.memref.type, alloc, apart))
    kernel.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
    attributes = kernel.properties.get("arg_attrs")
    if isinstance(attributes, ArrayAttr):
        entries = cast(ArrayAttr[DictionaryAttr], attributes)
        kernel.properties["arg_attrs"] = ArrayAttr([*entries, DictionaryAttr({})])
    return size


def parallel_loop(op: Operation) -> Operation | None:
    """The outermost loop around `op` whose iterations several threads may run."""
    return next((loop for loop in reversed(loops_around(op)) if PARALLEL in loop.attributes), None)


def loops_around(op: Operation) -> list[Operation]:
    """The ops that `op` stands in, innermost first."""
    found: list[Operation] = []
    while (parent := op.parent_op()) is not None:
        found.append(parent)
        op = parent
    return found


def _replace(op: Operation, value: SSAValue) -> None:
    op.results[0].replace_all_uses_with(value)
    assert op.parent is not None
    op.parent.erase_op(op)


def inplace_inputs(kernel: func.FuncOp, out: int) -> tuple[int, ...]:
    """Which inputs the output argument of number `out` may stand over."""
    attributes = kernel.properties.get("arg_attrs")
    if not isinstance(attributes, ArrayAttr):
        return ()
    found = cast(ArrayAttr[DictionaryAttr], attributes).data[out].data.get(INPLACE)
    if not isinstance(found, DenseArrayBase):
        return ()
    return tuple(int(n) for n in cast(DenseArrayBase[IntegerType], found).get_values())


@dataclass
class EntryPlan:
    """The plan of @main."""

    ctx: Context
    module: ModuleOp
    main: func.FuncOp
    functions: dict[str, func.FuncOp]
    workspaces: dict[str, int]
    alignment: int
    inplace: bool
    shared: int
    home: dict[memref.AllocOp, memref.AllocOp] = field(default_factory=dict[memref.AllocOp, memref.AllocOp])
    """A buffer that stands over another → the first of the buffers that share the place."""

    def run(self) -> None:
        block = self.main.body.block
        steps = NestedSteps(block)
        lives = live_allocs(block, steps, self.alignment)
        calls = [op for op in self.main.walk() if isinstance(op, func.CallOp)]
        for call in calls if self.inplace else ():
            self._merge_inplace(call, steps.number[call], lives)
        owners = [alloc for alloc in lives if alloc not in self.home]
        working = [call for call in calls if self.workspaces.get(call.callee.string_value(), 0)]
        buffers = [lives[alloc] for alloc in owners]
        for call in working:
            step = steps.number[call]
            buffers.append(Lifetime(whole(self.workspaces[call.callee.string_value()], self.alignment), step, step))
        offsets, size = place(buffers)

        self._place_weights()
        arena = ViewsOf(block, "arena", size)
        places = {
            alloc: arena.at(offset, alloc.memref.type, alloc) for alloc, offset in zip(owners, offsets, strict=False)
        }
        offset_of = dict(zip(owners, offsets, strict=False))
        for alloc in lives:
            view = places.get(alloc)
            if view is None:
                view = arena.at(offset_of[self._home(alloc)], alloc.memref.type, alloc)
            _replace(alloc, view)
        workspaces: dict[tuple[int, int], SSAValue] = {}
        for call, offset in zip(working, offsets[len(owners) :], strict=True):
            need = self.workspaces[call.callee.string_value()]
            if (offset, need) not in workspaces:
                workspaces[offset, need] = arena.at(offset, MemRefType(i8, [need]), call)
                workspaces[offset, need].name_hint = "ws"
            self._add_workspace(call, workspaces[offset, need])
        self.main.attributes[ARENA_SIZE] = IntegerAttr(size, i64)
        self.main.attributes[LOWER_BOUND] = IntegerAttr(lower_bound(buffers), i64)
        self.main.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])

    def _home(self, alloc: memref.AllocOp) -> memref.AllocOp:
        return self.home.get(alloc, alloc)

    def _merge_inplace(self, call: func.CallOp, step: int, lives: dict[memref.AllocOp, Lifetime]) -> None:
        """Let outputs that `call` writes first stand over inputs that it reads last."""
        kernel = self.functions[call.callee.string_value()]
        roots = [viewed(value).owner for value in call.arguments]
        ranges = [bytes_of(value) for value in call.arguments]
        places = [found.start if found.exact else None for found in ranges]
        homes = [self._home(root) if isinstance(root, memref.AllocOp) else None for root in roots]
        taken: set[memref.AllocOp] = set()
        for n, out in enumerate(roots):
            if not isinstance(out, memref.AllocOp) or lives[out].first != step or roots.count(out) != 1:
                continue
            allowed = inplace_inputs(kernel, n)
            for k in allowed:
                home = homes[k]
                if home is None or home in taken or lives[home].last != step:
                    continue
                if places[k] is None or places[k] != places[n] or lives[home].size != lives[out].size:
                    continue  # they are parts of larger buffers that do not fit over one another
                views = [m for m, other in enumerate(homes) if other is home]
                # read at another place, an element would be gone before its turn comes
                if all(m in allowed and places[m] == places[n] for m in views):
                    taken.add(home)
                    self.home[out] = home
                    lives[home] = replace(lives[home], last=lives[out].last)
                    break

    def _add_workspace(self, call: func.CallOp, workspace: SSAValue) -> None:
        new = func.CallOp(call.callee, [*call.arguments, workspace], [])
        new.attributes |= call.attributes
        new.location = call.location
        block = call.parent
        assert block is not None
        block.insert_op_before(new, call)
        block.erase_op(call)

    def _place_weights(self) -> None:
        """Each weight that @main uses gets an offset, in the order of first use, large ones that programs may share
        behind the others; the globals are gone then."""
        globals_ = {op.sym_name.data: op for op in self.module.body.block.ops if isinstance(op, GlobalOp)}
        gets = [op for op in self.main.walk() if isinstance(op, memref.GetGlobalOp)]
        used = [get for get in gets if get.memref.first_use is not None]
        keys = {get: self._weight_key(globals_[get.name_.string_value()]) for get in used}
        sizes = {key: whole(byte_size(get.memref.type), self.alignment) for get, key in keys.items()}
        large = [key for key, size in sizes.items() if self.shared and size >= self.shared]
        if sum(sizes[key] for key in large) < WORTH_SHARING:
            large = []
        layout: dict[str, int] = {}
        size = self.alignment if large else 0  # where the number stands that says where the large ones are
        for key in (*(key for key in sizes if key not in set(large)), *large):
            if large and key == large[0]:
                self.main.attributes[SHARED_WEIGHTS] = IntegerAttr(size, i64)
            layout[key] = size
            size += sizes[key]
        views = ViewsOf(self.main.body.block, "weights", size)
        for get in gets:
            if get in keys:
                _replace(get, views.at(layout[keys[get]], get.memref.type, get))
            else:
                get.detach()
                get.erase()
        for op in globals_.values():
            self.module.body.block.erase_op(op)
        self.main.attributes[WEIGHTS_LAYOUT] = DictionaryAttr({k: IntegerAttr(v, i64) for k, v in layout.items()})
        self.main.attributes[WEIGHTS_SIZE] = IntegerAttr(size, i64)

    def _weight_key(self, weight: GlobalOp) -> str:
        """The key in the weights table; a constant that stands in the text gets one now."""
        value = weight.initial_value
        if isinstance(value, DenseResourceAttr):
            return value.resource_handle.data
        if not isinstance(value, DenseIntOrFPElementsAttr):
            raise StepwellError(f"the buffer @{weight.sym_name.data} has no initial value", weight)
        kind = weight.type
        array = np.array(list(value.get_values()), dtype=dtype_name(kind.element_type))
        return self.ctx.weights.add(weight.sym_name.data, array.reshape(kind.get_shape()))
