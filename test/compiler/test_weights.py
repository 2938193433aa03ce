"""The table of weights: arrays made of others, arrays forgotten; an artifact as one block of bytes."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load
from stepwell.diagnostics import StepwellError
from stepwell.target import Artifact, pack_artifact, unpack_artifact
from stepwell.weights import WeightTable


def test_what_is_made_of_another_is_made_when_asked_for():
    table = WeightTable()
    source = table.add("w", np.arange(6.0).reshape(2, 3))
    twice = table.derive("w", source, lambda array: 2 * array)
    turned = table.derive("turned", twice, np.transpose)
    assert len({source, twice, turned}) == 3
    assert list(table) == [source, twice, turned]
    np.testing.assert_array_equal(table[turned], [[0, 6], [2, 8], [4, 10]])
    assert list(table.arrays) == [source]


def test_what_is_kept_brings_what_it_is_made_of():
    table = WeightTable()
    one, two, three = (table.add("w", np.full(4, n)) for n in range(3))
    made = table.derive("made", two, lambda array: array + 1)
    also = table.derive("also", one, lambda array: array + 1)
    table.keep([made])
    assert made in table and two in table
    assert not {one, three, also} & set(table)
    with pytest.raises(StepwellError, match=f"the weights table has no '{three}'"):
        table[three]
    again = table.add("again", np.full(4, 2))  # equal to one that is forgotten
    np.testing.assert_array_equal(table[again], [2, 2, 2, 2])


def test_an_artifact_is_a_safetensors_file_and_comes_back():
    artifact = Artifact({"entry": "main", "threads": 1}, {"main.o": b"\x7fELF", "empty": b""}, bytearray(range(200)))
    packed = pack_artifact(artifact)
    assert bytes(load(packed)["weights"]) == bytes(range(200))
    back = unpack_artifact(packed)
    assert (back.manifest, back.files, bytes(back.weights)) == (artifact.manifest, artifact.files, bytes(range(200)))
