"""The page of matrix calculus: every operation on whole arrays, read beside `ops.py`."""

from __future__ import annotations

from typing import NamedTuple


class ArrayOp(NamedTuple):
    """One row. An operation on each element has none: it is its row of `ops.TABLE`."""

    symbol: str


MATMUL = ArrayOp("@")
AFFINE = ArrayOp("affine")
TRANSPOSE = ArrayOp("ᵀ")
RESHAPE = ArrayOp("reshape")
INDEX = ArrayOp("[ ]")
CAT = ArrayOp("cat")
STACK = ArrayOp("stack")
SUM = ArrayOp("sum")
MEAN = ArrayOp("mean")
MAX = ArrayOp("max")
MIN = ArrayOp("min")
LSE = ArrayOp("logsumexp")
SOFTMAX = ArrayOp("softmax")
LOG_SOFTMAX = ArrayOp("log_softmax")
MAP = ArrayOp("map")  # a function of single numbers, which the Tensor knows nothing of
