"""ONNX Runtime's DynamicQuantizeLSTM: an LSTM with weights of bytes, whose inputs and states become bytes as it runs.

  "onnx.com.microsoft.DynamicQuantizeLSTM"(%X, %W, %R, ..., %Ws, %Wz, %Rs, %Rz) {hidden_size = 5}
becomes the loop of `recurrent.py`, each of whose products is one of quantized numbers
  %w = graph.dequantize %R', %Rs, %Rz : (tensor<5x20xi8>, tensor<f32>, tensor<i8>) -> tensor<5x20xf32>
  graph.loop ... {
    %h = graph.dequantize (graph.quantize %state, %scale, %zero), %scale, %zero     // %scale, %zero: of this state
    %p = graph.matmul %h, %w : (tensor<1x5xf32>, tensor<5x20xf32>) -> tensor<1x20xf32>

which `fuse-qdq` computes in integers. The inputs of all steps have one scale and zero point, as ONNX Runtime's
UniDirectionalLstm has it, the states of all sequences one for each step.
"""

from __future__ import annotations

from stepwell.dialects import graph
from stepwell.dialects.onnx.schemas import CONTRIB_DOMAIN
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .quantization import dynamically_quantized
from .recurrent import Factors, lstm_of, part
from .steps import whole_shape

PARAMETERS = {1: 8, 2: 10}
"""Operand of a factor → that of its scale, behind which stands the zero point."""


class QuantizedFactors(Factors):
    """Bytes [directions, inputs or hidden, 4 * hidden], with a scale and a zero point a direction, or one a column."""

    def matrix(self, node: Node, operand: int, number: int) -> SSAValue:
        at = PARAMETERS[operand]
        scale, zero = (part(node, node[parameter], number) for parameter in (at, at + 1))
        return node(graph.DequantizeOp(part(node, node[operand], number), scale, zero))

    def hidden(self, node: Node) -> int:
        return whole_shape(node, node[2])[1]

    def product(self, node: Node, x: SSAValue, matrix: SSAValue) -> SSAValue:
        numbers, scale, zero = dynamically_quantized(node, x)
        return node(graph.MatmulOp(node(graph.DequantizeOp(numbers, scale, zero)), matrix))


@converts(f"{CONTRIB_DOMAIN}.DynamicQuantizeLSTM")
def dynamic_quantize_lstm(node: Node) -> list[SSAValue]:
    """bytes with a scale a direction or a column; all that LSTM has"""
    return lstm_of(node, QuantizedFactors())
