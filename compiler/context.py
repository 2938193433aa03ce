"""The context of one compilation: which dialects may be parsed, and the weights it owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context as XdslContext
from xdsl.ir import Attribute, Operation, TypeAttribute

from .cache import Cache
from .diagnostics import StepwellError
from .registry import REGISTRY
from .weights import WeightTable


@dataclass
class Context(XdslContext):
    """xDSL's context with every dialect of the registry known by name (loaded when first met) and a weights table."""

    weights: WeightTable = field(default_factory=WeightTable)
    sources: dict[str, str] = field(default_factory=dict[str, str])
    """The text of each file that was parsed, so that an error can show the line it speaks of."""

    cache: Cache = field(default_factory=lambda: Cache(None))
    """Where object code is kept; the default keeps none."""

    problems: list[StepwellError] | None = None
    """Where errors that passes `report` are gathered; None to raise the first."""

    def report(self, error: StepwellError) -> None:
        """Raise an error, unless problems are gathered: then note it, and let the pass go on to the next op."""
        if self.problems is None:
            raise error
        self.problems.append(error)

    def __post_init__(self) -> None:
        for name in REGISTRY.dialects:
            self.register_dialect(name, lambda name=name: REGISTRY.load_dialect(name))
        self.load_registered_dialect("builtin")
        self.load_registered_dialect("func")

    def know(self, name: str) -> None:
        """A dialect that we have no row for may be a plug-in's: look there, once, before it is called unknown."""
        if name.partition(".")[0] in self.registered_dialect_names:
            return
        for added in REGISTRY.names("dialects"):
            if added not in self.registered_dialect_names:
                self.register_dialect(added, lambda added=added: REGISTRY.load_dialect(added))

    def get_optional_op(self, name: str, *, dialect_stack: Sequence[str] = ()) -> type[Operation] | None:
        if "." in name:
            self.know(name)
        return super().get_optional_op(name, dialect_stack=dialect_stack)

    def get_optional_type(self, name: str) -> type[TypeAttribute] | None:
        self.know(name)
        return super().get_optional_type(name)

    def get_optional_attr(self, name: str) -> type[Attribute] | None:
        self.know(name)
        return super().get_optional_attr(name)

    def clone(self) -> Context:
        """A context of its own that shares the weights and the sources."""
        return Context(
            weights=self.weights, sources=self.sources, cache=self.cache, allow_unregistered=self.allow_unregistered
        )
