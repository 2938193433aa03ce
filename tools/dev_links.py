"""Make `.links/stepwell`: the one package as a folder of links, for type checkers, and to run without an install."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ("dialects", "passes", "targets", "runtime", "tools")


def main() -> None:
    farm = ROOT / ".links" / "stepwell"
    farm.mkdir(parents=True, exist_ok=True)
    want = {p.name: p for p in (ROOT / "compiler").iterdir() if p.name != "__pycache__"}
    for floor in FLOORS:
        if floor in want:
            raise SystemExit(f"compiler/{floor} would hide {floor}/: rename it")
        want[floor] = ROOT / floor
    for old in farm.iterdir():
        if old.is_symlink() and old.name not in want:
            old.unlink()
    for name, path in want.items():
        link = farm / name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(path, farm))


if __name__ == "__main__":
    main()
