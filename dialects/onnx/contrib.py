"""The operators that ONNX Runtime adds to ONNX, of which `onnx` has no schemas: what its optimizer and its tools write.

    FusedGemm(A: T, B: T, C: T?) -> (Y: T)                     inputs and outputs; `?` is one that may be left out
        <activation: STRING, alpha: FLOAT = 1.0, K: INT!>      attributes, with defaults; `!` is one that must be given
        T: float, double                                       what the type variables stand for

Source: ONNX Runtime 1.31, docs/ContribOperators.md; a test holds each row against the schema of the installed release.
They are of the domain `com.microsoft`, in its opset 1. Two stand in ONNX's own domain: ONNX Runtime's optimizer writes
`LayerNormalization` into models whose opset does not have it, and `SimplifiedLayerNormalization` into any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from .schemas import CONTRIB_DOMAIN, DEFAULT_DOMAIN, AttributeSpec, Formal, Schema

GROUPS: Mapping[str, str] = {
    "floats": "bfloat16, double, float, float16",
    "floats32": "bfloat16, float, float16",  # those without float64
    "bytes": "int8, uint8",
    "any": "bool, complex128, complex64, double, float, float16, int16, int32, int64, int8, string, uint16, uint32, "
    "uint64, uint8",
}
"""Names for sets of element types that many rows have."""

LAYER_NORMALIZATIONS = """
LayerNormalization(X: T, Scale: V, B: V?) -> (Y: V, Mean: U?, InvStdDev: U?)
    <axis: INT = -1, epsilon: FLOAT = 1e-05, stash_type: INT = 1>
    T: floats; V: floats; U: double, float
SimplifiedLayerNormalization(X: T, scale: V) -> (Y: V, inv_std_var: U?)
    <axis: INT = -1, epsilon: FLOAT = 1e-05, stash_type: INT = 1>
    T: floats; V: floats; U: double, float
"""
"""The rows that stand in ONNX's own domain."""

