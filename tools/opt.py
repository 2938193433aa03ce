"""stepwell-opt FILE.mlir -p PIPELINE: run passes on textual IR.

Exit codes: 0, 1 (bad input, a pass that failed), 2 (usage). Nothing of the compiler is imported before it is needed:
`--help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.diagnostics import StepwellError
    from stepwell.instrumentation import PassStatistics, Timing
    from stepwell.pass_manager import Hook, Step


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepwell-opt",
        description="Run passes on textual IR and print the result.",
        epilog="example: stepwell-opt model.mlir -p 'fold-batch-norm,fuse{max-ops=8},func.func(canonicalize,cse)'",
    )
    add = parser.add_argument
    add("file", nargs="?", default="-", help="a .mlir file; - or nothing is standard input")
    add("-p", "--pipeline", default="", help="passes, named pipelines and targets, such as 'canonicalize,fuse'")
    add("-o", "--output", metavar="FILE", help="write there, weights beside it, instead of to standard output")
    add("--list-passes", action="store_true", help="name all passes and pipelines")
    add("--show-dialects", action="store_true", help="name all dialects")
    text = parser.add_argument_group("text")
    add = text.add_argument
    add("--split-input-file", action="store_true", help="'// -----' lines part modules of their own")
    add("--verify-diagnostics", action="store_true", help="hold errors against '// expected-error {{...}}' comments")
    add("--allow-unregistered-dialect", action="store_true", help="read ops of dialects that nobody knows")
    add("--print-locations", "--mlir-print-debuginfo", action="store_true", help="print where each op came from")
    passes = parser.add_argument_group("watching the passes")
    add = passes.add_argument
    add("--verify-each", action=argparse.BooleanOptionalAction, default=True, help="verify after each pass")
    add("--print-ir-before", metavar="PASS", action="append", default=[], help="print the IR before this pass")
    add("--print-ir-after", metavar="PASS", action="append", default=[], help="print the IR after this pass")
    add("--print-ir-after-all", action="store_true", help="print the IR after every pass")
    add("--print-ir-after-change", action="store_true", help="print what each pass changed, as a diff")
    add("--timing", action="store_true", help="say how long each pass took")
    add("--pass-statistics", action="store_true", help="say how often each pattern fired")
    add("--dump-dir", metavar="DIR", type=Path, help="write a .mlir file after every pass, weights beside")
    add("--stop-after", metavar="PASS", help="run no pass after this one")
    add("--run-reproducer", action="store_true", help="the file is a reproducer: run the pipeline inside it")
    add("--reproducer-dir", metavar="DIR", type=Path, help="where to write what makes a failed pass fail again")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.list_passes or args.show_dialects:
        return list_names(args)
    from stepwell.tools.errors import exit_code

    return exit_code(lambda: Opt(args).run())


def list_names(args: argparse.Namespace) -> int:
    from stepwell.registry import REGISTRY

    if args.list_passes:
        print("\n".join(sorted([*REGISTRY.names("passes"), *REGISTRY.names("pipelines"), *REGISTRY.names("targets")])))
    if args.show_dialects:
        print("\n".join(sorted(REGISTRY.names("dialects"))))
    for error in REGISTRY.plugin_errors:
        print(f"warning: {error}", file=sys.stderr)
    return 0


class Opt:
    """One run of the tool."""

    def __init__(self, args: argparse.Namespace) -> None:
        from stepwell.pass_manager import cut_after, parse_passes
        from stepwell.reproducer import pipeline_of_reproducer

        self.args = args
        self.name = "<stdin>" if args.file == "-" else args.file
        self.folder = Path("." if args.file == "-" else args.file).resolve().parent
        self.text = self.read()
        pipeline = pipeline_of_reproducer(self.text, self.name) if args.run_reproducer else args.pipeline
        self.steps: tuple[Step, ...] = parse_passes(pipeline)
        if args.stop_after is not None:
            self.steps = cut_after(self.steps, args.stop_after)
        self.timing: Timing | None = None
        self.statistics: PassStatistics | None = None
        self.hooks = self.make_hooks()

    def read(self) -> str:
        from stepwell.text import read_text

        return sys.stdin.read() if self.args.file == "-" else read_text(Path(self.args.file))

    def make_hooks(self) -> list[Hook]:
        from stepwell.instrumentation import DumpDir, PassStatistics, PrintIR, Timing, VerifyEach

        args = self.args
        hooks: list[Hook] = []
        if args.print_ir_before or args.print_ir_after or args.print_ir_after_all or args.print_ir_after_change:
            self.check_names([*args.print_ir_before, *args.print_ir_after])
            hooks.append(
                PrintIR(
                    before=args.print_ir_before,
                    after=args.print_ir_after,
                    after_all=args.print_ir_after_all,
                    changes=args.print_ir_after_change,
                    locations=args.print_locations,
                )
            )
        if args.dump_dir is not None:
            hooks.append(DumpDir(args.dump_dir))
        if args.verify_each:
            hooks.append(VerifyEach())
        if args.pass_statistics:
            self.statistics = PassStatistics()
            hooks.append(self.statistics)
        if args.timing:  # last, so that nothing stands between it and the pass
            self.timing = Timing()
            hooks.append(self.timing)
        return hooks

    def check_names(self, names: list[str]) -> None:
        """A pass to print at that never runs is a mistake."""
        from stepwell.diagnostics import StepwellError, did_you_mean
        from stepwell.pass_manager import pass_names

        known = list(pass_names(self.steps))
        for name in names:
            if name not in known:
                raise StepwellError(f"the pipeline has no pass '{name}' to print at", fix=did_you_mean(name, known))

    def run(self) -> int:
        from stepwell.diagnostics import report
        from stepwell.expected_errors import compare
        from stepwell.text import SPLIT_MARK, split_text

        printed: list[str] = []
        failed = False
        for piece in split_text(self.text) if self.args.split_input_file else [self.text]:
            result, errors = self.run_module(piece)
            if self.args.verify_diagnostics:
                complaints = compare(self.name, piece, errors)
                failed = failed or bool(complaints)
                for complaint in complaints:
                    print(complaint, file=sys.stderr)
                continue
            for error in errors:
                report(error)
            failed = failed or bool(errors)
            if result is not None:
                printed.append(result)
        for hook in (self.timing, self.statistics):
            if hook is not None:
                print(hook.report(), file=sys.stderr)
        sys.stdout.write(f"\n{SPLIT_MARK}\n\n".join(printed))
        sys.stdout.flush()
        return 1 if failed else 0

    def run_module(self, text: str) -> tuple[str | None, list[StepwellError]]:
        """Run the passes on one module: what it became, or the errors that stood in the way."""
        from stepwell.context import Context
        from stepwell.diagnostics import StepwellError
        from stepwell.pass_manager import PassManager
        from stepwell.reproducer import ReproducingManager, default_folder
        from stepwell.text import load_weights, parse_module, print_module, write_module
        from stepwell.verification import find_errors

        args = self.args
        ctx = Context(allow_unregistered=args.allow_unregistered_dialect)
        try:
            module = parse_module(ctx, text, self.name)
            load_weights(ctx, module, self.folder)
            errors = list(find_errors(module))
            if not errors:
                if args.verify_diagnostics:  # the errors are wanted
                    PassManager(ctx, module, self.hooks).run(self.steps)
                else:
                    folder = args.reproducer_dir or default_folder()
                    ReproducingManager(ctx, module, folder, self.hooks).run(self.steps)
                if args.output is None:
                    return print_module(module, locations=args.print_locations), []
                write_module(ctx, module, Path(args.output))
                return "", []
        except StepwellError as error:
            errors = [error]
        for error in errors:
            error.show_source(ctx.sources)
        return None, errors


if __name__ == "__main__":
    sys.exit(main())
