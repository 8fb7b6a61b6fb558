"""New numbers for the inputs and parameters of a graph, of one decimal, and the old ones back again."""

from __future__ import annotations

from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from ...graph import topological_order
from ...network.tensor import Tensor
from ...value import check_current, forward
from ..naming import Names
from .sheet import is_one_hot, leaves, mistakes_shown, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...value import Value
    from .sheet import Question

_MOST_ATTEMPTS = 100
_UNITS = 3.0  # more than marking takes for rounding


def drawn(y: Any, seed: int, digits: int, read: Callable[[], list[Question]]) -> list[Question]:
    """What `read` makes of the graph with new numbers, which show every mistake that can be made on it.

    The numbers are ±0.1, …, ±0.9; classes stay one-hot. The graph is as before afterwards, also after an error.

    Raises:
        ValueError: no numbers were found at which the graph has values, or that show every mistake.
    """
    random = Random(seed).random  # the one method whose numbers are the same in every Python
    order = topological_order(*values_of(y))
    check_current("worksheet", order)
    free, classes = _what_is_drawn(y, order)
    hidden: set[str] | None = None
    with _restored(order):
        own = {v: v.data for v in free}
        for attempt in range(_MOST_ATTEMPTS):
            for v in free:
                size, sign = (1 + int(9 * random())) / 10, random() < 0.5
                if attempt % 2:  # perhaps only the signs that it had are in the domain
                    sign = own[v] < 0
                v.data = -size if sign else size
            for row in classes:
                one = int(len(row) * random())
                for k, v in enumerate(row):
                    v.data = float(k == one)
            try:
                forward(order)
                sheet = read()
            except (ArithmeticError, ValueError):
                continue
            now = {mistake for mistake, shows in mistakes_shown(sheet, digits, _UNITS).items() if not shows}
            if not now:
                return sheet
            hidden = now if hidden is None else min(hidden, now, key=len)
    if hidden is None:
        raise ValueError("worksheet: no numbers from −0.9 to 0.9 were found at which this graph has values")
    raise ValueError(f"worksheet: whatever the numbers, some mistakes stay hidden here: {', '.join(sorted(hidden))}")


def _what_is_drawn(y: Any, order: list[Value]) -> tuple[list[Value], list[list[Value]]]:
    """The leaves that get new numbers, and the rows that are classes."""
    names = Names(y)
    fixed: set[Value] = set()
    classes: list[list[Value]] = []
    inputs = [layer.x for layer in names.layers]
    for leaf in leaves(y):
        if names.is_constant(leaf):
            fixed.update(values_of(leaf))
        elif isinstance(leaf, Tensor) and leaf not in inputs and is_one_hot(leaf):
            n = leaf.shape[-1]
            classes += [list(leaf.values[k : k + n]) for k in range(0, len(leaf.values), n)]
            fixed.update(leaf.values)
    return [v for v in order if not v.op and v not in fixed], classes


@contextmanager
def _restored(order: list[Value]) -> Iterator[None]:
    """The numbers as they were, afterwards."""
    before = [(v, v.data) for v in order if not v.op]
    try:
        yield
    finally:
        for v, data in before:
            v.data = data
        forward(order)
