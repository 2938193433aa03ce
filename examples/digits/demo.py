"""Compile the digit recogniser and show what it says of 20 digits that it never saw.

python examples/digits/demo.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import stepwell

HERE = Path(__file__).resolve().parent
SHADES = " .:-=+*#%@"
IN_A_ROW = 5


def picture(pixels: np.ndarray) -> list[str]:
    """An 8x8 image of 0..16 as eight lines of text, two characters a pixel so that it looks square."""
    return ["".join(SHADES[int(p) * (len(SHADES) - 1) // 16] * 2 for p in row) for row in pixels]


def main() -> None:
    rows = np.loadtxt(HERE / "held_back.csv", delimiter=",", dtype=np.float32)
    pixels, labels = rows[:, :-1].reshape(-1, 1, 8, 8), rows[:, -1].astype(int)

    start = time.perf_counter()
    program = stepwell.compile(HERE / "digits.onnx")
    logits = program.run({"image": pixels / np.float32(16)})["logits"]
    seconds = time.perf_counter() - start
    said = logits.argmax(axis=1)

    for first in range(0, len(rows), IN_A_ROW):
        some = range(first, min(first + IN_A_ROW, len(rows)))
        for lines in zip(*(picture(pixels[i, 0]) for i in some), strict=True):
            print("   ".join(lines))
        verdicts = [f"it is a {labels[i]}, says {said[i]}" + ("" if said[i] == labels[i] else "  (!)") for i in some]
        print("   ".join(f"{v:16s}" for v in verdicts) + "\n")
    right = int((said == labels).sum())
    print(f"accuracy: {right} of {len(rows)} ({right / len(rows):.0%})")
    print(f"compiled to native code and run in {seconds:.2f} s")


if __name__ == "__main__":
    main()