OPERATORS = """
Attention(input: T, weights: T, bias: T?, mask_index: M?, past: T?, attention_bias: T?, past_sequence_length: M?)
    -> (output: T, present: T?)
    <do_rotary: INT, mask_filter_value: FLOAT, num_heads: INT!, past_present_share_buffer: INT, qkv_hidden_sizes: INTS,
     rotary_embedding_dim: INT, scale: FLOAT, unidirectional: INT = 0>
    T: floats32; M: int32
BiasGelu(A: T, B: T) -> (C: T)
    T: floats
CDist(A: T, B: T) -> (C: T)
    <metric: STRING = sqeuclidean>
    T: double, float
DequantizeLinear(x: T1, x_scale: T2, x_zero_point: T1?) -> (y: T2)
    <axis: INT>
    T1: int16, int32, int4, int8, uint16, uint4, uint8; T2: float, float16
DynamicQuantizeLSTM(X: T, W: T2, R: T2, B: T?, sequence_lens: T1?, initial_h: T?, initial_c: T?, P: T?,
    W_scale: T, W_zero_point: T2, R_scale: T, R_zero_point: T2) -> (Y: T?, Y_h: T?, Y_c: T?)
    <activation_alpha: FLOATS, activation_beta: FLOATS, activations: STRINGS, clip: FLOAT,
     direction: STRING = forward, hidden_size: INT, input_forget: INT = 0>
    T: float; T2: bytes; T1: int32
DynamicQuantizeMatMul(A: T1, B: T2, b_scale: T1, b_zero_point: T2?, bias: T1?) -> (Y: T1)
    T1: float; T2: bytes
EmbedLayerNormalization(input_ids: T1, segment_ids: T1?, word_embedding: T, position_embedding: T,
    segment_embedding: T?, gamma: T, beta: T, mask: T1?, position_ids: T1?)
    -> (output: T, mask_index: T1?, embedding_sum: T?)
    <epsilon: FLOAT = 1e-12, mask_index_type: INT>
    T1: int32; T: float, float16
ExpandDims(X: T, axis: tensor(int32)) -> (Y: T)
    T: any
FastGelu(X: T, bias: T?) -> (Y: T)
    T: floats
FusedConv(X: T, W: T, B: T?, Z: T?) -> (Y: T)
    <activation: STRING, activation_params: FLOATS, auto_pad: STRING = NOTSET, dilations: INTS, group: INT = 1,
     kernel_shape: INTS, pads: INTS, strides: INTS>
    T: double, float, float16
FusedGemm(A: T, B: T, C: T?) -> (Y: T)
    <activation: STRING, activation_alpha: FLOAT, activation_beta: FLOAT, activation_gamma: FLOAT, alpha: FLOAT = 1.0,
     beta: FLOAT = 1.0, transA: INT = 0, transB: INT = 0>
    T: double, float, float16, int32, int64, uint32, uint64
FusedMatMul(A: T, B: T) -> (Y: T)
    <alpha: FLOAT = 1.0, transA: INT = 0, transB: INT = 0, transBatchA: INT = 0, transBatchB: INT = 0>
    T: floats
GatherND(data: T, indices: Tind) -> (output: T)
    T: any; Tind: int32, int64
Gelu(X: T) -> (Y: T)
    T: floats
GroupQueryAttention(query: T, key: T?, value: T?, past_key: T_CACHE?, past_value: T_CACHE?, seqlens_k: M,
    total_sequence_length: M, cos_cache: T?, sin_cache: T?, position_ids: tensor(int64)?, attention_bias: T?,
    head_sink: T?, k_scale: T_KV_SCALE?, v_scale: T_KV_SCALE?, q_norm_weight: T?, k_norm_weight: T?)
    -> (output: T, present_key: T_CACHE?, present_value: T_CACHE?, output_qk: T?)
    <causal: INT = 1, do_rotary: INT, k_quant_type: STRING = NONE, kv_cache_bit_width: INT, kv_num_heads: INT!,
     local_window_size: INT = -1, num_heads: INT!, qk_norm_epsilon: FLOAT = 1e-06, qk_output: INT = 0,
     rotary_interleaved: INT, scale: FLOAT, sliding_window_cache: INT = 0, smooth_softmax: INT = -1, softcap: FLOAT,
     v_quant_type: STRING = NONE>
    T: floats32; T_CACHE: bfloat16, float, float16, float8e4m3fn, int8, uint8; M: int32; T_KV_SCALE: float
MatMulInteger16(A: T1, B: T2) -> (Y: T3)
    T1: int16, uint16; T2: int16, uint16; T3: int32, uint32
MatMulIntegerToFloat(A: T1, B: T2, a_scale: T3, b_scale: T3, a_zero_point: T1?, b_zero_point: T2?, bias: T3?) -> (Y: T3)
    T1: bytes; T2: bytes; T3: float, float16
MatMulNBits(A: T1, B: T2, scales: T1, zero_points: T3?, g_idx: T4?, bias: T1?) -> (Y: T1)
    <K: INT!, N: INT!, accuracy_level: INT = 0, bits: INT = 4, block_size: INT!, weight_prepacked: INT = 0>
    T1: floats32; T2: uint8; T3: bfloat16, float, float16, uint8; T4: int32
MultiHeadAttention(query: T, key: T?, value: T?, bias: T?, key_padding_mask: M?, attention_bias: T?, past_key: T?,
    past_value: T?, past_sequence_length: M?, cache_indirection: M?)
    -> (output: T, present_key: T?, present_value: T?, qk: QK?)
    <mask_filter_value: FLOAT, num_heads: INT!, scale: FLOAT, unidirectional: INT = 0>
    T: floats32; M: int32; QK: floats32
NhwcMaxPool(x: T) -> (y: T)
    <auto_pad: STRING = NOTSET, ceil_mode: INT = 0, dilations: INTS, kernel_shape: INTS!, pads: INTS, strides: INTS>
    T: bytes
Pad(data: T, pads: tensor(int64), value: T?) -> (output: T)
    <mode: STRING = constant>
    T: double, float, float16
QAttention(input: T1, weight: T2, bias: T3, input_scale: T3, weight_scale: T3, mask_index: T4?, input_zero_point: T1?,
    weight_zero_point: T2?, past: T3?) -> (output: T3, present: T3?)
    <do_rotary: INT, mask_filter_value: FLOAT, num_heads: INT!, past_present_share_buffer: INT, scale: FLOAT,
     unidirectional: INT = 0>
    T1: bytes; T2: bytes; T3: float, float16; T4: int32
QGemm(A: TA, a_scale: T, a_zero_point: TA, B: TB, b_scale: T, b_zero_point: TB, C: TC?, y_scale: T?, y_zero_point: TYZ?)
    -> (Y: TY)
    <alpha: FLOAT = 1.0, transA: INT = 0, transB: INT = 0>
    TA: bytes; T: float; TB: bytes; TC: int32; TYZ: bytes; TY: float, int8, uint8
QLinearAdd(A: T, A_scale: tensor(float), A_zero_point: T?, B: T, B_scale: tensor(float), B_zero_point: T?,
    C_scale: tensor(float), C_zero_point: T?) -> (C: T)
    T: bytes
QLinearAveragePool(X: T, x_scale: tensor(float), x_zero_point: T?, y_scale: tensor(float), y_zero_point: T?) -> (Y: T)
    <auto_pad: STRING = NOTSET, ceil_mode: INT = 0, channels_last: INT = 0, count_include_pad: INT = 0,
     kernel_shape: INTS!, pads: INTS, strides: INTS>
    T: bytes
QLinearConcat(Y_scale: TF, Y_zero_point: T8, inputs: TV*) -> (Y: T8)
    <axis: INT!>
    TF: float; T8: bytes; TV: float, int8, uint8
QLinearConv(x: T1, x_scale: tensor(float), x_zero_point: T1, w: T2, w_scale: tensor(float), w_zero_point: T2,
    y_scale: tensor(float), y_zero_point: T3, B: T4?) -> (y: T3)
    <auto_pad: STRING = NOTSET, channels_last: INT = 0, dilations: INTS, group: INT = 1, kernel_shape: INTS, pads: INTS,
     strides: INTS>
    T1: bytes; T2: bytes; T3: bytes; T4: int32
QLinearGlobalAveragePool(X: T, x_scale: tensor(float), x_zero_point: T, y_scale: tensor(float), y_zero_point: T)
    -> (Y: T)
    <channels_last: INT = 0>
    T: bytes
QLinearLeakyRelu(X: T, X_scale: tensor(float), X_zero_point: T?, Y_scale: tensor(float), Y_zero_point: T?) -> (Y: T)
    <alpha: FLOAT = 0.01>
    T: bytes
QLinearMul(A: T, A_scale: tensor(float), A_zero_point: T?, B: T, B_scale: tensor(float), B_zero_point: T?,
    C_scale: tensor(float), C_zero_point: T?) -> (C: T)
    T: bytes
QLinearSigmoid(X: T, X_scale: tensor(float), X_zero_point: T?, Y_scale: tensor(float), Y_zero_point: T?) -> (Y: T)
    T: bytes
QLinearSoftmax(X: T, X_scale: tensor(float), x_zero_point: T?, y_scale: tensor(float), y_zero_point: T) -> (Y: T)
    <axis: INT = -1, opset: INT!>
    T: bytes
QLinearWhere(condition: B, X: T, x_scale: TF, x_zero_point: T, Y: T, y_scale: TF, y_zero_point: T, z_scale: TF,
    z_zero_point: T) -> (Z: T)
    B: bool; T: bytes; TF: float
QuantizeLinear(x: T1, y_scale: T1, y_zero_point: T2?) -> (y: T2)
    <axis: INT>
    T1: float, float16; T2: int16, int4, int8, uint16, uint4, uint8
QuickGelu(X: T) -> (Y: T)
    <alpha: FLOAT = 1.702>
    T: floats
Range(start: T, limit: T, delta: T?) -> (Y: T)
    T: double, float, int16, int32, int64
RotaryEmbedding(input: T, position_ids: M, cos_cache: T, sin_cache: T) -> (output: T)
    <interleaved: INT, is_packed_batching: INT, num_heads: INT, rotary_embedding_dim: INT, scale: FLOAT>
    T: floats32; M: int64
SkipLayerNormalization(input: T, skip: T, gamma: T, beta: T?, bias: T?)
    -> (output: T, mean: U?, inv_std_var: U?, input_skip_bias_sum: T?)
    <epsilon: FLOAT = 1e-12>
    T: floats32; U: float
SkipSimplifiedLayerNormalization(input: T, skip: T, gamma: T, bias: T?)
    -> (output: T, mean: U?, inv_std_var: U?, input_skip_bias_sum: T?)
    <epsilon: FLOAT = 1e-12>
    T: floats32; U: float
TransposeMatMul(A: T, B: T) -> (Y: T)
    <alpha: FLOAT = 1.0, transA: INT = 0, transB: INT = 0>
    T: floats
Trilu(X: T, k: tensor(int64)?) -> (Y: T)
    <upper: INT = 1>
    T: bfloat16, bool, double, float, float16, int16, int32, int64, int8, uint16, uint32, uint64, uint8
"""

