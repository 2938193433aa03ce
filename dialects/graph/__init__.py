"""The graph dialect: framework-neutral ops on immutable tensors, with static or unknown (`?`) dims.

    func.func @main(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x4x4xf32> {
      %w = graph.constant dense_resource<conv1.weight> : tensor<16x3x3x3xf32>
      %c = graph.conv %x, %w {strides = [2, 2], pads = [1, 1, 1, 1]}
          : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x4x4xf32>
      %y = graph.relu %c : tensor<1x16x4x4xf32>
      func.return %y : tensor<1x16x4x4xf32>
    }

| family | ops | file |
|---|---|---|
| constants | constant | constant.py |
| one tensor, element by element | abs neg exp log sqrt rsqrt reciprocal relu sigmoid tanh erf floor ceil round sign sin cos tan asin acos atan sinh cosh asinh acosh atanh not is_nan is_inf clamp cast | elementwise.py |
| several, element by element, broadcasting | add sub mul div pow max min mod and or xor shift_left shift_right compare select | elementwise.py |
| integers for real numbers | quantize dequantize | quantization.py |
| sliding windows | conv conv_transpose winograd_conv max_pool avg_pool | convolution.py, winograd.py, pooling.py |
| products | matmul | matmul.py |
| along axes | reduce arg_reduce softmax log_softmax batch_norm | reduction.py |
| moving elements | reshape transpose broadcast_to concat slice pad gather resize iota | movement.py |
| by index, in order | gather_elements scatter cumulate top_k suppress | indexing.py |
| shapes that are values | shape_of dynamic_reshape dynamic_broadcast_to dynamic_slice dynamic_pad dynamic_resize dynamic_range | dynamic.py |
| parts at places known when run | slice_at update_at | place.py |
| control flow | if loop | control.py |
| kernels to be | fusion yield | fusion.py |

Each op is a small class: operands and attributes declared as Python values (`fields.py`), `infer_type`, `verify_op`,
and `fold`, which computes it in numpy (`base.py`). `canonicalization.py` holds their patterns.
"""  # noqa: E501

# What the imports bring is what this package offers.
# ruff: noqa: F401
# pyright: reportUnusedImport=false

from __future__ import annotations

from xdsl.ir import Dialect

from .base import GraphOp
from .constant import (
    CONSTANT_OPS,
    ConstantOp,
    array_of,
    constant,
    constant_array,
    constant_owner,
    inline_array,
    inline_constant,
)
from .control import CONTROL_OPS, IfOp, LoopOp
from .convolution import CONVOLUTION_OPS, ConvolutionOp, ConvOp, ConvTransposeOp
from .dynamic import (
    DYNAMIC_OPS,
    DynamicBroadcastToOp,
    DynamicOp,
    DynamicPadOp,
    DynamicRangeOp,
    DynamicReshapeOp,
    DynamicResizeOp,
    DynamicSliceOp,
    ShapeOfOp,
)
from .elementwise import (
    BINARY,
    BINARY_OPS,
    COMPARE,
    ELEMENTWISE_OPS,
    UNARY,
    UNARY_OPS,
    AbsOp,
    AcoshOp,
    AcosOp,
    AddOp,
    AndOp,
    AsinhOp,
    AsinOp,
    AtanhOp,
    AtanOp,
    BinaryOp,
    CastOp,
    CeilOp,
    ClampOp,
    CompareOp,
    CoshOp,
    CosOp,
    DivOp,
    ElementwiseOp,
    ErfOp,
    ExpOp,
    FloorOp,
    IsInfOp,
    IsNanOp,
    LogOp,
    MaxOp,
    MinOp,
    ModOp,
    MulOp,
    NegOp,
    NotOp,
    OrOp,
    PowOp,
    ReciprocalOp,
    ReluOp,
    RoundOp,
    RsqrtOp,
    SelectOp,
    ShiftLeftOp,
    ShiftRightOp,
    SigmoidOp,
    SignOp,
    SinhOp,
    SinOp,
    SqrtOp,
    SubOp,
    TanhOp,
    TanOp,
    UnaryOp,
    XorOp,
)
from .fusion import FUSION_OPS, FusionOp, YieldOp
from .indexing import (
    CUMULATE,
    INDEXING_OPS,
    SCATTER,
    CumulateOp,
    GatherElementsOp,
    ScatterOp,
    SuppressOp,
    TopKOp,
)
from .matmul import MATMUL_OPS, MatmulOp
from .movement import (
    MOVEMENT_OPS,
    BroadcastToOp,
    ConcatOp,
    GatherOp,
    IotaOp,
    PadOp,
    ReshapeOp,
    ResizeOp,
    SliceOp,
    TransposeOp,
)
from .place import PLACE_OPS, PlaceOp, SliceAtOp, UpdateAtOp
from .pooling import POOLING_OPS, AvgPoolOp, MaxPoolOp, PoolOp
from .quantization import QUANTIZATION_OPS, DequantizeOp, QuantizeOp, widens_bytes
from .reduction import REDUCTION_OPS, ArgReduceOp, BatchNormOp, LogSoftmaxOp, ReduceOp, SoftmaxOp
from .windows import WindowOp
from .winograd import WINOGRAD_OPS, WinogradConvOp, transformed_weights

GRAPH_OPS = [
    *CONSTANT_OPS,
    *ELEMENTWISE_OPS,
    *QUANTIZATION_OPS,
    *CONVOLUTION_OPS,
    *WINOGRAD_OPS,
    *POOLING_OPS,
    *MATMUL_OPS,
    *REDUCTION_OPS,
    *MOVEMENT_OPS,
    *INDEXING_OPS,
    *DYNAMIC_OPS,
    *PLACE_OPS,
    *CONTROL_OPS,
    *FUSION_OPS,
]

Graph = Dialect("graph", GRAPH_OPS)
