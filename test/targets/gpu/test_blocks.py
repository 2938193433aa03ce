"""Kernels whose threads share memory, on the drivers that are here, against the native target.

Sizes that no tile divides: rows, columns, sums, windows, batches; reductions along rows and along columns.
"""

import numpy as np
import pytest
import stepwell
from onnx import parser
from requirements import require_device

TOLERANCE = 1e-5
"""Of the largest output: sums of up to a thousand products in another order."""

CASES = {
    "matmul": ("float[100,130] a, float[130,72] b", "float[100,72] y", "y = MatMul(a, b)"),
    "batches": ("float[3,33,65] a, float[3,65,70] b", "float[3,33,70] y", "y = MatMul(a, b)"),
    "transposed": (
        "float[65,50] a, float[40,65] b, float[40] c",
        "float[50,40] y",
        "y = Gemm<transA = 1, transB = 1>(a, b, c)",
    ),
    "one_row": ("float[1,640] a, float[640,200] b, float[200] c", "float[1,200] y", "t = MatMul(a, b) y = Add(t, c)"),
    "padded": (
        "float[1,16,14,14] x, float[32,16,3,3] w, float[32] b",
        "float[1,32,14,14] y",
        "t = Conv<pads = [1,1,1,1]>(x, w, b) y = Relu(t)",
    ),
    "pointwise": ("float[2,40,7,7] x, float[33,40,1,1] w", "float[2,33,7,7] y", "y = Conv(x, w)"),
    "strided": ("float[1,3,33,33] x, float[24,3,3,3] w", "float[1,24,16,16] y", "y = Conv<strides = [2,2]>(x, w)"),
    "groups": ("float[1,32,13,13] x, float[32,16,3,3] w", "float[1,32,11,11] y", "y = Conv<group = 2>(x, w)"),
    "dilated": ("float[1,16,20,19] x, float[20,16,3,3] w", "float[1,20,16,15] y", "y = Conv<dilations = [2,2]>(x, w)"),
    "rows": ("float[13,1000] x", "float[13,1] y", "a = Constant<value_ints = [1]>() y = ReduceSum(x, a)"),
    "columns": ("float[500,70] x", "float[1,70] y", "a = Constant<value_ints = [0]>() y = ReduceMax(x, a)"),
    "middle": ("float[3,90,11] x", "float[3,1,11] y", "a = Constant<value_ints = [1]>() y = ReduceMean(x, a)"),
    "all": ("float[6,50,11] x", "float y", "y = ReduceMin<keepdims = 0>(x)"),
    "pool": ("float[1,64,7,7] x", "float[1,64,1,1] y", "y = GlobalAveragePool(x)"),
    "softmax": ("float[5,77] x", "float[5,77] y", "y = Softmax(x)"),
    "softmax_across": ("float[5,77,9] x", "float[5,77,9] y", "y = Softmax<axis = 1>(x)"),
    "images": (
        "float[2,6,9,9] x, float[6] s, float[6] b",
        "float[2,6,9,9] y",
        "y = InstanceNormalization(x, s, b)",
    ),
    "normalization": ("float[20,96] x, float[96] s, float[96] b", "float[20,96] y", "y = LayerNormalization(x, s, b)"),
}


@pytest.mark.parametrize("target", ["wgsl", "spirv", "opencl", "glsl"])
@pytest.mark.parametrize("name", CASES)
def test_blocks_agree_with_the_native_target(name: str, target: str) -> None:
    require_device(target)
    inputs, output, body = CASES[name]
    text = f'<ir_version: 8, opset_import: ["" : 18]> agraph ({inputs}) => ({output}) {{ {body} }}'
    model = parser.parse_model(text)
    rng = np.random.default_rng(0)
    feeds = {
        value.name: rng.standard_normal([d.dim_value for d in value.type.tensor_type.shape.dim], np.float32)
        for value in model.graph.input
    }
    want = stepwell.compile(model.SerializeToString()).run(feeds)["y"]
    got = stepwell.compile(model.SerializeToString(), target=target).run(feeds)["y"]
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * np.abs(want).max())
