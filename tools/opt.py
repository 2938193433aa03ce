"""stepwell-opt FILE.mlir -p PIPELINE: run passes on textual IR."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stepwell-opt")
    parser.add_argument("file")
    parser.add_argument("-p", "--pipeline", default="")
    args = parser.parse_args(argv)
    from stepwell.context import Context
    from stepwell.diagnostics import StepwellError
    from stepwell.pass_manager import parse_passes, run_passes
    from stepwell.text import parse_module, print_module

    ctx = Context()
    try:
        text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text()
        module = parse_module(ctx, text, args.file)
        module.verify()
        run_passes(ctx, module, parse_passes(args.pipeline) if args.pipeline else (), verify_each=True)
        sys.stdout.write(print_module(module))
    except StepwellError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
