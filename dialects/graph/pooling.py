"""Pools: a maximum or a mean over sliding windows.

%y = graph.max_pool %x {strides = [2, 2], kernel = [3, 3]} : (tensor<1x8x9x9xf32>) -> tensor<1x8x4x4xf32>
"""

from __future__ import annotations

from xdsl.utils.exceptions import VerifyException

from .fields import flag, ints
from .types import Tensor, element_type_of, shape_of, tensor
from .windows import WindowOp


class PoolOp(WindowOp):
    """What both pools share."""

    kernel = ints()
    ceil_mode = flag()

    def verify_op(self) -> None:
        super().verify_op()
        if len(self.kernel) != self.spatial_rank or min(self.kernel) < 1:
            raise VerifyException(f"kernel {list(self.kernel)} needs {self.spatial_rank} numbers of at least 1")

    def infer_type(self) -> Tensor:
        spatial = self.window_sizes(self.kernel, ceil=self.ceil_mode)
        return tensor(self.arrange(shape_of(self.x)[0], self.channels, spatial), element_type_of(self.x))


class MaxPoolOp(PoolOp):
    """The largest element of each window; padding is never the largest. ONNX MaxPool."""

    name = "graph.max_pool"


class AvgPoolOp(PoolOp):
    """The mean of each window, over the elements inside x, or with `count_include_pad` over the padding's zeros too.

    What a last window has beyond the padding (`ceil_mode`) never counts. ONNX AveragePool.
    """

    name = "graph.avg_pool"
    count_include_pad = flag()


POOLING_OPS = [MaxPoolOp, AvgPoolOp]
