"""New numbers for the inputs and parameters of a graph, of one decimal, and the old ones back again."""

from collections.abc import Callable
from math import isclose
from random import Random
from typing import Any

from ...graph import topological_order
from ...network.nn import Parameter
from ...tree import values_in
from ...value import Value, check_current, forward
from ..naming import Names
from .rules import mistakes_shown
from .sheet import Question, at_a_kink, prints_as_zero

_MOST_ATTEMPTS = 100
_UNITS = 3.0  # more than marking takes for rounding


def drawn(y: Any, seed: int, digits: int, read: Callable[[], list[Question]]) -> list[Question]:
    """What `read` makes of the graph with new numbers, which show every mistake that can be made on it.

    The numbers are ±0.1, …, ±0.9; targets stay what they are, such as classes. What the sheet does not list as given
    is a constant of the computation, such as the n of a mean. The graph itself is as before afterwards.

    Raises:
        ValueError: no numbers were found at which the graph has values, or that show every mistake.
    """
    random = Random(seed).random  # the one method whose numbers are the same in every Python
    order = topological_order(*values_in(y))
    check_current("worksheet", order)
    nodes = [q.line.row.node for q in read() if q.line.rule is None]
    given = {*values_in([node for node in nodes if node is not None])}
    targets = [(values, draw) for values, draw in _targets(y) if given.issuperset(values)]
    before = {v: v.data for v in order if not v.op}
    free = given.intersection(before).difference(*[values for values, _ in targets])
    best: tuple[list[str], bool, list[Question]] | None = None
    try:
        for attempt in range(_MOST_ATTEMPTS):
            for v in [v for v in before if v in free]:
                size, positive = (1 + int(9 * random())) / 10, random() >= 0.5
                if attempt % 2:  # perhaps only the signs that it had are in the domain
                    positive = before[v] >= 0
                v.data = size if positive else -size
            for values, draw in targets:
                for v, number in zip(values, draw(random, [before[v] for v in values])):
                    v.data = number
            try:
                forward(order)
                sheet = read()
            except (ArithmeticError, ValueError):
                continue
            hidden = sorted([id for id, shows in mistakes_shown(sheet, digits, _UNITS).items() if not shows])
            flawed = bool(prints_as_zero(sheet, digits)) or at_a_kink(sheet)
            if best is None or (len(hidden), flawed) < (len(best[0]), best[1]):
                best = (hidden, flawed, sheet)
            if not hidden and not flawed:
                break
    finally:
        for v, data in before.items():
            v.data = data
        forward(order)
    if best is None:
        raise ValueError("worksheet: no numbers from −0.9 to 0.9 were found at which this graph has values")
    if best[0]:
        raise ValueError(f"worksheet: whatever the numbers, some mistakes stay hidden here: {', '.join(best[0])}")
    return best[2]


_Draw = Callable[[Callable[[], float], list[float]], list[float]]  # new numbers for a row, from random and the old ones


def _targets(y: Any) -> list[tuple[list[Value], _Draw]]:
    """The rows of data that no layer takes in and that look like targets of a loss, with how they are drawn."""
    names = Names(y)
    taken = {x for layer in names.layers for x in layer.inputs}
    found = []
    for t in names.tensors:
        if not t.inputs and t.shape and t not in taken and not isinstance(t, Parameter):
            n = t.shape[-1]
            rows = [list(t.values[k : k + n]) for k in range(0, len(t.values), n)]
            if (draw := _kind([[v.data for v in row] for row in rows])) is not None:
                found += [(row, draw) for row in rows]
    return found


def _kind(rows: list[list[float]]) -> _Draw | None:
    """How rows are drawn that are classes or probabilities, 0 or 1, or between; None of any others."""
    numbers = {x for row in rows for x in row}
    if len(rows[0]) > 1 and min(numbers) >= 0 and all([isclose(sum(row), 1, abs_tol=1e-6) for row in rows]):
        return _turned
    if numbers <= {0.0, 1.0}:
        return lambda random, row: [float(random() < 0.5) for _ in row]
    if min(numbers) >= 0 and max(numbers) <= 1:
        return lambda random, row: [(1 + int(9 * random())) / 10 for _ in row]
    return None


def _turned(random: Callable[[], float], row: list[float]) -> list[float]:
    """The same numbers in a circle, the largest at a place by chance: classes and probabilities stay what they are."""
    n = len(row)
    moved = int(n * random()) - row.index(max(row))
    return [row[(k - moved) % n] for k in range(n)]
