"""New numbers for the inputs and parameters of a graph, of one decimal, and the old ones back again."""

from collections.abc import Callable
from math import isclose
from random import Random
from typing import Any, TypeAlias

from ...graph import topological_order
from ...network.nn import Parameter
from ...tree import values_in
from ...value import Value, check_current, forward
from ..naming import Names
from .rules import mistakes_shown
from .sheet import Question, at_a_kink, prints_as_zero

_MOST_ATTEMPTS = 100
_FEW = 20  # attempts after which what is so in all of them is taken to be so at all numbers
_UNITS = 3.0  # more than marking takes for rounding


def drawn(y: Any, seed: int, digits: int, read: Callable[[], list[Question]]) -> list[Question]:
    """What `read` makes of the graph with new numbers, which show every mistake that some numbers show.

    The numbers are ±0.1, …, ±0.9; targets are drawn as what they are: classes, probabilities, 0 or 1, or from 0 to 1.
    What the sheet does not list as given is a constant of the computation, such as the n of a mean. The graph itself
    is as before afterwards.

    It stops at numbers that hide no mistake and make no line trivial; or after a few attempts at numbers that do so no
    more than all before them, as where one of two equal h is taken for the other.

    Raises:
        ValueError: no numbers were found at which the graph has values, or that show every mistake.
    """
    random = Random(seed).random  # the one method whose numbers are the same in every Python
    order = topological_order(*values_in(y))
    check_current("worksheet", order)
    nodes = [q.line.row.node for q in read() if q.line.rule is None]
    before = {v: v.data for v in order if not v.op}  # without the conditions of `where`, which are constants
    given = {*values_in([node for node in nodes if node is not None])}.intersection(before)
    targets = [(row, draw) for row, draw in _targets(y) if given.issuperset(row)]
    free = given.difference(*[row for row, _ in targets])
    draws = [([v], _one_decimal) for v in before if v in free] + targets
    tried: list[tuple[set[str], bool, list[Question]]] = []
    try:
        for attempt in range(_MOST_ATTEMPTS):
            keep = attempt % 2 == 1  # perhaps only the signs that the numbers had are in the domain
            for row, draw in draws:
                for v, number in zip(row, draw(random, [before[v] for v in row], keep)):
                    v.data = number
            try:
                forward(order)
                sheet = read()
            except (ArithmeticError, ValueError):
                continue
            hidden = {id for id, shows in mistakes_shown(sheet, digits, _UNITS).items() if not shows}
            trivial = bool(prints_as_zero(sheet, digits)) or at_a_kink(sheet)
            tried.append((hidden, trivial, sheet))
            always = hidden.intersection(*[others for others, *_ in tried])
            is_best = hidden == always and (not trivial or all([others for _, others, _ in tried]))
            if not (hidden or trivial) or (is_best and len(tried) > _FEW):
                break
    finally:
        for v, data in before.items():
            v.data = data
        forward(order)
    if not tried:
        raise ValueError("worksheet: no numbers from −0.9 to 0.9 were found at which this graph has values")
    hidden, _, sheet = min(tried, key=lambda attempt: (len(attempt[0]), attempt[1]))
    if others := sorted(hidden - always):
        raise ValueError(f"worksheet: no numbers were found that show all mistakes; these hide {', '.join(others)}")
    return sheet


#: New numbers for a row of old ones, from `random`, perhaps of the old signs.
_Draw: TypeAlias = Callable[[Callable[[], float], list[float], bool], list[float]]


def _one_decimal(random: Callable[[], float], row: list[float], keep: bool) -> list[float]:
    size, positive = (1 + int(9 * random())) / 10, random() >= 0.5
    return [size if (row[0] >= 0 if keep else positive) else -size]


def _targets(y: Any) -> list[tuple[list[Value], _Draw]]:
    """What may be targets of a loss, with how it is drawn: rows of data that no layer takes in, and single numbers."""
    names = Names(y)
    taken = {x for layer in names.layers for x in layer.inputs}
    arrays = []
    for t in names.tensors:
        if not t.inputs and t.shape and t not in taken and not isinstance(t, Parameter):
            n = t.shape[-1]
            arrays.append([list(t.values[k : k + n]) for k in range(0, len(t.values), n)])
    alone = names.targets.difference(*[t.values for t in names.tensors])
    arrays += [[[v]] for v in names.values if v in alone]
    found = []
    for rows in arrays:
        if (draw := _kind([[v.data for v in row] for row in rows])) is not None:
            found += [(row, draw) for row in rows]
    return found


def _kind(rows: list[list[float]]) -> _Draw | None:
    """How rows are drawn that are classes or probabilities, 0 or 1, or between; None of any others."""
    numbers = {x for row in rows for x in row}
    if len(rows[0]) > 1 and min(numbers) >= 0 and all([isclose(sum(row), 1, abs_tol=1e-6) for row in rows]):
        return _turned
    if numbers <= {0.0, 1.0}:
        return lambda random, row, keep: [float(random() < 0.5) for _ in row]
    if min(numbers) >= 0 and max(numbers) <= 1:
        return lambda random, row, keep: [(1 + int(9 * random())) / 10 for _ in row]
    return None


def _turned(random: Callable[[], float], row: list[float], keep: bool) -> list[float]:
    """The same numbers in a circle, the largest at a place by chance: classes and probabilities stay what they are."""
    n = len(row)
    moved = int(n * random()) - row.index(max(row))
    return [row[(k - moved) % n] for k in range(n)]
