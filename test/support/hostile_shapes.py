"""Hostile models: shapes, attributes and values that ask for terabytes, for ever, or for the impossible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from hostile import RIGHT, case

HUGE = 1 << 40
LARGEST = (1 << 63) - 1
LEAST = -(1 << 63)


def model_of(text: str, opset: int = 20) -> onnx.ModelProto:
    """A model whose graph is written in ONNX's own text form."""
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : {opset}]> g {text}')


def graph_case(name: str, text: str, says: str, opset: int = 20, shape: str | None = None, **feeds: object) -> None:
    """`feeds`: arrays for the inputs by name; zeros without."""

    @case(name, says)
    def _(folder: Path) -> list[str]:
        (folder / "model.onnx").write_bytes(model_of(text, opset).SerializeToString())
        arguments = ["run", "model.onnx", "--threads", "1"]
        if feeds:
            np.savez(folder / "in.npz", **feeds)
            arguments += ["--inputs", "in.npz"]
        return [*arguments, "--shape", shape] if shape is not None else arguments


def one(
    name: str, node: str, says: str, constants: str = "", takes: str = "float[1,1,8,8] x", gives: str = "float", **more
) -> None:
    """A model of one node; its result's shape isn't stated."""
    graph_case(name, f"({takes}) => ({gives} y) {f'<{constants}>' if constants else ''} {{ y = {node} }}", says, **more)


# -- bombs: a few bytes that ask for terabytes ------------------------------------------------------------------------

