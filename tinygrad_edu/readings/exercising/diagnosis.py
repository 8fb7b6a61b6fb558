"""What the numbers of a line say: how far rounding moves them, and which mistake or slip of the pen gives them."""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import isfinite, prod
from operator import mul
from typing import Any, NamedTuple

from ... import array_ops as A
from ... import ops
from ...writing import expression as E
from ...writing.evaluation import Array, array, elementwise, evaluate, matmul
from ..explaining.lines import Line, Lines
from ..explaining.mistakes import Made, Mistake, mistakes_in
from .report import Mark
from .sheet import Question, environment, lines_in, value_of

_CHANCE = 0.05  # a mistake is believed if fewer of a hundred other numbers would be explained by one as well


class Earlier(NamedTuple):
    """Numbers that lines are computed from, under the names of formulas; and how far each may be off by rounding."""

    numbers: dict[str, Any]
    radius: dict[str, Array]


class Reading(NamedTuple):
    """What a rule gives from earlier numbers, and how far their rounding moves it."""

    expected: Array
    moved: list[float]


Moved = tuple[Array, Array]  # numbers, and how far each is moved at most


def carried(rule: E.Expression, env: Mapping[str, Any], radius: Mapping[str, Array], like: Array) -> list[float]:
    """Σ |∂rule/∂input| · radius for each number of a formula, to first order; zeros where it has no value.

    Where an input occurs several times its moves add up, so the sum is never too small. One pass over the formula
    does it, as in forward mode.

    >>> rule = E.Apply(ops.MUL, (E.Name("a"), E.Name("b")))
    >>> carried(rule, {"a": 2.0, "b": 3.0}, {"a": Array((), [0.5])}, Array((), [6.0]))
    [1.5]
    """
    try:
        moved = _moved(rule, env, radius)[1]
        return list((moved if len(moved.numbers) == len(like.numbers) else moved.broadcast_to(like.shape)).numbers)
    except (ArithmeticError, ValueError, TypeError, KeyError, IndexError):
        return [0.0] * len(like.numbers)


def _moved(e: E.Expression, env: Mapping[str, Any], radius: Mapping[str, Array]) -> Moved:
    if isinstance(e, (E.Name, E.Derivative)):
        numbers = array(env[e.text])
        return numbers, radius.get(e.text) or _still(numbers)
    if not e.args:
        numbers = array(evaluate(e, env))
        return numbers, _still(numbers)
    inside = [_moved(a, env, radius) for a in e.args]
    match e:
        case E.Apply(ops.ADD | ops.MUL as op) if len(inside) > 2:
            return reduce(lambda a, b: _through(op, [a, b]), inside)
        case E.Apply(op):
            return _through(op, inside)
        case E.MatMul():
            return reduce(_product, inside)
    numbers = _of(e, [a for a, _ in inside])
    moves = [r for _, r in inside]
    match e:
        case E.Along(A.SOFTMAX | A.LOG_SOFTMAX | A.LSE as function, arg, axes, keepdims):
            p = _of(E.Along(A.SOFTMAX, arg, axes), [inside[0][0]])
            share = elementwise(mul, p, moves[0])  # ∂ log Σ exp z / ∂zⱼ = pⱼ
            total = _of(E.Along(A.SUM, arg, axes, keepdims=True), [share])
            if function is A.LSE:
                return numbers, total.reshaped(numbers.shape)
            away = elementwise(lambda r, s, pr: r + s - 2 * pr, moves[0], total, share)  # Σⱼ |δᵢⱼ − pⱼ| rⱼ
            return numbers, away if function is A.LOG_SOFTMAX else elementwise(mul, p, away)
        case E.Along(A.MAX | A.MIN, arg, axes, keepdims):
            return numbers, _of(E.Along(A.MAX, arg, axes, keepdims), moves)
    return numbers, _of(e, moves)  # a sum or a rearrangement does to the moves what it does to the numbers


def _still(numbers: Array) -> Array:
    return Array(numbers.shape, (0.0,) * prod(numbers.shape))


def _of(e: E.Expression, arrays: list[Array]) -> Array:
    """The operation on numbers."""
    return array(evaluate(E.with_args(e, [E.Number(a) for a in arrays]), {}))


def _through(op: Any, inside: list[Moved]) -> Moved:
    """The chain rule with absolute values, element by element."""
    numbers = [a for a, _ in inside]
    y = _of(E.Apply(op, tuple(map(E.Number, numbers))), numbers)
    n = len(inside)

    def move(y: float, *given: float) -> float:
        partials = op.partials(y, *given[:n])  # an infinite one, as that of √0, says nothing about how far
        return sum([abs(p) * r for p, r in zip(partials, given[n:]) if isfinite(p)], 0.0)

    return y, elementwise(move, y, *numbers, *[r for _, r in inside])


