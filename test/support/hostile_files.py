"""Hostile bytes: torn and forged .onnx, .npz, .mlir and .safetensors files, and shapes on the command line."""

from __future__ import annotations

import json
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hostile import RIGHT, case

DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"
SHAPE = ["--shape", "image=1x1x8x8"]


# -- .onnx ------------------------------------------------------------------------------------------------------------


def bytes_case(name: str, content: Callable[[], bytes], says: str, file: str = "model.onnx") -> None:
    @case(name, says)
    def _(folder: Path) -> list[str]:
        (folder / file).write_bytes(content())
        return ["run", file, *SHAPE]


for keep in (0, 1, 7, 64, 1000, 4000, 8000):
    bytes_case(f"onnx-cut-to-{keep}", lambda keep=keep: DIGITS.read_bytes()[:keep], "model.onnx")
for name, magic in {
    "zip": b"PK\x03\x04",
    "gzip": b"\x1f\x8b\x08\x00",
    "png": b"\x89PNG\r\n\x1a\n",
    "elf": b"\x7fELF\x02\x01\x01\x00",
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00cos\nsystem\n(S'exit 3'\ntR.",
    "hdf5": b"\x89HDF\r\n\x1a\n",
}.items():
    bytes_case(f"onnx-is-{name}", lambda magic=magic: magic + bytes(500), "not an ONNX model")
bytes_case("onnx-lengths-lie", lambda: b"\x3a\xff\xff\xff\xff\x0f" + bytes(100), "not an ONNX model")
bytes_case("onnx-varint-without-end", lambda: b"\x08" + b"\xff" * 2000, "not an ONNX model")
bytes_case("onnx-named-tflite", lambda: DIGITS.read_bytes(), "no importer reads", "model.tflite")


def flipped(seed: int) -> bytes:
    """digits.onnx with one bit in a hundred bytes wrong, in its first 1,000 bytes."""
    rng, content = random.Random(seed), bytearray(DIGITS.read_bytes())
    for _ in range(10):
        content[rng.randrange(1000)] ^= 1 << rng.randrange(8)
    return bytes(content)


for seed in range(8):
    bytes_case(f"onnx-bits-flipped-{seed}", lambda seed=seed: flipped(seed), "model.onnx")


@case("onnx-is-a-folder", "is a folder")
def _(folder: Path) -> list[str]:
    (folder / "model.onnx").mkdir()
    return ["run", "model.onnx"]


@case("onnx-is-a-pipe", "is not a file")
def _(folder: Path) -> list[str]:
    os.mkfifo(folder / "model.onnx")
    return ["run", "model.onnx"]


@case("onnx-is-a-device", "is not a file")
def _(folder: Path) -> list[str]:
    (folder / "model.onnx").symlink_to("/dev/zero")
    return ["run", "model.onnx"]


@case("onnx-links-to-itself", "there is no file")
def _(folder: Path) -> list[str]:
    (folder / "model.onnx").symlink_to("model.onnx")
    return ["run", "model.onnx"]


# -- .npz -------------------------------------------------------------------------------------------------------------


def npz_case(name: str, says: str) -> Callable[[Callable[[Path], None]], None]:
    """A case whose file in.npz a function writes; it is handed to the digits model."""

    def register(write: Callable[[Path], None]) -> None:
        @case(name, says)
        def _(folder: Path) -> list[str]:
            write(folder / "in.npz")
            return ["run", str(DIGITS), "--inputs", "in.npz"]

    return register


def npy(shape: str, dtype: str = "'<f4'", data: bytes = b"", more: str = "") -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}{more}}}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def members(path: Path, **contents: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)


