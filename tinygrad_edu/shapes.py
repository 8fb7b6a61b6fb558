"""Shapes: where the elements of an array stand, when it is indexed, reduced, transposed or broadcast.

The element [i, j, …] of an array stands at offset i·stride₀ + j·stride₁ + … in its flat list of
elements. An axis is the list of its offsets, so a slice is a slice of it, a transpose another
order of the axes, and broadcasting an axis that stays at 0. Nothing here computes with
Values, which may stand among elements and indices.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from numbers import Integral
from typing import Any, TypeAlias

from .errors import in_short

Shape: TypeAlias = tuple[int, ...]
Key: TypeAlias = int | slice | list[Any]  # an index along one axis; a list is an array of integers


def is_integer(x: Any) -> bool:
    """Whether x is a whole number, Python's or NumPy's, and not True or False."""
    return type(x) is int or (isinstance(x, Integral) and not isinstance(x, bool))  # the class first: ABCs are slow


def sizes(shape: Any) -> tuple[Any, ...]:
    """A shape as a tuple, given as a sequence, as an array, or as the one size of a vector; or one of these in a tuple.

    >>> sizes([2, 3]), sizes(4), sizes(((2, 3),))               # the last are the arguments of f((2, 3))
    ((2, 3), (4,), (2, 3))
    """
    shape = shape[0] if isinstance(shape, tuple) and len(shape) == 1 else shape
    shape = shape.tolist() if hasattr(shape, "tolist") else shape
    return tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, (str, bytes)) else (shape,)


def as_shape(shape: Any) -> Shape:
    """A shape as a tuple. Raises ValueError unless its sizes are whole numbers above 0.

    >>> as_shape([2, 3]), as_shape(4)
    ((2, 3), (4,))
    """
    if not all([is_integer(size) and size > 0 for size in sizes(shape)]):
        raise ValueError(f"a shape is made of whole numbers above 0, not {shape!r}")
    return tuple(map(int, sizes(shape)))


def reshaped(count: int, shape: Any) -> Shape:
    """`shape` for `count` elements, a size of −1 replaced by what is left. Raises ValueError where they do not fit.

    >>> reshaped(6, (2, -1))
    (2, 3)
    """
    rest = count // prod(as_shape([n for n in sizes(shape) if n != -1]))
    result = tuple([rest if n == -1 else int(n) for n in sizes(shape)])
    if prod(result) != count:
        raise ValueError(f"reshape: {count} elements do not fit the shape {sizes(shape)}")
    return result


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
    if isinstance(data, (int, float)):  # the common cases first: the questions below are slow
        return [data], ()
    if type(data) is not list:
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
    result = [0]
    for axis in axes:
        result = [o + i for o in result for i in axis]
    return result


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
    result = []
    for k in axis if isinstance(axis, (list, tuple)) else (axis,):
        if not is_integer(k):
            raise TypeError(f"an axis is a whole number, not {type(k).__name__} {k!r}")
        if not -len(shape) <= k < len(shape):
            raise IndexError(f"axis {k} does not exist in a Tensor of shape {shape}")
        result.append(int(k) % len(shape))
    if len({*result}) < len(result):
        raise ValueError(f"axis {axis!r} names an axis of shape {shape} twice")
    return tuple(result)


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


# Indexing as in NumPy: an integer, a slice or an array of integers for each axis from the left.


def as_keys(shape: Shape, index: Any) -> tuple[Key, ...]:
    """An index as keys, one for each of the first axes, "..." written as slices. The other axes are taken whole.

    An array of integers is a list, a range, a NumPy array or a Tensor; whole numbers count as integers.

    Raises TypeError for what is not an index, and IndexError for too many, and for a number out of range.

    >>> as_keys((2, 3), (..., range(2))), as_keys((2, 3), 1)
    ((slice(None, None, None), [0, 1]), (1,))
    """
    index = index if isinstance(index, tuple) else (index,)
    keys: list[Key] = []
    for k, key in enumerate(index):
        if key is Ellipsis:
            keys += [slice(None)] * (len(shape) - len(keys) - len(index[k + 1 :]))
        else:
            keys.append(key if isinstance(key, slice) else _integers(key))
    if len(keys) > len(shape):
        raise IndexError(f"{len(keys)} indices for a Tensor of shape {shape}")
    for axis, key in enumerate(keys):
        for i in [] if isinstance(key, slice) else flattened(key)[0]:
            if not -shape[axis] <= i < shape[axis]:
                raise IndexError(f"index {i} is out of range for axis {axis} of shape {shape}")
    return tuple(keys)


def _integers(key: Any) -> Any:
    """A whole number, or an array of them as nested lists."""
    flat, shape = flattened(key)
    numbers = [n if is_integer(n) or isinstance(n, float) else getattr(n, "data", n) for n in flat]  # n may be a Value
    for n in numbers:
        if not (is_integer(n) or (isinstance(n, float) and n.is_integer())):
            hint = "; of a mask, write the places that are True" if isinstance(n, bool) else ""
            raise TypeError(f"an index is an integer, a slice or an array of integers, not {in_short(n)}{hint}")
    return nested(list(map(int, numbers)), shape) if numbers else []


def selected(shape: Shape, keys: Sequence[Key]) -> tuple[list[int], Shape]:
    """The offsets of what the keys select, and their shape. Raises IndexError where nothing is left.

    A slice acts on its axis alone. Arrays, and integers beside them, go together: [[0, 2], [1, 1]] are the elements
    [0, 1] and [2, 1]. Their axes stand in the result where theirs did, or first where a slice lies between them.

    >>> selected((2, 3), (slice(None), 1)), selected((2, 3), ([0, 1, 0], -1))
    (([1, 4], (2,)), ([2, 5, 2], (3,)))
    """
    every = dict(enumerate([*keys, *[slice(None)] * (len(shape) - len(keys))]))
    along = axes(shape)
    slices = {k: along[k][key] for k, key in every.items() if isinstance(key, slice)}
    arrays = {k: flattened(key) for k, key in every.items() if not isinstance(key, slice)}
    common = broadcast_shapes("index", *[own for _, own in arrays.values()]) if arrays else ()
    columns = [[along[k][i] for i in broadcast_to(flat, own, common)] for k, (flat, own) in arrays.items()]
    together = [sum(column) for column in zip(*columns)] or [0]
    first = min(arrays) if arrays and max(arrays) - min(arrays) < len(arrays) else 0  # the axis where they stand
    before = [axis for k, axis in slices.items() if k < first]
    after = [axis for k, axis in slices.items() if k >= first]
    result = (*map(len, before), *common, *map(len, after))
    if 0 in result:
        raise IndexError(f"the index selects nothing from a Tensor of shape {shape}")
    return offsets([*before, together, *after]), result