one("bomb-expand", "Expand(x, s)", "addressed", f"int64[4] s = {{{HUGE}, 1, 8, 8}}")
one("bomb-expand-within-reach", "Expand(x, s)", "memory", f"int64[4] s = {{{1 << 36}, 1, 8, 8}}")
one("bomb-tile", "Tile(x, s)", "addressed", f"int64[4] s = {{{HUGE}, 1, 1, 1}}")
one("bomb-tile-overflow", "Tile(x, s)", "", f"int64[4] s = {{{HUGE}, {HUGE}, 1, 1}}")
one("bomb-pad", "Pad(x, p)", "addressed", f"int64[8] p = {{0, 0, 0, 0, {HUGE}, 0, 0, 0}}")
one("bomb-pad-overflow", "Pad(x, p)", "", f"int64[8] p = {{0, 0, 0, 0, {LARGEST}, 0, 0, 0}}")
one("bomb-constant-of-shape", "ConstantOfShape(s)", "memory", f"int64[2] s = {{{HUGE}, 4}}")
one("bomb-constant-overflow", "ConstantOfShape(s)", "", f"int64[2] s = {{{HUGE}, {HUGE}}}")
one(
    "bomb-range",
    "Range(a, b, c)",
    "made while",
    f"int64 a = {{0}}, int64 b = {{{1 << 60}}}, int64 c = {{1}}",
    gives="int64",
)
one("bomb-range-of-specks", "Range(a, b, c)", "", "float a = {0}, float b = {1e30}, float c = {1e-30}")
one("bomb-one-hot", "OneHot(i, d, v)", "made while", f"int64 d = {{{HUGE}}}, float[2] v = {{0, 1}}", "int64[8] i")
one("bomb-resize", "Resize(x, , s)", "addressed", "float[4] s = {1, 1, 1000000, 1000000}")
one("bomb-resize-infinite", "Resize(x, , s)", "", "float[4] s = {1, 1, inf, 1}")
one("bomb-resize-sizes", "Resize(x, , , s)", "made while", f"int64[4] s = {{1, 1, {HUGE}, 8}}")
one("bomb-upsample", 'Upsample<mode="nearest">(x, s)', "addressed", "float[4] s = {1, 1, 1e6, 1e6}", opset=9)
one("bomb-conv-pads", f"Conv<pads=[{16 * HUGE}, 0, 0, 0]>(x, w)", "addressed", "float[1,1,1,1] w = {1}")
one("bomb-conv-pads-within-reach", f"Conv<pads=[{HUGE}, 0, 0, 0]>(x, w)", "memory", "float[1,1,1,1] w = {1}")
one("bomb-conv-transpose", f"ConvTranspose<strides=[{HUGE}, 1]>(x, w)", "addressed", "float[1,1,1,1] w = {1}")
one("bomb-broadcast", "Add(a, b)", "memory", takes="float[4194304,1] a, float[1,4194304] b")
one("bomb-matmul", "MatMul(a, b)", "memory", takes="float[4194304,1] a, float[1,4194304] b")
one("bomb-einsum", 'Einsum<equation="i,j,k->ijk">(a, a, a)', "", takes="float[65536] a")
one("bomb-pool", f"MaxPool<kernel_shape=[1,1], pads=[0,0,{HUGE},0]>(x)", "")
one("bomb-center-crop", "CenterCropPad(x, s)", "", f"int64[4] s = {{{HUGE}, 1, 8, 8}}")
one("bomb-eye", "EyeLike(x)", "made while", takes=f"float[{1 << 20},{1 << 20}] x")
one("bomb-input", "Relu(x)", "cannot be made", takes=f"float[{HUGE}] x")
one("bomb-input-overflow", "Relu(x)", "", takes=f"float[{HUGE},{HUGE}] x")
one("bomb-window", "HannWindow(s)", "", f"int64 s = {{{HUGE}}}")
one("bomb-random", f"RandomNormal<shape=[{HUGE}]>()", "")
one("bomb-dft", "DFT(x, n)", "", f"int64 n = {{{HUGE}}}", "float[1,8,1] x")
one(
    "bomb-mel",
    "MelWeightMatrix(a, b, c, d, e)",
    "",
    f"int64 a = {{{HUGE}}}, int64 b = {{8}}, int64 c = {{8192}}, float d = {{0}}, float e = {{4000}}",
)
one("bomb-affine-grid", "AffineGrid(x, s)", "", f"int64[4] s = {{1, 1, {HUGE}, 8}}", "float[1,2,3] x")
one(
    "bomb-max-unpool",
    "MaxUnpool<kernel_shape=[2,2]>(x, i, s)",
    "",
    f"int64[4] s = {{1, 1, {HUGE}, 16}}",
    "float[1,1,8,8] x, int64[1,1,8,8] i",
)
graph_case(
    "bomb-doubling",
    "(float[4] x) => (float y) {" + "".join(f"x{n + 1} = Concat<axis=0>(x{n or ''}, x{n or ''}) " for n in range(60))
    + "y = Identity(x60) }",
    "addressed",
)  # fmt: skip
graph_case(
    "bomb-doubling-constants",
    "() => (float y) <float[1] x0 = {1}> {"
    + "".join(f"x{n + 1} = Concat<axis=0>(x{n}, x{n}) " for n in range(60))
    + "y = Identity(x60) }",
    "addressed",
)
graph_case(
    "bomb-hidden-in-the-middle",
    f"(float[4] x) => (float y) <int64[2] s = {{{HUGE}, 4}}, int64[1] k = {{0}}>"
    "{ big = Expand(x, s) soft = Softmax<axis=0>(big) y = ReduceSum<keepdims=0>(soft, k) }",
    "memory",
)
graph_case(
    "bomb-shape-arithmetic",
    f"(float[8] x) => (float y) <int64[1] h = {{{HUGE}}}>{{ s = Shape(x) big = Mul(s, h) y = Expand(x, big) }}",
    "",
)
graph_case(
    "bomb-shape-arithmetic-overflows",
    f"(float[8] x) => (float y) <int64[1] h = {{{1 << 61}}}>"
    "{ s = Shape(x) big = Mul(s, h) y = ConstantOfShape(big) }",
    RIGHT,
)
one("bomb-symbolic", "Relu(x)", "", takes="float[n,4] x", shape=f"x={HUGE}x4")
one("bomb-symbolic-overflow", "Relu(x)", "", takes="float[n,m] x", shape=f"x={HUGE}x{HUGE}")

# -- attributes that mean nothing -------------------------------------------------------------------------------------