@npz_case("npz-bomb", "in.npz")
def _(path: Path) -> None:
    """Eight gigabytes of zeros in eight megabytes."""
    piece = bytes(1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("image.npy", "w", force_zip64=True) as member:
            member.write(npy(f"({1 << 29},)"))
            for _ in range(1 << 9):
                member.write(piece)


@npz_case("npz-bomb-beside-the-input", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("(1, 1, 8, 8)", data=bytes(256)), more=npy(f"({1 << 40},)", data=bytes(1 << 20)))


@npz_case("npz-shape-lies", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy(f"({1 << 40}, 1, 8, 8)", data=bytes(256)))


@npz_case("npz-shape-overflows", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy(f"({1 << 32}, {1 << 32}, 8, 8)", data=bytes(256)))


@npz_case("npz-negative-shape", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("(-1, 1, 8, 8)", data=bytes(256)))


@npz_case("npz-shape-of-strings", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("('1', 1, 8, 8)", data=bytes(256)))


@npz_case("npz-many-dims", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy(f"({'1, ' * 1000})", data=bytes(4)))


@npz_case("npz-header-nested", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("(" * 5000 + ")" * 5000))


@npz_case("npz-header-is-code", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("__import__('os').system('exit 3')"))


@npz_case("npz-header-endless", "in.npz")
def _(path: Path) -> None:
    members(path, image=b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 1000)


@npz_case("npz-header-of-no-version", "in.npz")
def _(path: Path) -> None:
    members(path, image=b"\x93NUMPY\x63\x00" + bytes(100))


@npz_case("npz-no-array", "in.npz")
def _(path: Path) -> None:
    members(path, image=b"nothing of numpy's" * 9)


@npz_case("npz-pickle", "in.npz")
def _(path: Path) -> None:
    members(path, image=npy("(1,)", "'|O'", b"cos\nsystem\n(S'exit 3'\ntR."))


@npz_case("npz-strings", "takes float32")
def _(path: Path) -> None:
    np.savez(path, image=np.full((1, 1, 8, 8), "eight"))


@npz_case("npz-records", "takes float32")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), [("a", "f4"), ("b", "i4")]))


@npz_case("npz-dates", "takes float32")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), "datetime64[s]"))


@npz_case("npz-complex", "takes float32")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), np.complex64))


@npz_case("npz-foreign-byte-order", "byte order")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), ">f4"))


@npz_case("npz-fortran-order", RIGHT)
def _(path: Path) -> None:
    np.savez(path, image=np.asfortranarray(np.zeros((2, 1, 8, 8), np.float32)))


@npz_case("npz-not-finite", RIGHT)
def _(path: Path) -> None:
    np.savez(path, image=np.array([np.nan, np.inf, -np.inf, 1e38] * 16, np.float32).reshape(1, 1, 8, 8))


@npz_case("npz-empty-array", "dim")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 0, 8, 8), np.float32))


@npz_case("npz-batch-of-none", RIGHT)
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((0, 1, 8, 8), np.float32))


@npz_case("npz-member-torn", "in.npz")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((64, 1, 8, 8), np.float32))
    content = bytearray(path.read_bytes())
    content[300:340] = b"\xff" * 40  # the checksum is wrong
    path.write_bytes(bytes(content))


@npz_case("npz-cut", "in.npz")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), np.float32))
    path.write_bytes(path.read_bytes()[:-30])


@npz_case("npz-compressed-by-nothing-known", "in.npz")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), np.float32))
    content = path.read_bytes()
    at, to = content.index(b"PK\x01\x02") + 10, content.index(b"PK\x03\x04") + 8
    path.write_bytes(content[:to] + b"\x63\x00" + content[to + 2 : at] + b"\x63\x00" + content[at + 2 :])


@npz_case("npz-locked", "in.npz")
def _(path: Path) -> None:
    np.savez(path, image=np.zeros((1, 1, 8, 8), np.float32))
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(bytes(content))


@npz_case("npz-of-ten-thousand", "no input")
def _(path: Path) -> None:
    members(path, **{f"image{n}": npy("(0,)") for n in range(10_000)})


@npz_case("npz-names-that-escape", "no input")
def _(path: Path) -> None:
    members(path, **{"../../image": npy("(0,)"), "/etc/passwd": npy("(0,)"), "a\nb\x1b[2J": npy("(0,)")})


@npz_case("npz-is-a-folder", "in.npz")
def _(path: Path) -> None:
    path.mkdir()


