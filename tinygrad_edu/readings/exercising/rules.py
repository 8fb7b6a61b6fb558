"""What a rule gives with earlier numbers, how far their rounding moves it, and what a mistake makes of it."""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import isclose, isfinite
from operator import add
from typing import Any, NamedTuple

from ... import array_ops as A
from ...writing import expression as E
from ...writing.algebra import in_symbols
from ...writing.evaluation import Array, array, elementwise, evaluate, matmul
from ..explaining.lines import Line
from ..explaining.mistakes import Made, mistakes_in
from .sheet import Question, lines_in


class Result(NamedTuple):
    """What a rule gives, or what stands for a quantity in later rules.

    Attributes:
        numbers: in the shape of the quantity.
        moved: how far each may be off, since what it was computed from is rounded.
    """

    numbers: Array
    moved: Array

    def each(self) -> list[tuple[float, float]]:
        """Each number, with how far it may be off."""
        return list(zip(self.numbers.numbers, self.moved.numbers))


def exact(numbers: Array) -> Result:
    return Result(numbers, elementwise(lambda x: 0.0, numbers))


def key_of(sheet: Sequence[Question]) -> dict[str, Result]:
    """The key, under the names of formulas."""
    return {q.text: exact(q.key) for q in sheet}


def as_printed(sheet: list[Question], digits: int) -> list[Question]:
    """The sheet, with a key that follows from the given numbers as they are printed, where these are rounded."""
    given = [q for q in sheet if q.line.rule is None]
    for q in given:
        q.key = Array(q.key.shape, list(map(float, q.printed(digits))))
    earlier = key_of(given)
    for q in [q for q in sheet if q.line.rule is not None]:
        if follows := result_of(q.line.rule, earlier, q.key):
            q.key = elementwise(_unless_rounding, q.key, follows.numbers)
        earlier[q.text] = exact(q.key)
    return sheet


def _unless_rounding(old: float, new: float) -> float:
    """The new number, or the old one where that is the same but for rounding, such as a 0 of terms that cancel."""
    return old if isclose(old, new, rel_tol=1e-9, abs_tol=1e-12) else new


def result_of(rule: E.Expression | None, earlier: Mapping[str, Result], like: Array) -> Result | None:
    """What a rule gives in the shape of an array; None where it has no numbers there.

    `moved` is Σ |∂rule/∂input| · moved, to first order. Where an input occurs several times its moves add up, so the
    sum is never too small. One pass over the formula does it, as in forward mode.

    Args:
        rule: a formula.
        earlier: what stands for the quantities in it, by their names in formulas.
        like: an array of the shape that is wanted.

    >>> a, b = Result(array(2.0), array(0.5)), exact(array(3.0))
    >>> result_of(in_symbols(lambda a, b: a * b, E.Name("a"), E.Name("b")), {"a": a, "b": b}, array(0.0))
    Result(numbers=Array(shape=(), numbers=[6.0]), moved=Array(shape=(), numbers=[1.5]))
    """
    if rule is None:
        return None
    try:
        found = _result(rule, earlier)
        if len(found.numbers.numbers) != len(like.numbers):
            found = Result(*[a.broadcast_to(like.shape) for a in found])
    except (ArithmeticError, ValueError, TypeError, KeyError, IndexError):
        return None
    numbers, moved = [Array(like.shape, list(a.numbers)) for a in found]
    return Result(numbers, moved) if all(map(isfinite, numbers.numbers)) else None


#: How far what goes along axes is moved, from the inputs z and how far r each of them is: of y = softmax z, for
#: example, |∂yᵢ/∂zⱼ| is yᵢ |δᵢⱼ − yⱼ|. A sum, as all that rearranges numbers, does to r what it does to z.
_ALONG: dict[A.ArrayOp, Any] = {
    A.MAX: lambda z, r, axis: r.max(axis),
    A.MIN: lambda z, r, axis: r.max(axis),
    A.LSE: lambda z, r, axis: (z.softmax(axis) * r).sum(axis),
    A.LOG_SOFTMAX: lambda z, r, axis: r + (z.softmax(axis) * r).sum(axis) - 2 * z.softmax(axis) * r,
    A.SOFTMAX: lambda z, r, axis: z.softmax(axis) * _ALONG[A.LOG_SOFTMAX](z, r, axis),
}


