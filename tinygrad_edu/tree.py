"""Structures of Values: a Value, a Tensor, or lists, tuples and dicts of them, nested.

A Tensor is known here by what it can do: it has flat `values`, `map(f)`, a shape, and can be iterated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .value import Value


def map_values(f: Callable[[Value], Any], tree: Any) -> Any:
    """`tree` with f applied to each Value in it; a TypeError where it holds something else."""
    if isinstance(tree, Value):
        return f(tree)
    if isinstance(tree, (list, tuple)):
        branches = [map_values(f, branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)  # a namedtuple has fields
    if isinstance(tree, dict):
        return {key: map_values(f, branch) for key, branch in tree.items()}
    if hasattr(tree, "map"):
        return tree.map(f)
    raise _not_a_value(tree)


def flatten(tree: Any) -> list[Any]:
    """From left to right the Values, or whatever stands in their place, as one list."""
    if isinstance(tree, (list, tuple)):
        return [leaf for branch in tree for leaf in flatten(branch)]
    if isinstance(tree, dict):
        return flatten(list(tree.values()))
    return list(tree.values) if hasattr(tree, "values") else [tree]


def values_in(tree: Any) -> list[Value]:
    """As `flatten`, but a TypeError where the structure holds something that is not a Value."""
    leaves = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Value):
            raise _not_a_value(leaf)
    return leaves


def one_value(tree: Any) -> Value:
    """The one Value of the structure: y itself, or the element of a Tensor with just one. Else a ValueError."""
    values = values_in(tree)
    if len(values) != 1:
        raise ValueError(f"a derivative is taken of one number, not of {len(values)}: sum them, or use jacobian")
    return values[0]


def pairs(tree: Any, other: Any) -> Iterator[tuple[Value, Any]]:
    """Each Value of the tree with what stands in its place in a structure of the same shape, dicts key by key.

    Raises ValueError where the structures differ, TypeError where the tree holds something that is not a Value.
    """
    if isinstance(tree, Value):
        yield tree, other
    elif isinstance(tree, dict):
        if not isinstance(other, Mapping) or tree.keys() != other.keys():
            raise ValueError(f"the structures differ: a dict with the keys {[*tree]} is needed, not {other!r:.60}")
        for key, branch in tree.items():
            yield from pairs(branch, other[key])
    elif getattr(tree, "shape", None) == ():
        yield tree.values[0], other
    elif isinstance(tree, (list, tuple)) or hasattr(tree, "values"):
        parts = other.tolist() if hasattr(other, "tolist") else other
        if not isinstance(parts, Sequence) or isinstance(parts, str) or len(parts) != len(tree):
            raise ValueError(f"the structures differ: {len(tree)} entries are needed, not {other!r:.60}")
        for branch, part in zip(tree, parts):
            yield from pairs(branch, part)
    else:
        raise _not_a_value(tree)


def _not_a_value(x: Any) -> TypeError:
    return TypeError(f"a Value, a Tensor or a list of them is needed, not {type(x).__name__} {x!r}")
