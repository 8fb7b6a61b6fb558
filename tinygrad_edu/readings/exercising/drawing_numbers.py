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
from .diagnosis import mistakes_shown
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
                for v, number in zip(values, draw(random, len(values))):
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


_Random = Callable[[], float]


def _targets(y: Any) -> list[tuple[list[Value], Callable[[_Random, int], list[float]]]]:
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


def _kind(rows: list[list[float]]) -> Callable[[_Random, int], list[float]] | None:
    """How rows are drawn that are classes, probabilities, 0 or 1, or between; None of any others."""
    n = len(rows[0])
    numbers = {x for row in rows for x in row}
    if n > 1 and all([sorted(row) == [0.0] * (n - 1) + [1.0] for row in rows]):
        return _one_hot
    if 1 < n < 10 and min(numbers) >= 0 and all([isclose(sum(row), 1, abs_tol=1e-6) for row in rows]):
        return _probabilities
    if numbers <= {0.0, 1.0}:
        return lambda random, n: [float(random() < 0.5) for _ in range(n)]
    if min(numbers) >= 0 and max(numbers) <= 1:
        return lambda random, n: [(1 + int(9 * random())) / 10 for _ in range(n)]
    return None


def _one_hot(random: _Random, n: int) -> list[float]:
    one = int(n * random())
    return [float(k == one) for k in range(n)]


def _probabilities(random: _Random, n: int) -> list[float]:
    tenths = [1] * n
    for _ in range(10 - n):
        tenths[int(n * random())] += 1
    return [k / 10 for k in tenths]
