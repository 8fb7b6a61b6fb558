"""Shapes: where the elements of an array stand, when it is indexed, reduced, transposed or broadcast.

The element [i, j, …] of an array stands at offset i·stride₀ + j·stride₁ + … in its flat list of
elements. An axis is the list of its offsets, so a slice is a slice of it, a transpose another
order of the axes, and broadcasting an axis that stays at 0. Nothing here knows of Values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from numbers import Integral
from typing import Any

Shape = tuple[int, ...]


def is_integer(x: Any) -> bool:
    """Whether x is a whole number, Python's or NumPy's, and not True or False."""
    return type(x) is int or (isinstance(x, Integral) and not isinstance(x, bool))  # the class first: ABCs are slow


def spread(shape: tuple[Any, ...]) -> Any:
    """The shape of either call, f(2, 3) or f((2, 3))."""
    return shape[0] if len(shape) == 1 else shape


def sizes(shape: Any) -> tuple[Any, ...]:
    """A shape as a tuple, given as a sequence, as an array, or as the one size of a vector.

    >>> sizes([2, 3]), sizes(4)
    ((2, 3), (4,))
    """
    shape = shape.tolist() if hasattr(shape, "tolist") else shape
    return tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, (str, bytes)) else (shape,)


def as_shape(shape: Any) -> Shape:
    """A shape as a tuple. Raises ValueError unless its sizes are whole numbers above 0.

    >>> as_shape([2, 3]), as_shape(4)
    ((2, 3), (4,))
    """
    found = sizes(shape)
    if not all(is_integer(size) and size > 0 for size in found):
        raise ValueError(f"a shape is made of whole numbers above 0, not {shape!r}")
    return tuple(map(int, found))


def reshaped(count: int, shape: Any) -> Shape:
    """`shape` for `count` elements, a size of −1 replaced by what is left. Raises ValueError where they do not fit.

    >>> reshaped(6, (2, -1))
    (2, 3)
    """
    found = list(sizes(shape))
    if found.count(-1) == 1 and all(map(is_integer, found)) and (rest := prod([n for n in found if n != -1])):
        found[found.index(-1)] = count // rest
    if not all(is_integer(n) and n > 0 for n in found) or prod(found) != count:
        raise ValueError(f"reshape: {count} elements do not fit the shape {shape!r}")
    return tuple(map(int, found))


def nested(flat: list[Any], shape: Shape, rows: Callable[[list[Any]], list[Any]] = list) -> Any:
    """The elements as nested lists; for shape () the one element.

    >>> nested([1, 2, 3, 4, 5, 6], (2, 3))
    [[1, 2, 3], [4, 5, 6]]
    """
    for size in reversed(shape):
        flat = [rows(flat[i : i + size]) for i in range(0, len(flat), size)]
    return flat[0]


def flattened(data: Any) -> tuple[Sequence[Any], Shape]:
    """The elements of nested sequences, row by row, and their shape. Raises ValueError where rows differ in shape.

    Arrays, which have `tolist()`, and Tensors, which have flat `values`, may be among them; all else is an element.

    >>> flattened([[1, 2, 3], [4, 5, 6]])
    ([1, 2, 3, 4, 5, 6], (2, 3))
    """
    if type(data) is not list:  # the common case first: the questions below are slow
        if isinstance(getattr(data, "values", None), tuple):
            return data.values, data.shape
        if hasattr(data, "tolist"):
            data = data.tolist()
        if isinstance(data, (str, bytes)) or not isinstance(data, Sequence):
            return [data], ()
    if {*map(type, data)} <= {float, int}:
        return data, (len(data),)
    rows = [flattened(row) for row in data]
    for i, (_, shape) in enumerate(rows):
        if shape != rows[0][1]:
            raise ValueError(f"ragged: element 0 has shape {rows[0][1]}, but element {i} has shape {shape}")
    return [x for flat, _ in rows for x in flat], (len(rows), *rows[0][1])


def axes(shape: Shape) -> list[Sequence[int]]:
    """For each axis the offsets of its 0, 1, 2 …

    >>> [list(axis) for axis in axes((2, 3))]
    [[0, 3], [0, 1, 2]]
    """
    return [range(0, n * stride, stride) for k, n in enumerate(shape) for stride in [prod(shape[k + 1 :])]]


def offsets(axes: Sequence[Sequence[int]]) -> list[int]:
    """The offsets of all elements, row by row.

    >>> offsets([[0, 1, 2], [0, 3]])                            # the transpose of (2, 3)
    [0, 3, 1, 4, 2, 5]
    """
    found = [0]
    for axis in axes:
        found = [o + i for o in found for i in axis]
    return found


def broadcast_shapes(symbol: str, *shapes: Shape) -> Shape:
    """The shape that all of them are broadcast to, by NumPy's rules. Raises ValueError where they do not fit.

    >>> broadcast_shapes("+", (2, 1), (3,))
    (2, 3)
    """
    ndim = max(map(len, shapes))
    columns = [*zip(*[(1,) * (ndim - len(shape)) + shape for shape in shapes])]
    if any([len({*column} - {1}) > 1 for column in columns]):
        raise ValueError(f"{symbol}: shapes {' and '.join(map(str, shapes))} do not fit together")
    return tuple([next((n for n in column if n != 1), 1) for column in columns])


def broadcast_to(flat: Sequence[Any], shape: Shape, target: Shape) -> Sequence[Any]:
    """The elements of an array of `shape`, repeated to fill `target`, as `numpy.broadcast_to` does.

    >>> broadcast_to("ab", (2, 1), (2, 3))
    ['a', 'a', 'a', 'b', 'b', 'b']
    """
    new = len(target) - len(shape)
    if shape == target[new:]:  # as it is, or again and again along new first axes
        return [*flat] * prod(target[:new])
    padded = (1,) * new + shape
    return [flat[o] for o in offsets([axis if m == n else [0] * n for axis, m, n in zip(axes(padded), padded, target)])]


def as_axes(axis: Any, shape: Shape) -> tuple[int, ...]:
    """An axis, several, or None for all, as numbers from 0 to ndim − 1.

    Raises TypeError for what is not a whole number, IndexError for an axis that is not there, and
    ValueError for one that is named twice.

    >>> as_axes(-1, (2, 3)), as_axes(None, (2, 3))
    ((1,), (0, 1))
    """
    if axis is None:
        return tuple(range(len(shape)))
    found = []
    for k in axis if isinstance(axis, (list, tuple)) else (axis,):
        if not is_integer(k):
            raise TypeError(f"an axis is a whole number, not {type(k).__name__} {k!r}")
        if not -len(shape) <= k < len(shape):
            raise IndexError(f"axis {k} does not exist in a Tensor of shape {shape}")
        found.append(int(k) % len(shape))
    if len({*found}) < len(found):
        raise ValueError(f"axis {axis!r} names an axis of shape {shape} twice")
    return tuple(found)


@lru_cache(maxsize=16)  # the same reductions come back in every step of a training
def reduction(shape: Shape, gone: tuple[int, ...], keepdims: bool) -> tuple[Shape, list[int], list[int]]:
    """The shape that a reduction leaves, the offsets along the axes that it takes away, and along those that stay.

    >>> reduction((2, 3), (1,), False)                          # three columns to add, for each of two rows
    ((2,), [0, 1, 2], [0, 3])
    """
    numbered = list(enumerate(axes(shape)))
    kept = tuple([1 if k in gone else n for k, n in enumerate(shape) if keepdims or k not in gone])
    inner, outer = [[axis for k, axis in numbered if (k in gone) is along] for along in (True, False)]
    return kept, offsets(inner), offsets(outer)
