"""stepwell-opt FILE.mlir -p PIPELINE: run passes on textual IR."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.context import Context
    from stepwell.diagnostics import StepwellError
    from stepwell.pass_manager import ModulePass


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepwell-opt", description="Run passes on textual IR and print what they made."
    )
    parser.add_argument("file", nargs="?", default="-", help="a .mlir file; - is standard input")
    parser.add_argument("-p", "--pipeline", default="", help="passes, such as 'fold-batch-norm,fuse{max-ops=8}'")
    parser.add_argument("-o", "--output", help="a file to write to; standard output without it")
    parser.add_argument("--split-input-file", action="store_true", help="'// -----' lines part modules of their own")
    parser.add_argument(
        "--verify-diagnostics", action="store_true", help="hold the errors against '// expected-error {{...}}' comments"
    )
    parser.add_argument(
        "--print-locations", "--mlir-print-debuginfo", action="store_true", help="print where each op came from"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from stepwell.context import Context
    from stepwell.diagnostics import StepwellError
    from stepwell.expected_errors import compare
    from stepwell.pass_manager import parse_passes
    from stepwell.text import SPLIT_MARK, split_text

    name = "<stdin>" if args.file == "-" else args.file
    try:
        text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text()
        passes = parse_passes(args.pipeline) if args.pipeline else ()
    except StepwellError as error:
        print(error, file=sys.stderr)
        return 1
    printed: list[str] = []
    failed = False
    for piece in split_text(text) if args.split_input_file else [text]:
        result, errors = run(Context(), piece, name, passes, args.print_locations)
        if args.verify_diagnostics:
            complaints = compare(name, piece, errors)
            failed = failed or bool(complaints)
            for complaint in complaints:
                print(complaint, file=sys.stderr)
            continue
        for error in errors:
            print(error, file=sys.stderr)
        failed = failed or bool(errors)
        if result is not None:
            printed.append(result)
    sys.stdout.write(f"\n{SPLIT_MARK}\n\n".join(printed))
    return 1 if failed else 0


def run(
    ctx: Context, text: str, name: str, passes: tuple[ModulePass, ...], locations: bool
) -> tuple[str | None, list[StepwellError]]:
    """Run `passes` on one module: what it became, or the errors that stood in the way."""
    from stepwell.diagnostics import StepwellError
    from stepwell.pass_manager import run_passes
    from stepwell.text import parse_module, print_module
    from stepwell.verification import find_errors

    try:
        module = parse_module(ctx, text, name)
        errors = list(find_errors(module))
        if not errors:
            run_passes(ctx, module, passes, verify_each=True)
            return print_module(module, locations=locations), []
    except StepwellError as error:
        errors = [error]
    for error in errors:
        error.show_source(ctx.sources)
    return None, errors


if __name__ == "__main__":
    sys.exit(main())
