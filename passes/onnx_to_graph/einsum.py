"""Einsum: any equation, as transposes, matrix products and sums.

  "onnx.Einsum"(%a, %b) {equation = "bij,bjk->bki"} : tensor<8x2x3xf32>, tensor<8x3x4xf32>
becomes
  graph.transpose (graph.matmul %a, %b) {perm = [0, 2, 1]}

Operands are multiplied one after the other, from the left. Of two, the labels of both that are kept count the products
(batch), those of both that nothing reads later are summed over (inner), the others are rows and columns. A label that
stands twice in one operand takes the diagonal; one that stands nowhere else is summed before. A dim of 1 that meets a
larger one is broadcast: the operand does as if it had no such label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from stepwell.dialects import graph
from xdsl.ir import SSAValue

from .conversion import Node, converts

Labels = tuple[str, ...]

TERM = re.compile(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*")


@dataclass(frozen=True)
class Term:
    """A value and the label of each of its dims."""

    value: SSAValue
    labels: Labels


@converts("Einsum", since=12)
def einsum(node: Node) -> SSAValue:
    """any equation: ellipses, diagonals, implicit outputs, any number of operands"""
    inputs, output = parsed(node)
    sizes: dict[str, int] = {}
    for value, labels in zip(node.inputs, inputs, strict=True):
        for label, size in zip(labels, node.static(value), strict=True):
            if size != sizes.setdefault(label, size) and size != 1:
                if sizes[label] != 1:
                    raise wrong(node, f"'{label}' stands for {sizes[label]} and for {size}")
                sizes[label] = size
    terms = [prepared(node, Term(*pair), sizes) for pair in zip(node.inputs, inputs, strict=True)]
    result = terms[0]
    for index, term in enumerate(terms[1:], 1):
        later = {label for other in terms[index + 1 :] for label in other.labels} | set(output)
        result = multiplied(node, summed(node, result, later | set(term.labels)), term, later, sizes)
    result = summed(node, result, set(output))
    return node.transpose(result.value, [result.labels.index(label) for label in output])


def wrong(node: Node, what: str) -> Exception:
    return node.unsupported(f"equation '{node.text('equation')}': {what}", "export the model again with a valid node")


def parsed(node: Node) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result; dims of an ellipsis are labelled "0", "1", ... from the last."""
    equation = "".join(node.text("equation").split())
    left, arrow, right = equation.partition("->")
    texts = left.split(",")
    if len(texts) != len(node.inputs) or any(not TERM.fullmatch(text) for text in (*texts, right)):
        raise wrong(node, f"it does not fit {len(node.inputs)} operands")
    inputs = [labelled(node, text, len(node.static(value))) for text, value in zip(texts, node.inputs, strict=True)]
    used = [label for labels in inputs for label in labels]
    spread = sorted({label for label in used if label.isdigit()}, key=int, reverse=True)
    if arrow:
        start, dots, end = right.partition("...")
        output = (*start, *(spread if dots else ()), *end)
    else:
        output = (*spread, *sorted(label for label in set(used) if label.isalpha() and used.count(label) == 1))
    for label in output:
        if label not in used or output.count(label) > 1:
            raise wrong(node, f"'{label}' of the result must stand once there, and in an operand")
    return inputs, output


def labelled(node: Node, text: str, rank: int) -> Labels:
    start, dots, end = text.partition("...")
    spread = rank - len(start) - len(end)
    if spread < 0 or (spread and not dots):
        raise wrong(node, f"'{text}' does not fit an operand of rank {rank}")
    return (*start, *(str(place) for place in reversed(range(spread))), *end)


def prepared(node: Node, term: Term, sizes: dict[str, int]) -> Term:
    """`term` with each label once, and without those that it broadcasts."""
    kept = [axis for axis, size in enumerate(node.static(term.value)) if size == sizes[term.labels[axis]]]
    value = node.reshape(term.value, [node.static(term.value)[axis] for axis in kept])
    term = Term(value, tuple(term.labels[axis] for axis in kept))
    while (twice := next((label for label in term.labels if term.labels.count(label) > 1), None)) is not None:
        term = diagonal(node, term, twice, sizes[twice])
    return term


def diagonal(node: Node, term: Term, label: str, size: int) -> Term:
    """The elements at which two dims of `label` are at the same place: every (size + 1)th of the two as one."""
    first = term.labels.index(label)
    second = term.labels.index(label, first + 1)
    rest = [axis for axis in range(len(term.labels)) if axis not in (first, second)]
    moved = node.transpose(term.value, [*rest, first, second])
    outer = [node.static(term.value)[axis] for axis in rest]
    flat = node.reshape(moved, [*outer, size * size])
    starts, steps = (0,) * (len(outer) + 1), (*[1] * len(outer), size + 1)
    value = node(graph.SliceOp(flat, starts=starts, sizes=(*outer, size), steps=steps))
    return Term(value, (*(term.labels[axis] for axis in rest), label))


def summed(node: Node, term: Term, kept: set[str]) -> Term:
    """`term` summed over the labels that are not kept."""
    axes = [axis for axis, label in enumerate(term.labels) if label not in kept]
    labels = tuple(label for label in term.labels if label in kept)
    return Term(node.reduce("sum", term.value, axes, keepdims=False), labels)


def multiplied(node: Node, a: Term, b: Term, kept: set[str], sizes: dict[str, int]) -> Term:
    """The product of two terms, summed over what both have and nothing reads later."""
    b = summed(node, b, kept | set(a.labels))
    both = [label for label in a.labels if label in b.labels]
    batch = [label for label in both if label in kept]
    inner = [label for label in both if label not in kept]
    rows = [label for label in a.labels if label not in both]
    columns = [label for label in b.labels if label not in both]
    if not inner:
        return outer_product(node, a, b, (*batch, *rows, *columns), sizes)
    left = arranged(node, a, (batch, rows, inner), sizes)
    right = arranged(node, b, (batch, inner, columns), sizes)
    labels = (*batch, *rows, *columns)
    return Term(node.reshape(node(graph.MatmulOp(left, right)), [sizes[label] for label in labels]), labels)


def outer_product(node: Node, a: Term, b: Term, labels: Labels, sizes: dict[str, int]) -> Term:
    """Nothing is summed: an elementwise product of broadcast operands."""
    spread: list[SSAValue] = []
    for term in (a, b):
        own = [label for label in labels if label in term.labels]
        moved = node.transpose(term.value, [term.labels.index(label) for label in own])
        spread.append(node.reshape(moved, [sizes[label] if label in own else 1 for label in labels]))
    return Term(node.mul(*spread), labels)


def arranged(node: Node, term: Term, groups: Sequence[Sequence[str]], sizes: dict[str, int]) -> SSAValue:
    """`term` with one dim a group of labels."""
    perm = [term.labels.index(label) for group in groups for label in group]
    return node.reshape(node.transpose(term.value, perm), [prod(sizes[label] for label in group) for group in groups])
