"""Print functions of structured loops in a language of the C family.

    scf.for %i = %c0 to %c64 step %c1 {                        for (int64_t i = 0; i < 64; i += 1) {
      %sum = scf.for ... iter_args(%acc = %zero) {               float acc = 0.0f;
        %x = memref.load %a[%k] : memref<8xf32>                  for (int64_t k = 0; k < 8; k += 1) {
        %p = arith.mulf %x, %x : f32                     =>        acc = acc + a[k] * a[k];
        %s = arith.addf %acc, %p : f32                           }
        scf.yield %s : f32                                       out[i] = acc;
      }                                                        }
      memref.store %sum, %out[%i] : memref<64xf32>

A value that is used once, in its own block, is written where it is used; any other gets a name, its own from the IR if
it has one. What reads memory is not carried across what writes memory. A view of a buffer costs nothing: a reshape is
the same pointer, a subview a pointer further on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import BFloat16Type, Float16Type, IndexType, IntegerAttr, MemRefType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue

from .expressions import ADD, ATOM, UNARY, Expr, infix, is_bool, number, repeats_operands, small
from .language import Language

INDENT = "  "
LONG = 72
"""An expression longer than this gets a name of its own, so that lines stay readable."""

COUNTERS = "ijklmn"
"""What loop counters are called that have no name in the IR."""

POINTER_ALIASES = (memref.ExpandShapeOp, memref.CollapseShapeOp, memref.CastOp)
BOUNDED = frozenset(
    f"arith.{name}" for name in "addi subi muli divsi remsi minsi maxsi floordivsi ceildivsi select constant".split()
)

SHORT = Float16Type | BFloat16Type
ON_SHORT = frozenset({"arith.extf", "arith.truncf", "arith.select", "arith.bitcast"})
"""What may be done with floats of 16 bits: languages differ in what they can compute in them."""


def is_small(value: SSAValue) -> bool:
    """Whether an index comes from loop counters and numbers alone, and so is as small as the buffers it points into."""
    if not isinstance(value.type, IndexType):
        return False
    owner = value.owner
    if isinstance(owner, Block):
        parent = owner.parent_op()
        return isinstance(parent, scf.ForOp) and value is owner.args[0]
    return owner.name in BOUNDED and all(is_small(v) for v in owner.operands if isinstance(v.type, IndexType))


class Names:
    """Names that are legal, free, and as close to the IR's as can be."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def fresh(self, hint: str | None, otherwise: str) -> str:
        base = re.sub(r"\W", "_", hint or otherwise, flags=re.ASCII)
        if not (base[0].isalpha() or base[0] == "_"):
            base = f"_{base}" if hint else otherwise
        if base.startswith("_"):
            base = "v" + base  # those are the language's
        name, n = base, 1
        while name in self.taken:
            name, n = f"{base}_{n}", n + 1
        self.taken.add(name)
        return name


def offset_of(view: memref.ViewOp) -> int:
    owner = view.byte_shift.owner
    if not isinstance(owner, arith.ConstantOp) or not isinstance(owner.value, IntegerAttr):
        raise StepwellError("a view at an offset that is not a constant", view, fix="run plan-memory")
    return owner.value.value.data