@npz_case("npz-is-empty", "in.npz")
def _(path: Path) -> None:
    path.write_bytes(b"")


# -- .mlir ------------------------------------------------------------------------------------------------------------

MODULE = """builtin.module attributes {stepwell.level = "graph"} {
  func.func @main(%x: tensor<4xf32> {stepwell.name = "x"}) -> (tensor<4xf32> {stepwell.name = "y"}) {
    BODY
  }
}
"""


def text_case(name: str, text: str | bytes | Callable[[], str], says: str, *more: str) -> None:
    @case(name, says)
    def _(folder: Path) -> list[str]:
        said = text() if callable(text) else text
        (folder / "model.mlir").write_bytes(said if isinstance(said, bytes) else said.encode())
        return ["run", "model.mlir", *more]


def body(text: str) -> str:
    return MODULE.replace("BODY", text)


RELU = "%y = graph.relu %x : tensor<4xf32>\n func.return %y : tensor<4xf32>"

text_case("mlir-fine", body(RELU), RIGHT)
text_case("mlir-empty", "", "model.mlir:1:1")
text_case("mlir-noise", random.Random(0).randbytes(4000), "model.mlir")
text_case("mlir-zero-bytes", body(RELU).replace("relu", "re\0lu"), "model.mlir")
text_case("mlir-open-string", body('%y = "graph.relu'), "model.mlir")
text_case("mlir-parentheses", lambda: "(" * 100_000, "model.mlir")
text_case("mlir-regions", lambda: body('"a.b"() ({' * 5000 + "}) : () -> ()" * 5000), "model.mlir")
text_case("mlir-attributes", lambda: body(f'"graph.relu"(%x) {{a = {"[" * 5000}{"]" * 5000}}}'), "model.mlir")
text_case("mlir-tensors-of-tensors", lambda: body(f'%y = "a.b"() : () -> {"tuple<" * 5000}'), "model.mlir")
text_case("mlir-a-line-without-end", lambda: body("%y = graph.relu " + "%" * 3_000_000), "model.mlir")
text_case("mlir-dialect-unknown", body('%y = "evil.op"(%x) : (tensor<4xf32>) -> tensor<4xf32>'), "evil")
text_case("mlir-no-main", "builtin.module {}", "@main")
text_case("mlir-main-is-declared", "builtin.module { func.func private @main(tensor<4xf32>) -> tensor<4xf32> }", "main")
text_case("mlir-two-mains", body(RELU).replace("  }\n}", "  }\n func.func @main() {\n func.return }\n}"), "main")
text_case("mlir-undefined", body("func.return %nowhere : tensor<4xf32>"), "nowhere")
text_case("mlir-wide-integers", body('%y = "graph.cast"(%x) : (tensor<4xf32>) -> tensor<4xi99999999>'), "model.mlir")
text_case("mlir-huge-integer", lambda: body(f"%y = graph.constant dense<{'9' * 5000}> : tensor<i64>"), "model.mlir")
text_case(
    "mlir-splat-bomb",
    body(
        "%c = graph.constant dense<0.5> : tensor<1099511627776x4xf32>\n"
        "%s = graph.slice %c {starts = array<i64: 0, 0>, sizes = array<i64: 1, 4>} "
        ": (tensor<1099511627776x4xf32>) -> tensor<1x4xf32>\n"
        "%r = graph.reshape %s : (tensor<1x4xf32>) -> tensor<4xf32>\n func.return %r : tensor<4xf32>"
    ),
    "memory",
)
text_case("mlir-huge-input", body(RELU).replace("<4x", "<1099511627776x"), "TiB")
text_case("mlir-dims-overflow", body(RELU).replace("<4x", "<9223372036854775807x9223372036854775807x"), "model.mlir")
text_case("mlir-a-dim-beyond-int64", body(RELU).replace("<4x", "<99999999999999999999x"), "model.mlir")
text_case("mlir-level-unknown", body(RELU).replace('"graph"', '"grpah"'), "grpah")
text_case("mlir-level-lies", body(RELU).replace('"graph"', '"llvm"'), "model.mlir")
text_case(
    "mlir-calls-itself",
    body("%y = func.call @main(%x) : (tensor<4xf32>) -> tensor<4xf32>\n func.return %y : tensor<4xf32>"),
    "model.mlir",
)
text_case("mlir-used-before", body(RELU.replace("relu %x", "relu %y")), "model.mlir")
text_case("mlir-latin-1", b"builtin.module {} // \xe9\xff", "model.mlir")
text_case("mlir-schedule-is-noise", body(RELU), "model.mlir", "--schedule", "model.mlir")


