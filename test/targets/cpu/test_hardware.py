"""What is known of processors, and that code made for one runs there and nowhere else."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from stepwell.diagnostics import StepwellError
from stepwell.runtime.native import check_machine
from stepwell.targets.cpu import hardware
from stepwell.targets.cpu.hardware import Hardware, host, named
from stepwell.targets.cpu.microarchitectures import KIB, MIB, MICROARCHITECTURES, CacheSize
from stepwell.tools import main, translate

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits" / "digits.onnx"
X86 = platform.machine() in ("x86_64", "AMD64")


def runs_here(cpu: str) -> bool:
    try:
        check_machine(named(cpu).architecture, named(cpu).required())
    except RuntimeError:
        return False
    return True


RUNNABLE = [name for name in MICROARCHITECTURES if runs_here(name)]


def test_the_host_is_described() -> None:
    here = host()
    assert here.vector_bits in (128, 256, 512) and here.vector_registers in (16, 32)
    assert here.fma_ports >= 1 and here.load_bytes * 8 >= 64 and here.cores >= 1
    assert 0 < here.l1.size <= here.l2.size


def test_caches_come_from_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("1", "Data", "48K", "12"), ("1", "Instruction", "32K", "8"), ("2", "Unified", "2048K", "16")]
    for n, row in enumerate(rows):
        (tmp_path / f"index{n}").mkdir()
        for name, value in zip(("level", "type", "size", "ways_of_associativity"), row, strict=True):
            (tmp_path / f"index{n}" / name).write_text(value + "\n")
    (tmp_path / "index3").mkdir()  # an emulator that shows a cache without its numbers
    monkeypatch.setattr(hardware, "CACHES", tmp_path)
    assert hardware.system_caches() == {"l1": CacheSize(48 * KIB, 12), "l2": CacheSize(2 * MIB, 16)}
    monkeypatch.setattr(hardware, "CACHES", tmp_path / "nowhere")
    assert hardware.system_caches() == {}


@pytest.mark.parametrize(
    ("cpu", "bits", "registers", "fma_ports", "load_bytes"),
    [
        ("haswell", 256, 16, 2, 64),
        ("skylake-avx512", 512, 32, 2, 128),
        ("znver4", 512, 32, 1, 64),
        ("sapphirerapids", 512, 32, 2, 128),
        ("cortex-a72", 128, 32, 1, 16),
        ("x86-64", 128, 16, 2, 32),
    ],
)
def test_processors_by_name(cpu: str, bits: int, registers: int, fma_ports: int, load_bytes: int) -> None:
    found = named(cpu)
    assert (found.vector_bits, found.vector_registers) == (bits, registers)
    assert (found.fma_ports, found.load_bytes) == (fma_ports, load_bytes)


def test_a_core_that_splits_wide_vectors_does_more_narrow_ones() -> None:
    known = MICROARCHITECTURES["znver4"]
    narrow = hardware.described("x86_64-unknown-linux-gnu", "znver4", "+avx2,+fma,-avx512f", known)
    assert (narrow.vector_bits, narrow.vector_registers, narrow.fma_ports) == (256, 16, 2)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(StepwellError, match="no processor is known as 'haswel'") as error:
        named("haswel")
    assert "did you mean 'haswell'" in str(error.value)


@pytest.mark.parametrize("cpu", MICROARCHITECTURES)
def test_llvm_knows_each_processor_and_its_features(cpu: str, capfd: pytest.CaptureFixture[str]) -> None:
    from stepwell.targets.native.emitter import initialized

    found = named(cpu)
    target = initialized().Target.from_triple(found.triple)
    machine = target.create_target_machine(cpu=cpu, features=found.features)
    machine.emit_assembly(initialized().parse_assembly("define void @f() { ret void }"))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("cpu", RUNNABLE)
def test_code_for_other_processors_is_right(cpu: str) -> None:
    x = np.random.default_rng(0).random((3, 1, 8, 8), np.float32)
    want = ReferenceEvaluator(str(DIGITS)).run(None, {"image": x})[0]
    got = stepwell.compile(DIGITS, cpu=cpu).run({"image": x})["logits"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif("x86-64-v3" not in RUNNABLE, reason="the processor has no AVX2")
@pytest.mark.parametrize("size", [(1, 17, 33), (6, 16, 16), (37, 70, 61)])
def test_avx2_products_of_odd_sizes(size: tuple[int, int, int]) -> None:
    m, k, n = size
    rng = np.random.default_rng(sum(size))
    w, x = rng.standard_normal((k, n), np.float32), rng.standard_normal((m, k), np.float32)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Tanh", ["p"], ["y"])],
        "product",
        [value("x", TensorProto.FLOAT, [m, k])],
        [value("y", TensorProto.FLOAT, [m, n])],
        [onnx.numpy_helper.from_array(w, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    got = stepwell.compile(model, cpu="haswell", threads=1).run({"x": x})["y"]
    np.testing.assert_allclose(got, np.tanh(x.astype("f8") @ w), rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not X86, reason="the machine is no x86-64")
def test_code_uses_what_its_processor_has_and_no_more(tmp_path: Path) -> None:
    for cpu, register in (("haswell", "ymm"), ("skylake-avx512", "zmm")):
        out = tmp_path / f"{cpu}.s"
        said = [str(DIGITS), "--shape", "image=1x1x8x8", "--cpu", cpu, "--to", "asm", "-o", str(out)]
        assert translate.main(said) == 0
        text = out.read_text()
        assert register in text and ("zmm" in text) == (register == "zmm")


def test_a_program_for_another_machine_is_refused_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    far = "x86-64" if not X86 else "cortex-a72"
    with pytest.raises(StepwellError, match=f"the program is for {named(far).architecture}"):
        stepwell.compile(DIGITS, cpu=far).run({"image": np.zeros((1, 1, 8, 8), np.float32)})
    with pytest.raises(RuntimeError, match="the program needs amx-bf17, avx1024, which"):
        check_machine(host().architecture, ["amx-bf17", "avx1024"])


def test_targets_say_which_options_they_have() -> None:
    with pytest.raises(StepwellError, match="target 'c' has no option 'cpu'"):
        stepwell.compile(DIGITS, "c", cpu="haswell").run({"image": np.zeros((1, 1, 8, 8), np.float32)})


def test_the_command_prints_the_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["hardware", "--cpu", "cortex-a72"]) == 0
    text = capsys.readouterr().out
    assert "cortex-a72 (aarch64" in text and "128 bits, 32 registers" in text and "32 KiB, 2 ways" in text
    assert main.main(["hardware", "--cpu", "8086"]) == 1
    assert "no processor is known as '8086'" in capsys.readouterr().err


def test_what_a_feature_says() -> None:
    made = Hardware("arm64-apple-macosx", "apple-m1", "+neon,-sve", 128)
    assert made.architecture == "aarch64" and made.has("neon") and not made.has("sve") and made.required() == ["neon"]
