"""The context of one compilation: which dialects may be parsed, and the weights it owns."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.context import Context as XdslContext

from .registry import REGISTRY
from .weights import WeightTable


@dataclass
class Context(XdslContext):
    """xDSL's context with every dialect of the registry known by name (loaded when first met) and a weights table."""

    weights: WeightTable = field(default_factory=WeightTable)
    sources: dict[str, str] = field(default_factory=dict[str, str])
    """The text of each file that was parsed, so that an error can show the line it speaks of."""

    def __post_init__(self) -> None:
        for name in REGISTRY.dialects:
            self.register_dialect(name, lambda name=name: REGISTRY.load_dialect(name))
        self.load_registered_dialect("builtin")
        self.load_registered_dialect("func")

    def clone(self) -> Context:
        """A context of its own that shares the weights and the sources."""
        return Context(weights=self.weights, sources=self.sources, allow_unregistered=self.allow_unregistered)
