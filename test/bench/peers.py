"""Whole models against the runtimes and compilers that a user could pick instead, measured in turns in one run.

    python test/bench/peers.py DIR --install                      a virtual environment a peer, in DIR
    python test/bench/peers.py DIR [--table runtimes|compilers|bf16] [--models bench|long|real|a,b] [--threads 1,2]
    python docs/make_performance.py                               the page that shows what was measured

The runner is `../shared/bench/peers.py`: one process for each runtime, all stopped but the one that is measured, pinned
to as many cores as there are threads. `bench` and `long` are models that `../shared/bench/build_models.py` makes,
`real` the trained ones that tests run too, on their recorded inputs. Medians go to docs/performance.json, a table
beside the others, beside what earlier runs measured of other models; a peer whose result is wrong, or that fails, is
noted as such and counts for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import numpy as np
import real_models

ROOT = Path(__file__).resolve().parent.parent.parent
MEASURED = ROOT / "docs" / "performance.json"
SHARED = real_models.SHARED.parent / "bench"

BENCH = ("resnet18", "resnet50v2", "mobilenetv1", "mobilenetv2", "squeezenet1.1", "mnist", "bert_base", "gpt2_decode")

LONG = {"bert_512": 512, "bert_1024": 1024}
"""Two layers of BERT-base over so many tokens, where the scores of an attention are larger than a cache."""

VENVS = {
    "ORT": ("onnxruntime==1.31.1", "openvino==2026.4.1", "onnx"),
    "TORCH": ("torch==2.13.0", "numpy", "onnx"),
    "MNN": ("ncnn", "pnnx", "MNN", "numpy"),
    "IREE": ("iree-base-compiler==3.13.0", "iree-base-runtime==3.13.0", "onnx", "numpy"),
    "TVM": ("apache-tvm==0.27.0", "onnx", "numpy"),
}
"""What is installed for the peers; the names are the runner's, VENV_ORT and so on."""

TABLES = {
    "runtimes": ("stepwell", "ort,ov32,ind,ncnn"),
    "compilers": ("stepwell", "iree,tvm,ind"),
    "bf16": ("stepwellbf16", "ovbf16"),
}
"""What is measured in turns, ours and the others, by the runner's names."""

AGREES = 1e-2
"""Largest |difference| to ONNX Runtime, over the largest |output|, of a result that counts: f32 stays far below it."""
AGREES_BF16 = 2e-1


def install(folder: Path) -> None:
    for name, packages in VENVS.items():
        venv = folder / f"venv-{name.lower()}"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "-q", *packages], check=True)


def environment(folder: Path) -> dict[str, str]:
    venvs = {f"VENV_{name}": str(folder / f"venv-{name.lower()}") for name in VENVS}
    return {**os.environ, **venvs, "VENV_OURS": sys.prefix, "BENCH_WORK": str(folder)}


def prepare(folder: Path, models: Iterable[str]) -> None:
    """Have NAME.onnx, NAME.in.npz and NAME.ref.npz of every model where the runner looks for them."""
    place = folder / "models"
    place.mkdir(parents=True, exist_ok=True)
    for name in models:
        if (place / f"{name}.ref.npz").exists():
            continue
        if name in BENCH:
            python = folder / "venv-ort" / "bin" / "python"
            subprocess.run([python, SHARED / "build_models.py"], env=environment(folder), check=True)
            continue
        if name in LONG:
            python = folder / "venv-ort" / "bin" / "python"
            build = f"import build_models; build_models.bert(L=2, S={LONG[name]}, name='{name}')"
            subprocess.run([python, "-c", build], env={**environment(folder), "PYTHONPATH": str(SHARED)}, check=True)
            continue
        feeds, want = real_models.recorded(name)
        (place / f"{name}.onnx").unlink(missing_ok=True)
        (place / f"{name}.onnx").symlink_to(real_models.fetch(name))
        np.savez(place / f"{name}.in.npz", **feeds)
        np.savez(place / f"{name}.ref.npz", **want)


def measure(folder: Path, models: Iterable[str], args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What the runner says, by "model/runtime/threads"."""
    tag = "stepwell"
    results = folder / f"results-{tag}.json"
    results.unlink(missing_ok=True)
    command = [folder / "venv-ort" / "bin" / "python", SHARED / "peers.py"]
    command += ["--models", ",".join(models), "--rts", ",".join(TABLES[args.table]), "--threads", args.threads]
    command += ["--rounds", str(args.rounds), "--secs", str(args.seconds), "--tag", tag]
    subprocess.run(command, env=environment(folder), check=True)
    return json.loads(results.read_text())


def kept(key: str, result: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds, the relative error and the seconds to load of one measurement, or why there is none."""
    if "med" not in result:
        return {"error": str(result.get("error", "no result")).splitlines()[0][:120]}
    relative = result["maxdiff"] / (result["refabs"] or 1.0)
    if not relative <= (AGREES_BF16 if "bf16" in key else AGREES):
        return {"error": f"wrong result: max |difference| is {relative:.1g} of max |output|"}
    return {"median_ms": result["med"], "min_ms": result["min"], "error_of_max": relative, "load_s": result["load_s"]}


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the peers are installed and models and artefacts are kept")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--models", default="bench")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--table", default="runtimes", choices=TABLES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    args = parser.parse_args()
    folder: Path = args.folder.resolve()
    if args.install:
        install(folder)
        return
    groups = {"bench": BENCH, "long": tuple(LONG), "real": real_models.SUPPORTED}
    models = groups.get(args.models) or tuple(args.models.split(","))
    prepare(folder, models)
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {"tables": {}}
    measured["machine"] = f"{processor()}, {os.cpu_count()} cores"
    table = measured["tables"].setdefault(args.table, {})
    table |= {key: kept(key, result) for key, result in measure(folder, models, args).items()}
    measured["tables"][args.table] = dict(sorted(table.items()))
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
    print(f"wrote {MEASURED}")


if __name__ == "__main__":
    main()
