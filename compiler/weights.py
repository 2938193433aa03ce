"""The table of weights that a compilation owns: key → numpy array (often memory-mapped).

The IR refers to a weight by key, `dense_resource<conv1.weight> : tensor<8x3x3x3xf32>`, and never holds its data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Recipe = Callable[[Array], Array]


@dataclass
class WeightTable:
    """Arrays by key. Keys are MLIR identifiers; an array under a key never changes.

    An array that is made of another one is made whenever it is asked for, so that no two copies of a large weight are
    kept.
    """

    arrays: dict[str, Array] = field(default_factory=dict[str, Array])
    recipes: dict[str, tuple[str, Recipe]] = field(default_factory=dict[str, tuple[str, Recipe]])
    """key → (the key of an array, what is made of that array)."""
    _by_content: dict[bytes, str] = field(default_factory=dict[bytes, str])

    def add(self, hint: str, array: Array) -> str:
        """Own `array` under a key made from `hint`; an equal array already owned gives its key instead."""
        array = np.ascontiguousarray(array).reshape(array.shape)  # a scalar stays a scalar
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)  # bfloat16 and narrower have no buffers of their own
        content = digest.digest()
        if (known := self._by_content.get(content)) is not None:
            return known
        key = self._free_key(hint)
        self.arrays[key] = array
        self._by_content[content] = key
        return key

    def _free_key(self, hint: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_.]", "_", hint) or "weight"
        if not base.strip("_")[:1].isalpha():  # of `_251`, a value's name, nothing would be left
            base = f"weight_{base.strip('_')}"
        key, n = base, 1
        while key in self:
            key, n = f"{base}_{n}", n + 1
        return key

    def derive(self, hint: str, source: str, recipe: Recipe) -> str:
        """A key for what `recipe` makes of the array `source`."""
        key = self._free_key(hint)
        self.recipes[key] = source, recipe
        return key

    def keep(self, keys: Iterable[str]) -> None:
        """Forget all arrays but those of `keys`, and those that they are made of: nothing will ask for them again."""
        wanted: set[str] = set()
        for key in keys:
            while key not in wanted:
                wanted.add(key)
                key = self.recipes.get(key, (key,))[0]
        self.arrays = {key: array for key, array in self.arrays.items() if key in wanted}
        self.recipes = {key: recipe for key, recipe in self.recipes.items() if key in wanted}
        self._by_content = {content: key for content, key in self._by_content.items() if key in wanted}

    def put(self, key: str, array: Array) -> None:
        """Own `array` under this very key (a dump that is read back). Raises `StepwellError` when it has another."""
        known = self.arrays.setdefault(key, array)
        if known is array:
            return
        same = known.dtype == array.dtype and known.shape == array.shape and known.tobytes() == array.tobytes()
        if not same:
            from .diagnostics import StepwellError

            raise StepwellError(f"two different weights are called '{key}'", fix="read them in contexts of their own")

    def __getitem__(self, key: str) -> Array:
        """The array of `key`. Raises `StepwellError` when the table has none (a dump read without its weights file)."""
        if (found := self.recipes.get(key)) is not None:
            source, recipe = found
            return recipe(self[source])
        if (array := self.arrays.get(key)) is None:
            from .diagnostics import StepwellError

            raise StepwellError(
                f"the weights table has no '{key}'",
                fix="keep the .safetensors file that was written beside the .mlir in the same folder",
            )
        return array

    def __contains__(self, key: object) -> bool:
        return key in self.arrays or key in self.recipes

    def __iter__(self) -> Iterator[str]:
        return iter((*self.arrays, *self.recipes))
