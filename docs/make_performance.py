"""Write docs/performance.md: what `test/bench/peers.py` measured last (docs/performance.json), losses as losses.

python docs/make_performance.py            write the page
python docs/make_performance.py --check    exit 1 when the page does not show what was measured
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE, MEASURED = HERE / "performance.md", HERE / "performance.json"

NAMES = {
    "stepwell": "stepwell",
    "ort": "ONNX Runtime",
    "ov32": "OpenVINO",
    "ind": "Inductor",
    "ncnn": "ncnn",
    "iree": "IREE",
    "tvm": "TVM",
    "stepwellbf16": "stepwell",
    "ovbf16": "OpenVINO",
}
TABLES = (
    ("Against the runtimes, f32", "runtimes", "stepwell", ("ort", "ov32", "ind", "ncnn")),
    ("Against the compilers, f32", "compilers", "stepwell", ("iree", "tvm", "ind")),
    ("With `--precision bf16`", "bf16", "stepwellbf16", ("ovbf16",)),
)
"""Title, name in performance.json, what we and the others are called there."""

INTRODUCTION = """# Performance

<!-- written by docs/make_performance.py from docs/performance.json: measure again rather than edit -->

Milliseconds of one inference, batch 1, on {machine}: medians, all runtimes in turns in one run, default options.
Ratio: our time over that of the fastest other in the row; **above 1 somebody is faster than us**. Difference: the
largest |difference| to ONNX Runtime's result over its largest |output|. A dash is a runtime that does not run the model
or gives a wrong result. `test/bench/peers.py` installs the others and measures; names and versions stand there.
bert_512 and bert_1024 are two layers of bert_base, which takes 128 tokens, over so many.
"""


class Measured:
    """What was measured in turns for one table."""

    def __init__(self, results: dict[str, dict[str, Any]]):
        self.results = results

    def ms(self, model: str, runtime: str, threads: int) -> float | None:
        return self.results.get(f"{model}/{runtime}/{threads}", {}).get("median_ms")

    def models(self, ours: str, threads: int, others: Sequence[str]) -> list[str]:
        """The models that we and another ran."""
        named = dict.fromkeys(key.split("/")[0] for key in self.results)
        return [m for m in named if self.ms(m, ours, threads) and any(self.ms(m, r, threads) for r in others)]

    def table(self, ours: str, others: Sequence[str], threads: int) -> str:
        """One row a model, and the geometric mean of the ratios."""
        header = ["model", *(NAMES[r] for r in (ours, *others)), "ratio", "difference"]
        rows = [header, ["---", *["--:"] * (len(header) - 1)]]
        ratios: list[float] = []
        for model in self.models(ours, threads, others):
            mine = self.ms(model, ours, threads)
            times = [self.ms(model, r, threads) for r in others]
            assert mine is not None
            ratio = mine / min(t for t in times if t is not None)
            ratios.append(ratio)
            error = self.results[f"{model}/{ours}/{threads}"]["error_of_max"]
            shown = [f"{t:.3g}" if t is not None else "–" for t in (mine, *times)]
            rows.append([model, *shown, f"**{ratio:.2f}**" if ratio > 1 else f"{ratio:.2f}", f"{error:.0e}"])
        if len(ratios) > 1:
            rows.append(["geometric mean", *[""] * (1 + len(others)), f"{statistics.geometric_mean(ratios):.2f}", ""])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(path: Path) -> str:
    said = json.loads(path.read_text())
    parts = [INTRODUCTION.format(machine=said["machine"])]
    for title, name, ours, others in TABLES:
        measured = Measured(said["tables"].get(name, {}))
        for threads in (1, 2):
            if measured.models(ours, threads, others):
                of = "one thread" if threads == 1 else f"{threads} threads"
                parts.append(f"## {title}, {of}\n\n{measured.table(ours, others, threads)}\n")
    return "\n".join(parts)


def main() -> None:
    text = page(MEASURED)
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text() != text)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
