"""Structures of Values: a Value, a Tensor, or lists, tuples and dicts of them, nested.

A Tensor is known here by what it can do: it has flat `values`, `map(f)` and a shape, and iterates over its rows.
"""

from collections.abc import Callable, Iterator
from typing import Any

from .errors import in_short
from .value import Value


def map_ends(f: Callable[[Any], Any], tree: Any) -> Any:
    """`tree` with f applied to what stands at its ends, such as Values and whole Tensors."""
    if isinstance(tree, (list, tuple)):
        branches = [map_ends(f, branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)  # a namedtuple has fields
    if isinstance(tree, dict):
        return {key: map_ends(f, branch) for key, branch in tree.items()}
    return f(tree)


def map_values(f: Callable[[Value], Any], tree: Any) -> Any:
    """`tree` with f applied to each Value in it; a TypeError where it holds something else."""

    def end(x: Any) -> Any:
        if isinstance(x, Value):
            return f(x)
        if hasattr(x, "map"):
            return x.map(f)
        raise _not_a_value(x)

    return map_ends(end, tree)


def flatten(tree: Any) -> list[Any]:
    """From left to right what is at the ends of the structure, which need not be Values, as one list."""
    ends: list[Any] = []
    map_ends(lambda end: ends.extend(end.values if hasattr(end, "values") else [end]), tree)
    return ends


def values_in(tree: Any) -> list[Value]:
    """As `flatten`, but a TypeError where the structure holds something that is not a Value."""
    ends = flatten(tree)
    for end in ends:
        if not isinstance(end, Value):
            raise _not_a_value(end)
    return ends


def one_value(tree: Any) -> Value:
    """The one Value of the structure: y itself, or the element of a Tensor with just one. Else a ValueError."""
    values = values_in(tree)
    if len(values) != 1:
        raise ValueError(f"a derivative is taken of one number, not of {len(values)}: sum them, or use jacobian")
    return values[0]


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, end) for everything at the ends: a path holds dict keys and positions, and arrays are walked like lists.

    >>> [*paths({"w": [1.0, 2.0]})]
    [(('w', 0), 1.0), (('w', 1), 2.0)]
    """
    if isinstance(tree, dict):
        branches: Any = tree.items()
    elif isinstance(tree, (list, tuple)) or getattr(tree, "shape", None):
        branches = enumerate(tree)
    else:
        yield path, tree.values[0] if hasattr(tree, "values") else tree
        return
    for key, branch in branches:
        yield from paths(branch, (*path, key))


def _not_a_value(x: Any) -> TypeError:
    said = f"{type(x).__name__}: a function or a network is called first, as in f(x)" if callable(x) else in_short(x)
    said = f"{type(x).__name__}: its parameters are net.parameters()" if hasattr(x, "parameters") else said
    return TypeError(f"a Value, a Tensor or a list of them is needed, not {said}")
