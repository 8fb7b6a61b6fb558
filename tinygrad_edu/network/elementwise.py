"""What a Tensor does element by element: operators and functions, each its row of the table."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from .. import ops
from ..value import real_number

if TYPE_CHECKING:
    from typing import Any, Self

    from .tensor import Tensor


class Elementwise:
    """The part of `Tensor` that records one node an element; the shapes of two Tensors are broadcast as in NumPy.

    >>> from tinygrad_edu import Tensor
    >>> (Tensor([[1.0], [2.0]]) * Tensor([3.0, 4.0])).data
    [[3.0, 4.0], [6.0, 8.0]]
    """

    def _each(self, op: ops.Op) -> Tensor:
        """The row applied to every element."""
        raise NotImplementedError

    def _pair(self, op: ops.Op, a: Any, b: Any, symbol: str | None = None) -> Tensor:
        """The row applied to the elements of a and b that meet; the operation is called by the symbol."""
        raise NotImplementedError

    # Operators.

    def __add__(self, other: Any) -> Tensor:
        return self._pair(ops.ADD, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return self._pair(ops.ADD, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return self._pair(ops.SUB, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._pair(ops.SUB, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self._pair(ops.MUL, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return self._pair(ops.MUL, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return self._pair(ops.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._pair(ops.DIV, other, self)

    def __pow__(self, exponent: Any) -> Tensor:
        if hasattr(exponent, "tolist") and not isinstance(exponent, Elementwise):
            exponent = exponent.tolist()  # of a 0-d array a number
        if isinstance(exponent, Real):
            return self._each(ops.power(real_number(exponent)))
        return self._pair(ops.POW, self, exponent, "^")

    def __rpow__(self, base: Any) -> Tensor:
        return self._pair(ops.POW, base, self, "^")

    def maximum(self, other: Any) -> Tensor:
        """`Value.maximum`, element by element."""
        return self._pair(ops.MAXIMUM, self, other)

    def minimum(self, other: Any) -> Tensor:
        """`Value.minimum`, element by element."""
        return self._pair(ops.MINIMUM, self, other)

    # Elementwise functions.

    def __neg__(self) -> Tensor:
        return self._each(ops.NEG)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Tensor:
        return self._each(ops.ABS)

    def exp(self) -> Tensor:
        """`Value.exp` of every element."""
        return self._each(ops.EXP)

    def log(self) -> Tensor:
        """`Value.log` of every element."""
        return self._each(ops.LOG)

    def sqrt(self) -> Tensor:
        """`Value.sqrt` of every element."""
        return self._each(ops.SQRT)

    def tanh(self) -> Tensor:
        """`Value.tanh` of every element."""
        return self._each(ops.TANH)

    def sigmoid(self) -> Tensor:
        """`Value.sigmoid` of every element."""
        return self._each(ops.SIGMOID)

    def relu(self) -> Tensor:
        """`Value.relu` of every element."""
        return self._each(ops.RELU)

    def sin(self) -> Tensor:
        """`Value.sin` of every element."""
        return self._each(ops.SIN)

    def cos(self) -> Tensor:
        """`Value.cos` of every element."""
        return self._each(ops.COS)

    def abs(self) -> Tensor:
        """`Value.abs` of every element."""
        return self._each(ops.ABS)

    def stop_gradient(self) -> Tensor:
        """`Value.stop_gradient` of every element."""
        return self._each(ops.STOP)

    def step(self) -> Tensor:
        """`Value.step` of every element."""
        return self._each(ops.STEP)
