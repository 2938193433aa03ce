"""Models of the operators that one node alone does not show: those that carry graphs, sequences or optionals, that are
in ONNX no more, or that take any number of operands of several types. In ONNX's text form, `{T}` the element type.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx.parser
from onnx import TensorProto
from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN

PAIR = "({T}[4] x, {T}[4] z) => ({T}[4] y) <int64 i = {1}> "
MADE = "s = SequenceConstruct(x, z)"

TEXTS: Mapping[str, tuple[str, str]] = {
    "If": (
        "V",
        "(bool c, {T}[4] x, {T}[4] z) => ({T}[4] y) { y = If(c) <then_branch = t () => ({T}[4] a) { a = Identity(x) },"
        " else_branch = e () => ({T}[4] b) { b = Identity(z) }> }",
    ),
    "Loop": (
        "V",
        "({T}[4] x, {T}[4] z) => ({T}[4] y, {T}[4] w, {T}[3, 4] s) <int64 n = {3}, bool go = {1}> "
        "{ y, w, s = Loop(n, go, x, z) <body = b (int64 i, bool c, {T}[4] v, {T}[4] u) => "
        "(bool c2, {T}[4] u2, {T}[4] v2, {T}[4] s2) "
        "{ c2 = Identity(c) u2 = Identity(u) v2 = Identity(v) s2 = Identity(v) }> }",
    ),
    "Scan": (
        "V",
        "({T}[4] x, {T}[3, 4] z) => ({T}[4] y, {T}[3, 4] s) { y, s = Scan<num_scan_inputs = 1, "
        "body = b ({T}[4] v, {T}[4] e) => ({T}[4] v2, {T}[4] s2) { v2 = Identity(e) s2 = Identity(v) }>(x, z) }",
    ),
    "SequenceConstruct": ("T", PAIR + "{ " + MADE + " y = SequenceAt(s, i) }"),
    "SequenceEmpty": (
        "S",
        PAIR.replace("{1}", "{0}")
        + "{ e = SequenceEmpty<dtype = {N}>() s = SequenceInsert(e, x) y = SequenceAt(s, i) }",
    ),
    "SequenceInsert": ("T", PAIR + "{ " + MADE + " t = SequenceInsert(s, x, i) y = SequenceAt(t, i) }"),
    "SequenceErase": (
        "S",
        PAIR + "{ " + MADE + " t = SequenceInsert(s, x) u = SequenceErase(t) y = SequenceAt(u, i) }",
    ),
    "SequenceAt": ("T", PAIR + "{ " + MADE + " y = SequenceAt(s, i) }"),
    "SequenceLength": ("S", "({T}[4] x, {T}[4] z) => (int64 y) { " + MADE + " y = SequenceLength(s) }"),
    "SequenceMap": (
        "S",
        PAIR + "{ " + MADE + " t = SequenceMap(s) <body = b ({T}[4] v) => ({T}[4] w) { w = Identity(v) }> "
        "y = SequenceAt(t, i) }",
    ),
    "SplitToSequence": ("T", PAIR + "{ s = SplitToSequence(x) y = SequenceAt(s, i) }"),
    "ConcatFromSequence": (
        "T",
        "({T}[4] x, {T}[4] z) => ({T}[8] y) { " + MADE + " y = ConcatFromSequence<axis = 0>(s) }",
    ),
    "Optional": ("V", PAIR + "{ o = Optional(x) y = OptionalGetElement(o) }"),
    "OptionalGetElement": ("V", PAIR + "{ o = Optional(x) y = OptionalGetElement(o) }"),
    "OptionalHasElement": ("O", "({T}[4] x) => (bool y) { o = Optional(x) y = OptionalHasElement(o) }"),
    "Upsample": ("T", "({T}[1, 1, 2, 2] x) => ({T}[1, 1, 4, 4] y) <float[4] s = {1, 1, 2, 2}> { y = Upsample(x, s) }"),
    "Scatter": (
        "T",
        "({T}[3, 3] x, int64[1, 3] i, {T}[1, 3] u) => ({T}[3, 3] y) { y = Scatter<axis = 0>(x, i, u) }",
    ),
    "ai.onnx.ml.ArrayFeatureExtractor": (
        "T",
        "({T}[2, 4] x, int64[2] i) => ({T}[2, 2] y) { y = ai.onnx.ml.ArrayFeatureExtractor(x, i) }",
    ),
    "com.microsoft.QLinearConcat": (
        "T8",
        "({T}[2, 2] a, {T}[2, 2] b) => ({T}[4, 2] y) <float h = {0.5}, {T} o = {0}> "
        "{ y = com.microsoft.QLinearConcat<axis = 0>(h, o, a, h, o, b, h, o) }",
    ),
}
"""By operator: its type variable, and a graph."""

PADDED = "({T}[2, 2] x) => ({T}[2, 4] y) <int64[4] p = {0, 1, 0, 1}> { y = Pad(x, p) }"
RESHAPED = "({T}[2, 2] x) => ({T}[4] y) <int64[1] s = {-1}> { y = Reshape(x, s) }"

OLDER: Mapping[tuple[str, int], tuple[str, str]] = {
    ("Upsample", 7): (
        "T",
        "({T}[1, 1, 2, 2] x) => ({T}[1, 1, 4, 4] y) { y = Upsample<scales = [1.0, 1.0, 2.0, 2.0]>(x) }",
    ),
    ("Resize", 10): (
        "T",
        "({T}[1, 1, 2, 2] x) => ({T}[1, 1, 4, 4] y) <float[4] s = {1, 1, 2, 2}> { y = Resize(x, s) }",
    ),
    ("Resize", 11): (
        "T1",
        "({T}[1, 1, 2, 2] x) => ({T}[1, 1, 4, 4] y) <float[0] r = {}, float[4] s = {1, 1, 2, 2}> "
        "{ y = Resize(x, r, s) }",
    ),
    ("Resize", 13): (
        "T1",
        "({T}[1, 1, 2, 2] x) => ({T}[1, 1, 4, 4] y) <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }",
    ),
    ("Pad", 2): ("T", "({T}[2, 2] x) => ({T}[2, 4] y) { y = Pad<pads = [0, 1, 0, 1]>(x) }"),
    ("Pad", 11): ("T", PADDED),
    ("Pad", 13): ("T", PADDED),
    ("Reshape", 5): ("T", RESHAPED),
    ("Reshape", 13): ("T", RESHAPED),
    ("TopK", 10): ("T", "({T}[4] x) => ({T}[2] y, int64[2] i) <int64[1] k = {2}> { y, i = TopK(x, k) }"),
    ("GroupNormalization", 18): (
        "T",
        "({T}[2, 4, 3] x, {T}[2] s, {T}[2] b) => ({T}[2, 4, 3] y) { y = GroupNormalization<num_groups = 2>(x, s, b) }",
    ),
    ("Scan", 8): (
        "V",
        "({T}[2, 4] x, {T}[2, 3, 4] z) => ({T}[2, 4] y, {T}[2, 3, 4] s) { y, s = Scan<num_scan_inputs = 1, "
        "body = b ({T}[4] v, {T}[4] e) => ({T}[4] v2, {T}[4] s2) { v2 = Identity(e) s2 = Identity(v) }>(, x, z) }",
    ),
}
"""The same of one version of an operator, which asks for another."""


def variable_of(name: str, since: int) -> str | None:
    """The type variable of the model of a version; None where it has no text."""
    return OLDER.get((name, since), TEXTS.get(name, (None, "")))[0]


def text_model(name: str, since: int, dtype: str, opset: int) -> bytes:
    """`dtype`: as ONNX calls it; `opset`: of the operator's domain."""
    _, text = OLDER.get((name, since)) or TEXTS[name]
    text = text.replace("{T}", dtype).replace("{N}", str(getattr(TensorProto, dtype.upper())))
    domain = name.rpartition(".")[0]
    opsets = {"": 17, domain: opset} if domain not in ("", DEFAULT_DOMAIN) else {"": opset}
    said = ", ".join(f'"{key}" : {version}' for key, version in opsets.items())
    return onnx.parser.parse_model(f"<ir_version: 10, opset_import: [{said}]> g {text}").SerializeToString()