W3 = "float[1,1,3,3] w = {1, 1, 1, 1, 1, 1, 1, 1, 1}"
one("conv-stride-0", "Conv<strides=[0, 1]>(x, w)", "Conv", W3)
one("conv-stride-negative", "Conv<strides=[-1, 1]>(x, w)", "Conv", W3)
one("conv-dilation-0", "Conv<dilations=[0, 1]>(x, w)", "Conv", W3)
one("conv-dilation-huge", f"Conv<dilations=[{1 << 62}, 1]>(x, w)", "Conv", W3)
one("conv-pads-negative", "Conv<pads=[-5, -5, -5, -5]>(x, w)", "Conv", W3)
one("conv-pads-least", f"Conv<pads=[{LEAST}, 0, 0, 0]>(x, w)", "Conv", W3)
one("conv-too-few-pads", "Conv<pads=[1]>(x, w)", "Conv", W3)
one("conv-group-0", "Conv<group=0>(x, w)", "Conv", W3)
one("conv-group-negative", "Conv<group=-1>(x, w)", "Conv", W3)
one("conv-group-does-not-divide", "Conv<group=7>(x, w)", "Conv", W3)
one("conv-kernel-lies", "Conv<kernel_shape=[5, 5]>(x, w)", "Conv", W3)
one("conv-kernel-wider-than-the-image", "Conv(x, w)", "", W3, "float[1,1,2,2] x")
one("conv-auto-pad-unknown", 'Conv<auto_pad="SOMEHOW">(x, w)', "SOMEHOW", W3)
one("conv-rank-2", "Conv(x, w)", "Conv", W3, "float[8,8] x")
one("conv-transpose-output-negative", "ConvTranspose<output_shape=[-5, 3]>(x, w)", "ConvTranspose", W3)
one("pool-kernel-0", "MaxPool<kernel_shape=[0, 1]>(x)", "MaxPool")
one("pool-kernel-negative", "AveragePool<kernel_shape=[-2, 1]>(x)", "AveragePool")
one("pool-kernel-huge", f"MaxPool<kernel_shape=[{LARGEST}, 1]>(x)", "MaxPool")
one("pool-stride-0", "AveragePool<kernel_shape=[2, 2], strides=[0, 0]>(x)", "AveragePool")
one("pool-pads-eat-the-kernel", "AveragePool<kernel_shape=[2, 2], pads=[2, 2, 2, 2]>(x)", RIGHT)
one("lp-pool-p-0", "LpPool<kernel_shape=[2, 2], p=0>(x)", "LpPool")
one("lrn-size-0", "LRN<size=0>(x)", "LRN")
one("lrn-size-huge", f"LRN<size={LARGEST}>(x)", "addressed")
one("axis-outside", "Softmax<axis=9>(x)", "axis")
one("axis-least", f"Softmax<axis={LEAST}>(x)", "axis")
one("axes-twice", "ReduceSum(x, a)", "ReduceSum", "int64[2] a = {1, 1}")
one("axes-outside", "ReduceSum(x, a)", "ReduceSum", f"int64[1] a = {{{LARGEST}}}")
one("concat-of-other-ranks", "Concat<axis=0>(x, v)", "Concat", "float[2] v = {1, 2}")
one("transpose-twice-the-same", "Transpose<perm=[0, 0, 1, 1]>(x)", "Transpose")
one("transpose-outside", f"Transpose<perm=[0, 1, 2, {LARGEST}]>(x)", "Transpose")
one("reshape-to-another-size", "Reshape(x, s)", "elements", "int64[2] s = {3, 3}")
one("reshape-two-unknown", "Reshape(x, s)", "elements", "int64[2] s = {-1, -1}")
one("reshape-negative", "Reshape(x, s)", "negative", "int64[2] s = {-8, -8}")
one("reshape-overflows-to-64", "Reshape(x, s)", "elements", f"int64[3] s = {{{1 << 62}, 4, 64}}")
one("reshape-zero-of-nothing", "Reshape(x, s)", "Reshape", "int64[6] s = {0, 0, 0, 0, 0, 0}")
one("expand-to-what-does-not-fit", "Expand(x, s)", "Expand", "int64[1] s = {3}")
one("expand-negative", "Expand(x, s)", "Expand", "int64[1] s = {-1}")
one("tile-negative", "Tile(x, s)", "negative", "int64[4] s = {1, 1, -1, 1}")
one("tile-too-few", "Tile(x, s)", "Tile", "int64[1] s = {2}")
one("constant-of-negative-shape", "ConstantOfShape(s)", "negative", "int64[1] s = {-5}")
one("range-step-0", "Range(a, b, c)", "Range", "int64 a = {0}, int64 b = {5}, int64 c = {0}")
one("range-nan", "Range(a, b, c)", "Range", "float a = {0}, float b = {nan}, float c = {1}")
one("range-infinite", "Range(a, b, c)", "Range", "float a = {0}, float b = {inf}, float c = {1}")
one("split-that-does-not-add-up", "Split<axis=3>(x, s)", "Split", "int64[1] s = {7}")
one("split-negative", "Split<axis=3>(x, s)", "Split", "int64[1] s = {-8}")
one("split-num-outputs-0", "Split<num_outputs=0>(x)", RIGHT)
one(
    "slice-step-0",
    "Slice(x, a, b, c, d)",
    "Slice",
    "int64[1] a = {0}, int64[1] b = {5}, int64[1] c = {2}, int64[1] d = {0}",
)
one(
    "slice-step-least",
    "Slice(x, a, b, c, d)",
    RIGHT,
    f"int64[1] a = {{{LARGEST}}}, int64[1] b = {{{LEAST}}}, int64[1] c = {{2}}, int64[1] d = {{{LEAST}}}",
)
one("slice-axes-twice", "Slice(x, a, a, c)", "Slice", "int64[2] a = {0, 0}, int64[2] c = {2, -2}")
one("slice-of-other-lengths", "Slice(x, a, b)", "Slice", "int64[1] a = {0}, int64[2] b = {5, 5}")
one("pad-too-few", "Pad(x, p)", "Pad", "int64[3] p = {1, 1, 1}")
one("pad-reflects-more-than-there-is", 'Pad<mode="reflect">(x, p)', "Pad", "int64[8] p = {0, 0, 9, 0, 0, 0, 0, 0}")
one("pad-crops-more-than-there-is", "Pad(x, p)", "Pad", "int64[8] p = {0, 0, -9, 0, 0, 0, 0, 0}")
one("resize-scale-0", "Resize(x, , s)", "above 0", "float[4] s = {1, 1, 0, 1}")
one("resize-scale-negative", "Resize(x, , s)", "above 0", "float[4] s = {1, 1, -2, 1}")
one("resize-scale-nan", "Resize(x, , s)", "Resize", "float[4] s = {1, 1, nan, 1}")
one("resize-size-negative", "Resize(x, , , s)", "above 0", "int64[4] s = {1, 1, -8, 8}")
one("depth-to-space-0", "DepthToSpace<blocksize=0>(x)", "DepthToSpace")
one("space-to-depth-huge", f"SpaceToDepth<blocksize={LARGEST}>(x)", "elements")
one("cast-to-nothing", "Cast<to=0>(x)", "Cast")
one("cast-to-unknown", "Cast<to=9999>(x)", "Cast")
one("cast-to-strings", "Cast<to=8>(x)", "Cast")
one("one-hot-depth-negative", "OneHot(i, d, v)", "OneHot", "int64 d = {-3}, float[2] v = {0, 1}", "int64[8] i")
one("trilu-huge", "Trilu(x, k)", RIGHT, f"int64 k = {{{LARGEST}}}")
one("trilu-least", "Trilu(x, k)", RIGHT, f"int64 k = {{{LEAST}}}")
one("gemm-that-does-not-fit", "Gemm(a, b)", "Gemm", takes="float[2,3] a, float[4,5] b")
one("matmul-of-a-scalar", "MatMul(a, b)", "MatMul", takes="float a, float[4] b")
one("einsum-of-noise", 'Einsum<equation="i->->->j">(a)', "", takes="float[4] a")
one("einsum-of-a-thousand-letters", f'Einsum<equation="{"i" * 1000}->">(a)', "", takes="float[4] a")
one(
    "batch-norm-of-other-channels",
    "BatchNormalization(x, s, s, s, s)",
    "BatchNormalization",
    "float[5] s = {1, 1, 1, 1, 1}",
)
one("group-norm-0", "GroupNormalization<num_groups=0>(x, s, s)", "GroupNormalization", "float[1] s = {1}", opset=21)
one("layer-norm-axis", "LayerNormalization<axis=17>(x, s)", "LayerNormalization", "float[1] s = {1}")
one("squeeze-of-what-is-not-1", "Squeeze(x, a)", "elements", "int64[1] a = {2}")
one("unsqueeze-twice", "Unsqueeze(x, a)", "Unsqueeze", "int64[2] a = {0, 0}")
one("unsqueeze-a-thousand", "Unsqueeze(x, a)", "", f"int64[1000] a = {{{', '.join(map(str, range(1000)))}}}")
one("flatten-axis", "Flatten<axis=99>(x)", "Flatten")
one("dft-axis", "DFT(x, , a)", "", "int64 a = {99}", "float[1,8,1] x")

