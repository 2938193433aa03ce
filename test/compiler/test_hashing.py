"""What counts for the structural hash of a function, and what does not."""

from __future__ import annotations

from stepwell.context import Context
from stepwell.hashing import structural_hash
from stepwell.text import parse_module

BASE = """func.func private @f(%x: f32, %y: f32) -> f32 {
  %a = arith.addf %x, %y : f32
  %b = arith.mulf %a, %x : f32
  func.return %b : f32
}"""


def hash_of(text: str) -> str:
    return structural_hash(parse_module(Context(), text).body.block.first_op)


def test_names_do_not_count() -> None:
    renamed = BASE.replace("@f", "@g").replace("%a", "%sum").replace("%x", "%left")
    assert hash_of(renamed) == hash_of(BASE)
    assert hash_of("// moved down a line\n\n" + BASE) == hash_of(BASE)


def test_everything_else_counts() -> None:
    others = [
        BASE.replace("addf", "subf"),
        BASE.replace("f32", "f64"),
        BASE.replace("%x, %y :", "%y, %x :"),
        BASE.replace("%a, %x :", "%a, %y :"),
        BASE.replace("-> f32 {", "-> f32 attributes {note} {"),
        BASE.replace("private ", ""),
    ]
    assert len({hash_of(text) for text in [BASE, *others]}) == len(others) + 1


def test_the_salt_counts() -> None:
    op = parse_module(Context(), BASE).body.block.first_op
    assert op is not None
    assert structural_hash(op, salt="a") != structural_hash(op, salt="b")
