"""`stepwell compile`: a model as a folder of files that ship: a manifest, weights, and what the target made.

model/manifest.json       names, dtypes and shapes of inputs and outputs, sizes, the program of the host
model/weights.bin         all weights, packed
model/kernel_conv_0.wgsl  ...
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from stepwell.diagnostics import StepwellError
from stepwell.tools.names import TARGET_NAMES
from stepwell.tools.shapes import parse_shapes, shapes_for

MANIFEST, WEIGHTS = "manifest.json", "weights.bin"


@click.command("compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder; made where missing.")
@click.option("--target", default="native", show_default=True, help=f"What to compile for: {TARGET_NAMES}.")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=1x3x224x224", help="An input's shape; repeat it.")
@click.option("--threads", type=int, default=1, help="How many threads the program may use. Default: 1.")
@click.option("--cpu", metavar="NAME", help="The processor to make code for. Default: this one.")
@click.option("--precision", metavar="f32|bf16|tf32", help="Round what products multiply; tf32: cuda. Default: f32.")
@click.option("--schedule", type=click.Path(path_type=Path), help="Schedules of some kernels.")
@click.option("--page", is_flag=True, help="Add a page that runs the model, and its runtime: for targets of the web.")
def package(
    model: Path,
    output: Path,
    target: str,
    shapes: tuple[str, ...],
    threads: int,
    cpu: str | None,
    precision: str | None,
    schedule: Path | None,
    page: bool,
) -> None:
    """Compile MODEL for fixed shapes and write the program into a folder."""
    from stepwell.driver import Model, Way, check_schedule, check_threads, find_target, settings
    from stepwell.files import write_files

    chosen = settings(cpu=cpu, precision=precision, schedule=check_schedule(schedule))
    found = find_target(target)
    way = Way(found, check_threads(threads, found), settings=chosen)
    way.check_options()
    beside = page_files(target, getattr(way.target, "page", ())) if page else {}
    source = Model(model, way)
    interface = source.interface()
    if interface.by_value:
        held = ", ".join(interface.by_value)
        raise StepwellError(
            f"what {held} holds decides shapes: a package is made for fixed ones", str(model), "fold it into the model"
        )
    artifact = source.artifact(shapes_for(interface, parse_shapes(shapes)))
    if "staged" in artifact.manifest:
        raise StepwellError(
            "a shape follows from what a run computes, so the program is cut into stages, of which a package holds one",
            str(model),
            "let Python run it, or cut the model there and package the parts: see docs/stages.md",
        )
    manifest = artifact.manifest | {"files": sorted(artifact.files)}
    parts = {MANIFEST: json.dumps(manifest, indent=1).encode(), WEIGHTS: artifact.weights}
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepwellError(f"the folder cannot be made: {error.strerror}", str(output)) from None
    write_files(output, artifact.files | parts | beside)
    click.echo(f"{output}: {len(artifact.files)} files of {target}, {len(artifact.weights):,} bytes of weights")
    if page:
        click.echo(f"see it: python3 -m http.server -d {output}, then http://localhost:8000")


def page_files(target: str, names: tuple[str, ...]) -> dict[str, bytes]:
    """The page and its runtime, by name."""
    import stepwell.runtime as runtime

    if not names:
        raise StepwellError(
            f"target '{target}' makes nothing that a page runs", fix="take --target wgsl or webgl, or leave --page out"
        )
    folder = Path(runtime.__path__[0], "web")
    return {name: (folder / name).read_bytes() for name in names}