@dataclass
class FunctionPrinter:
    """Prints the body of one function, line by line."""

    language: Language
    names: Names
    callees: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the functions of the module are called in the source."""
    read_only: Set[SSAValue] = frozenset()
    """The arguments that nothing is written to."""
    lines: list[str] = field(default_factory=list[str])
    depth: int = 1
    known: dict[SSAValue, Expr] = field(default_factory=dict[SSAValue, Expr])
    waiting: dict[SSAValue, Expr] = field(default_factory=dict[SSAValue, Expr])
    """Values that read memory and have not been written down yet."""

    def line(self, text: str) -> None:
        self.lines.append(INDENT * self.depth + text if text else "")

    variable_names: set[str] = field(default_factory=set[str])
    """What loops carry: names that do not stand for one value only."""

    # -- values --------------------------------------------------------------------------------------------------

    def use(self, value: SSAValue) -> Expr:
        self.waiting.pop(value, None)
        expr = self.known.get(value)
        if expr is None:
            owner = value.owner
            where = owner.parent_op() if isinstance(owner, Block) else owner
            raise StepwellError("a value is used that has not been printed", where)
        return expr

    def define(self, value: OpResult, expr: Expr) -> None:
        """Write `expr` where `value` is used, or give it a name here."""
        user = value.get_user_of_unique_use()
        if user is not None and self._fits_into(user, value, expr):
            self.known[value] = expr
            if expr.loads:
                self.waiting[value] = expr
            return
        self.declare(value, expr)

    def _fits_into(self, user: Operation, value: OpResult, expr: Expr) -> bool:
        if user.parent is not value.owner.parent or len(expr.text) > LONG:
            return False
        if isinstance(user, scf.ForOp) and value in (user.lb, user.ub, user.step):
            return expr.is_atom  # looked at again and again
        if isinstance(user, arith.SelectOp) and value is not user.cond and expr.loads:
            # Both are read, whatever the condition: `c ? a[i] : b` says less, and gcc 12 makes masked loads of it that
            # it merges although their masks differ.
            return False
        return not repeats_operands(user) or expr.is_atom

    def declare(self, value: SSAValue, expr: Expr) -> None:
        name = self.names.fresh(value.name_hint, "at" if isinstance(value.type, IndexType) else "v")
        self.line(self.language.constant_of(self.language.type_name(value.type), name, expr.text))
        self.known[value] = Expr(name)

    def settle(self) -> None:
        """Write down what was read so far: memory is about to change."""
        for value, expr in list(self.waiting.items()):
            self.declare(value, expr)
        self.waiting.clear()

    # -- ops -----------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """All ops but the terminator."""
        for op in block.ops:
            if op is not block.last_op:
                self.op(op)
        if block.last_op is not None and not isinstance(block.last_op, (scf.YieldOp, scf.ConditionOp, func.ReturnOp)):
            self.op(block.last_op)

    def op(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self.known[op.result] = self.language.constant(op.value, op)
            case scf.ForOp():
                self.for_loop(op)
            case scf.IfOp():
                self.branch(op)
            case scf.WhileOp():
                self.while_loop(op)
            case memref.LoadOp():
                if op.res.first_use is not None:
                    read = Expr(self.element(op.memref, op.indices), loads=True)
                    self.define(op.res, infix("!=", read, number(0)) if is_bool(op.res.type) else read)
            case memref.StoreOp():
                target, value = self.element(op.memref, op.indices), self.use(op.value)
                self.settle()
                self.line(f"{target} = {value.text};")
            case memref.SubviewOp():
                self.subview(op)
            case memref.ExtractStridedMetaDataOp():
                self.known[op.base_buffer] = self.use(op.source)
                self.known[op.offset] = number(0)  # a pointer points to the first element
            case memref.ViewOp():
                self.view(op)
            case memref.ReinterpretCastOp():
                starts = [self.use(v).number for v in op.offsets] or [int(n) for n in op.static_offsets.get_values()]
                if any(start != 0 for start in starts):
                    raise StepwellError("a reinterpret_cast with an offset cannot be printed as source text", op)
                self.known[op.result] = self.use(op.source)
            case func.CallOp():
                self.call(op)
            case _ if isinstance(op, POINTER_ALIASES):
                self.known[op.results[0]] = self.use(op.operands[0])
            case _:
                self.expression(op)

    def expression(self, op: Operation) -> None:
        rule = self.language.RULES.get(op.name)
        if rule is None or len(op.results) != 1:
            fix = (
                "run schedule-kernels{vector-width=1},apply-schedule"
                if op.name.startswith(("vector.", "linalg."))
                else None
            )
            raise StepwellError(f"{op.name} cannot be printed as source text", op, fix)
        for value in (*op.results, *op.operands):
            self.language.type_name(value.type, op)
            if isinstance(value.type, SHORT) and op.name not in ON_SHORT:
                what = f"{op.name} on {value.type}: floats of 16 bits are only stored"
                raise StepwellError(what, op, fix="compute in f32: extend before, truncate after")
        if op.results[0].first_use is None:
            return
        args = [self.use(operand) for operand in op.operands]
        if not all(arg.is_atom for arg in args) and repeats_operands(op):
            args = [self._named(operand, arg) for operand, arg in zip(op.operands, args, strict=True)]
        self.define(op.results[0], rule(self.language, op, args))

    def _named(self, value: SSAValue, expr: Expr) -> Expr:
        if not expr.is_atom and expr.level != UNARY:
            self.declare(value, expr)
        return self.known[value]

    # -- memory --------------------------------------------------------------------------------------------------

    def offset(self, kind: MemRefType[Attribute], indices: Sequence[Expr]) -> Expr:
        """How many elements further on: the sum of index × stride."""
        total = number(0)
        strides = kind.get_strides()
        assert strides is not None
        for index, stride in zip(indices, strides, strict=True):
            assert stride is not None
            total = small("+", total, small("*", index, number(stride)))
        return total

    def element(self, buffer: SSAValue, indices: Sequence[SSAValue]) -> str:
        assert isinstance(buffer.type, MemRefType)
        place = self.offset(buffer.type, [self.use(index) for index in indices])
        return f"{self.known[buffer].at(ATOM)}[{place.text}]"

    def subview(self, op: memref.SubviewOp) -> None:
        kind = op.source.type
        assert isinstance(kind, MemRefType)
        dynamic = iter([self.use(value) for value in op.offsets])
        starts = [next(dynamic) if n < 0 else number(int(n)) for n in op.static_offsets.get_values()]
        place = self.offset(kind, starts)
        source = self.use(op.source)
        self.known[op.result] = source if place.number == 0 else infix("+", source, Expr(place.at(ADD), ADD))

    def view(self, op: memref.ViewOp) -> None:
        """A pointer into a block of bytes, at an offset that suits the type."""
        if op.result.first_use is None:
            return
        kind = self.pointer_to(op.result, op)
        const = "const " if op.source in self.read_only else ""
        place = small("+", self.use(op.source), number(offset_of(op)))
        name = self.names.fresh(op.result.name_hint, "t")
        self.line(f"{const}{kind} *const {name} = ({const}{kind} *)({const}void *){place.at(UNARY)};")
        self.known[op.result] = Expr(name)

    def pointer_to(self, buffer: SSAValue, where: Operation) -> str:
        """The type that a pointer to the buffer points to."""
        assert isinstance(buffer.type, MemRefType)
        return self.language.type_name(buffer.type.element_type, where)

    # -- control -------------------------------------------------------------------------------------------------

    def for_loop(self, op: scf.ForOp) -> None:
        lower, upper, step = (self.use(v) for v in (op.lb, op.ub, op.step))
        carried = self.variables(op.body.block.args[1:], op.iter_args)
        self.settle()
        outside = set(self.names.taken)
        hint = next((name for name in COUNTERS if name not in outside), None)
        counter = self.names.fresh(op.body.block.args[0].name_hint or hint, "i")
        self.known[op.body.block.args[0]] = Expr(counter)
        kind = self.language.type_name(op.body.block.args[0].type)
        self.line(self.language.counting(kind, counter, lower.text, upper.text, step.text))
        self.depth += 1
        self.block(op.body.block)
        self.assign(carried, self.terminator(op.body.block))
        self.depth -= 1
        self.line("}")
        self.names.taken = outside
        self.results(op, carried)

    def variables(self, args: Sequence[BlockArgument], starts: Iterable[SSAValue]) -> list[str]:
        """A variable for each carried value."""
        names: list[str] = []
        for arg, start in zip(args, starts, strict=True):
            value = self.use(start)
            if self._is_handed_on(start, arg):
                self.known[arg] = value
                names.append(value.text)
                continue
            name = self.names.fresh(arg.name_hint, "acc")
            self.variable_names.add(name)
            self.line(self.language.variable(self.language.type_name(arg.type), name, value.text))
            self.known[arg] = Expr(name)
            names.append(name)
        return names

    def _is_handed_on(self, start: SSAValue, arg: BlockArgument) -> bool:
        """Whether a loop can go on with the variable that `start` stands in: one of its block, and used no more."""
        loop = arg.owner.parent_op()
        home = start.owner if isinstance(start.owner, Block) else start.owner.parent
        assert loop is not None
        return (
            self.known[start].text in self.variable_names
            and start.get_user_of_unique_use() is loop
            and home is loop.parent
        )

    def results(self, op: Operation, names: Sequence[str]) -> None:
        for result, name in zip(op.results, names, strict=True):
            self.known[result] = Expr(name)
            if result.first_use is None:
                self.line(self.language.unused(name))

    def terminator(self, block: Block) -> list[SSAValue]:
        assert block.last_op is not None
        return list(block.last_op.operands)

    def assign(self, names: Sequence[str], values: Sequence[SSAValue]) -> None:
        """All at once: where one new value is made of another's old one, each is computed before any is set."""
        texts = [self.use(value).text for value in values]
        self.settle()
        changed = [(name, text) for name, text in zip(names, texts, strict=True) if name != text]
        if any(re.search(rf"\b{name}\b", text) for n, (name, _) in enumerate(changed) for _, text in changed[n + 1 :]):
            kinds = {name: self.language.type_name(value.type) for name, value in zip(names, values, strict=True)}
            later: list[tuple[str, str]] = []
            for name, text in changed:
                fresh = self.names.fresh(f"next_{name}", "next")
                self.line(self.language.constant_of(kinds[name], fresh, text))
                later.append((name, fresh))
            changed = later
        for name, text in changed:
            self.line(f"{name} = {text};")

    def branch(self, op: scf.IfOp) -> None:
        condition = self.use(op.cond)
        self.settle()
        names = [self.names.fresh(result.name_hint, "chosen") for result in op.results]
        for name, result in zip(names, op.results, strict=True):
            self.line(self.language.variable(self.language.type_name(result.type), name))
        self.line(f"if ({condition.text}) {{")
        for n, region in enumerate((op.true_region, op.false_region)):
            if not region.blocks:
                continue
            if n == 1:
                if not names and len(list(region.block.ops)) <= 1:
                    continue
                self.line("} else {")
            self.depth += 1
            self.block(region.block)
            self.assign(names, self.terminator(region.block) if names else [])
            self.settle()
            self.depth -= 1
        self.line("}")
        self.results(op, names)

    def while_loop(self, op: scf.WhileOp) -> None:
        before, after = op.before_region.block, op.after_region.block
        carried = self.variables(before.args, op.arguments)
        self.settle()
        names = [self.names.fresh(result.name_hint, "last") for result in op.results]
        for name, result in zip(names, op.results, strict=True):
            self.line(self.language.variable(self.language.type_name(result.type), name))
        self.line(f"{self.language.ENDLESS} {{")
        self.depth += 1
        self.block(before)
        condition, *passed = self.terminator(before)
        stop = self.use(condition)
        self.assign(names, passed)
        self.line(self.language.leave_unless(stop.at(ATOM)))
        for arg, name in zip(after.args, names, strict=True):
            self.known[arg] = Expr(name)
        self.block(after)
        self.assign(carried, self.terminator(after))
        self.depth -= 1
        self.line("}")
        self.results(op, names)

    def call(self, op: func.CallOp) -> None:
        args = [self.use(value).text for value in op.arguments]
        self.settle()
        name = op.callee.string_value()
        self.line(f"{self.callees.get(name, name)}({', '.join(args)});")