# -- .safetensors beside a .mlir --------------------------------------------------------------------------------------


def weights_case(
    name: str, says: str, header: bytes | dict, data: bytes = bytes(16), length: int | None = None
) -> None:
    @case(name, says)
    def _(folder: Path) -> list[str]:
        said = header if isinstance(header, bytes) else json.dumps(header).encode()
        size = len(said) if length is None else length
        (folder / "w.safetensors").write_bytes((size % (1 << 64)).to_bytes(8, "little") + said + bytes(16))
        text = body("%w = graph.constant dense_resource<W> : tensor<4xf32>\n" + RELU.replace("relu %x", "add %x, %w"))
        text = text.replace('"graph"}', '"graph", stepwell.weights = "w.safetensors"}')
        (folder / "model.mlir").write_text(text)
        return ["run", "model.mlir"]


def entry(dtype: str = "F32", shape: object = (4,), offsets: object = (0, 16)) -> dict:
    return {"W": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


weights_case("weights-fine", RIGHT, entry())
weights_case("weights-header-longer-than-the-file", "damaged", entry(), length=1 << 40)
weights_case("weights-header-negative", "damaged", entry(), length=-8)
weights_case("weights-header-cut", "damaged", entry(), length=9)
weights_case("weights-header-nested", "damaged", b"[" * 100_000)
weights_case("weights-header-is-a-list", "damaged", b"[1, 2]")
weights_case("weights-header-not-utf8", "damaged", b"\xff\xfe\xfd")
weights_case("weights-huge-numbers", "damaged", entry(shape=(10**400,)))
weights_case("weights-infinite-shape", "damaged", b'{"W": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 16]}}')
weights_case("weights-beyond-the-file", "damaged", entry(offsets=(1 << 40, (1 << 40) + 16)))
weights_case("weights-before-the-file", "damaged", entry(offsets=(-64, -48)))
weights_case("weights-shape-lies", "damaged", entry(shape=(1 << 40,)))
weights_case("weights-shape-negative", "damaged", entry(shape=(-4,)))
weights_case("weights-dtype-unknown", "damaged", entry("F99"))
weights_case("weights-dtype-another", "W", entry("I32"))
weights_case("weights-shape-another", RIGHT, entry(shape=(2, 2)))
weights_case("weights-missing", "W", {})
weights_case("weights-raw-of-no-dtype", "damaged", {"__metadata__": {"stepwell.raw.W": "object 4"}, **entry("U8")})
weights_case("weights-raw-of-a-method", "damaged", {"__metadata__": {"stepwell.raw.W": "__doc__ 4"}, **entry("U8")})


@case("weights-out-of-the-folder", "folder")
def _(folder: Path) -> list[str]:
    text = body("%w = graph.constant dense_resource<W> : tensor<4xf32>\n" + RELU)
    (folder / "model.mlir").write_text(text.replace('"graph"}', '"graph", stepwell.weights = "../../etc/passwd"}'))
    return ["run", "model.mlir"]


# -- the command line -------------------------------------------------------------------------------------------------

for name, shape in {
    "terabytes": "image=1000000000x1x8x8",
    "beyond-int64": "image=99999999999999999999x1x8x8",
    "a-thousand-dims": "image=" + "x".join(["1"] * 1000),
    "digits-without-end": "image=" + "9" * 10_000 + "x1x8x8",
}.items():

    @case(f"shape-{name}", "")
    def _(folder: Path, shape: str = shape) -> list[str]:
        return ["run", str(DIGITS), "--shape", shape]