# -- values that trap a processor, or lead out of a tensor ------------------------------------------------------------


def ints(name: str, node: str, says: str, constants: str = "", kind: str = "int64", **feeds: object) -> None:
    takes = ", ".join(f"{kind}[{len(np.asarray(value))}] {key}" for key, value in feeds.items())
    given = {key: np.array(value, kind.replace("float", "float32")) for key, value in feeds.items()}
    graph_case(name, f"({takes}) => ({kind} y) {f'<{constants}>' if constants else ''} {{ y = {node} }}", says, **given)


ints("divide-by-0", "Div(x, z)", RIGHT, x=[1, 2, LEAST], z=[0, 0, 0])
ints("divide-by-0-int32", "Div(x, z)", RIGHT, kind="int32", x=[1, 2, 3], z=[0, 0, 0])
ints("divide-least-by-minus-1", "Div(x, z)", RIGHT, x=[LEAST, 4, LEAST], z=[-1, -1, -1])
ints("divide-least-by-minus-1-int32", "Div(x, z)", RIGHT, kind="int32", x=[-(1 << 31), 4], z=[-1, -1])
ints("divide-by-0-known", "Div(x, z)", RIGHT, "int64[1] z = {0}", x=[1, 2])
ints("divide-0-by-0-folded", "Div(a, z)", RIGHT, "int64[1] a = {1}, int64[1] z = {0}", x=[1])
ints("mod-by-0", "Mod(x, z)", RIGHT, x=[1, 2, LEAST], z=[0, 0, 0])
ints("mod-by-0-uint8", "Mod(x, z)", RIGHT, kind="uint8", x=[1, 2, 3], z=[0, 0, 0])
ints("mod-least-by-minus-1", "Mod(x, z)", RIGHT, x=[LEAST, 4], z=[-1, -1])
ints("fmod-by-0", "Mod<fmod=1>(x, z)", RIGHT, x=[1, 2], z=[0, 0])
ints("pow-that-overflows", "Pow(x, z)", RIGHT, x=[LARGEST, 2, -3], z=[LARGEST, -1, LEAST])
ints("abs-of-least", "Abs(x)", RIGHT, x=[LEAST, LARGEST])
ints(
    "shift-by-more-than-there-are-bits",
    'BitShift<direction="LEFT">(x, z)',
    RIGHT,
    kind="uint64",
    x=[1, 2],
    z=[64, LARGEST],
)
graph_case(
    "cast-nan-to-int",
    "(float[4] x) => (int64 y) { y = Cast<to=7>(x) }",
    RIGHT,
    x=np.array([np.nan, np.inf, -np.inf, 1e30], np.float32),
)
graph_case("gather-outside-known", "(float[4] x) => (float y) <int64[2] i = {0, 99}> { y = Gather(x, i) }", "Gather")
graph_case(
    "gather-outside-folded",
    "() => (float y) <float[2] x = {1, 2}, int64[2] i = {0, 99}> { y = Gather(x, i) }",
    "Gather",
)
ints("gather-outside", "Gather(x, i)", RIGHT, x=[1, 2, 3], i=[LARGEST, LEAST, 99])
ints("gather-of-nothing", "Gather(x, i)", "", x=[], i=[0, 1])
ints("one-hot-outside", "OneHot(x, d, v)", RIGHT, "int64 d = {3}, int64[2] v = {0, 1}", x=[LARGEST, LEAST, 99])
ints("gather-elements-outside", "GatherElements(x, i)", RIGHT, x=[1, 2, 3], i=[LARGEST, LEAST, 99])
ints("scatter-elements-outside", "ScatterElements(x, i, x)", RIGHT, x=[1, 2, 3], i=[LARGEST, LEAST, 99])
graph_case(
    "gather-nd-outside",
    "(float[2,2] x, int64[2,2] i) => (float y) { y = GatherND(x, i) }",
    RIGHT,
    x=np.ones((2, 2), np.float32),
    i=np.array([[99, LARGEST], [LEAST, 0]]),
)
graph_case(
    "scatter-nd-outside",
    "(float[4] x, int64[2,1] i, float[2] u) => (float y) { y = ScatterND(x, i, u) }",
    RIGHT,
    x=np.ones(4, np.float32),
    i=np.array([[LARGEST], [LEAST]]),
    u=np.ones(2, np.float32),
)
graph_case(
    "slice-outside",
    "(float[4] x, int64[1] a, int64[1] b) => (float y) { y = Slice(x, a, b) }",
    RIGHT,
    x=np.ones(4, np.float32),
    a=np.array([LEAST]),
    b=np.array([LARGEST]),
)
graph_case(
    "max-unpool-outside",
    "(float[1,1,2,2] x, int64[1,1,2,2] i) => (float y) { y = MaxUnpool<kernel_shape=[2,2], strides=[2,2]>(x, i) }",
    RIGHT,
    x=np.ones((1, 1, 2, 2), np.float32),
    i=np.array([LARGEST, LEAST, 99, -1]).reshape(1, 1, 2, 2),
)
graph_case(
    "top-k-of-more-than-there-is",
    "(float[4] x) => (float y, int64 i) <int64[1] k = {99}> { y, i = TopK(x, k) }",
    "TopK",
)
graph_case("top-k-negative", "(float[4] x) => (float y, int64 i) <int64[1] k = {-1}> { y, i = TopK(x, k) }", "TopK")
graph_case(
    "reverse-sequence-outside",
    "(float[4,2] x, int64[2] n) => (float y) { y = ReverseSequence(x, n) }",
    RIGHT,
    x=np.ones((4, 2), np.float32),
    n=np.array([LARGEST, LEAST]),
)
graph_case(
    "roi-align-outside",
    "(float[1,1,8,8] x, float[2,4] r, int64[2] b) => (float y) { y = RoiAlign(x, r, b) }",
    RIGHT,
    x=np.ones((1, 1, 8, 8), np.float32),
    b=np.array([LARGEST, LEAST]),
    r=np.array([[np.nan, np.inf, -np.inf, 1e30], [1e9, 1e9, -1e9, -1e9]], np.float32),
)
graph_case(
    "grid-sample-outside",
    "(float[1,1,8,8] x, float[1,2,2,2] g) => (float y) { y = GridSample(x, g) }",
    RIGHT,
    x=np.ones((1, 1, 8, 8), np.float32),
    g=np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e9, 3, 0], np.float32).reshape(1, 2, 2, 2),
)
graph_case(
    "nll-outside",
    "(float[2,3] x, int64[2] t) => (float y) { y = NegativeLogLikelihoodLoss(x, t) }",
    RIGHT,
    x=np.ones((2, 3), np.float32),
    t=np.array([LARGEST, LEAST]),
)
for label, trips, body in (
    ("without-end", "", "c2 = Identity(c)"),
    ("of-a-billion-years", "n", "c2 = Identity(c)"),
    ("whose-condition-is-computed", "", "c2 = Or(c, c)"),
    ("whose-condition-is-carried", "", "c2 = Identity(d)"),
):
    graph_case(
        f"loop-{label}",
        f"(float[4] x) => (float y, bool e) <int64 n = {{{LARGEST}}}, bool t = {{1}}> {{ y, e = Loop({trips}, t, x, t) "
        "<body = b (int64 i, bool c, float[4] v, bool d) => (bool c2, float[4] w, bool d2) "
        f"{{ {body} w = Add(v, v) d2 = Or(d, c2) }}> }}",
        "Loop: never ends",
    )
graph_case(
    "loop-that-grows",
    "(float[4] x) => (float y) <int64 n = {100}> { y = Loop(n, , x) <body = b (int64 i, bool c, float[k] v) => "
    "(bool c2, float[m] w) { c2 = Identity(c) w = Concat<axis=0>(v, v) }> }",
    "",
)
