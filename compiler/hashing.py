"""Structural hashes: equal for ops that compute the same, whatever their names and places in a file.

func.func private @a(%x : tensor<4xf32>) { %y = graph.relu %x ... }
func.func private @b(%z : tensor<4xf32>) { %w = graph.relu %z ... }     the same hash
"""

from __future__ import annotations

import functools
import hashlib
import sys
from pathlib import Path

from xdsl.ir import Attribute, Block, Operation, SSAValue

# What an op is called and where it came from, but not what it does.
NAMES = frozenset({"sym_name", "stepwell.key", "stepwell.note"})


@functools.cache
def _text(attribute: Attribute) -> bytes:
    return str(attribute).encode()


def structural_hash(root: Operation, *, salt: str = "") -> str:
    """A hexadecimal digest of `root` and all it holds: ops, types, attributes, the shape of the dataflow.

    Names of values, the symbol name of `root` itself and locations do not count.
    Values defined outside of `root` count by the order in which they are first used.
    """
    digest = hashlib.blake2b(salt.encode(), digest_size=20)
    numbers: dict[SSAValue | Block, int] = {}

    def number(item: SSAValue | Block) -> bytes:
        return str(numbers.setdefault(item, len(numbers))).encode()

    def feed(*parts: bytes) -> None:
        for part in parts:
            digest.update(len(part).to_bytes(4, "little"))
            digest.update(part)

    def visit(op: Operation) -> None:
        feed(b"op", op.name.encode())
        for value in op.operands:
            feed(number(value), _text(value.type))
        for dictionary in (op.properties, op.attributes):
            feed(b"attrs")
            for key in sorted(dictionary):
                if op is not root or key not in NAMES:
                    feed(key.encode(), _text(dictionary[key]))
        for result in op.results:
            feed(b"result", number(result), _text(result.type))
        for successor in op.successors:
            feed(b"to", number(successor))
        for region in op.regions:
            feed(b"region")
            for block in region.blocks:
                feed(b"block", number(block))
                for argument in block.args:
                    feed(number(argument), _text(argument.type))
                for inner in block.ops:
                    visit(inner)
        feed(b"end")

    visit(root)
    return digest.hexdigest()


@functools.cache
def compiler_digest() -> str:
    """A digest of this compiler's own files: what another version of it made is never taken from the cache."""
    digest = hashlib.blake2b(digest_size=10)
    here = Path(__file__).resolve().parent
    floors = [
        here,
        *(folder for name in ("dialects", "passes", "targets", "runtime") for folder in _folders(here, name)),
    ]
    for file in sorted({f for floor in floors for f in floor.rglob("*.py")}):
        status = file.stat()
        digest.update(f"{file.name}:{status.st_size}:{status.st_mtime_ns};".encode())
    for package in ("xdsl", "llvmlite", "numpy"):
        digest.update(_version(package).encode())
    return digest.hexdigest()


@functools.cache
def package_digest(module: str) -> str:
    """A digest of the files of the package that `module` belongs to: a plug-in's target, edited, is another target."""
    package = module.partition(".")[0]
    file = getattr(sys.modules.get(package), "__file__", None)
    if package == __package__ or file is None:
        return ""  # ours are in `compiler_digest`
    files = sorted(Path(file).parent.rglob("*.py")) if Path(file).name == "__init__.py" else [Path(file)]
    said = ";".join(f"{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)
    return hashlib.blake2b(said.encode(), digest_size=10).hexdigest()


def _folders(here: Path, name: str) -> list[Path]:
    """The floor `name` of this package: below it when installed, beside it in a checkout."""
    return [p for p in (here / name, here.parent / name) if p.is_dir() and (p / "__init__.py").exists()]


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{package}={version(package)};"
    except PackageNotFoundError:
        return f"{package}=none;"
