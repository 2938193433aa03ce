"""Cut a model where a shape depends on what a run computes: what comes behind is a program of its own, made then.

    func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"}) -> (tensor<*xf32> {stepwell.name = "y"}) {
      %places = onnx.NonZero(%x) : ...
      %t = onnx.Transpose(%places) : ...                  // how many places there are, the data decide
      %y = onnx.GatherND(%x, %t) : ...
      func.return %y
    }
  becomes
    func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"}) -> (tensor<*xi64> {stepwell.name = "places"}) {
      %places = onnx.NonZero(%x) : ...
      func.return %places
    }
    func.func private @next_stage(%x: tensor<3x4xf32> {stepwell.name = "x"},
                                  %places: tensor<2x?xi64> {stepwell.name = "places"})
        -> (tensor<*xf32> {stepwell.name = "y"}) { ... }

The shapes of the inputs are bound before. The cut is found by trying the step down to graph on a copy: an op that reads
a tensor whose size the data decide, or must know a number that a run computes, belongs to the next stage, and so does
all that depends on it. What the next stage reads of this one are outputs here and inputs there: of open dims, or by
value where they are short lists (`mark-value-inputs`). Constants stand in both. `compiler/stages.py` runs the stages
one after the other; each is made for the sizes that it meets, and may be cut again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stepwell.context import Context
from stepwell.diagnostics import NeedsRun, StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, shape_of
from stepwell.dialects.onnx import NoValueOp, OnnxOp
from stepwell.interface import NAME, NEXT_STAGE, main_function
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue

from .blocks import Progress, convert_op, origins_of, surely_converted, unsupported
from .conversion import Converted, Sized, Values
from .onnx_to_graph import refuse_other_types


@dataclass(frozen=True)
class SplitStages(ModulePass):
    name = "split-stages"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        trial = Trial(ctx.clone(), main_function(module.clone()))
        trial.run()
        if trial.first is None:
            return
        main = main_function(module)
        cut = Cut(main, trial)
        if not cut.crossing:
            raise trial.first  # no run of an earlier stage would tell
        module.body.block.add_op(cut.next_stage())
        cut.shorten()


def is_constant(op: Operation) -> bool:
    return isinstance(op, NoValueOp) or op.name == "onnx.Constant"


def reads_of(op: Operation) -> Iterator[SSAValue]:
    """What an op, or an op inside of it, takes from outside of it."""
    for inner in op.walk():
        for value in inner.operands:
            owner = value.owner
            holder = owner.parent_op() if isinstance(owner, Block) else owner
            if holder is None or not op.is_ancestor(holder):
                yield value


@dataclass
class Trial:
    """The step down to graph, tried on a copy of @main, as far as it goes before the first run."""

    ctx: Context
    main: FuncOp
    later: set[int] = field(default_factory=set[int])
    """The ops, by number, that wait for a run."""
    types: dict[tuple[int, int], Attribute] = field(default_factory=dict[tuple[int, int], Attribute])
    """The types of results, by the numbers of op and result; `?` where the data decide."""
    first: NeedsRun | None = None

    def run(self) -> None:
        refuse_other_types(self.main)
        block = self.main.body.block
        values: Values = {argument: argument for argument in block.args}
        progress = Progress(self.ctx, values)
        waiting: set[SSAValue] = set()
        for number, op in enumerate(list(block.ops)):
            if not isinstance(op, OnnxOp):
                continue
            if any(value in waiting for value in reads_of(op)):
                self.defer(number, op, waiting)
                continue
            if (missing := unsupported(surely_converted(op))) is not None:
                raise missing
            try:
                convert_op(progress, op, op)
                refuse_open_sizes(op)
            except NeedsRun as error:
                self.first = self.first or error
                self.defer(number, op, waiting)
                continue
            for index, result in enumerate(op.results):
                if result in values and (kind := type_of(values[result])) is not None:
                    self.types[number, index] = kind

    def defer(self, number: int, op: Operation, waiting: set[SSAValue]) -> None:
        self.later.add(number)
        waiting.update(op.results)


def refuse_open_sizes(op: Operation) -> None:
    """Raise `NeedsRun` where `op` has become, before it, one whose result's shape follows from what a run computes."""
    made = op.prev_op
    while isinstance(made, graph.GraphOp | graph.IfOp | graph.LoopOp):
        sizes = made.operands if isinstance(made, graph.DynamicRangeOp) else made.operands[1:]
        if isinstance(made, graph.DynamicOp) and origins_of(*sizes):
            raise NeedsRun(f"{op.name}: the shape of its result depends on what the model computes", where=op)
        made = made.prev_op