def _product(a: Moved, b: Moved) -> Moved:
    A, B = [Array(numbers.shape, list(map(abs, numbers.numbers))) for numbers, _ in (a, b)]
    moves = zip(matmul(A, b[1]).numbers, matmul(a[1], B).numbers)
    product = matmul(a[0], b[0])
    return product, Array(product.shape, [x + y for x, y in moves])


# Slips of the pen: what each makes of the digits that were meant.


def slips_of(given: float, decimals: int, meant: float, tolerance: float) -> list[str]:
    """The slips of the pen by which a number may have come out of another.

    >>> slips_of(0.16936, 5, 0.16396, 5e-6), slips_of(-0.5, 1, 0.5, 0.05), slips_of(0.0025, 4, 0.25, 5e-5)
    (['Two digits have changed places.'], ['The sign is the wrong one.'], ['The decimal point is shifted.'])
    """
    if given == 0:
        return []
    d, sign = f"{abs(given):.{decimals}f}", -1.0 if given < 0 else 1.0
    places = [k for k, c in enumerate(d) if c != "."]
    neighbours = zip(places, places[1:])
    slips = {
        "The sign is the wrong one.": [f"-{d}"],
        "The decimal point is shifted.": [f"{d}e{k}" for k in range(-3, 4) if k],
        "Two digits have changed places.": [d[:i] + d[j] + d[i + 1 : j] + d[i] + d[j + 1 :] for i, j in neighbours],
    }
    found = []
    for said, texts in slips.items():
        meant_by = [float(text) for text in texts]
        if any([abs(sign * x - meant) <= tolerance * max(1.0, abs(x / given)) for x in meant_by]):
            found.append(said)
    return found


def numbers_of(made: Made, line: Line, env: Mapping[str, Any], right: Array) -> Array | None:
    """What a mistake makes of a line. Of many contributions only the wrong one is computed again."""
    wrong = value_of(made.rule, env, right)
    if made.term is None or wrong is None:
        return wrong
    term = value_of(line.terms[made.term], env, right)
    if term is None:
        return None
    return Array(right.shape, [r - t + w for r, t, w in zip(right.numbers, term.numbers, wrong.numbers)])


def name_line(
    q: Question, lines: Lines, own: Earlier, right: Reading, marks: Sequence[Mark], halves: Sequence[float]
) -> None:
    """Name the mistakes that give every number of the line as it was written, the right ones too.

    `right` is what the rule gives with the student's own numbers, `halves` how far each number may be off by its own
    rounding. Slips of the pen are listed beside the mistakes. Neither is sure if both are possible, or if so few
    digits are wrong that some mistake would give them by chance.
    """
    given = [(k, mark.given) for k, mark in enumerate(marks) if mark.given is not None]
    wrong = [(k, x) for k, x in given if marks[k].status == "wrong"]
    if not wrong:
        return

    def agrees(reading: Reading, written: Sequence[tuple[int, float]]) -> bool:
        return all([abs(x - reading.expected.numbers[k]) <= halves[k] + reading.moved[k] for k, x in written])

    rights = [(k, x) for k, x in given if marks[k].status != "wrong"]
    compatible: list[tuple[Mistake, Reading]] = []
    for made in mistakes_in(q.line, lines):
        numbers = numbers_of(made, q.line, own.numbers, right.expected)
        if numbers is not None:
            moved = carried(made.rule, own.numbers, own.radius, q.key)
            if made.term is not None:
                moved = [m + r for m, r in zip(moved, right.moved)]
            if agrees(reading := Reading(numbers, moved), rights):
                compatible.append((made.mistake, reading))
    found = list(dict.fromkeys([mistake for mistake, reading in compatible if agrees(reading, wrong)]))
    size = max([*map(abs, q.key.numbers), *[abs(x) for _, x in wrong]])
    chance = len(compatible) * prod([min(2 * (halves[k] + right.moved[k]) / size, 1.0) for k, _ in wrong])
    for k, _ in wrong:
        marks[k].mistakes += found
        marks[k].sure = bool(found) and chance < _CHANCE and not (len(wrong) == 1 and marks[k].slips)


# What a sheet shows.


def mistakes_shown(sheet: Sequence[Question], digits: int, units: float = 0.5) -> dict[str, bool]:
    """For each mistake that can be made on the sheet whether an asked number shows it.

    A mistake may be possible in several lines or ways: one of them that shows is enough, by so many units of the last
    place in some number.
    """
    lines, env = lines_in(sheet), environment(sheet)
    shown: dict[str, bool] = {}
    for q in sheet:
        for made in mistakes_in(q.line, lines) if q.asked else []:
            given = numbers_of(made, q.line, env, q.key)
            if given is not None:
                id, far = made.mistake.id, units * 10.0**-digits + 1e-9
                differs = any([abs(x - y) > far for x, y in zip(given.numbers, q.key.numbers)])
                shown[id] = shown.get(id, False) or differs
    return shown
