"""Results whose size the data decide: handed out as large as they can get, with how many of their elements count.

    %y = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
    func.return %y
  becomes
    func.func @main(...) -> (tensor<2x12xi64> {stepwell.name = "y", stepwell.sizes = array<i64: -1, 1>},
                             tensor<i64> {stepwell.name = "y.count", stepwell.hidden}) {
      ...
      func.return %places, %count

`stepwell.sizes` says of each dim which result of the function, a scalar, tells how many of it count; -1: all do. That
result is for the runtime, which cuts what the user gets; the user does not see it. Where the counts follow while
compiling there is nothing to tell: the tensor is cut at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.types import rank_of, shape_of
from stepwell.interface import HIDDEN, NAME, SIZES
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, StringAttr, UnitAttr, i64
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, SSAValue

from .conversion import Converted, Node, Sized


def sized(node: Node, x: SSAValue, counts: Mapping[int, SSAValue]) -> Converted:
    """`x`, of which only so many elements of some dims count."""
    known = {dim: node.known(count) for dim, count in counts.items()}
    if any(count is None for count in known.values()):
        return Sized(x, tuple(counts.items()))
    sizes = tuple(size if known.get(dim) is None else int(known[dim]) for dim, size in enumerate(shape_of(x)))  # pyright: ignore
    return x if sizes == shape_of(x) else node(graph.SliceOp(x, starts=(0,) * len(sizes), sizes=sizes))


def hand_out(function: FuncOp, end: ReturnOp, results: Sequence[Converted]) -> None:
    """Return `results`, and behind them the counts of those that have some, each once."""
    given = function.res_attrs.data if function.res_attrs is not None else [DictionaryAttr({})] * len(results)
    entries: list[DictionaryAttr] = []
    tensors: list[SSAValue] = []
    counts: dict[SSAValue, int] = {}
    hidden: list[DictionaryAttr] = []
    for index, (value, entry) in enumerate(zip(results, given, strict=True)):
        if isinstance(value, Sized):
            sizes = [-1] * rank_of(value.tensor)
            for dim, count in value.counts:
                if count not in counts:
                    counts[count] = len(results) + len(counts)
                    name = entry.data.get(NAME)
                    label = name.data if isinstance(name, StringAttr) else f"result{index}"
                    hidden.append(DictionaryAttr({NAME: StringAttr(f"{label}.count"), HIDDEN: UnitAttr()}))
                sizes[dim] = counts[count]
            said: Mapping[str, Attribute] = {SIZES: DenseArrayBase.from_list(i64, sizes)}
            entry, value = DictionaryAttr({**entry.data, **said}), value.tensor
        if not isinstance(value, SSAValue):
            raise StepwellError(
                f"output {index} is a sequence or an optional; only tensors can be handed out",
                where=function,
                fix="export the model with tensors as outputs",
            )
        entries.append(entry)
        tensors.append(value)
    end.operands = [*tensors, *counts]
    if hidden:
        function.res_attrs = ArrayAttr([*entries, *hidden])
