"""Words of SPIR-V as instructions: the first of each holds how many words it has, and its number (section 2.3).

    0x00050080, 6, 40, 38, 39    is    Instruction(128, (6, 40, 38, 39)), an OpIAdd

Files come from anywhere. What is larger than any kernel is refused here and by `Declarations` and `Reader`, before
reading or printing it takes minutes or all memory; the limits are far above what our own kernels need.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from stepwell.diagnostics import StepwellError

from .opcodes import MAGIC

HEADER_WORDS = 5
MOST_BYTES = 4 << 20
MOST_MEMBERS = 256
"""Of a struct."""
MOST_NESTED_TYPES = 8
"""A pointer to a struct of arrays of vectors of numbers is five deep."""
MOST_NESTED_BLOCKS = 64
"""Loops and selections inside of one another."""
MOST_BLOCKS = 1000
"""Of one loop or selection."""
LONGEST_NAME = 1000
NOP = 0

Found = TypeVar("Found")


class Instruction(NamedTuple):
    opcode: int
    operands: tuple[int, ...]


def instructions(code: bytes) -> list[Instruction]:
    """Raises `StepwellError` for what is no SPIR-V."""
    if len(code) > MOST_BYTES:
        raise StepwellError(f"this has {len(code)} bytes, and a kernel of SPIR-V at most {MOST_BYTES}")
    if len(code) < 4 * HEADER_WORDS or len(code) % 4 or struct.unpack_from("<I", code)[0] != MAGIC:
        raise StepwellError("this is no SPIR-V: words of 32 bits, the first 0x07230203")
    words = struct.unpack(f"<{len(code) // 4}I", code)
    found: list[Instruction] = []
    at = HEADER_WORDS
    while at < len(words):
        count, opcode = words[at] >> 16, words[at] & 0xFFFF
        if count == 0 or at + count > len(words):
            raise StepwellError(f"the instruction at word {at} is cut off")
        if opcode != NOP:
            found.append(Instruction(opcode, words[at + 1 : at + count]))
        at += count
    return found


def text_of(words: Sequence[int]) -> tuple[str, int]:
    """A string, and how many words it takes."""
    data = struct.pack(f"<{len(words)}I", *words)
    end = data.index(b"\0")
    return data[:end].decode(), end // 4 + 1


def look_up(table: Mapping[int, Found], number: int, what: str) -> Found:
    """What a number or an id stands for; `what` it should be."""
    if number not in table:
        raise StepwellError(f"the {what} {number} is none that the spirv dialect has")
    return table[number]
