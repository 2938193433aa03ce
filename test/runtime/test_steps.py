"""The program of the host: control flow around launches, numbers as wide as they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from stepwell.runtime.device import DeviceError, Slots
from stepwell.runtime.steps import Step, Steps


def launch(*numbers: int | str) -> Step:
    return {"kernel": "k", "numbers": list(numbers)}


def launched(steps: list[Any], *, inputs: Sequence[Any] = (), arena: Sequence[int] = ()) -> list[list[int]]:
    """The numbers of each launch, in order; `arena`: what is read back from the device, one after the other."""
    seen: list[list[int]] = []
    left = iter(arena)
    Steps(steps, lambda step: lambda numbers: seen.append(list(numbers))).run(inputs, lambda *place: next(left))
    return seen


def test_counted_loops_hand_their_counters_to_kernels() -> None:
    inner = {"for": "j", "from": 4, "to": "i", "step": -1, "do": [launch("i", "j")]}
    steps = [{"for": "i", "from": 0, "to": 7, "step": 3, "do": [launch("i"), inner]}]
    assert launched(steps) == [[0], [0, 4], [0, 3], [0, 2], [0, 1], [3], [3, 4], [6]]


@pytest.mark.parametrize("flag, taken", [(1, 10), (0, 20)])
def test_what_is_read_back_decides(flag: int, taken: int) -> None:
    read = {"read": "c", "at": 0, "dtype": "bool", "buffer": {"of": "arena", "offset": 8, "bytes": 1}}
    assert launched([read, {"if": "c", "then": [launch(10)], "else": [launch(20)]}], arena=[flag]) == [[taken]]


def test_a_loop_tests_before_each_step_and_values_change_places_at_once() -> None:
    steps = [
        {"set": {"a": 1, "b": 2}},
        {
            "while": "more",
            "test": [{"let": "more", "be": "slt", "of": ["a", 8], "bits": 64}],
            "do": [
                launch("a", "b"),
                {"let": "sum", "be": "addi", "of": ["a", "b"], "bits": 64},
                {"set": {"a": "b", "b": "sum"}},
            ],
        },
        launch("a"),
    ]
    assert launched(steps) == [[1, 2], [2, 3], [3, 5], [5, 8], [8]]


def test_an_input_is_read_without_the_device() -> None:
    read = {"read": "n", "at": 2, "dtype": "int64", "buffer": {"of": "input 1", "offset": 0, "bytes": 24}}
    assert launched([read, launch("n")], inputs=[np.zeros(1), np.array([[5, 6, 7]])]) == [[7]]


WORDS = [
    ("addi", [2**62, 2**62], 64, -(2**63)),
    ("muli", [1 << 20, 1 << 20], 32, 0),
    ("subi", [3, 5], 64, -2),
    ("divsi", [-7, 2], 64, -3),
    ("remsi", [-7, 2], 64, -1),
    ("floordivsi", [-7, 2], 64, -4),
    ("select", [0, 1, 2], 64, 2),
    ("xori", [1, 1], 1, 0),
    ("extui", [-1], 8, 255),
    ("trunci", [257], 8, 1),
    ("ult", [1, -1], 32, 1),
    ("slt", [1, -1], 32, 0),
]


@pytest.mark.parametrize("word, of, bits, result", WORDS)
def test_numbers_are_as_wide_as_they_say(word: str, of: list[int], bits: int, result: int) -> None:
    step = {"let": "v", "be": word, "of": of, "bits": bits}
    small = {"let": "v", "be": "eq", "of": ["v", result], "bits": 64}
    assert launched([step, small, launch("v")]) == [[1]]


def test_a_number_that_a_kernel_cannot_take_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"kernel k is handed the numbers \[2147483648\], which do not fit 32 bits"):
        launched([launch(1 << 31)])


def test_numbers_of_launches_share_places_until_there_are_no_more() -> None:
    written: dict[int, list[int]] = {}
    flushed: list[int] = []
    slots = Slots(lambda at, data: written.update({at: data.tolist()}), lambda: flushed.append(len(written)))
    assert [slots.place([7]), slots.place([1, 2]), slots.place([7])] == [0, Slots.BYTES, 0]
    assert written == {0: [7, 0, 0, 0], Slots.BYTES: [1, 2, 0, 0]}
    for n in range(Slots.COUNT - 2):
        slots.place([n, n, n])
    assert not flushed
    assert slots.place([9, 9]) == 0 and flushed == [Slots.COUNT] and written[0] == [9, 9, 0, 0]
