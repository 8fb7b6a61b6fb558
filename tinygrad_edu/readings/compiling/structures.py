"""Structures as code: what stands on the left and the right of `[[W_11, W_12], b] = parameters`."""

from __future__ import annotations

import itertools
import keyword
import math
import operator
from collections.abc import Callable, Container, Iterable
from types import NoneType
from typing import Any, TypeAlias

from ...network.tensor import Tensor
from ...shapes import nested
from ...value import Value
from ...writing.code import identifier

Called: TypeAlias = Callable[[Value | Tensor], str | None]  #: the name of a node, or None
INDENT = "    "
EXPRESSION = 72  # the width of what stands right of `name = `, for lines of about 88


class Names:
    """Valid identifiers, each given out once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*keyword.kwlist, *taken}
        self.next: dict[str, int] = {}  # the number that was last put behind a name

    def new(self, label: str) -> str:
        name = identifier(label)
        stem = name.removesuffix("_1")
        while name in self.taken:
            self.next[stem] = self.next.get(stem, 1) + 1
            name = f"{stem}_{self.next[stem]}"
        self.taken.add(name)
        return name


def name_of(node: Any, called: Called | None = None) -> str | None:
    """What a Value or Tensor is called, if it is called something: by `called`, else by its label."""
    if not isinstance(node, (Value, Tensor)):
        return None
    return (called and called(node)) or node.label or None


def unpacked(
    tree: Any,
    name: str,
    names: Names,
    line: Callable[[str], None],
    called: Called | None = None,
    whole: Container[Any] = (),
) -> list[tuple[Any, str]]:
    """Lines that give every number of the structure `name` a name of its own; the Values with those names.

    A Tensor that is to stay whole has one name.
    """
    if isinstance(tree, Tensor) and tree in whole:
        return [(tree, name)]
    if isinstance(tree, Tensor) and not tree.shape:
        tree = tree.values[0]
    if isinstance(tree, Value):
        return [(tree, name)]
    if isinstance(tree, Tensor):
        found = [(x, names.new(name_of(x, called) or f"{name}_{i}")) for i, x in enumerate(tree.values, start=1)]
        line(f"{laid_out(nested([name for _, name in found], tree.shape), str)} = {name}")
        return found
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree, start=1)
    parts = [(names.new(name_of(part, called) or f"{name}_{key}"), part) for key, part in branches]
    if isinstance(tree, dict):
        for key, (part_name, _) in zip(tree, parts):
            line(f"{part_name} = {name}[{key_as_code(key)}]")
    else:
        line(f"{laid_out([part_name for part_name, _ in parts], str)} = {name}")
    return [pair for part_name, part in parts for pair in unpacked(part, part_name, names, line, called, whole)]


def print_reader(trees: dict[str, Any], function: str = "numbers") -> str:
    """The source of a function whose result is the flat list of all numbers of its arguments."""
    names, lines = Names(trees), list[str]()
    numbers = [number for name, tree in trees.items() for _, number in unpacked(tree, name, names, lines.append)]
    lines.append(f"return {laid_out(numbers, str)}")
    body = "\n".join(lines).replace("\n", "\n    ")
    return f"def {function}({', '.join(trees)}):\n    {body}\n"


def print_writer(tree: Any) -> str:
    """The source of a function that gives a flat list of numbers the structure of the tree, the inverse of a reader."""
    places = itertools.count()
    structure = laid_out(unfolded(tree, lambda _: f"numbers[{next(places)}]"), str)
    return f"def arranged(numbers):\n    return {structure}\n"


def key_as_code(key: Any) -> str:
    """A key of a dict as it is written in source. Raises TypeError where it cannot be."""
    if type(key) is tuple:
        return f"({', '.join(map(key_as_code, key))}{',' * (len(key) == 1)})"
    if type(key) in (str, bytes, bool, NoneType) or (type(key) is float and math.isfinite(key)):
        return repr(key)
    try:
        return repr(operator.index(key))  # also of NumPy's integers
    except TypeError:
        raise TypeError(
            f"compile_graph: the key {key!r} cannot be written in a program; keys are text, whole numbers, or tuples "
            "of them"
        ) from None


def unfolded(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """The structure with lists for Tensors, and `leaf(x)` for what stands at its ends."""
    if isinstance(tree, Tensor):
        return nested([*map(leaf, tree.values)], tree.shape)
    if isinstance(tree, dict):
        return {key: unfolded(branch, leaf) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        branches = [unfolded(branch, leaf) for branch in tree]
        return tuple(branches) if isinstance(tree, tuple) else branches
    return leaf(tree)


def laid_out(tree: Any, text: Callable[[Any], str]) -> str:
    """The structure as Python writes it: on one line, or else rows below each other."""
    if isinstance(tree, dict):
        opening, closing = "{", "}"
        items = [f"{key_as_code(key)}: {laid_out(branch, text)}" for key, branch in tree.items()]
    elif isinstance(tree, (list, tuple)):
        opening, closing = "()" if isinstance(tree, tuple) else "[]"
        items = [laid_out(branch, text) for branch in tree]
    else:
        return text(tree)
    one_line = ", ".join(items) + ("," if opening == "(" and len(items) == 1 else "")
    if len(one_line) < EXPRESSION and "\n" not in one_line:
        return opening + one_line + closing
    items = [item + "," for item in items]
    flat = opening != "{" and not any([item[0] in "[({" for item in items])
    rows = filled(items) if flat else [line for item in items for line in item.split("\n")]
    return "\n".join([opening, *["    " + row for row in rows], closing])


def filled(words: list[str]) -> list[str]:
    """The words on as few lines as they need, as many on each."""
    longest = max(map(len, words), default=0) + 1
    lines = -(-len(words) // max(1, EXPRESSION // longest))
    n = -(-len(words) // max(1, lines))
    return [" ".join(words[i : i + n]) for i in range(0, len(words), n)]
