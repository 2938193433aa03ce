"""Losses of a classifier: the score of the class that is right, negated, weighted and summed.

  "onnx.NegativeLogLikelihoodLoss"(%scores, %target) {reduction = "sum"}
becomes
  %right = graph.compare eq (graph.iota {axis = 1}), %target        // one class of each position
  %score = graph.reduce sum (graph.select %right, %scores, 0.0) {axes = [1]}
  graph.neg (graph.reduce sum %score {axes = [0]})

The class is selected, not looked up: the sum runs over what log_softmax has just made, and merges with it. A target
that is no class selects nothing and counts 0.
"""

from __future__ import annotations

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of, tensor
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Size, shape


@converts("NegativeLogLikelihoodLoss", since=12)
def negative_log_likelihood_loss(node: Node) -> SSAValue:
    """any rank, weights, ignore_index, all reductions"""
    return loss_of(node, node[0])


@converts("SoftmaxCrossEntropyLoss", since=12)
def softmax_cross_entropy_loss(node: Node) -> list[SSAValue]:
    """any rank, weights, ignore_index, all reductions, log_prob"""
    scores = node(graph.LogSoftmaxOp(node[0], axis=1))
    return [loss_of(node, scores), scores]


def loss_of(node: Node, scores: SSAValue) -> SSAValue:
    """The loss of log-probabilities [N, C, d...] for the classes [N, d...] that operand 1 holds; operand 2 weighs."""
    target, weight = node[1], node.get(2)
    axes = list(range(rank_of(target)))
    right = is_class(node, target, scores)
    losses = node.neg(node.reduce("sum", node.select(right, scores, 0), [1], keepdims=False))
    weights = None
    if weight is not None:
        column = node.reshape(weight, [(0,), *[1] * (rank_of(scores) - 2)])
        weights = node.reduce("sum", node.select(right, column, 0), [1], keepdims=False)
    if node.has("ignore_index"):
        counts = node.compare("ne", target, node.integer("ignore_index"))
        weights = node.cast(counts, element_type_of(scores)) if weights is None else node.select(counts, weights, 0)
    if weights is not None:
        losses = node.mul(losses, weights)
    match node.text("reduction", "mean"):
        case "none":
            return losses
        case "sum":
            return node.reduce("sum", losses, axes, keepdims=False)
        case _ if weights is None:
            return node.reduce("mean", losses, axes, keepdims=False)
        case _:
            total = node.reduce("sum", losses, axes, keepdims=False)
            return node.div(total, node.reduce("sum", weights, axes, keepdims=False))


def is_class(node: Node, target: SSAValue, scores: SSAValue) -> SSAValue:
    """Whether a position of `scores` is that of the target's class: bools of the shape of `scores`."""
    classes, dims = shape(scores)[1], rank_of(scores)
    if classes is None:
        raise node.unsupported("an unknown number of classes is not supported", "bind it before onnx-to-graph")
    numbers = graph.IotaOp(axis=0, result_type=tensor((classes, *[1] * (dims - 2)), element_type_of(target)))
    rest: list[Size] = [(axis,) for axis in range(1, dims - 1)]
    return node.compare("eq", node.reshape(target, [(0,), 1, *rest]), node(numbers))
