"""The model's interface as one attribute, in the framework's types.

Below this level integers have no sign and values become buffers, but a caller still hands in a `ui8` named "image":

    func.func @main(%image: tensor<1x224x224x3xui8> {stepwell.name = "image", ...})
                    -> (tensor<1x10xf32> {stepwell.name = "scores", ...})
  becomes
    func.func @main(%image: tensor<1x224x224x3xi8>) -> tensor<1x10xf32> attributes {stepwell.signature = {
      inputs = [{name = "image", type = tensor<1x224x224x3xui8>}],
      outputs = [{name = "scores", type = tensor<1x10xf32>}]}}

Of a result whose size the data decide it also says `sizes`, and of one that tells how many elements count, `hidden`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stepwell.interface import HIDDEN, NAME, SIZES
from stepwell.manifest import GROWS
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

SIGNATURE = "stepwell.signature"
KEPT = {SIZES: "sizes", HIDDEN: "hidden", GROWS: "grows"}
"""What else is said of an argument or a result, and what it is called in the signature."""


def _ports(types: Sequence[Attribute], attributes: ArrayAttr[DictionaryAttr] | None, word: str) -> Attribute:
    ports: list[Attribute] = []
    for i, type in enumerate(types):
        said: Mapping[str, Attribute] = attributes.data[i].data if attributes is not None else {}
        kept = {short: said[name] for name, short in KEPT.items() if name in said}
        name = said.get(NAME, StringAttr(f"{word}{i}"))
        ports.append(DictionaryAttr({"name": name, "type": type, **kept}))
    return ArrayAttr(ports)


def move_signature(function: FuncOp) -> None:
    """Say names and types of arguments and results in one attribute, and drop the arguments' own attributes."""
    types = function.function_type
    if any(NAME in ports.data for attrs in (function.arg_attrs, function.res_attrs) if attrs for ports in attrs):
        function.attributes[SIGNATURE] = DictionaryAttr(
            {
                "inputs": _ports(types.inputs.data, function.arg_attrs, "input"),
                "outputs": _ports(types.outputs.data, function.res_attrs, "output"),
            }
        )
    function.arg_attrs = None
    function.res_attrs = None
