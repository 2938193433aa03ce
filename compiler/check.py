"""What a model needs: everything in it that will not compile, all at once; else how much work and memory it is.

    report = check("model.onnx")
    report.problems          # a StepwellError each, with the node and what to do
    report.layers            # what each op is: MACs, FLOPs, parameters

The model takes the target's own way down, with a context that gathers the errors that passes report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, cast

from xdsl.dialects.builtin import DenseResourceAttr, ModuleOp, NameLoc, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from .context import Context
from .diagnostics import NeedsRun, StepwellError
from .driver import Way, collector_paused, find_target, read_module
from .interface import Interface, interface_of, main_function
from .levels import ORDER, level_of
from .locations import describe, parts_of
from .manifest import manifest_of
from .program import Shapes
from .stages import take_next_stage
from .work import Counted, Repeated, Work


@dataclass(frozen=True)
class Layer:
    """One op at level graph: where it came from, what it gives, its share of the work and of the parameters."""

    op: str
    node: str
    shape: tuple[int, ...]
    parameters: int
    work: Work


@dataclass
class Report:
    """`operators`: how often each op stands in the model as it was read. `arena`, `weights`: bytes of the program."""

    interface: Interface
    operators: Counter[str]
    problems: Sequence[StepwellError] = ()
    layers: Sequence[Layer] = field(default_factory=tuple[Layer])
    arena: int = 0
    weights: int = 0
    in_stages: bool = False
    """Whether a run decides the sizes of a part of the model: what is counted is what comes before."""
    compiled: bool = False
    """Whether it was taken down to where its memory is planned; not where sizes or values are missing."""

    @property
    def work(self) -> Work:
        return sum((layer.work for layer in self.layers), Work())

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


def check(source: Any, target: str = "native", shapes: Shapes | None = None) -> Report:
    """Look a model over without making code of it.

    `shapes`: of the inputs, where the model leaves dims open; without them only its operators are checked, and so it
    is where a program is made for the values of some inputs.
    Raises `StepwellError` where the model cannot be read at all.
    """
    way = Way(find_target(target))
    ctx = Context(problems=[])
    with collector_paused():
        module = read_module(ctx, source)
        report = Report(interface_of(module), operators_of(module))
        level = level_of(module)
        if level is not None and ORDER.index(level) > ORDER.index("graph"):
            raise StepwellError(f"this stands at level {level}; only a model can be checked, or a dump of level graph")
        gather(ctx, report, lambda: way.mark(ctx, module))
        report.interface = interface_of(module)
        if shapes is None:
            shapes = report.interface.static_shapes()
        if not report.problems and shapes is not None and not report.interface.by_value:
            look_down(ctx, module, way, report, shapes)
    return report


def look_down(ctx: Context, module: ModuleOp, way: Way, report: Report, shapes: Shapes) -> None:
    """Take a model of static shapes down to where its memory is planned, as far as it goes."""
    if report.interface.static_shapes() is None:
        gather(ctx, report, lambda: way.bind(ctx, module, report.interface, shapes))
    if not report.problems:
        whole = module.clone()
        gather(ctx, report, lambda: way.lower(ctx, module, to="graph"))
        if any(isinstance(problem, NeedsRun) for problem in report.problems):
            before = report.problems
            module = first_stage(ctx, whole, way, report)
            if report.problems:
                known = {str(problem) for problem in before}
                report.problems = (*before, *(new for new in report.problems if str(new) not in known))
    if not report.problems:
        gather(ctx, report, lambda: way.run(ctx, module, "bind-shapes"))  # infers what the conversion left open
    if not report.problems:
        report.layers = tuple(layers_of(module))
        if gather(ctx, report, lambda: way.lower(ctx, module, to="program")):
            manifest = manifest_of(module)
            report.arena, report.weights = manifest["arena_size"], manifest["weights_size"]
            if "llvm" not in dict(way.target.pipeline(way.options)):  # LLVM has a word for all; languages lack some
                gather(ctx, report, lambda: write(ctx, module, way))
            report.compiled = not report.problems


def write(ctx: Context, module: ModuleOp, way: Way) -> None:
    """Take a program of kernels in a language down to its files."""
    way.lower(ctx, module)
    way.target.emit(ctx, module, way.options)


def first_stage(ctx: Context, module: ModuleOp, way: Way, report: Report) -> ModuleOp:
    """What of a model can be looked at before a run, at level graph; of the rest, its operators are checked."""
    cast("list[StepwellError]", ctx.problems).clear()
    report.problems = ()
    gather(ctx, report, lambda: way.run(ctx, module, "split-stages"))
    rest = take_next_stage(module)
    report.in_stages = rest is not None
    if rest is not None:
        gather(ctx, report, lambda: way.mark(ctx, rest))
    if not report.problems:
        gather(ctx, report, lambda: way.lower(ctx, module, to="graph"))
    return module


def gather(ctx: Context, report: Report, step: Any) -> bool:
    """Take a step and note what it reports, or the error that ends it. Whether it came to its end."""
    problems = cast("list[StepwellError]", ctx.problems)
    ended = False
    try:
        step()
        ended = True
    except StepwellError as error:
        if not problems:  # else it follows from what was reported
            problems.append(error)
    report.problems = tuple(problems)
    return ended


def operators_of(module: ModuleOp) -> Counter[str]:
    """The model's own operators, without constants."""
    ops = main_function(module).body.walk()
    names = (op.name.partition(".")[2] for op in ops if op.name.partition(".")[0] not in ("func", "builtin"))
    return Counter(name for name in names if name not in ("Constant", "constant", "NoValue"))


def layers_of(module: ModuleOp) -> Iterator[Layer]:
    """Every op of @main that is work, or has parameters. A parameter that several ops read counts with the first.

    What a loop holds counts as often as the loop runs it, or once where that is not known.
    """
    counted: set[SSAValue] = set()
    for op in main_function(module).body.walk():
        if not isinstance(op, Counted) or not op.results:
            continue
        own = [value for value in op.operands if is_parameter(value) and value not in counted]
        counted.update(own)
        work, parameters = op.work().times(repeats(op)), sum(prod(shape_of(value)) for value in own)
        if work.flops or parameters:
            yield Layer(op.name, node_name(op.location), shape_of(op.results[0]), parameters, work)


def repeats(op: Operation | None) -> int:
    """How often the loops around an op run it."""
    count = 1
    while op is not None and (op := op.parent_op()) is not None:
        known = op.trip_count if isinstance(op, Repeated) else 1
        count *= 1 if known is None else known
    return count


def node_name(location: Attribute) -> str:
    """The names of the nodes that an op came from."""
    parts = parts_of(location)
    return " + ".join(part.desc.data if isinstance(part, NameLoc) else describe(part) or "" for part in parts)


def is_parameter(value: SSAValue) -> bool:
    """Whether a value is a constant of the weights table: smaller ones are numbers of the graph, not weights."""
    owner = value.owner
    return isinstance(owner, Operation) and isinstance(owner.properties.get("value"), DenseResourceAttr)


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return cast("TensorType[Attribute]", value.type).get_shape()
