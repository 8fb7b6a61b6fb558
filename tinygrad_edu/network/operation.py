"""What a Tensor remembers of the operation that it was computed by."""

from __future__ import annotations

from typing import NamedTuple

from ..array_ops import ArrayOp
from ..ops import Op
from .indexing import Key


class Operation(NamedTuple):
    """An operation on Tensors, with what it was given beside its inputs.

    >>> from tinygrad_edu import Tensor
    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> t.sum(axis=-1).record.axis, t[0].record.keys
    ((1,), (0,))
    """

    op: Op | ArrayOp  #: a row of `ops.TABLE`, element by element, or of `array_ops`
    axis: tuple[int, ...] | None = None  #: the axes that a reduction or a softmax ran along, from 0 to ndim − 1
    keepdims: bool = False  #: whether a reduction left those axes in place, with size 1
    keys: tuple[Key, ...] | None = None  #: of t[keys]: one for each axis from the left, "..." spelled out
