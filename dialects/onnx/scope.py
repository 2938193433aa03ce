"""Which value a name stands for, in a graph and in the graphs inside of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from xdsl.ir import SSAValue


@dataclass
class Scope:
    """The values of one graph by name, and the scopes of the graphs inside of it by (number of node, attribute)."""

    outer: Scope | None = None
    values: dict[str, SSAValue] = field(default_factory=dict[str, SSAValue])
    inner: dict[tuple[int, str], Scope] = field(default_factory=dict[tuple[int, str], "Scope"])

    def __getitem__(self, name: str) -> SSAValue:
        scope = self
        while name not in scope.values:
            assert scope.outer is not None, "sort_graphs has seen that every name is defined"
            scope = scope.outer
        return scope.values[name]

    def define(self, name: str, value: SSAValue) -> None:
        value.name_hint = hint_of(name)
        self.values[name] = value


def hint_of(name: str) -> str | None:
    """A value's name as the text may show it: `%conv1.out`. A number at the end would be lost, so it gets a dot."""
    hint = re.sub(r"[^A-Za-z0-9_$.-]", "_", name[:80])
    hint = re.sub(r"_(\d+)$", r".\1", hint)
    return hint if not hint or hint[0].isalpha() or hint[0] == "_" else f"v{hint}"
