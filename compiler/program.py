"""A compiled model: call `run` with arrays by input name, get arrays by output name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy.typing as npt

from .interface import Interface, TensorSpec, check_feeds

Array = npt.NDArray[Any]
Shapes = tuple[tuple[int, ...], ...]


class Loaded(Protocol):
    """What a loader of `runtime/` gives: a program for fixed shapes."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]: ...


@dataclass
class Program:
    """A model compiled for one target.

    A model with symbolic dims is compiled at the first run of each combination of shapes, and kept.
    Several threads may call `run` of one program.
    """

    interface: Interface
    specialize: Callable[[Shapes], Loaded] = field(repr=False)
    """Compile and load for these input shapes, in the order of the inputs."""
    _loaded: dict[Shapes, Loaded] = field(default_factory=dict[Shapes, Loaded], repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.interface.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.interface.outputs

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The model's outputs by name, freshly allocated, for `feeds`: an array for every input, by name.

        Raises `InputError` for a missing or unknown name, a wrong dtype, rank or dim.
        """
        check_feeds(self.interface, feeds)
        shapes = tuple(feeds[spec.name].shape for spec in self.interface.inputs)
        loaded = self._loaded.get(shapes)
        if loaded is None:
            loaded = self.load(shapes)
        return loaded.run(feeds)

    def load(self, shapes: Shapes) -> Loaded:
        """The program for these input shapes, compiled now if it was not before."""
        with self._lock:
            if shapes not in self._loaded:
                self._loaded[shapes] = self.specialize(shapes)
            return self._loaded[shapes]
