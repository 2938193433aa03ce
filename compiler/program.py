"""A compiled model: call `run` with arrays by input name, get arrays by output name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .diagnostics import StepwellError
from .interface import InputError, Interface, TensorSpec, check_feeds, check_out

Array = npt.NDArray[Any]
Shapes = tuple[tuple[int, ...], ...]
Values = tuple[tuple[int | float, ...], ...]
"""The numbers that the inputs hold whose values a program is made for, in the order of `Interface.by_value`."""


class Loaded(Protocol):
    """What a loader of `runtime/` gives: a program for fixed shapes."""

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]: ...


@dataclass
class Program:
    """A model compiled for one target.

    A model with symbolic dims is compiled at the first run of each combination of shapes, and kept; one whose results'
    shapes depend on what some inputs hold (`interface.by_value`), of each combination of their values, too.
    Several threads may call `run` of one program.
    """

    interface: Interface
    specialize: Callable[[Shapes, Values], Loaded] = field(repr=False)
    """Compile and load for these input shapes, in the order of the inputs, and these values."""
    _loaded: dict[tuple[Shapes, Values], Loaded] = field(
        default_factory=dict[tuple[Shapes, Values], Loaded], repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _expected: tuple[tuple[str, np.dtype[Any] | None], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Numpy has one object of each dtype of its own; others, bfloat16 say, are looked at every time."""
        known = {spec: spec.dtype in np.sctypeDict for spec in self.interface.inputs}
        self._expected = tuple((spec.name, np.dtype(spec.dtype) if known[spec] else None) for spec in known)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.interface.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.interface.outputs

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The model's outputs by name, for `feeds`: an array for every input, by name.

        An output is freshly allocated, or written into the array that `out` holds for it: contiguous, of the output's
        shape and dtype, of memory that no input has; but for an input of which that output is a longer version (a
        cache with rows appended): handed in as a view of the array's first rows it is not copied. See docs/state.md.
        Raises `InputError` for a missing or unknown name, a wrong dtype, rank or dim.
        """
        if out:
            check_out(self.interface, feeds, out)
        loaded = self._checked(feeds)
        if loaded is None:
            check_feeds(self.interface, feeds)
            shapes = tuple(feeds[spec.name].shape for spec in self.interface.inputs)
            loaded = self.load(shapes, self._values(feeds))
        try:
            return loaded.run(feeds) if out is None else loaded.run(feeds, out)
        except ValueError as error:  # of `out`: an output's shape is the loaded program's to know
            raise InputError(str(error)) from None
        except RuntimeError as error:  # of a device, whose loader knows nothing of ours
            if not hasattr(error, "fix"):
                raise
            raise StepwellError(str(error), fix=getattr(error, "fix", None)) from error

    def _checked(self, feeds: Mapping[str, Array]) -> Loaded | None:
        """The program for `feeds` where that takes no more than a glance: arrays of numpy's own dtypes, in shapes that
        were seen before. A small model takes less time than a look at every dim."""
        shapes: Shapes = ()
        for name, dtype in self._expected:
            array = feeds.get(name)
            if type(array) is not np.ndarray or array.dtype is not dtype:
                return None
            shapes += (array.shape,)
        return self._loaded.get((shapes, self._values(feeds))) if len(feeds) == len(self._expected) else None

    def _values(self, feeds: Mapping[str, Array]) -> Values:
        return tuple([tuple(feeds[name].reshape(-1).tolist()) for name in self.interface.by_value])

    def load(self, shapes: Shapes, values: Values = ()) -> Loaded:
        """The program for these input shapes and values, compiled now if it was not before."""
        with self._lock:
            key = shapes, values
            if key not in self._loaded:
                self._loaded[key] = self.specialize(shapes, values)
            return self._loaded[key]
