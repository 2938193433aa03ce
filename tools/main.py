"""stepwell: compile a model and run it, on any target, from one command line.

stepwell run model.onnx --inputs in.npz --output out.npz --target native
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from stepwell.diagnostics import StepwellError, one_line
from stepwell.tools.check import check
from stepwell.tools.errors import exit_code
from stepwell.tools.names import TARGET_NAMES
from stepwell.tools.package import package
from stepwell.tools.shapes import parse_shapes, shapes_for


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stepwell")
def cli() -> None:
    """A compiler for neural networks in which every level is a dialect you can read."""


cli.add_command(check)
cli.add_command(package)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--inputs", type=click.Path(path_type=Path), help="An .npz with an array for every input, by name.")
@click.option("--output", type=click.Path(path_type=Path), help="Where to write the outputs: an .npz, by name.")
@click.option("--target", default="native", show_default=True, help=f"What to compile for: {TARGET_NAMES}.")
@click.option("--threads", type=int, help="How many threads of the CPU to use. Default: one for each core.")
@click.option("--cpu", metavar="NAME", help="The processor to make code for: haswell, znver4... Default: this one.")
@click.option("--precision", metavar="f32|bf16|tf32", help="Round what products multiply; tf32: cuda. Default: f32.")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=1x3x224x224", help="An input's shape; repeat it.")
@click.option(
    "--schedule",
    type=click.Path(path_type=Path),
    help="Schedules of some kernels: what `stepwell-translate MODEL --to schedule` prints, edited.",
)
@click.option("--timing", is_flag=True, help="Print how long each pass took.")
@click.option("--verify-each", is_flag=True, help="Verify the IR after every pass.")
@click.option("--dump-dir", type=click.Path(path_type=Path), help="Write the IR after every pass into this folder.")
def run(
    model: Path,
    inputs: Path | None,
    output: Path | None,
    target: str,
    threads: int | None,
    cpu: str | None,
    precision: str | None,
    shapes: tuple[str, ...],
    schedule: Path | None,
    timing: bool,
    verify_each: bool,
    dump_dir: Path | None,
) -> None:
    """Compile MODEL (.onnx, or .mlir of any level) and run it once.

    Without --inputs the model runs on zeros, of the shapes that --shape names; a summary of the outputs is printed.
    """
    import stepwell
    from stepwell.instrumentation import DumpDir, Timing

    watch = Timing() if timing else None
    hooks = [hook for hook in (watch, DumpDir(dump_dir) if dump_dir is not None else None) if hook is not None]
    how = {"threads": threads, "cpu": cpu, "precision": precision, "hooks": hooks, "verify_each": verify_each}
    program = stepwell.compile(model, target, schedule=schedule, **how)
    wanted = parse_shapes(shapes)
    feeds = zeros(program, wanted) if inputs is None else read_npz(inputs)
    check_shapes(wanted, feeds)
    outputs = program.run(feeds)
    if output is not None:
        write_npz(output, outputs)
    for name, array in outputs.items():
        click.echo(f"{name}: {summary(array)}")
    if watch is not None:
        click.echo(watch.report(), err=True)


@cli.command()
@click.option("--cpu", metavar="NAME", help="A processor by LLVM's name. Default: this machine's.")
def hardware(cpu: str | None) -> None:
    """Print what is known of a processor: kernels are made for these numbers."""
    from stepwell.driver import Way, find_target, settings

    click.echo(Way(find_target("native"), settings=settings(cpu=cpu)).options.hardware.describe())


def zeros(program: Any, wanted: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """An input of zeros for each of the model's inputs."""
    import numpy as np

    feeds: dict[str, Any] = {}
    for spec, shape in zip(program.inputs, shapes_for(program.interface, wanted), strict=True):
        try:
            feeds[spec.name] = np.zeros(shape, spec.dtype)
        except (ValueError, MemoryError) as error:  # more dims than numpy has, or more bytes than there are
            raise StepwellError(f"input '{spec.name}' cannot be made: {one_line(error)}") from None
    return feeds


def check_shapes(wanted: dict[str, tuple[int, ...]], feeds: dict[str, Any]) -> None:
    for name, shape in wanted.items():
        if name not in feeds:
            raise StepwellError(
                f"--shape names '{name}', but there is no such input", fix=f"there are {', '.join(feeds)}"
            )
        if feeds[name].shape != shape:
            raise StepwellError(
                f"--shape says {list(shape)} for '{name}', but the array handed in is {list(feeds[name].shape)}",
                fix="drop --shape, or hand in an array of that shape",
            )


def read_npz(path: Path) -> dict[str, Any]:
    """The arrays of an .npz, none of which may hold Python objects."""
    import zipfile
    import zlib

    import numpy as np

    fix = "write it with numpy.savez(path, **{'input name': array})"
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise StepwellError("this is one array, not an .npz of arrays by name", str(path), fix=fix)
        with archive:
            arrays = {name: archive[name] for name in archive.files}
            if foreign := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
                raise StepwellError(f"its member '{foreign[0]}' is no array", str(path), fix=fix)
            return arrays
    except FileNotFoundError:
        raise StepwellError("there is no such file", str(path), fix="--inputs takes an .npz") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, MemoryError, RuntimeError, zlib.error) as error:
        raise StepwellError(f"cannot be read as an .npz: {one_line(error)}", str(path), fix=fix) from None


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    import io

    import numpy as np
    from stepwell.files import write_file

    content = io.BytesIO()
    np.savez(content, **arrays)
    write_file(path, content.getbuffer())


def summary(array: Any) -> str:
    shape = "x".join(map(str, array.shape)) or "scalar"
    if array.size == 0:
        return f"{array.dtype}[{shape}], empty"
    text = f"{array.dtype}[{shape}], min {array.min():.6g}, max {array.max():.6g}"
    return text + (f", largest at {int(array.argmax())}" if array.ndim == 2 and array.shape[0] == 1 else "")


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 bad input, 2 wrong usage."""
    return exit_code(lambda: command(argv))


def command(argv: list[str] | None) -> int:
    try:
        result = cli.main(args=argv, prog_name="stepwell", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 2
    except click.Abort:
        return 130
    return result if isinstance(result, int) else 0  # what a command exits with comes back as its result


if __name__ == "__main__":
    sys.exit(main())
