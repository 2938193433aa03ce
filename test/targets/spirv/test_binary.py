"""Modules of SPIR-V: the Khronos validator takes the words, they come back as the text that they were, and upstream
MLIR reads and writes the same."""

from __future__ import annotations

import functools
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
import real_models
from golden import run_stage
from hostile_spirv import HEADER_BYTES, long_names, module, mutated, places
from requirements import require
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.targets.spirv.binary import binary
from stepwell.targets.spirv.reader import read_binary
from stepwell.text import parse_module, print_module
from upstream import complaints, find_mlir_opt, needs_mlir_opt
from xdsl.dialects.builtin import ModuleOp

ROOT = Path(__file__).parents[3]
SHAPES = {
    "digits": ["image=2x1x8x8"],
    "mobilenet_v2_imagenet": ["input=1x3x224x224"],
    "mtcnn_pnet": ["input_1=1x90x90x3"],
    "mtcnn_rnet": ["input_2=1x24x24x3"],
    "mtcnn_onet": ["input_3=1x48x48x3"],
    "esrgan_slim_x2": ["LR=1x128x128x3"],
    "mediapipe_selfie_seg": [],
    "all_minilm_l6_v2_fp32": ["input_ids=1x8", "attention_mask=1x8", "token_type_ids=1x8"],
    "silero_vad_16k_sequence": ["input=149x576"],
}
"""Models whose kernels are looked at."""
GOLDEN = ("arithmetic", "control", "gpu_to_spirv", "threads", "types")
SOURCES = (*SHAPES, *GOLDEN)
SMALL = ("digits", "mtcnn_rnet", "all_minilm_l6_v2_fp32", *GOLDEN)
"""Convolutions, reductions, normalizations, gathers of int64, padding."""


@functools.cache
def kernels(source: str) -> list[spirv.SPIRVModuleOp]:
    """The kernels of a model, or of a golden file of `gpu-to-spirv`."""
    if source in GOLDEN:
        path = ROOT / "test" / "passes" / "gpu_to_spirv" / f"{source}.mlir"
        command = ["stepwell-opt", str(path), "-p", "gpu-to-spirv"]
    else:
        model = ROOT / "examples/digits/digits.onnx" if source == "digits" else real_models.fetch(source)
        shapes = [word for shape in SHAPES[source] for word in ("--shape", shape)]
        command = ["stepwell-translate", "--to", "spirv-asm", str(model), *shapes]
    code, text, said = run_stage(command, "")
    assert code == 0, said
    module = parse_module(Context(), text)
    found = [op for op in module.body.block.ops if isinstance(op, spirv.SPIRVModuleOp)]
    assert found
    return found


def forms(source: str) -> list[spirv.SPIRVModuleOp]:
    """One kernel of those that differ in nothing but their numbers: who reads one, reads the others."""
    return list({tuple(inner.name for inner in op.walk()): op for op in kernels(source)}.values())


def text_of(op: spirv.SPIRVModuleOp) -> str:
    return print_module(ModuleOp([op.clone()]))


def canonical(op: spirv.SPIRVModuleOp) -> str:
    """The text without names, constants and addresses in the order in which they are used: upstream has it so."""
    op = op.clone()
    for function in op.body.block.ops:
        if isinstance(function, spirv.FuncOp):
            body, owners = function.body.block, [v.owner for inner in function.walk() for v in inner.operands]
            head = list(dict.fromkeys(o for o in owners if isinstance(o, (spirv.ConstantOp, spirv.AddressOfOp))))
            for constant in head:
                constant.detach()
            assert body.first_op is not None
            body.insert_ops_before(head, body.first_op)
    for inner in op.walk():
        for result in inner.results:
            result.name_hint = None
    return text_of(op)


