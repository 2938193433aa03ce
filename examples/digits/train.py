"""Train the digit recogniser of the example, in numpy alone, and write `digits.onnx` and `held_back.csv`.

    python train.py digits.csv.gz

The data are 1,797 handwritten digits of 8x8 pixels, 0 to 16, the label last (UCI Optical Recognition of Handwritten
Digits). 297 of them are never trained on; 20 of those, drawn by the seed before training, are what the demo shows.

The network: two 3x3 convolutions with ReLU (8 and 16 channels), a 2x2 max pool, one dense layer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
SEED, EPOCHS, BATCH, RATE, MOMENTUM = 7, 30, 50, 0.05, 0.9
HELD_BACK, SHOWN = 297, 20


def columns(x: np.ndarray) -> np.ndarray:
    """The 3x3 neighbourhoods of an image [n, c, h, w], zeros outside: [n, h, w, c * 9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))  # [n, c, h, w, 3, 3]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(*x.shape[:1], *x.shape[2:], -1)


def from_columns(grad: np.ndarray, channels: int) -> np.ndarray:
    """The transpose of `columns`: sum every neighbourhood's gradient back into its pixels."""
    n, h, w, _ = grad.shape
    parts = grad.reshape(n, h, w, channels, 3, 3)
    padded = np.zeros((n, channels, h + 2, w + 2), grad.dtype)
    for i in range(3):
        for j in range(3):
            padded[:, :, i : i + h, j : j + w] += parts[..., i, j].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


class Network:
    def __init__(self, rng: np.random.Generator) -> None:
        def weights(fan_in: int, *shape: int) -> np.ndarray:
            return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)

        self.w = {
            "conv1.weight": weights(9, 8, 9),
            "conv1.bias": np.zeros(8, np.float32),
            "conv2.weight": weights(72, 16, 72),
            "conv2.bias": np.zeros(16, np.float32),
            "dense.weight": weights(256, 256, 10),
            "dense.bias": np.zeros(10, np.float32),
        }
        self.velocity = {k: np.zeros_like(v) for k, v in self.w.items()}

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Logits [n, 10] of images [n, 1, 8, 8]; keeps what `backward` needs."""
        w = self.w
        self.c1 = columns(x)
        self.a1 = np.maximum(self.c1 @ w["conv1.weight"].T + w["conv1.bias"], 0).transpose(0, 3, 1, 2)
        self.c2 = columns(self.a1)
        self.a2 = np.maximum(self.c2 @ w["conv2.weight"].T + w["conv2.bias"], 0).transpose(0, 3, 1, 2)
        blocks = self.a2.reshape(len(x), 16, 4, 2, 4, 2)
        self.pooled = blocks.max(axis=(3, 5))
        self.winner = blocks == self.pooled[:, :, :, None, :, None]
        return self.pooled.reshape(len(x), -1) @ w["dense.weight"] + w["dense.bias"]

    def backward(self, logits: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
        n = len(labels)
        probability = np.exp(logits - logits.max(1, keepdims=True))
        probability /= probability.sum(1, keepdims=True)
        d = probability
        d[np.arange(n), labels] -= 1
        d /= n
        grads = {"dense.weight": self.pooled.reshape(n, -1).T @ d, "dense.bias": d.sum(0)}
        d_pool = (d @ self.w["dense.weight"].T).reshape(n, 16, 4, 1, 4, 1)
        d2 = (d_pool * self.winner).reshape(self.a2.shape) * (self.a2 > 0)
        d2 = d2.transpose(0, 2, 3, 1)
        grads["conv2.weight"] = np.tensordot(d2, self.c2, ((0, 1, 2), (0, 1, 2)))
        grads["conv2.bias"] = d2.sum((0, 1, 2))
        d1 = from_columns(d2 @ self.w["conv2.weight"], 8) * (self.a1 > 0)
        d1 = d1.transpose(0, 2, 3, 1)
        grads["conv1.weight"] = np.tensordot(d1, self.c1, ((0, 1, 2), (0, 1, 2)))
        grads["conv1.bias"] = d1.sum((0, 1, 2))
        return grads

    def step(self, x: np.ndarray, labels: np.ndarray) -> None:
        for key, grad in self.backward(self.forward(x), labels).items():
            self.velocity[key] = MOMENTUM * self.velocity[key] - RATE * grad
            self.w[key] += self.velocity[key]


def export(network: Network) -> onnx.ModelProto:
    """The network as ONNX: `image` [batch, 1, 8, 8] in 0..1, `logits` [batch, 10]."""
    shapes = {"conv1.weight": (8, 1, 3, 3), "conv2.weight": (16, 8, 3, 3)}
    initializers = [
        numpy_helper.from_array(v.reshape(shapes.get(k, v.shape)).astype(np.float32), k) for k, v in network.w.items()
    ]
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], name="conv1", **same),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
        helper.make_node("Conv", ["r1", "conv2.weight", "conv2.bias"], ["c2"], name="conv2", **same),
        helper.make_node("Relu", ["c2"], ["r2"], name="relu2"),
        helper.make_node("MaxPool", ["r2"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "dense.weight", "dense.bias"], ["logits"], name="dense"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])
    graph = helper.make_graph(nodes, "digits", [image], [logits], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="stepwell")


def main() -> None:
    data = np.loadtxt(sys.argv[1], delimiter=",", dtype=np.float32)
    rng = np.random.default_rng(SEED)
    data = data[rng.permutation(len(data))]
    held_back, training = data[:HELD_BACK], data[HELD_BACK:]
    np.savetxt(HERE / "held_back.csv", held_back[:SHOWN], fmt="%d", delimiter=",")

    def split(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rows[:, :-1].reshape(-1, 1, 8, 8) / np.float32(16), rows[:, -1].astype(int)

    network = Network(rng)
    for _ in range(EPOCHS):
        order = rng.permutation(len(training))
        for start in range(0, len(order), BATCH):
            network.step(*split(training[order[start : start + BATCH]]))
    for name, rows in (("trained on", training), ("held back", held_back)):
        x, labels = split(rows)
        print(f"{name}: {(network.forward(x).argmax(1) == labels).mean():.1%} of {len(rows)}")
    onnx.save(export(network), HERE / "digits.onnx")


if __name__ == "__main__":
    main()
