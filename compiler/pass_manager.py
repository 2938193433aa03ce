"""Passes, and the manager that runs a pipeline of them.

    steps = parse_passes("fold-batch-norm,func.func(canonicalize,cse)")
    run_passes(ctx, module, steps, hooks=[Timing()])

Around every pass the manager calls its hooks (`Hook`: before, after, failed); verification, printing, timing, dumps
and statistics are hooks (`instrumentation.py`), and a user may add one. When a pass fails, what it raised becomes one
clear error that names the pass.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass as XdslPass
from xdsl.utils.exceptions import DiagnosticException

from .context import Context
from .diagnostics import StepwellError, caret, did_you_mean, fault, one_line
from .pipeline import (
    ElementText,
    NestText,
    PassText,
    PipelineParser,
    make_pass,
    named_pipeline,
    pass_text,
    unknown_pass,
)
from .registry import REGISTRY

ANY_OP_PASSES = frozenset({"cse", "dce"})
"""xDSL's passes that work on any op with a region, though they say module: they may stand inside `func.func(...)`."""


@dataclass(frozen=True)
class ModulePass:
    """One step of a pipeline: a frozen dataclass whose fields are the pass's options, `my-pass{max-ops=8}`.

    The types of options: int, float, bool, str, a Literal of words, tuples of these, and None.
    """

    name: ClassVar[str]

    @abstractmethod
    def apply(self, ctx: Context, module: ModuleOp) -> None:
        """Rewrite `module` in place. Raises `StepwellError` on what it cannot do."""
        raise NotImplementedError

    def __str__(self) -> str:
        return pass_text(self)


@dataclass(frozen=True)
class FunctionPass(ModulePass):
    """A step that looks at one function at a time; on a module it runs on every function that has a body."""

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        for op in list(module.body.ops):
            if isinstance(op, FuncOp) and not op.is_declaration:
                self.apply_to(ctx, op)

    @abstractmethod
    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        """Rewrite `func` in place."""


@dataclass(frozen=True)
class Nest:
    """Steps that run, one after the other, on every op named `anchor`: `func.func(canonicalize,cse)`."""

    anchor: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.anchor}({pipeline_text(self.steps)})"


Pass = ModulePass | XdslPass
Step = Pass | Nest


def pipeline_text(steps: Sequence[Step]) -> str:
    return ",".join(str(step) if isinstance(step, Nest) else pass_text(step) for step in steps)


# Text to steps.


def parse_passes(text: str) -> tuple[Step, ...]:
    """The steps of a pipeline text; named pipelines are spelt out."""
    return tuple(steps_of(PipelineParser(text).parse(), text, inside=None, names=()))


def steps_of(
    elements: Sequence[ElementText], text: str, *, inside: str | None, names: tuple[str, ...]
) -> Iterator[Step]:
    """`inside` is the op that the elements run on where it is not the module; `names` the pipelines being spelt out."""
    for element in elements:
        source = caret(text, element.column)
        if isinstance(element, NestText):
            if element.anchor == "builtin.module" and inside is None:
                yield from steps_of(element.elements, text, inside=None, names=names)
            else:
                yield Nest(element.anchor, tuple(steps_of(element.elements, text, inside=element.anchor, names=names)))
            continue
        if REGISTRY.find("passes", element.name) is not None:
            yield pass_of(element, source, inside)
            continue
        try:
            spelt_out = named_pipeline(element.name)
        except StepwellError as error:
            error.source = error.source or source
            raise
        if spelt_out is None:
            raise unknown_pass(element.name, source)
        if element.options:
            raise StepwellError(f"pipeline '{element.name}' takes no options here", source=source)
        if element.name in names:
            raise StepwellError(f"pipeline '{element.name}' contains itself: {' -> '.join((*names, element.name))}")
        inner = PipelineParser(spelt_out).parse()
        yield from steps_of(inner, spelt_out, inside=inside, names=(*names, element.name))


def pass_of(element: PassText, source: str, inside: str | None) -> Pass:
    cls = REGISTRY.load_pass(element.name)
    if inside is not None and not issubclass(cls, FunctionPass) and element.name not in ANY_OP_PASSES:
        raise StepwellError(
            f"pass '{element.name}' works on a whole module: it cannot run inside {inside}(...)", source=source
        )
    try:
        return make_pass(cls, element.options)
    except StepwellError as error:
        error.source = source
        raise