def _result(e: E.Expression, earlier: Mapping[str, Result]) -> Result:
    if isinstance(e, (E.Name, E.Derivative)):
        return earlier[e.text]
    if not e.args:
        return exact(array(evaluate(e, {})))
    inside = [_result(a, earlier) for a in e.args]
    if not any([moved for a in inside for moved in a.moved.numbers]):
        return exact(_of(e, [a.numbers for a in inside]))
    match e:
        case E.Apply(op) if len(inside) > 2 and not op.vectors:
            return reduce(lambda a, b: _elementwise(op, [a, b]), inside)
        case E.Apply(op):
            return _elementwise(op, inside)
        case E.MatMul():
            return reduce(_product, inside)
    numbers = _of(e, [a.numbers for a in inside])
    match e:
        case E.Along(function, _, axes) if function in _ALONG:
            z, r = map(E.Number, inside[0])
            moved = in_symbols(_ALONG[function], z, r, axes)
            return Result(numbers, array(evaluate(moved, {})).reshaped(numbers.shape))
    return Result(numbers, _of(e, [a.moved for a in inside]))


def _of(e: E.Expression, arrays: Sequence[Array]) -> Array:
    """The operation on numbers."""
    return array(evaluate(E.with_args(e, list(map(E.Number, arrays))), {}))


def _elementwise(op: Any, inside: Sequence[Result]) -> Result:
    """The chain rule with absolute values, element by element."""
    numbers = [a.numbers for a in inside]
    y = array(evaluate(E.Apply(op, tuple(map(E.Number, numbers))), {}))

    def move(y: float, *given: float) -> float:
        inputs, moved = given[: len(inside)], given[len(inside) :]
        partials = op.partials(y, *op.arguments(inputs))
        # An infinite partial, as that of √0, says nothing about how far.
        return sum([abs(p) * r for p, r in zip(partials, moved) if isfinite(p)], 0.0)

    return Result(y, elementwise(move, y, *numbers, *[a.moved for a in inside]))


def _product(a: Result, b: Result) -> Result:
    moved = [matmul(elementwise(abs, a.numbers), b.moved), matmul(a.moved, elementwise(abs, b.numbers))]
    return Result(matmul(a.numbers, b.numbers), elementwise(add, *moved))


# Mistakes.


def result_of_mistake(made: Made, line: Line, earlier: Mapping[str, Result], right: Result) -> Result | None:
    """What a mistake makes of a line. Of many contributions only the wrong one is computed again."""
    wrong = result_of(made.rule, earlier, right.numbers)
    if made.term is None or wrong is None:
        return wrong
    term = result_of(line.terms[made.term], earlier, right.numbers)
    if term is None:
        return None
    numbers = elementwise(lambda r, t, w: r - t + w, right.numbers, term.numbers, wrong.numbers)
    return Result(numbers, elementwise(add, right.moved, wrong.moved))


def mistakes_shown(sheet: Sequence[Question], digits: int, units: float = 0.5) -> dict[str, bool]:
    """For each mistake that can be made on the sheet whether an asked number shows it.

    A mistake may be possible in several lines or ways: one of them that shows is enough, by so many units of the last
    place in some number.
    """
    lines, key = lines_in(sheet), key_of(sheet)
    shown: dict[str, bool] = {}
    for q in [q for q in sheet if q.asked]:
        for made in mistakes_in(q.line, lines):
            if given := result_of_mistake(made, q.line, key, key[q.text]):
                far = units * 10.0**-digits + 1e-9
                differs = any([abs(x - y) > far for x, y in zip(given.numbers.numbers, q.key.numbers)])
                shown[made.mistake.id] = shown.get(made.mistake.id, False) or differs
    return shown