ROW = re.compile(r"(\w+)\((.*)\) -> \((.*?)\)(?: <(.*)>)?(.*)")
FORMAL = re.compile(r"(\w+): ([\w()]+)([?*]?)")
ATTRIBUTE = re.compile(r"(\w+): ([A-Z]+)(!?)(?: = ([^,\s]+))?")
ANY_NUMBER = 0x7FFFFFFF  # how ONNX's schemas say that there is no upper limit

PYTHON: Mapping[str, type[int | float | str]] = {"INT": int, "FLOAT": float, "STRING": str}


@cache
def contrib_schemas() -> Mapping[tuple[str, str], Schema]:
    """All rows, by domain and operator."""
    rows = ((DEFAULT_DOMAIN, LAYER_NORMALIZATIONS), (CONTRIB_DOMAIN, OPERATORS))
    found = (
        _schema(domain, " ".join(row.split()))
        for domain, text in rows
        for row in re.split(r"\n(?=\w)", text)
        if row.strip()
    )
    return {(schema.domain, schema.op_type): schema for schema in found}


def _schema(domain: str, row: str) -> Schema:
    match = ROW.fullmatch(row)
    assert match is not None, row
    op_type, inputs, outputs, attributes, variables = match.groups()
    types = {name: _types(said) for name, said in re.findall(r"(\w+): ([\w, ]+)", variables)}
    ins, outs = _formals(inputs, types), _formals(outputs, types)
    return Schema(
        domain=domain,
        op_type=op_type,
        since=1,
        deprecated=False,
        inputs=ins,
        outputs=outs,
        input_count=_count(ins),
        output_count=_count(outs),
        attributes={
            name: AttributeSpec(name, kind, bool(needed), _default(kind, default))
            for name, kind, needed, default in ATTRIBUTE.findall(attributes or "")
        },
    )


def _types(said: str) -> frozenset[str]:
    return frozenset(f"tensor({name})" for name in GROUPS.get(said, said).split(", "))


def _formals(text: str, types: Mapping[str, frozenset[str]]) -> tuple[Formal, ...]:
    return tuple(
        Formal(
            name=name,
            type_name=type_name,
            allowed=types.get(type_name, frozenset((type_name,))),
            optional=mark == "?",
            variadic=mark == "*",
            homogeneous=mark != "*",
        )
        for name, type_name, mark in FORMAL.findall(text)
    )


def _count(formals: tuple[Formal, ...]) -> tuple[int, int]:
    """The fewest that can be given and the most: optional ones at the end may be left away."""
    needed = [index + 1 for index, formal in enumerate(formals) if not formal.optional]
    return max(needed, default=0), ANY_NUMBER if formals[-1].variadic else len(formals)


def _default(kind: str, text: str) -> int | float | str | None:
    return PYTHON[kind](text) if text else None
