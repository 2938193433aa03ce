"""Hostile .spv files: torn ones, forged ones, and small ones that would be gigabytes of text."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import case

ROOT = Path(__file__).parent.parent.parent
HEADER = [0x07230203, 0x00010300, 0, 1 << 20, 0]
HEADER_BYTES = 4 * len(HEADER)
UINT, FLOAT, VOID, SIGNATURE, BOOL, TRUE, MAIN = range(1, 8)


def instruction(opcode: int, *operands: int) -> list[int]:
    return [(1 + len(operands)) << 16 | opcode, *operands]


def packed(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def module(*instructions: list[int]) -> bytes:
    """Some types, and what is said behind them."""
    types = [
        *(instruction(17, 1), instruction(21, UINT, 32, 0), instruction(22, FLOAT, 32)),
        *(instruction(19, VOID), instruction(33, SIGNATURE, VOID), instruction(20, BOOL), instruction(41, BOOL, TRUE)),
    ]
    return packed(*HEADER, *(word for listed in (*types, *instructions) for word in listed))


def kernel(*body: list[int]) -> bytes:
    return module(instruction(54, VOID, MAIN, 0, SIGNATURE), instruction(248, 99), *body)


def written() -> bytes:
    """A kernel that our own tools wrote, with loops and selections."""
    from stepwell.context import Context
    from stepwell.dialects.spirv import SPIRVModuleOp
    from stepwell.passes.gpu_to_spirv.gpu_to_spirv import GPUToSPIRV
    from stepwell.targets.spirv.binary import binary
    from stepwell.text import parse_module

    ctx = Context()
    parsed = parse_module(ctx, (ROOT / "test" / "passes" / "gpu_to_spirv" / "control.mlir").read_text())
    GPUToSPIRV().apply(ctx, parsed)
    return binary(
        max((op for op in parsed.walk() if isinstance(op, SPIRVModuleOp)), key=lambda op: len(list(op.walk())))
    )


def places(code: bytes) -> Iterator[slice]:
    """Where each instruction stands."""
    at = HEADER_BYTES
    while at < len(code):
        end = at + 4 * struct.unpack_from("<H", code, at + 2)[0]
        yield slice(at, end)
        at = end


def mutated(code: bytes, rng: random.Random) -> bytes:
    """What is wrong with files: cut off, bits flipped, another number where one stood, an instruction gone or twice."""
    changed, word = bytearray(code), 4 * rng.randrange(len(HEADER), len(code) // 4)
    match rng.randrange(6):
        case 0:
            del changed[rng.randrange(len(code)) :]
        case 1:
            for _ in range(rng.randrange(1, 4)):
                changed[rng.randrange(len(code))] ^= 1 << rng.randrange(8)
        case 2:
            changed[word : word + 4] = packed(rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
        case 3:
            changed[word : word + 4] = packed(rng.randrange(1, 300))
        case 4:
            del changed[rng.choice(list(places(code)))]
        case _:
            one, other = rng.choices(list(places(code)), k=2)
            changed[other.start : other.start] = code[one]
    return bytes(changed)


def spirv_case(name: str, content: Callable[[], bytes], says: str) -> None:
    @case(f"spirv-{name}", says)
    def _(folder: Path) -> list[str]:
        (folder / "kernel.spv").write_bytes(content())
        return ["run", "kernel.spv"]


for keep in (0, 3, 4, 20, 400, 600):
    spirv_case(f"cut-to-{keep}", lambda keep=keep: written()[:keep], "kernel.spv")
for seed in range(8):
    spirv_case(f"mutated-{seed}", lambda seed=seed: mutated(written(), random.Random(seed)), "")
spirv_case("wrong-magic", lambda: b"\x7fELF" + written()[4:], "the first 0x07230203")
spirv_case("bytes-turned", lambda: b"".join(w[::-1] for w in zip_words(written())), "the first 0x07230203")
spirv_case("too-large", lambda: written() + bytes(5 << 20), "at most 4194304")
spirv_case("no-ops", lambda: packed(*HEADER, *[1 << 16] * 1_000_000), "have no function")
spirv_case("wide-integer", lambda: module(instruction(21, 50, 0x20000000, 0), instruction(43, 50, 51, 0)), "536870912")
spirv_case("wide-vector", lambda: module(instruction(23, 50, FLOAT, 0x7FFFFFFF)), "2, 3 or 4")
spirv_case("huge-ids", lambda: module(instruction(32, 0xFFFFFFFF, 12, 0xFFFFFFFE)), "the type 4294967294")
spirv_case("no-such-instruction", lambda: module(instruction(9999, 50, 51)), "the instruction 9999")
spirv_case("vertex-shader-set", lambda: module(instruction(11, 50, *[0x41414141, 0])), "GLSL.std.450")
spirv_case("constant-of-100-words", lambda: module(instruction(43, UINT, 50, *range(100))), "has not 100 words")
spirv_case("no-end", lambda: kernel(instruction(249, 99)), "the middle of a function")
spirv_case("no-function", lambda: module(), "have no function")
spirv_case("load-of-a-number", lambda: kernel(instruction(61, BOOL, 50, TRUE)), "is no pointer")


def zip_words(code: bytes) -> Iterator[bytes]:
    return (code[at : at + 4] for at in range(0, len(code), 4))


def structs() -> list[list[int]]:
    """Each of two of those before: 2**60 members."""
    first = [instruction(71, 100, 2), instruction(72, 100, 0, 35, 0), instruction(30, 100, UINT)]
    return first + [
        listed
        for n in range(101, 160)
        for listed in (
            instruction(71, n, 2),
            *(instruction(72, n, member, 35, 4 * member) for member in range(2)),
            instruction(30, n, n - 1, n - 1),
        )
    ]


spirv_case("structs-of-structs", lambda: module(*structs()), "a struct of structs")
spirv_case("wide-struct", lambda: module(instruction(30, 100, *[UINT] * 60000)), "more than 256 members")
spirv_case("pointers-to-pointers", lambda: module(*pointers(9000)), "nested in one another")


def pointers(count: int) -> list[list[int]]:
    """Each to the one before."""
    return [instruction(32, 100, 7, UINT), *(instruction(32, n, 7, n - 1) for n in range(101, 100 + count))]


def nested_selections(count: int) -> list[list[int]]:
    """Selection inside of selection: each block is the head of the next."""
    return [
        listed
        for n in range(1000, 1000 + 2 * count, 2)
        for listed in (instruction(247, n + 1, 0), instruction(250, TRUE, n, n + 1), instruction(248, n))
    ]


spirv_case("deep-nesting", lambda: kernel(*nested_selections(20000)), "nested more than 64 deep")


spirv_case("loop-without-end", lambda: kernel(instruction(249, 98), instruction(248, 98)), "kernel.spv")


def chain(count: int) -> list[list[int]]:
    """A selection of so many blocks in a row."""
    head = [instruction(247, 900, 0), instruction(250, TRUE, 1000, 900), instruction(248, 1000)]
    return (
        head
        + [listed for n in range(1000, 1000 + count) for listed in (instruction(249, n + 1), instruction(248, n + 1))]
        + [instruction(253), instruction(56)]
    )


spirv_case("blocks-in-a-row", lambda: kernel(*chain(100000)), "more than 1000 blocks")


def long_names(count: int) -> list[list[int]]:
    """A name of 200,000 letters, used that often."""
    uses = [instruction(168, BOOL, 2000 + n, TRUE) for n in range(count)]
    named = instruction(5, TRUE, *[0x41414141] * 50000, 0)
    return [
        named,
        instruction(54, VOID, MAIN, 0, SIGNATURE),
        instruction(248, 99),
        *uses,
        instruction(253),
        [0x00010038],
    ]


spirv_case("long-name", lambda: module(*long_names(10000)), "no function @main")
