"""Indexing as in NumPy: which elements of an array t[index] takes, and in which shape.

An index is an integer, a slice or an array of integers for each axis from the left; "..." stands
for whole axes in between. Integers and slices act on each axis alone: t[0, 1:] is a row without
its first element. Arrays go together: t[[0, 2], [1, 1]] is the elements [0, 1] and [2, 1], and the
axes of the arrays stand in the result where theirs did, or first where a slice lies between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from ..errors import in_short
from ..shapes import Shape, axes, broadcast_shapes, broadcast_to, flattened, is_integer, offsets
from ..value import Value

Key: TypeAlias = "int | slice | Indices"


class Indices(NamedTuple):
    """An array of integers as an index: its numbers, row by row, and its shape."""

    flat: tuple[int, ...]
    shape: Shape


def selected(shape: Shape, index: Any) -> tuple[tuple[Key, ...], list[int], Shape]:
    """The index as a key for each axis from the left, the offsets of what it takes, and their shape.

    Raises TypeError for what is not an index, and IndexError for too many, for a number out of
    range, and where nothing is left.

    >>> selected((2, 3), (slice(None), 1))
    ((slice(None, None, None), 1), [1, 4], (2,))
    >>> selected((2, 3), ([0, 1, 0], -1))[1:]                   # the elements [0, 2], [1, 2] and [0, 2]
    ([2, 5, 2], (3,))
    """
    keys = _keys(shape, index if isinstance(index, tuple) else (index,))
    found, taken = places(shape, keys)
    if 0 in taken:
        raise IndexError(f"{index!r} selects nothing from a Tensor of shape {shape}")
    return keys, found, taken


def places(shape: Shape, keys: tuple[Key, ...]) -> tuple[list[int], Shape]:
    """The offsets of what the keys take, and their shape.

    >>> places((2, 3), (slice(None), 1))
    ([1, 4], (2,))
    """
    arrays = any([isinstance(key, Indices) for key in keys])
    found, taken = _with_arrays(shape, keys) if arrays else _axis_by_axis(shape, keys)
    return offsets(found), taken


def _axis_by_axis(shape: Shape, keys: tuple[Key, ...]) -> tuple[list[Sequence[int]], Shape]:
    found = axes(shape)
    taken = []
    for k, key in enumerate(keys):
        if isinstance(key, slice):
            found[k] = found[k][key]
            taken.append(len(found[k]))
        else:
            assert isinstance(key, int)
            found[k] = [found[k][key]]
    return found, (*taken, *shape[len(keys) :])


def _with_arrays(shape: Shape, keys: tuple[Key, ...]) -> tuple[list[Sequence[int]], Shape]:
    """The arrays, and integers beside them, are one axis of the result's offsets, the slices one each."""
    keys = (*keys, *[slice(None)] * (len(shape) - len(keys)))
    together = {k: key if isinstance(key, Indices) else Indices((key,), ()) for k, key in enumerate(keys)
                if not isinstance(key, slice)}  # fmt: skip
    common = broadcast_shapes("index", *[key.shape for key in together.values()])
    every = axes(shape)
    columns = [[every[k][i] for i in broadcast_to(key.flat, key.shape, common)] for k, key in together.items()]
    joint = [sum(column) for column in zip(*columns)]
    slices = [(k, every[k][key]) for k, key in enumerate(keys) if isinstance(key, slice)]
    adjacent = max(together) - min(together) < len(together)
    before = [axis for k, axis in slices if adjacent and k < min(together)]
    after = [axis for k, axis in slices if not (adjacent and k < min(together))]
    return [*before, joint, *after], (*map(len, before), *common, *map(len, after))


def _keys(shape: Shape, index: tuple[Any, ...]) -> tuple[Key, ...]:
    """A key for each axis from the left, "..." spelled out, each checked against its axis."""
    found: list[Key] = []
    for position, part in enumerate(index):
        if part is Ellipsis:
            rest = index[position + 1 :]
            found += [slice(None)] * (len(shape) - len(found) - len(rest))
        else:
            found.append(_key(part))
    if len(found) > len(shape):
        raise IndexError(f"{len(found)} indices for a Tensor of shape {shape}")
    for axis, key in enumerate(found):
        for i in () if isinstance(key, slice) else key.flat if isinstance(key, Indices) else (key,):
            if not -shape[axis] <= i < shape[axis]:
                raise IndexError(f"index {i} is out of range for axis {axis} of shape {shape}")
    return tuple(found)


def _key(part: Any) -> Key:
    """One part of an index as a key. The numbers of Tensors and Values are integers where they are whole."""
    if isinstance(part, slice):
        return part
    if is_integer(part):
        return int(part)
    flat, shape = flattened(part)
    numbers = [x.data if isinstance(x, Value) else x for x in flat]
    numbers = [int(n) if isinstance(x, Value) and n.is_integer() else n for x, n in zip(flat, numbers)]
    for n in numbers:
        if not is_integer(n):
            way = "; of a mask, write the places that are True" if isinstance(n, bool) else ""
            raise TypeError(f"an index is an integer, a slice or an array of integers, not {in_short(n)}{way}")
    return Indices(tuple(map(int, numbers)), shape) if shape else int(numbers[0])
