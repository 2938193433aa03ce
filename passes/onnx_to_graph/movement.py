"""Data movement: shapes, slices and pads known by now become attributes; the others stay dynamic forms.

  "onnx.Slice"(%x, dense<1>, dense<2147483647>, dense<-1>) : tensor<2x8xf32>
becomes
  graph.slice %x {starts = [0, 1], sizes = [2, 7], steps = [1, 1]} : (tensor<2x8xf32>) -> tensor<2x7xf32>
"""

from __future__ import annotations

from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import check_made, dtype_of, element_type_of, rank_of
from xdsl.dialects.builtin import TensorType, i1
from xdsl.ir import SSAValue

from .conversion import Converted, Node, converts
from .emitter import Size, shape, static_shape
from .indexing import check_indices
from .random_numbers import survivors


@converts("Identity")
def identity(node: Node) -> Converted:
    """of tensors, sequences and optionals"""
    return node.converted(0)


@converts("Dropout", since=7)
def dropout(node: Node) -> list[SSAValue]:
    """in inference x and a mask of true; in training the same elements are dropped in each run"""
    x = node[0]
    if node.opset >= 12 and node.get(2) is not None and node.needed(2, "training_mode").any():
        ratio = 0.5 if node.get(1) is None else node[1]
        mask = survivors(node, ratio)
        share = node.sub(1.0, ratio) if isinstance(ratio, SSAValue) else node.scalar(1 - ratio, element_type_of(x))
        return [node.select(mask, node.div(x, node.cast(share, element_type_of(x))), 0.0), mask]
    if len(node.op.results) == 1 or not node.op.results[1].uses:
        return [x]
    kept = node.constant(np.array(1, bool)) if node.opset >= 10 else node.scalar(1, element_type_of(x))
    return [x, node.broadcast_to(kept, node.shape_of(x))]


