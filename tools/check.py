"""`stepwell check`: a model's problems, all at once, or what it costs; as text, with a table of layers on request."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from stepwell.tools.names import TARGET_NAMES
from stepwell.tools.shapes import example_of, parse_shapes, shapes_for

if TYPE_CHECKING:
    from stepwell.check import Report
    from stepwell.diagnostics import StepwellError

NAMED = 5
"""How many nodes a problem names; the rest are counted."""
FILE_WIDTH = 160
"""Columns of the table where it does not go to a terminal."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", default="native", show_default=True, help=f"What to check for: {TARGET_NAMES}.")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=1x3x224x224", help="An input's shape; repeat it.")
@click.option("--layers", is_flag=True, help="Print each layer's work and parameters.")
@click.pass_context
def check(context: click.Context, model: Path, target: str, shapes: tuple[str, ...], layers: bool) -> None:
    """Say everything in MODEL that will not compile, or its operators, parameters, FLOPs and memory.

    Exit code 0 when all is well, 1 when there is a problem.
    """
    from stepwell.check import check as look

    wanted = parse_shapes(shapes)
    report = look(model, target, None)
    if wanted and not report.problems:
        report = look(model, target, shapes_for(report.interface, wanted))
    if report.problems:
        say_problems(model, report.problems)
        context.exit(1)
    if layers and report.layers:
        say_layers(report)
    say_totals(model, report)


def say_problems(model: Path, problems: Any) -> None:
    """One paragraph a kind of problem: what, how often, at which nodes, and what to do."""
    kinds: dict[tuple[str, str | None], list[StepwellError]] = defaultdict(list)
    for problem in problems:
        kinds[problem.what, problem.fix].append(problem)
    click.echo(f"{model.name}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
    for (what, fix), same in kinds.items():
        click.echo(f"\n{f'{len(same)} x ' if len(same) > 1 else ''}{what}", err=True)
        places = [place for problem in same if (place := problem.location()) is not None]
        for place in places[:NAMED]:
            click.echo(f"  at {place}", err=True)
        if len(places) > NAMED:
            click.echo(f"  and {len(places) - NAMED} more", err=True)
        if fix is not None:
            click.echo(f"  fix: {fix}", err=True)


def say_layers(report: Report) -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    total = max(report.work.flops, 1)
    table = Table("layer", "op", "output", box=box.SIMPLE_HEAD)
    for title in ("parameters", "MACs", "FLOPs", "share"):
        table.add_column(title, justify="right", no_wrap=True)
    for layer in report.layers:
        work = layer.work
        row = (layer.node, layer.op, "x".join(map(str, layer.shape)), f"{layer.parameters:,}", f"{work.macs:,}")
        table.add_row(*row, f"{work.flops:,}", f"{work.flops / total:.1%}")
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)


def say_totals(model: Path, report: Report) -> None:
    operators = ", ".join(f"{name} {count}" for name, count in report.operators.most_common())
    lines = [("inputs", ", ".join(f"{spec.name} {spec}" for spec in report.interface.inputs))]
    lines += [("outputs", ", ".join(f"{spec.name} {spec}" for spec in report.interface.outputs))]
    lines += [("operators", f"{report.operators.total()}: {operators}")]
    if report.compiled:
        lines += [("parameters", f"{report.parameters:,}")]
        lines += [("work", f"{quantity(report.work.macs)}MACs, {quantity(report.work.flops)}FLOPs")]
        lines += [("memory", f"activations {size(report.arena)}, weights {size(report.weights)}")]
    elif by_value := report.interface.by_value:
        lines += [("work", f"follows from what these inputs hold: {', '.join(by_value)}")]
    else:
        lines += [("work", f"unknown while dims are open: {example_of(report.interface)}")]
    if report.in_stages:
        lines += [("stages", "a run decides the sizes of a part, which is compiled then and not counted here")]
    click.echo(f"{model.name}: {'all of it compiles' if report.compiled else 'all operators are supported'}")
    for title, text in lines:
        click.echo(f"  {title:10s} {text}")


def quantity(number: int) -> str:
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number / unit:.2f} {name}"
    return f"{number} "


def size(number: int) -> str:
    return f"{number / 2**20:.1f} MiB" if number >= 2**20 else f"{number / 2**10:.1f} KiB"
