"""What a Tensor does along its axes: sums, means, extremes, softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import array_ops, ops, shapes
from ..array_ops import ArrayOp, Operation
from ..value import Operators, Value, numbers, record

if TYPE_CHECKING:
    from .tensor import Tensor

Axis: TypeAlias = "int | tuple[int, ...] | list[int] | None"


class Reductions(Operators[Any, "Tensor"]):
    """The part of `Tensor` that goes along an axis, or several, or all (None), which then disappear.

    With `keepdims` they stay, with size 1, and the result can be broadcast beside the Tensor. All
    of them raise IndexError where there is no such axis, and ValueError where one is named twice.

    >>> from tinygrad_edu import Tensor
    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> t.sum().data, t.sum(axis=0).data, t.sum(axis=1, keepdims=True).data
    (10.0, [4.0, 6.0], [[3.0], [7.0]])
    """

    __slots__ = ()
    values: tuple[Value, ...]
    shape: shapes.Shape
    #: A Tensor of these Values, with this one as its input.
    _computed: Callable[[Iterable[Value], shapes.Shape, Operation], Tensor]

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Σ along the axis.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(axis=0).data
        [4.0, 6.0]
        """
        return self._of_row(array_ops.SUM, ops.SUM, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Σ along the axis, divided by the number of terms.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(axis=1).data
        [1.5, 3.5]
        """

        def mean_of(group: tuple[Value, ...]) -> Value:
            total = Value.sum(group)
            return total / len(group) if len(group) != 1 else total

        return self._reduce(array_ops.MEAN, mean_of, axis, keepdims)

    def var(self, axis: Axis = None, correction: float = 1, keepdims: bool = False) -> Tensor:
        """Σ (aᵢ − ā)² / (n − correction), the variance; by default that of a sample, as in PyTorch.

        NumPy's default is `correction=0`. Raises ValueError unless n > correction.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([1.0, 2.0, 6.0]).var().data                      # ā = 3: (4 + 1 + 9) / 2
        7.0
        """
        axes = shapes.as_axes(axis, self.shape)
        n = prod([self.shape[k] for k in axes])
        if not n > correction:
            raise ValueError(f"var: {n} numbers less a correction of {correction} leave nothing to divide by")
        squares = (self - self.mean(axis, keepdims=True)) ** 2
        return per_count(squares.sum(axis, keepdims), +self, axes, correction)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest along the axis, which gets the gradient; where k are equal, each gets 1/k of it.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([[1.0, 4.0], [3.0, 2.0]]).max(axis=0).data
        [3.0, 4.0]
        """
        return self._of_row(array_ops.MAX, ops.MAX, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest along the axis, which gets the gradient; where k are equal, each gets 1/k of it.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([[1.0, 4.0], [3.0, 2.0]]).min(axis=0).data
        [1.0, 2.0]
        """
        return self._of_row(array_ops.MIN, ops.MIN, axis, keepdims)

    def argmax(self, axis: int | None = None) -> Any:
        """Where the largest stands, as a whole number without a gradient; of several the first.

        Without an axis it is counted row by row; along one the numbers are nested lists.

        >>> from tinygrad_edu import Tensor
        >>> t = Tensor([[1.0, 4.0], [3.0, 2.0]])
        >>> t.argmax(), t.argmax(axis=0), t.argmax(axis=1)
        (1, [1, 0], [1, 0])
        """
        kept, inner, outer = shapes.reduction(self.shape, shapes.as_axes(axis, self.shape), False)
        data = [value.data for value in self.values]
        groups = [[data[o + i] for i in inner] for o in outer]
        return shapes.nested([group.index(max(group)) for group in groups], kept)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """log Σ exp along the axis, without overflow.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([1000.0, 1000.0]).logsumexp().data               # 1000 + log 2
        1000.6931471805599
        """
        return self._of_row(array_ops.LSE, ops.LSE, axis, keepdims)

    def softmax(self, axis: int = -1) -> Tensor:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along the axis.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([1000.0, 1000.0]).softmax().data
        [0.5, 0.5]
        """
        e = self._below_zero(axis).exp()
        return self._along(array_ops.SOFTMAX, axis, e / e.sum(axis, keepdims=True))

    def log_softmax(self, axis: int = -1) -> Tensor:
        """zᵢ − log Σⱼ exp(zⱼ) along the axis, the logarithm of softmax.

        >>> from tinygrad_edu import Tensor
        >>> Tensor([5.0]).log_softmax().data                        # log 1
        [0.0]
        """
        z = self._below_zero(axis)
        return self._along(array_ops.LOG_SOFTMAX, axis, z - z.logsumexp(axis, keepdims=True))

    def _along(self, op: ArrayOp, axis: int, result: Tensor) -> Tensor:
        """The result under one name, as computed from this Tensor alone."""
        return self._computed(result.values, self.shape, Operation(op, shapes.as_axes(axis, self.shape)))

    def _below_zero(self, axis: int) -> Tensor:
        """self − max(self). Softmax is the same for both, but exp of this cannot overflow."""
        return self - self.max(axis, keepdims=True).stop_gradient()

    def _of_row(self, op: ArrayOp, row: ops.Op, axis: Axis, keepdims: bool) -> Tensor:
        """A reduction of which each element is one node."""
        return self._reduce(op, lambda group: record(row, group, numbers(group)), axis, keepdims)

    def _reduce(self, op: ArrayOp, f: Callable[[tuple[Value, ...]], Value], axis: Axis, keepdims: bool) -> Tensor:
        gone = shapes.as_axes(axis, self.shape)
        kept, inner, outer = shapes.reduction(self.shape, gone, bool(keepdims))
        values = [f(tuple([self.values[o + i] for i in inner])) for o in outer]
        return self._computed(values, kept, Operation(op, gone, bool(keepdims)))


def per_count(total: Tensor, of: Tensor, axes: tuple[int, ...], less: float = 0.0) -> Tensor:
    """The total, divided by how many elements `of` has along the axes, less a correction.

    That is a division by a number, but not by one that the program holds: of more examples it is another.
    """
    quotient = total / (prod([of.shape[k] for k in axes]) - less)
    quotient.operation, quotient.inputs = Operation(array_ops.PER_COUNT, axes, less=less), (total, of)
    return quotient