def cut_after(steps: Sequence[Step], name: str) -> tuple[Step, ...]:
    """The steps up to the first pass called `name`, that pass included."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Nest) and name in pass_names((step,)):
            return (*found, Nest(step.anchor, cut_after(step.steps, name)))
        found.append(step)
        if step.name == name if not isinstance(step, Nest) else False:
            return tuple(found)
    raise StepwellError(
        f"the pipeline has no pass '{name}' to stop after", fix=did_you_mean(name, pass_names(steps)) or None
    )


def pass_names(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, Nest):
            yield from pass_names(step.steps)
        else:
            yield step.name


# Running them.


@dataclass(frozen=True)
class PassRun:
    """One run of one pass: what a hook is told."""

    ctx: Context
    module: ModuleOp
    scope: Operation
    """What the pass runs on: the module, or a function of it."""
    item: Pass
    path: tuple[str, ...]
    """The nests around the pass, `("func.func",)`; () at the module's own level."""

    @property
    def name(self) -> str:
        return self.item.name


class Hook(Protocol):
    """What wants to know of passes. Hooks are called in order before a pass, and in the opposite order after it."""

    def before_pass(self, run: PassRun) -> None: ...

    def after_pass(self, run: PassRun) -> None: ...

    def pass_failed(self, run: PassRun, error: StepwellError) -> None: ...


@dataclass
class PassManager:
    """Runs steps on a module, with hooks around each pass."""

    ctx: Context
    module: ModuleOp
    hooks: Sequence[Hook] = field(default=())

    def run(self, steps: Sequence[Step]) -> None:
        self.run_steps(steps, self.module, ())

    def run_steps(self, steps: Sequence[Step], scope: Operation, path: tuple[str, ...]) -> None:
        for step in steps:
            if not isinstance(step, Nest):
                self.run_pass(PassRun(self.ctx, self.module, scope, step, path))
                continue
            anchored = [op for region in scope.regions for block in region.blocks for op in block.ops]
            for op in anchored:
                if op.name == step.anchor and any(region.first_block is not None for region in op.regions):
                    self.run_steps(step.steps, op, (*path, step.anchor))

    def run_pass(self, run: PassRun) -> None:
        begun: list[Hook] = []
        try:
            for hook in self.hooks:
                hook.before_pass(run)
                begun.append(hook)
            apply(run)
            while begun:
                begun.pop().after_pass(run)
        except Exception as raised:
            error = as_failure(raised, run)
            for hook in reversed(self.hooks):
                hook.pass_failed(run, error)
            if error is raised:
                raise
            raise error from raised


def apply(run: PassRun) -> None:
    if run.scope is run.module:
        run.item.apply(run.ctx, run.module)
    elif isinstance(run.item, FunctionPass):
        run.item.apply_to(run.ctx, run.scope)  # pyright: ignore[reportArgumentType]
    else:
        run.item.apply(run.ctx, run.scope)  # pyright: ignore[reportArgumentType]  (ANY_OP_PASSES)


def as_failure(raised: Exception, run: PassRun) -> StepwellError:
    """What a pass raised, as one clear error that names the pass."""
    if isinstance(raised, StepwellError):
        error = raised
    elif isinstance(raised, DiagnosticException):
        error = StepwellError(one_line(raised))
    elif isinstance(raised, MemoryError):
        error = StepwellError(f"there is not enough memory: {one_line(raised)}", fix="a smaller shape needs less")
    else:
        notes = "".join(f" ({note})" for note in getattr(raised, "__notes__", ()))
        error = fault(raised, notes)
    error.in_pass = error.in_pass or run.name
    error.show_source(run.ctx.sources)
    return error


def run_passes(
    ctx: Context, module: ModuleOp, passes: Sequence[Step], *, verify_each: bool = False, hooks: Sequence[Hook] = ()
) -> None:
    """Run `passes` on `module` in place. Raises `StepwellError` that names the pass which failed."""
    from .instrumentation import VerifyEach

    PassManager(ctx, module, [*hooks, VerifyEach()] if verify_each else hooks).run(passes)
