"""A model can be stopped at any step, written down, read back and taken on: the outputs are the same to the bit.

The dumps of the levels that upstream MLIR knows also parse and verify in upstream's mlir-opt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import real_models
import stepwell
from requirements import require
from stepwell.tools import main, opt, translate
from upstream import complaints, find_mlir_opt

DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"
UPSTREAM_LEVELS = ("tensor", "loops", "program", "llvm")
LEVELS = ("onnx-dialect", "graph", "kernels", *UPSTREAM_LEVELS)
MODELS = ("digits", "mobilenet_v2_imagenet_dynamo_static")


def model(name: str) -> tuple[Path, dict[str, np.ndarray], list[str]]:
    """Path, feeds, and the --shape arguments that bind its symbolic dims."""
    if name == "digits":
        return DIGITS, {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}, ["--shape=image=3x1x8x8"]
    feeds, _ = real_models.recorded(name)
    return real_models.fetch(name), feeds, []


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory):
    """Each model's dumps, by level: a folder `MODEL` with `LEVEL.mlir` and the weights beside."""
    folder = tmp_path_factory.mktemp("dumps")
    for name in MODELS:
        path, _, shapes = model(name)
        (folder / name).mkdir()
        for level in LEVELS:
            out = folder / name / f"{level}.mlir"
            assert translate.main([str(path), "--to", level, *shapes, "-o", str(out)]) == 0
    return folder


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", MODELS)
def test_a_dump_goes_on_to_the_same_bits(name: str, level: str, dumps: Path) -> None:
    path, feeds, _ = model(name)
    want = stepwell.compile(path).run(feeds)
    got = stepwell.compile(dumps / name / f"{level}.mlir").run(feeds)
    assert set(got) == set(want)
    for key in want:
        assert got[key].tobytes() == want[key].tobytes(), f"{key} differs after level {level}"


@pytest.mark.parametrize("level", UPSTREAM_LEVELS)
@pytest.mark.parametrize("name", MODELS)
def test_upstream_reads_the_dump(name: str, level: str, dumps: Path) -> None:
    require(find_mlir_opt() is not None, "upstream's mlir-opt (pip install stepwell[mlir])")
    assert complaints((dumps / name / f"{level}.mlir").read_text()) == ""


def test_stepwell_opt_continues_a_dump(dumps: Path, tmp_path: Path) -> None:
    """By hand: the rest of the way down with stepwell-opt, then run what it wrote."""
    _, feeds, _ = model("digits")
    want = stepwell.compile(DIGITS).run(feeds)["logits"]
    rest = tmp_path / "rest.mlir"
    assert opt.main([str(dumps / "digits" / "tensor.mlir"), "-p", "native-from-tensor", "-o", str(rest)]) == 0
    assert stepwell.compile(rest).run(feeds)["logits"].tobytes() == want.tobytes()


def test_every_pass_can_be_dumped(tmp_path: Path) -> None:
    """`stepwell run --dump-dir`: a numbered file a pass, each of which reads back and verifies."""
    code = main.main(["run", str(DIGITS), "--shape", "image=1x1x8x8", "--dump-dir", str(tmp_path)])
    files = sorted(tmp_path.glob("*.mlir"))
    assert code == 0 and len(files) > 15
    for file in files:
        assert opt.main([str(file), "-o", str(tmp_path / "again.mlir")]) == 0, file.name
