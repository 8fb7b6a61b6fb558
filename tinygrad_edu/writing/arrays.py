"""Arrays of floats, for the numbers that a formula is evaluated with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..shapes import Shape, as_axes, axes, broadcast_shapes, broadcast_to, flattened, nested, offsets, reduction


class Array:
    """Floats in a shape, row by row. Unlike the elements of a Tensor they may be infinite.

    >>> Array((2, 2), [1.0, 2.0, 3.0, 4.0]).transposed().tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """

    __slots__ = ("shape", "numbers")

    def __init__(self, shape: Shape, numbers: Sequence[float]) -> None:
        self.shape = shape
        self.numbers = numbers

    def tolist(self) -> Any:
        return nested(list(self.numbers), self.shape)

    def reshaped(self, shape: Shape) -> Array:
        return Array(shape, self.numbers)

    def transposed(self) -> Array:
        """The axes in reverse order; of a vector, a row."""
        if len(self.shape) == 1:
            return Array((1, *self.shape), self.numbers)
        return self.permuted(range(len(self.shape))[::-1])

    def permuted(self, order: Sequence[int]) -> Array:
        """The axes in this order."""
        along = [axes(self.shape)[k] for k in order]
        return Array(tuple([self.shape[k] for k in order]), [self.numbers[o] for o in offsets(along)])

    def broadcast_to(self, shape: Shape) -> Array:
        return Array(shape, broadcast_to(self.numbers, self.shape, shape))

    def matrices(self) -> list[Array]:
        """The matrices of the last two axes, one after the other."""
        size = prod(self.shape[-2:])
        return [Array(self.shape[-2:], self.numbers[o : o + size]) for o in range(0, len(self.numbers), size)]

    def along(self, f: Callable[[tuple[float, ...]], Any], axes: Shape | None, keeps: bool) -> list[Any]:
        """f of the elements along the axes, for each element that stays; where f keeps them, in their old places."""
        _, inner, outer = reduction(self.shape, as_axes(axes, self.shape), False)
        groups = [(o, f(tuple([self.numbers[o + i] for i in inner]))) for o in outer]
        if not keeps:
            return [y for _, y in groups]
        placed = {o + i: number for o, group in groups for i, number in zip(inner, group)}
        return [placed[o] for o in range(len(self.numbers))]


def array(x: Any) -> Array:
    """A float, or anything with a shape and `tolist()`, as an Array.

    >>> array(2.0).shape, array(Array((1,), [2.0])).shape
    ((), (1,))
    """
    if isinstance(x, Array):
        return x
    if not hasattr(x, "shape"):
        return Array((), (float(x),))
    return Array(tuple(x.shape), list(map(float, flattened(x.tolist())[0])))


def joined(arrays: Sequence[Array], pieces: int, shape: Shape) -> Array:
    """Arrays cut into pieces that take turns: the arrays one after another along an axis.

    >>> joined([Array((2, 1), [1.0, 2.0]), Array((2, 2), [3.0, 4.0, 5.0, 6.0])], 2, (2, 3)).tolist()
    [[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]
    """
    sizes = [len(a.numbers) // pieces for a in arrays]
    return Array(shape, [x for i in range(pieces) for a, n in zip(arrays, sizes) for x in a.numbers[i * n :][:n]])


def elementwise(f: Callable[..., float], *arrays: Array) -> Array:
    """f of the elements that meet when the shapes are broadcast."""
    shape = broadcast_shapes("a formula", *[a.shape for a in arrays])
    columns = [a.broadcast_to(shape).numbers for a in arrays]
    return Array(shape, [f(*numbers) for numbers in zip(*columns)])


def times(a: float, b: float) -> float:
    """a b, and 0 where a or b is 0: no gradient passes on nothing, be the slope infinite.

    >>> times(0.0, float("inf")), times(2.0, 3.0)
    (0.0, 6.0)
    """
    return a * b if a and b else 0.0


def matmul(a: Array, b: Array) -> Array:
    """Rows times columns. A vector is a column; and a single number multiplies what it stands beside.

    Of more than two axes the last two are those of matrices.

    >>> matmul(Array((2,), [1.0, 2.0]), Array((1, 2), [3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    if min(len(a.shape), len(b.shape)) > 1 and (a.shape[:-2] or b.shape[:-2]):
        first = broadcast_shapes("a formula", a.shape[:-2], b.shape[:-2])
        pairs = zip(*[x.broadcast_to((*first, *x.shape[-2:])).matrices() for x in (a, b)])
        products = [matmul(*pair) for pair in pairs]
        return Array((*first, a.shape[-2], b.shape[-1]), [x for c in products for x in c.numbers])
    left = a if len(a.shape) == 2 else a.reshaped((prod(a.shape), 1))
    if left.shape[1:] != b.shape[:1]:
        if 1 not in (len(a.numbers), len(b.numbers)):
            raise ValueError(f"a matrix product of shapes {a.shape} and {b.shape}")
        return elementwise(times, a, b)
    m, n = left.shape
    p = prod(b.shape[1:])
    columns = [b.numbers[j::p] for j in range(p)]
    rows = [left.numbers[i * n : (i + 1) * n] for i in range(m)]
    return Array((m, *b.shape[1:]), [sum(map(times, row, column)) for row in rows for column in columns])
