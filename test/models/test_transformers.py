"""Small transformers, as the exporters write them: their numbers are ONNX's, and a layer is a handful of kernels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
import stepwell
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from xdsl.dialects.func import CallOp, FuncOp

LAYERS, ROWS, PAST, HEADS, WIDTH = 2, 10, 7, 3, 24
DEPTH, HIDDEN = WIDTH // HEADS, 4 * WIDTH
TOLERANCE = 1e-5

SHAPES = {
    **dict.fromkeys(("wq", "wk", "wv", "wo"), (WIDTH, WIDTH)),
    **dict.fromkeys(("bq", "bv", "bo", "scale", "shift", "scale2", "shift2", "b2"), (WIDTH,)),
    **{"wqkv": (WIDTH, 3 * WIDTH), "bqkv": (3 * WIDTH,), "w1": (WIDTH, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, WIDTH)},
}
NUMBERS = {
    "heads": np.array([0, 0, HEADS, DEPTH]),
    "rows": np.array([0, 0, WIDTH]),
    "thirds": np.array([WIDTH] * 3),
    "last": np.array([-1]),
    "two": np.float32(2),
    "half": np.float32(0.5),
    "one": np.float32(1),
    "root2": np.float32(np.sqrt(2)),
    "rootd": np.float32(np.sqrt(DEPTH)),
    "small": np.float32(-1e9),
    "epsilon": np.float32(1e-5),
    "cubic": np.float32(0.044715),
    "slope": np.float32(np.sqrt(2 / np.pi)),
}

ERF_GELU = "t1 = Div(h, root2) t2 = Erf(t1) t3 = Add(t2, one) t4 = Mul(h, t3) g = Mul(t4, half)"
TANH_GELU = """t1 = Mul(h, h) t2 = Mul(t1, h) t3 = Mul(t2, cubic) t4 = Add(h, t3) t5 = Mul(t4, slope) t6 = Tanh(t5)
    t7 = Add(t6, one) t8 = Mul(h, t7) g = Mul(t8, half)"""
LAYER_NORM = "{to} = LayerNormalization<axis = -1>({x}, {scale}, {shift})"
NORM_BY_HAND = """m_{to} = ReduceMean<axes = [-1]>({x}) c_{to} = Sub({x}, m_{to}) q_{to} = Pow(c_{to}, two)
    v_{to} = ReduceMean<axes = [-1]>(q_{to}) e_{to} = Add(v_{to}, epsilon) s_{to} = Sqrt(e_{to})
    n_{to} = Div(c_{to}, s_{to}) p_{to} = Mul(n_{to}, {scale}) {to} = Add(p_{to}, {shift})"""


def feed_forward(x: str, gelu: str, norm: str) -> str:
    after = norm.format(to="y", x="r2", scale="scale2", shift="shift2")
    return f"""h0 = MatMul({x}, w1) h = Add(h0, b1) {gelu}
        f0 = MatMul(g, w2) f = Add(f0, b2) r2 = Add(f, {x}) {after}"""


def encoder(gelu: str, norm: str, scores: str) -> str:
    """BERT: three products of x, a norm behind each residual."""
    return f"""
        q0 = MatMul(x, wq) q1 = Add(q0, bq) q2 = Reshape(q1, heads) q = Transpose<perm = [0, 2, 1, 3]>(q2)
        k0 = MatMul(x, wk) k1 = Reshape(k0, heads)
        v0 = MatMul(x, wv) v1 = Add(bv, v0) v2 = Reshape(v1, heads) v = Transpose<perm = [0, 2, 1, 3]>(v2)
        {scores}
        p = Softmax<axis = -1>(s)
        o0 = MatMul(p, v) o1 = Transpose<perm = [0, 2, 1, 3]>(o0) o2 = Reshape(o1, rows)
        o3 = MatMul(o2, wo) o4 = Add(o3, bo) r = Add(o4, x)
        {norm.format(to="a", x="r", scale="scale", shift="shift")}
        {feed_forward("a", gelu, norm)}"""


DIVIDED = "k = Transpose<perm = [0, 2, 3, 1]>(k1) s0 = MatMul(q, k) s1 = Div(s0, rootd) s = Add(s1, mask)"
SCALED_FIRST = """k2 = Transpose<perm = [0, 2, 1, 3]>(k1) k = Transpose<perm = [0, 1, 3, 2]>(k2) qs = Div(q, rootd)
    s0 = MatMul(qs, k) far = Less(mask, half) s = Where(far, s0, small)"""

DECODER = f"""
    {LAYER_NORM.format(to="n", x="x", scale="scale", shift="shift")}
    j0 = MatMul(n, wqkv) j = Add(j0, bqkv) q0, k0, v0 = Split<axis = -1>(j, thirds)
    q1 = Reshape(q0, heads) q = Transpose<perm = [0, 2, 1, 3]>(q1)
    k1 = Reshape(k0, heads) k2 = Transpose<perm = [0, 2, 1, 3]>(k1) keys = Concat<axis = 2>(past_k, k2)
    v1 = Reshape(v0, heads) v2 = Transpose<perm = [0, 2, 1, 3]>(v1) values = Concat<axis = 2>(past_v, v2)
    k = Transpose<perm = [0, 1, 3, 2]>(keys) s0 = MatMul(q, k) s = Div(s0, rootd) p = Softmax<axis = -1>(s)
    o0 = MatMul(p, values) o1 = Transpose<perm = [0, 2, 1, 3]>(o0) o2 = Reshape(o1, rows)
    o3 = MatMul(o2, wo) o4 = Add(o3, bo) a = Add(o4, x)
    {feed_forward("a", TANH_GELU, "{to} = Add({x}, {shift})")}"""


def model_of(body: str, inputs: Mapping[str, tuple[int, ...]], outputs: Mapping[str, tuple[int, ...]]) -> bytes:
    """`LAYERS` times `body`, from x to y, with weights of its own each; the mask is one for all."""
    nodes: list[onnx.NodeProto] = []
    for n in range(LAYERS):
        layer = parser.parse_graph(f"layer (float x) => (float y) {{ {body} }}")
        nodes += [renamed(node, n) for node in layer.node]

    def described(specs: Mapping[str, tuple[int, ...]]) -> list[onnx.ValueInfoProto]:
        names = {name: dict.fromkeys(in_layer(name, n) for n in range(LAYERS)) for name in specs}
        names |= {"x": {"x_0": None}, "y": {f"x_{LAYERS}": None}}
        return [
            onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, shape)
            for name, shape in specs.items()
            for each in names[name]
        ]

    graph = onnx.helper.make_graph(nodes, "small", described(inputs), described(outputs))
    made = {name for node in nodes for name in node.output} | {i.name for i in graph.input}
    random = np.random.default_rng(0)
    for name in dict.fromkeys(name for node in nodes for name in node.input if name not in made):
        value = NUMBERS.get(name)
        if value is None:
            value = (random.standard_normal(SHAPES[name.rpartition("_")[0]]) / np.sqrt(WIDTH)).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def in_layer(name: str, n: int) -> str:
    if name in NUMBERS or name == "mask":
        return name
    return {"x": f"x_{n}", "y": f"x_{n + 1}"}.get(name, f"{name}_{n}")


def renamed(node: onnx.NodeProto, n: int) -> onnx.NodeProto:
    for names in (node.input, node.output):
        names[:] = [in_layer(name, n) for name in names]
    return node


ROWS_OF_X, CACHE = (1, ROWS, WIDTH), (1, HEADS, PAST, DEPTH)
GROWN = (1, HEADS, PAST + 1, DEPTH)
ENCODER = {"x": ROWS_OF_X, "mask": (1, 1, 1, ROWS)}, {"y": ROWS_OF_X}

# what it is: (a layer, inputs and outputs, calls a layer, different kernels)
MODELS = {
    # q, k and v; attention; its output and the residual; norm; two products; norm
    "bert": (encoder(ERF_GELU, LAYER_NORM, DIVIDED), ENCODER, 7, 6),
    "bert, norms by hand": (encoder(TANH_GELU, NORM_BY_HAND, DIVIDED), ENCODER, 7, 6),
    # one more: the scaled queries; and for both layers, what the mask says
    "queries scaled first, a mask that selects": (encoder(ERF_GELU, LAYER_NORM, SCALED_FIRST), ENCODER, 8.5, 8),
    # norm; q, k and v; attention; its output and the residual; two products and the residual
    "gpt2, a step with a cache": (
        DECODER,
        (
            {"x": (1, 1, WIDTH), "past_k": CACHE, "past_v": CACHE},
            {"y": (1, 1, WIDTH), "keys": GROWN, "values": GROWN},
        ),
        6,
        6,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_numbers_are_those_of_onnx(name: str):
    body, (inputs, outputs), _, _ = MODELS[name]
    model = model_of(body, inputs, outputs)
    random = np.random.default_rng(1)
    given = onnx.load_from_string(model).graph.input
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in given}
    feeds = {key: random.standard_normal(shape).astype(np.float32) for key, shape in shapes.items()}
    reference = ReferenceEvaluator(onnx.load_from_string(model))
    want = dict(zip(reference.output_names, reference.run(None, feeds), strict=True))
    for threads in (1, 2):
        got = stepwell.compile(model, threads=threads).run(feeds)
        assert list(got) == list(want)
        for key, expected in want.items():
            error = np.abs(got[key] - expected).max()
            assert error <= TOLERANCE * np.abs(expected).max(), f"{key}: off by {error}"


@pytest.mark.parametrize("name", MODELS)
def test_a_layer_is_a_handful_of_kernels(name: str):
    body, (inputs, outputs), calls, kernels = MODELS[name]
    ctx = Context()
    module = read_module(ctx, model_of(body, inputs, outputs))
    Way(find_target("native")).lower(ctx, module, to="kernels")
    called = [op.callee.string_value() for op in module.walk() if isinstance(op, CallOp)]
    per_layer = len(called) / LAYERS
    functions = [op.sym_name.data for op in module.body.block.ops if isinstance(op, FuncOp)]
    assert (per_layer, len(functions) - 1) == (calls, kernels), called
