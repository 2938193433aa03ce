"""Group the linalg ops of a block into nests: what starts an accumulator, the computation, what follows it.

    linalg.fill ins(%zero) outs(%t)                      // init: the accumulators start from %zero
    linalg.generic {conv} ins(%x, %w) outs(%t)           // main
    linalg.generic {add, max} ins(%t, %b) outs(%out)     // epilogue: on the accumulators, before they are stored

A stage joins a nest when it meets the nest's buffer at the same element in the same iteration; what stands between
must not touch what moves. A temporary that only the nest touches is never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from xdsl.dialects import memref
from xdsl.ir import Operation, SSAValue

from .access import VIEWS, Access, Restride, Stage, collapse

Accept = Callable[["Nest"], bool]
"""Whether some stages that could share loops shall."""


@dataclass
class Nest:
    """Stages over the loops of `main`: inits come before its reduction loops, epilogues after them."""

    main: Stage
    inits: list[Stage] = field(default_factory=list[Stage])
    epilogues: list[Stage] = field(default_factory=list[Stage])

    @property
    def stages(self) -> list[Stage]:
        return [*self.inits, self.main, *self.epilogues]

    @property
    def is_empty(self) -> bool:
        """Whether there is no element to compute."""
        return any(e == 0 and not r for e, r in zip(self.main.extents, self.main.reduction, strict=True))

    @property
    def reads(self) -> set[SSAValue]:
        return {b for s in self.stages for b in (*(a.base for a in s.reads()), *s.gathers())}

    @property
    def writes(self) -> set[SSAValue]:
        return {a.base for s in self.stages for a in s.outputs}

    def over(self, stages: Sequence[Stage]) -> Nest:
        """The same nest with its stages replaced, in the order of `stages`."""
        n = len(self.inits)
        return Nest(stages[n], list(stages[:n]), list(stages[n + 1 :]))

    def starting_from(self, init: Stage) -> Nest:
        return Nest(self.main, [*self.inits, init], self.epilogues)

    def collapsed(self) -> Nest:
        """The same nest with as few loops as possible."""
        return self.over(collapse(self.stages))

    def over_loops(self, extents: Sequence[int]) -> Nest | None:
        """The same nest with loops of these extents, neighbours merged for it; None where that is not possible."""
        stages = collapse(self.stages, extents)
        return self.over(stages) if stages[0].extents == tuple(extents) else None

    def stored(self) -> list[Access]:
        """Outputs that somebody outside of the nest may read; each element once."""
        ops = {s.op for s in self.stages}
        places = {(a.base, a.at): a for s in self.stages for a in s.outputs}
        return [a for a in places.values() if not is_private(a.base, ops)]


def is_private(base: SSAValue, ops: set[Operation]) -> bool:
    """True when `base` is allocated here and no op but `ops` touches it."""
    if not isinstance(base.owner, memref.AllocOp):
        return False
    return all(op in ops for op in touching(base))


def touching(value: SSAValue) -> list[Operation]:
    """The ops that read or write the buffer `value`, through views as well."""
    found: list[Operation] = []
    for use in value.uses:
        op = use.operation
        if isinstance(op, VIEWS):
            found += touching(op.results[0])
        else:  # an op inside a body stands for the linalg op that holds it
            parent = op.parent_op()
            while parent is not None and parent.name.startswith("linalg."):
                op, parent = parent, parent.parent_op()
            found.append(op)
    return found


def group(stages: Sequence[Stage], accept: Accept) -> list[Nest]:
    """Nests in an order that keeps every dependence. Each stands where its last stage stood.

    What may share loops does where `accept` says so of the nest that it would make.
    """
    nests: list[Nest] = []
    for stage in stages:
        nest = Nest(stage)
        for earlier in reversed(nests):
            position = nests.index(earlier)
            if any(_conflict(earlier, between) for between in nests[position + 1 :]):
                continue
            joined = join(earlier, nest)
            if isinstance(joined, Nest) and accept(joined):
                nests.remove(earlier)
                nest = joined
        nests.append(nest)
    return nests


def why_apart(stages: Sequence[Stage], accept: Accept) -> str:
    """Why `group` does not make one nest of those of `stages` that `accept` would have in one."""
    nests = group(stages, accept)
    for later in range(len(nests)):
        for earlier in reversed(range(later)):
            joined = join(nests[earlier], nests[later])
            together = Nest(nests[later].main, nests[earlier].stages, nests[later].stages)
            if not accept(together):
                continue
            if any(_conflict(nests[earlier], between) for between in nests[earlier + 1 : later]):
                return "what stands between them touches the same memory"
            return joined if isinstance(joined, str) else "they meet in another order"
    return "they are in different blocks, or what stands between them may touch memory"


def _conflict(a: Nest, b: Nest) -> bool:
    return bool(a.writes & (b.reads | b.writes) or a.reads & b.writes)


def join(earlier: Nest, nest: Nest) -> Nest | str:
    """`earlier` and what follows it as one nest, or why that is not possible."""
    if earlier.main.is_parallel and not nest.main.is_parallel:
        return _with_init(earlier, nest)
    return _with_epilogue(earlier, nest)


def _with_init(earlier: Nest, nest: Nest) -> Nest | str:
    """`nest` with `earlier` as what its accumulators start from, where that holds."""
    first, main = earlier.main, nest.main
    if len(earlier.stages) > 1:
        return "a reduction starts from one op, not from several"
    out, *more = first.outputs
    places = [a for a, read in zip(main.outputs, main.reads_output, strict=True) if read and a.base is out.base]
    if more or len(places) != 1:
        return "the reduction does not start from what the op before it writes"
    if out.base in {a.base for a in main.inputs} or out.base in main.gathers():
        return "the reduction reads what the op before it writes, at other elements than it writes itself"
    if any(s.outputs[0].base is out.base for s in nest.inits):
        return "the reduction starts from another op already"
    loops = align(main, places[0], first, out)
    if loops is None:
        return NOT_ALIGNED
    stages = [loops.of_main(s) for s in nest.stages]
    return nest.over(stages).starting_from(loops.of_other(first))


def _with_epilogue(earlier: Nest, nest: Nest) -> Nest | str:
    """`earlier` followed by `nest`, an elementwise op on what it computed, where that holds."""
    stage = collapse([nest.main])[0]
    if not stage.is_parallel:
        return "one that reduces cannot run inside of the loops of another"
    if len(nest.stages) > 1:
        return "each is a nest already"
    places = {a.base: a for s in earlier.stages for a in s.outputs}
    shared = [a for a in stage.reads() if a.base in places]
    if not shared:
        return "the later one reads nothing that the earlier one writes"
    loops = align(earlier.main, places[shared[0].base], stage, shared[0])
    if loops is None:
        return NOT_ALIGNED
    earlier = earlier.over([loops.of_main(s) for s in earlier.stages])
    stage = loops.of_other(stage)
    # Where the two meet, be it to read or to write, it must be at the same element in the same iteration.
    before = [a for s in earlier.stages for a in (*s.inputs, *s.outputs)]
    after = [*stage.inputs, *stage.outputs]
    written = {a.base for a in stage.outputs} | {a.base for s in earlier.stages for a in s.outputs}
    if any(a.base is b.base and a.at != b.at for a in before for b in after if a.base in written):
        return "an iteration of one touches an element that another iteration of the other writes"
    if written & {b for s in (*earlier.stages, stage) for b in s.gathers()}:
        return "one writes a buffer that the other reads at a computed place"
    return Nest(earlier.main, earlier.inits, [*earlier.epilogues, stage])


NOT_ALIGNED = "they do not walk the buffer that they share in the same loops"


@dataclass(frozen=True)
class Loops:
    """The loops that two stages share, and how the strides of each are rewritten for them."""

    extents: tuple[int, ...]
    reduction: tuple[bool, ...]
    main: Restride
    other: Restride

    def of_main(self, stage: Stage) -> Stage:
        return stage.over(self.extents, self.reduction, self.main)

    def of_other(self, stage: Stage) -> Stage:
        return stage.over(self.extents, self.reduction, self.other)


def align(main: Stage, out: Access, other: Stage, place: Access) -> Loops | None:
    """Loops for `main` and the parallel `other` in which `out` and `place` are the same element.

    Loops of either are split where the other has two for one: `other` over (n, h, w, c) against `main` over
    (n, h, w, g, f) gets `c` split into g and f. None when the two do not walk the buffer as one.
    """
    if out.base is not place.base or (out.at.offset, out.at.terms) != (place.at.offset, place.at.terms):
        return None
    mine = [
        (s, e, d) for d, (s, e) in enumerate(zip(out.at.strides, main.extents, strict=True)) if not main.reduction[d]
    ]
    theirs = [(s, e, d) for d, (s, e) in enumerate(zip(place.at.strides, other.extents, strict=True))]
    parts: list[tuple[int, int, int]] = []  # (extent, loop of main, loop of other), innermost first
    while mine and theirs:
        (s, e, d), (s2, e2, d2) = min(mine), min(theirs)
        part = min(e, e2)
        if s != s2 or s == 0 or part == 0 or e % part or e2 % part:
            return None
        parts.append((part, d, d2))
        mine.remove((s, e, d))
        theirs.remove((s2, e2, d2))
        if e > part:
            mine.append((s * part, e // part, d))
        if e2 > part:
            theirs.append((s * part, e2 // part, d2))
    if mine or theirs:
        return None
    loops: list[tuple[int, int, int, int]] = []  # (extent, loop of main, loop of other or -1, number of the part)
    for d, extent in enumerate(main.extents):
        if main.reduction[d]:
            loops.append((extent, d, -1, 0))
        loops += [(e, d, d2, n) for n, (e, d1, d2) in reversed(list(enumerate(parts))) if d1 == d]

    def step(of: int, number: int) -> int:
        """How many iterations of the loop that part `number` belongs to are one of the part's."""
        return prod(p[0] for p in parts[:number] if p[of] == parts[number][of])

    def restride_main(strides: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(strides[d] * (step(1, n) if d2 >= 0 else 1) for _, d, d2, n in loops)

    def restride_other(strides: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(strides[d2] * step(2, n) if d2 >= 0 else 0 for _, _, d2, n in loops)

    reduction = tuple(main.reduction[d] for _, d, _, _ in loops)
    return Loops(tuple(loop[0] for loop in loops), reduction, restride_main, restride_other)
