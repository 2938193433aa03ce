"""Configuration of LLVM's `lit`: `lit test` runs the golden files as a shell would."""

import importlib.util
import os
import sys
from pathlib import Path

import lit.formats

config = globals()["config"]  # lit puts it here

root = Path(__file__).resolve().parent.parent
config.name = "stepwell"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir"]
config.excludes = ["inputs"]
config.test_source_root = str(root / "test")
config.test_exec_root = os.environ.get("STEPWELL_LIT_OUTPUT") or str(root / "build" / "lit")

if importlib.util.find_spec("stepwell") is None:  # not installed: run from the checkout (tools/dev_links.py)
    config.environment["PYTHONPATH"] = str(root / ".links")
elif "PYTHONPATH" in os.environ:
    config.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]

for command, module in {
    "stepwell-opt": "stepwell.tools.opt",
    "stepwell-translate": "stepwell.tools.translate",
    "filecheck": "filecheck",
}.items():
    config.substitutions.append((rf"\b{command}\b(?! *:)", f"{sys.executable} -m {module}"))