@pytest.mark.parametrize("source", SOURCES)
def test_the_validator_takes_every_kernel(source: str, tmp_path: Path) -> None:
    require(shutil.which("spirv-val") is not None, "spirv-val")
    for op in kernels(source):
        (tmp_path / "kernel.spv").write_bytes(binary(op))
        command = ["spirv-val", "--target-env", "vulkan1.1", str(tmp_path / "kernel.spv")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{op.sym_name.data}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("source", SOURCES)
def test_words_come_back_as_the_text_that_they_were(source: str) -> None:
    for op in kernels(source):
        words = binary(op)
        again = read_binary(words)
        assert text_of(again) == text_of(op)
        assert binary(again) == words


def upstream(flag: str, data: bytes) -> bytes:
    tool = find_mlir_opt()
    assert tool is not None
    command = [str(tool.with_name("mlir-translate")), "--no-implicit-module", flag, "-"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


@needs_mlir_opt
@pytest.mark.parametrize("source", SOURCES)
def test_upstream_reads_the_words_and_writes_the_same(source: str) -> None:
    for op in forms(source):
        theirs = upstream("--serialize-spirv", upstream("--deserialize-spirv", binary(op)))
        assert canonical(read_binary(theirs, op.sym_name.data)) == canonical(op)


@needs_mlir_opt
@pytest.mark.parametrize("source", SMALL)
def test_upstream_writes_words_of_the_text_that_are_read_as_the_same(source: str) -> None:
    for op in forms(source):
        bare = text_of(op).partition("\n")[2].rpartition("}")[0]  # without the module around it
        theirs = upstream("--serialize-spirv", bare.encode())
        assert canonical(read_binary(theirs, op.sym_name.data)) == canonical(op)
    assert complaints("\n".join(text_of(op) for op in kernels(source))) == ""


def test_the_tools_read_words(tmp_path: Path) -> None:
    (op,) = kernels("gpu_to_spirv")
    (tmp_path / "other.spv").write_bytes(binary(op))
    code, text, said = run_stage(["stepwell-translate", "--to", "spirv-asm", str(tmp_path / "other.spv")], "")
    assert code == 0, said
    (again,) = parse_module(Context(), text).body.block.ops
    assert isinstance(again, spirv.SPIRVModuleOp)
    assert text_of(again) == text_of(op)


def test_names_of_values_and_blocks_are_kept() -> None:
    text = (ROOT / "test" / "dialects" / "spirv" / "ops.mlir").read_text()
    (op,) = parse_module(Context(), text).body.block.ops
    assert isinstance(op, spirv.SPIRVModuleOp)
    again = print_module(ModuleOp([read_binary(binary(op))]))
    for name in ("%sum = ", "%id = ", "^header:", "^next:", "%zero = spirv.Constant"):
        assert name in again


def test_what_is_no_spirv_is_refused() -> None:
    words = binary(kernels("gpu_to_spirv")[0])
    with pytest.raises(StepwellError, match="the first 0x07230203"):
        read_binary(b"\x7fELF" + words[4:])
    with pytest.raises(StepwellError, match="is cut off"):
        read_binary(words[:-12])
    with pytest.raises(StepwellError, match="end in the middle of a function"):
        read_binary(words[:-4])
    phi = struct.pack("<5I", 5 << 16 | 245, 1, 2, 3, 4)
    with pytest.raises(StepwellError, match="the instruction 245 has no op"):
        read_binary(words[:20] + phi)


MUTATIONS = 300


@pytest.mark.parametrize("source", ("digits", "control", "threads"))
def test_wrong_words_are_refused_or_read_as_a_module_that_holds(source: str) -> None:
    """`test/hostile` has those that are made to be too much."""
    rng, codes = random.Random(0), [binary(op) for op in kernels(source)]
    for _ in range(MUTATIONS):
        try:
            op = read_binary(mutated(rng.choice(codes), rng))
        except StepwellError as error:
            assert error.where == "module"
            continue
        (again,) = parse_module(Context(), text_of(op)).body.block.ops
        assert isinstance(again, spirv.SPIRVModuleOp)
        assert binary(again) == binary(op)


def test_a_name_that_is_too_long_is_none() -> None:
    assert len(text_of(read_binary(module(*long_names(3))))) < 2000


def test_a_function_is_called_what_its_entry_is_called() -> None:
    """Where it has no name for a debugger."""
    (op,) = kernels("gpu_to_spirv")
    words = binary(op)
    without_names = b"".join(words[at] for at in places(words) if words[at][:2] != b"\x05\x00")
    again = text_of(read_binary(words[:HEADER_BYTES] + without_names))
    assert "spirv.func @main()" in again and 'spirv.ExecutionMode @main "LocalSize"' in again