def type_of(value: Converted) -> Attribute | None:
    """The type with which a value enters the next stage; None for a sequence."""
    if isinstance(value, SSAValue):
        return value.type
    if not isinstance(value, Sized):
        return None
    open_dims = {dim for dim, _ in value.counts}
    dims = [DYNAMIC_INDEX if dim in open_dims else size for dim, size in enumerate(shape_of(value.tensor))]
    return TensorType(element_type_of(value.tensor), dims)


@dataclass
class Cut:
    """@main, parted into what a trial could convert and the rest."""

    main: FuncOp
    trial: Trial
    ops: list[Operation] = field(init=False)
    crossing: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    """What the rest reads of what comes before, but for arguments and constants, with the names it gets."""

    def __post_init__(self) -> None:
        self.ops = list(self.main.body.block.ops)
        self.later = {op for number, op in enumerate(self.ops) if number in self.trial.later}
        self.end = self.ops[-1]
        taken = {name for entries in (self.main.arg_attrs, self.main.res_attrs) for name in names_of(entries)}
        returned = dict(zip(self.end.operands, names_of(self.main.res_attrs), strict=True))
        for op in self.later:
            for value in reads_of(op):
                owner = value.owner
                if isinstance(owner, Block) or owner in self.later or is_constant(owner) or value in self.crossing:
                    continue
                self.crossing[value] = returned.get(value) or free(value.name_hint or "value", taken)

    def next_stage(self) -> FuncOp:
        """A function of what waits for a run; its inputs are those of @main that it reads, and what crosses."""
        args = {arg for op in self.later for arg in reads_of(op) if isinstance(arg, BlockArgument)}
        inputs = [arg for arg in self.main.args if arg in args]
        number = {op: n for n, op in enumerate(self.ops)}
        types: list[Attribute] = [arg.type for arg in inputs]
        given = self.main.arg_attrs.data if self.main.arg_attrs is not None else ()
        entries = [given[arg.index] for arg in inputs]
        crossing = sorted(self.crossing, key=lambda value: number[made_by(value)])
        for value in crossing:
            kind = self.trial.types.get((number[made_by(value)], list(made_by(value).results).index(value)))  # pyright: ignore
            if kind is None:
                raise StepwellError(
                    "a sequence or an optional is needed behind an op whose result's size the data decide",
                    where=made_by(value),
                    fix="export the model with tensors there",
                )
            types.append(kind)
            entries.append(DictionaryAttr({NAME: StringAttr(self.crossing[value])}))
        block = Block(arg_types=types)
        values: dict[SSAValue, SSAValue] = dict(zip([*inputs, *crossing], block.args, strict=True))
        for old, new in zip([*inputs, *crossing], block.args, strict=True):
            new.name_hint = old.name_hint
        needed = {value.owner for op in self.later for value in reads_of(op)}
        for op in self.ops:
            if op in self.later or (is_constant(op) and op in needed):
                block.add_op(op.clone(values))
        outputs = [n for n, value in enumerate(self.end.operands) if value.owner in self.later]
        end = self.end.clone_without_regions({})
        end.operands = [values[self.end.operands[n]] for n in outputs]
        block.add_op(end)
        results = [value.type for value in end.operands]
        made = FuncOp(NEXT_STAGE, (types, results), Region(block), visibility="private")
        made.arg_attrs = ArrayAttr(entries)
        made.res_attrs = kept(self.main.res_attrs, outputs)
        made.location = self.main.location
        return made

    def shorten(self) -> None:
        """Leave what comes before in @main, and let it return what crosses."""
        outputs = [n for n, value in enumerate(self.end.operands) if value.owner not in self.later]
        values = [self.end.operands[n] for n in outputs]
        more = [value for value in self.crossing if value not in values]
        self.end.operands = [*values, *more]
        names = [DictionaryAttr({NAME: StringAttr(self.crossing[value])}) for value in more]
        self.main.res_attrs = ArrayAttr([*(kept(self.main.res_attrs, outputs) or ()), *names])
        for op in reversed(self.ops):
            if op in self.later:
                op.detach()
                op.erase()
        inputs, results = [arg.type for arg in self.main.args], [value.type for value in (*values, *more)]
        self.main.function_type = FunctionType.from_lists(inputs, results)


def made_by(value: SSAValue) -> Operation:
    owner = value.owner
    assert isinstance(owner, Operation)
    return owner


def names_of(entries: ArrayAttr[DictionaryAttr] | None) -> list[str]:
    names = [entry.data.get(NAME) for entry in entries or ()]
    return [name.data if isinstance(name, StringAttr) else "" for name in names]


def kept(entries: ArrayAttr[DictionaryAttr] | None, numbers: Iterable[int]) -> ArrayAttr[DictionaryAttr] | None:
    return None if entries is None else ArrayAttr([entries.data[n] for n in numbers])


def free(name: str, taken: set[str]) -> str:
    found, n = name, 1
    while found in taken:
        found, n = f"{name}_{n}", n + 1
    taken.add(found)
    return found
