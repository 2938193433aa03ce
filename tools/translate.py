"""stepwell-translate: a model, or a dump of any level, as text of another level or as source for a target.

    stepwell-translate model.onnx --to graph
    stepwell-translate model.onnx --shape input=1x3x224x224 --to c -o model.c
    stepwell-translate model.onnx --to object --cpu cortex-a72 -o model.o
    stepwell-translate dump.mlir --to llvm-ir
    stepwell-translate kernel.spv --to spirv-asm

Exit codes: 0, 1 (bad input), 2 (usage).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepwell.context import Context
    from stepwell.driver import Way
    from xdsl.dialects.builtin import ModuleOp

FROM = {"onnx": ".onnx", "mlir": ".mlir", "spirv": ".spv"}


def levels() -> dict[str, str]:
    """What --to calls a level of the stair."""
    from stepwell.levels import ORDER

    return {"onnx-dialect" if level == "onnx" else level: level for level in ORDER}


def arguments() -> argparse.ArgumentParser:
    from stepwell.registry import TRANSLATIONS

    parser = argparse.ArgumentParser(
        prog="stepwell-translate",
        description="Show a model at a level of the stair, or as source for a target.",
        epilog="Levels: onnx-dialect, graph, kernels, tensor, buffers, loops, program, device, device-llvm, llvm. "
        f"Sources: {', '.join(TRANSLATIONS)}, and what plug-ins add.",
    )
    add = parser.add_argument
    add("file", type=Path, help="a .onnx, .mlir or .spv file")
    add("--from", dest="source", choices=sorted(FROM), help="what FILE is; default: what its name says")
    add("--to", required=True, help="a level or a source, see below")
    add("--target", default=None, help="whose way down to take for a level: native, c, wgsl...; default: native")
    add("--shape", action="append", default=[], metavar="NAME=1x3x224x224", help="an input's shape; repeat it")
    add("--threads", type=int, default=1, help="how many threads the program may use")
    add("--cpu", metavar="NAME", help="the processor to make code for: haswell, cortex-a72...; default: this one")
    add("--precision", metavar="f32|bf16|tf32", help="round what products multiply; tf32: cuda; default: f32")
    add("--schedule", type=Path, metavar="FILE", help="schedules of some kernels: what --to schedule prints, edited")
    add("-o", "--output", type=Path, metavar="FILE", help="write there, and what belongs to it beside it")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from stepwell.tools.errors import exit_code

    return exit_code(lambda: translate(args))


def translate(args: argparse.Namespace) -> int:
    from stepwell.diagnostics import StepwellError, did_you_mean
    from stepwell.driver import Way, check_schedule, check_threads, collector_paused, find_target, settings
    from stepwell.registry import REGISTRY

    known = levels()
    if args.to in known:
        level, translation = known[args.to], None
    elif REGISTRY.find("translations", args.to) is not None:
        translation = REGISTRY.load_translation(args.to)
        level = translation.level
    else:
        every = [*known, *REGISTRY.names("translations")]
        raise StepwellError(
            f"'{args.to}' is no level and no source", fix=did_you_mean(args.to, every) or ", ".join(every)
        )
    target = find_target(args.target or (translation.target if translation is not None else "native"))
    chosen = settings(cpu=args.cpu, precision=args.precision, schedule=check_schedule(args.schedule))
    way = Way(target, check_threads(args.threads, target), settings=chosen)
    check_level(way, level)
    with collector_paused():
        ctx, module = read(args)
        lower(way, ctx, module, level, args.shape)
        if translation is not None:
            write_source(args.output, translation.write(ctx, module, way.options, stem_of(args.output)))
        else:
            write_level(args.output, ctx, module)
    return 0


def check_level(way: Way, level: str) -> None:
    """Raise `StepwellError` where a target's way down does not pass a level."""
    from stepwell.diagnostics import StepwellError

    passed = dict(way.target.pipeline(way.options))
    if level not in passed and level != "onnx":
        others = "device is one of GPUs: --target wgsl, say" if level == "device" else f"it has {', '.join(passed)}"
        raise StepwellError(f"target '{way.target.name}' has no level '{level}'", fix=others)


def stem_of(output: Path | None) -> str:
    return output.stem if output is not None else "model"


def write_source(output: Path | None, files: dict[str, bytes]) -> None:
    """All that was made, or on standard output the principal file, which comes first. Of several files each has the
    name that others call it by; who asked for another is told."""
    from stepwell.diagnostics import StepwellError
    from stepwell.files import write_files

    if output is None:
        name, content = next(iter(files.items()))
        try:
            sys.stdout.write(content.decode())
        except UnicodeDecodeError:
            raise StepwellError(f"{name} is no text to be printed", fix="write it to a file with -o FILE") from None
        return
    if len(files) == 1:
        files = dict.fromkeys([output.name], next(iter(files.values())))
    write_files(output.parent, files)
    if output.name not in files:
        print(f"wrote {', '.join(files)} in {output.parent}", file=sys.stderr)


def write_level(output: Path | None, ctx: Context, module: ModuleOp) -> None:
    from stepwell.text import print_module, write_module

    if output is None:
        sys.stdout.write(print_module(module))
    else:
        write_module(ctx, module, output)


def read(args: argparse.Namespace) -> tuple[Context, ModuleOp]:
    from stepwell.context import Context
    from stepwell.driver import read_module

    ctx = Context()
    return ctx, read_module(ctx, args.file, FROM[args.source] if args.source is not None else None)


def lower(way: Any, ctx: Context, module: ModuleOp, level: str, said: list[str]) -> None:
    """Down to `level`; symbolic dims get the sizes of --shape on the way."""
    from stepwell.interface import interface_of
    from stepwell.levels import ORDER, level_of
    from stepwell.tools.shapes import parse_shapes, shapes_for

    here = level_of(module) or "onnx"
    if ORDER.index(here) > ORDER.index(level):
        from stepwell.diagnostics import StepwellError

        raise StepwellError(f"the module stands at level '{here}', below '{level}'", fix="there is no way up")
    if here == level and not said:
        return  # what stands there already may be a part of a program, without @main
    interface = interface_of(module)
    if interface.static_shapes() is None and (said or ORDER.index(level) > ORDER.index("graph")):
        way.bind(ctx, module, interface, shapes_for(interface, parse_shapes(said)))
    way.lower(ctx, module, to=level)


if __name__ == "__main__":
    sys.exit(main())
