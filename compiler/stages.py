"""Programs in stages: what a run computes says the shapes of what comes behind, which is made then and kept.

    places = first.run({"x": array})                    # @main of `split-stages`
    y = rest.run({"x": array, "places": places})        # @next_stage: a `Program` with open dims

The rest is an ordinary program: compiled at the first run of each combination of sizes that it meets. The cache keeps
all of them: where it has them, the model is not even read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .interface import NEXT_STAGE, main_function
from .program import Array, Loaded, Program, Shapes, Values

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from .driver import Model


def take_next_stage(module: ModuleOp) -> ModuleOp | None:
    """Take the function of the next stage out of a module: as a module of its own, whose @main it is."""
    from xdsl.dialects.builtin import ModuleOp, StringAttr
    from xdsl.dialects.func import FuncOp

    for op in module.body.block.ops:
        if isinstance(op, FuncOp) and op.sym_name.data == NEXT_STAGE:
            op.detach()
            op.properties["sym_name"] = StringAttr("main")
            op.properties.pop("sym_visibility", None)
            rest = ModuleOp([op], dict(module.attributes))
            rest.location = module.location
            assert main_function(rest) is op
            return rest
    return None


@dataclass(frozen=True)
class Behind:
    """A model as the source of another: what comes behind its first stage for these shapes and values."""

    model: Model
    shapes: Shapes
    values: Values


@dataclass
class Staged:
    """A loaded program, and the program of what comes behind it."""

    first: Loaded
    rest: Program
    outputs: tuple[str, ...]
    """The model's, in order."""

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """All outputs, in the arrays that `out` holds for some of them."""
        out = out or {}
        later = {spec.name for spec in self.rest.outputs}
        made = self.first.run(feeds, {name: array for name, array in out.items() if name not in later})
        given = {spec.name: made[spec.name] if spec.name in made else feeds[spec.name] for spec in self.rest.inputs}
        made |= self.rest.run(given, {name: array for name, array in out.items() if name in later})
        return {name: made[name] for name in self.outputs}
