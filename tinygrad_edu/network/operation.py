"""What a Tensor remembers of the operation that it was computed by."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..ops import Op
    from .indexing import Key


class Operation(NamedTuple):
    """An operation on Tensors, with what it was given beside its inputs.

    >>> from tinygrad_edu import Tensor
    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> t.sum(axis=-1).record.axis, (t**3).record.exponent, t[0].record.keys
    ((1,), 3.0, (0,))
    """

    symbol: str  #: "×", "tanh", "@", "affine", "sum", "mean", "softmax", "ᵀ", "reshape", "[ ]", "stack", "map" …
    row: Op | None = None  #: the row of the table that each element is one node of; None where it takes several or none
    axis: tuple[int, ...] | None = None  #: the axes that a reduction or a softmax ran along, from 0 to ndim − 1
    keepdims: bool = False  #: whether a reduction left those axes in place, with size 1
    keys: tuple[Key, ...] | None = None  #: of t[keys]: one for each axis from the left, "..." spelled out

    @property
    def exponent(self) -> float | None:
        """The n of aⁿ, else None.

        >>> from tinygrad_edu import Tensor
        >>> (Tensor([2.0]) ** 0.5).record.exponent
        0.5
        """
        return self.row.exponent if self.row else None


@lru_cache(maxsize=1024)
def of_row(row: Op) -> Operation:
    """The operation that is a row of the table, element by element.

    >>> from tinygrad_edu import ops
    >>> of_row(ops.TANH).symbol
    'tanh'
    """
    return Operation(row.symbol, row)