@converts("Reshape", since=5)
def reshape(node: Node) -> SSAValue:
    """a shape computed at run time as well; allowzero"""
    x, allow_zero = node[0], bool(node.integer("allowzero", 0))
    target, dims = node.known(node[1]), static_shape(x)
    if target is None or dims is None:
        return node(graph.DynamicReshapeOp(x, node[1], allow_zero=allow_zero))
    sizes = [int(size) for size in target]
    if not allow_zero:
        if any(size == 0 and axis >= len(dims) for axis, size in enumerate(sizes)):
            raise node.unsupported(f"shape {sizes} copies a dim that x does not have", "export the model again")
        sizes = [dims[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = prod(dims) // rest if rest else 0
    return node.reshape(x, sizes)


@converts("Flatten")
def flatten(node: Node) -> SSAValue:
    x, dims = node[0], rank_of(node[0])
    axis = node.integer("axis", 1)
    axis = axis + dims if axis < 0 else axis
    return node.reshape(x, [tuple(range(axis)), tuple(range(axis, dims))])


def given_axes(node: Node, dims: int) -> list[int] | None:
    """`axes` of Squeeze and Unsqueeze, an attribute before opset 13; None where not given."""
    if node.opset < 13:
        axes = node.integers_of("axes", ()) if node.has("axes") else None
    else:
        axes = None if node.get(1) is None else node.needed_integers(1, "axes")
    return None if axes is None else [node.from_front(axis, dims) for axis in axes]


@converts("Squeeze")
def squeeze(node: Node) -> SSAValue:
    x, dims = node[0], rank_of(node[0])
    axes = given_axes(node, dims)
    if axes is None:
        if static_shape(x) is None:
            raise node.open_dims("without axes on open dims is not supported")
        axes = [axis for axis, size in enumerate(shape(x)) if size == 1]
    kept: list[Size] = [(axis,) for axis in range(dims) if axis not in axes]
    return node.reshape(x, kept)


@converts("Unsqueeze")
def unsqueeze(node: Node) -> SSAValue:
    x = node[0]
    count = len(node.integers_of("axes") if node.opset < 13 else node.needed_integers(1, "axes"))
    axes = given_axes(node, rank_of(x) + count) or []
    if len(set(axes)) < len(axes):
        raise node.unsupported(f"axes {axes} name one twice", "export the model again")
    own = iter(range(rank_of(x)))
    return node.reshape(x, [1 if axis in axes else (next(own),) for axis in range(rank_of(x) + count)])


@converts("Transpose")
def transpose(node: Node) -> SSAValue:
    return node.transpose(node[0], node.integers_of("perm", range(rank_of(node[0]))[::-1]))


@converts("Concat", since=4)
def concat(node: Node) -> SSAValue:
    parts = node.inputs
    return parts[0] if len(parts) == 1 else node(graph.ConcatOp(*parts, axis=node.axis(parts[0])))


@converts("Split", since=2)
def split(node: Node) -> list[SSAValue]:
    """given sizes, or equal ones of which the last may be smaller"""
    x = node[0]
    axis = node.axis(x, 0)
    pieces: list[SSAValue] = []
    start = 0
    total = shape(x)[axis]
    sizes = split_sizes(node, total)
    if any(size < 0 for size in sizes) or total not in (None, sum(sizes)):
        raise node.unsupported(f"parts of {sizes} are not the {total} of axis {axis}", "export the model again")
    for size in sizes:
        pieces.append(node.slice(x, axis, start, size))
        start += size
    return pieces


def split_sizes(node: Node, total: int | None) -> list[int]:
    count = len(node.op.results)
    if node.opset < 13 and node.has("split"):
        return node.integers_of("split")
    if node.opset >= 13 and node.get(1) is not None:
        return node.needed_integers(1, "split")
    if total is None:
        raise node.open_dims("equal parts of an open dim are not supported")
    size = -(-total // count)
    return [max(min(size, total - part * size), 0) for part in range(count)]


@converts("Slice")
def slice_attributes(node: Node) -> SSAValue:
    x, starts = node[0], node.integers_of("starts")
    axes = node.integers_of("axes", range(len(starts)))
    return static_slice(node, x, starts, node.integers_of("ends"), axes, [1] * len(starts))


@converts("Slice", since=10)
def slice_(node: Node) -> SSAValue:
    """bounds computed at run time as well; negative steps"""
    x, starts, ends, axes, steps = (node.get(index) for index in range(5))
    assert x is not None and starts is not None and ends is not None
    count = shape(starts)[0]
    if count is None:
        raise node.unsupported("an unknown number of axes is not supported", "export the model with constant axes")
    axes = node.integers(range(count)) if axes is None else axes
    steps = node.integers([1] * count) if steps is None else steps
    bounds = [node.known(value) for value in (starts, ends, axes, steps)]
    if any(bound is None for bound in bounds) or static_shape(x) is None:
        return node(graph.DynamicSliceOp(x, starts, ends, axes, steps))
    return static_slice(node, x, *([int(number) for number in bound] for bound in bounds if bound is not None))


def static_slice(
    node: Node, x: SSAValue, starts: list[int], ends: list[int], axes: list[int], steps: list[int]
) -> SSAValue:
    """Python's own slices clamp as ONNX does."""
    dims = static_shape(x)
    if dims is None:
        return node(graph.DynamicSliceOp(x, *(node.integers(bound) for bound in (starts, ends, axes, steps))))
    ranges = [range(size) for size in dims]
    axes = [node.from_front(axis, len(dims)) for axis in axes]
    if len(set(axes)) < len(axes):
        raise node.unsupported(f"axes {axes} name one twice", "export the model again")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        ranges[axis] = range(dims[axis])[start:end:step]
    if all(taken == range(size) for taken, size in zip(ranges, dims, strict=True)):
        return x
    return node(
        graph.SliceOp(
            x,
            starts=tuple(taken.start if taken else 0 for taken in ranges),
            sizes=tuple(len(taken) for taken in ranges),
            steps=tuple(taken.step if taken else 1 for taken in ranges),
        )
    )


@converts("Gather")
def gather(node: Node) -> SSAValue:
    axis = node.axis(node[0], 0)
    check_indices(node, node[1], shape(node[0])[axis])
    return node(graph.GatherOp(node[0], node[1], axis=axis))


@converts("Pad", since=2)
def pad_attributes(node: Node) -> SSAValue:
    return static_pad(node, node[0], node.integers_of("pads"), node.real("value", 0.0))


@converts("Pad", since=11)
def pad(node: Node) -> SSAValue:
    """constant, reflect and edge; pads computed at run time as well, unless there are axes"""
    x, value = node[0], 0.0
    if node.get(2) is not None:
        value = float(node.needed(2, "constant_value").reshape(()))
    axes = None if node.opset < 18 or node.get(3) is None else node.needed_integers(3, "axes")
    pads = node.known(node[1])
    if axes is None and (pads is None or static_shape(x) is None):
        return node(graph.DynamicPadOp(x, node[1], node.get(2), mode=pad_mode(node)))
    amounts, dims = node.needed_integers(1, "pads"), rank_of(x)
    if axes is not None:
        full = [0] * 2 * dims
        for index, axis in enumerate(axes):
            axis = node.from_front(axis, dims)
            full[axis], full[dims + axis] = amounts[index], amounts[len(axes) + index]
        amounts = full
    return static_pad(node, x, amounts, value)


def pad_mode(node: Node) -> str:
    mode = node.text("mode", "constant")
    if mode not in ("constant", "reflect", "edge"):
        raise node.unsupported(f"mode '{mode}' is not supported; constant, reflect and edge are", "export with these")
    return mode


def static_pad(node: Node, x: SSAValue, pads: list[int], value: float) -> SSAValue:
    """Positive amounts are padded, then negative ones are cut."""
    dims, mode = rank_of(x), pad_mode(node)
    low, high = pads[:dims], pads[dims:]
    if any(size is not None and size + sum(pair) < 0 for size, *pair in zip(shape(x), low, high, strict=True)):
        raise node.unsupported(f"pads {pads} take away more than there is", "export the model again")
    if any(amount > 0 for amount in pads):
        more = (tuple(max(amount, 0) for amount in side) for side in (low, high))
        x = node(graph.PadOp(x, low=next(more), high=next(more), mode=mode, value=value))
    if all(amount >= 0 for amount in pads):
        return x
    starts = [max(-amount, 0) for amount in low]
    ends = [amount if amount < 0 else np.iinfo(np.int64).max for amount in high]
    return static_slice(node, x, starts, ends, list(range(dims)), [1] * dims)


@converts("Expand", since=8)
def expand(node: Node) -> SSAValue:
    x = node[0]
    target, dims = node.known(node[1]), static_shape(x)
    if target is None or dims is None:
        return node(graph.DynamicBroadcastToOp(x, node[1]))
    return broadcast(node, x, list(np.broadcast_shapes(dims, tuple(int(size) for size in target))))


def broadcast(node: Node, x: SSAValue, sizes: list[int]) -> SSAValue:
    result = TensorType(element_type_of(x), sizes)
    return x if x.type == result else node(graph.BroadcastToOp(x, result_type=result))


@converts("Tile", since=6)
def tile(node: Node) -> SSAValue:
    """each repeated dim gets one before it, which is broadcast and then merged"""
    x, repeats = node[0], node.needed_integers(1, "repeats")
    dims = static_shape(x)
    if dims is None:
        raise node.open_dims()
    apart = [size for dim, times in zip(dims, repeats, strict=True) for size in ((dim,) if times == 1 else (1, dim))]
    spread = [size for dim, n in zip(dims, repeats, strict=True) for size in ((dim,) if n == 1 else (n, dim))]
    whole = [dim * times for dim, times in zip(dims, repeats, strict=True)]
    return node.reshape(broadcast(node, node.reshape(x, apart), spread), whole)


@converts("DepthToSpace")
def depth_to_space(node: Node) -> SSAValue:
    """DCR and CRD"""
    x, block = node[0], node.integer("blocksize")
    channels = shape(x)[1]
    if channels is None or channels % block**2:
        raise node.unsupported(f"{channels} channels in blocks of {block}x{block}", "a multiple of the block is needed")
    depth = channels // block**2
    if node.text("mode", "DCR") == "DCR":
        split = node.reshape(x, [(0,), block, block, depth, (2,), (3,)])
        blocks = node.transpose(split, [0, 3, 4, 1, 5, 2])
    else:
        split = node.reshape(x, [(0,), depth, block, block, (2,), (3,)])
        blocks = node.transpose(split, [0, 1, 4, 2, 5, 3])
    return node.reshape(blocks, [(0,), (1,), (2, 3), (4, 5)])


@converts("SpaceToDepth")
def space_to_depth(node: Node) -> SSAValue:
    x, block = node[0], node.integer("blocksize")
    dims = shape(x)
    if dims[2] is None or dims[3] is None:
        raise node.open_dims("open height or width is not supported")
    split = node.reshape(x, [(0,), (1,), dims[2] // block, block, dims[3] // block, block])
    return node.reshape(node.transpose(split, [0, 3, 5, 1, 2, 4]), [(0,), (1, 2, 3), (4,), (5,)])


@converts("Trilu", since=14)
def trilu(node: Node) -> SSAValue:
    """a constant mask selects"""
    x, diagonal = node[0], 0 if node.get(1) is None else node.needed_integers(1, "k")[0]
    rows, columns = shape(x)[-2:]
    if rows is None or columns is None:
        raise node.open_dims()
    check_made(rows * columns, "the mask")
    diagonal = min(max(diagonal, -rows), columns + 1)
    lower = np.tri(rows, columns, diagonal - 1 if node.integer("upper", 1) else diagonal, dtype=bool)
    mask = node.constant(~lower if node.integer("upper", 1) else lower)
    return node.select(mask, x, 0)


@converts("OneHot", since=9)
def one_hot(node: Node) -> SSAValue:
    """indices compared with 0, 1, ... along a new axis"""
    indices, depth = node[0], node.needed_integers(1, "depth")[0]
    dims, kind = rank_of(indices), element_type_of(node[0])
    axis = node.from_front(node.integer("axis", -1), dims + 1)
    if depth < 1:
        raise node.unsupported(f"depth {depth} has no classes", "export the model with as many as there are")
    check_made(depth, "the list of classes")
    place: list[Size] = [(position,) for position in range(dims)]
    place.insert(axis, 1)
    positive = node.select(node.compare("lt", indices, 0), node.add(indices, depth), indices)
    apart = node.reshape(positive, place)
    classes = node.constant(np.arange(depth).astype(dtype_of(kind)).reshape(-1, *[1] * (dims - axis)))
    hot = node.compare("eq", apart, classes)
    assert element_type_of(hot) == i1
    off, on = (node.reshape(node.slice(node[2], 0, which, 1), []) for which in range(2))
    return node.select(hot, on, off)
