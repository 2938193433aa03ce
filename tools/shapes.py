"""`--shape input=1x3x224x224`, as the tools read it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError

if TYPE_CHECKING:
    from stepwell.interface import Interface, TensorSpec

Shape = tuple[int, ...]


def parse_shapes(said: Iterable[str]) -> dict[str, Shape]:
    """Shapes by input name."""
    shapes: dict[str, Shape] = {}
    for text in said:
        name, equals, dims = text.rpartition("=")
        try:
            shape = tuple(int(dim) for dim in dims.split("x")) if dims else ()
        except ValueError:
            shape = (-1,)
        if not equals or not name or any(dim < 0 for dim in shape):
            raise StepwellError(
                f"--shape {text[:80]} is not understood", fix="write a name and sizes: --shape input=1x3x224x224"
            )
        shapes[name] = shape
    return shapes


def shapes_for(interface: Interface, wanted: Mapping[str, Shape]) -> tuple[Shape, ...]:
    """A shape for each input: what was said, else what the model says. Raises where a symbolic dim has no size."""
    names = [spec.name for spec in interface.inputs]
    for name in wanted:
        if name not in names:
            raise StepwellError(f"--shape names '{name}', but the model has no such input", fix=f"it has {names}")
    shapes: list[Shape] = []
    for spec in interface.inputs:
        sizes = tuple(dim for dim in spec.dims if isinstance(dim, int))
        if spec.name in wanted:
            check_fits(interface, spec, wanted[spec.name])
            shapes.append(wanted[spec.name])
        elif len(sizes) == len(spec.dims):
            shapes.append(sizes)
        else:
            raise StepwellError(
                f"input '{spec.name}' is {spec}: its symbolic dims have no sizes", fix=example_of(interface)
            )
    return tuple(shapes)


def check_fits(interface: Interface, spec: TensorSpec, shape: Shape) -> None:
    """Raise `StepwellError` where a shape is not one of the input's."""
    if len(shape) == len(spec.dims) and all(
        dim == size for dim, size in zip(spec.dims, shape, strict=True) if isinstance(dim, int)
    ):
        return
    raise StepwellError(
        f"--shape {spec.name}={'x'.join(map(str, shape))} does not fit input '{spec.name}', which is {spec}",
        fix=example_of(interface) or "leave it out: the model says all sizes",
    )


def example_of(interface: Interface) -> str:
    """`--shape x=1x3 --shape y=1x1`: how sizes of all open dims are given."""
    said: list[str] = []
    for spec in interface.inputs:
        if any(not isinstance(dim, int) for dim in spec.dims):
            sizes = "x".join(str(dim) if isinstance(dim, int) else "1" for dim in spec.dims)
            said.append(f"--shape {shlex.quote(f'{spec.name}={sizes}')}")
    return " ".join(said)
