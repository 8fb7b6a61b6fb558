"""How far the rounding of what a line is computed from moves its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import prod
from operator import mul
from typing import Any, NamedTuple

from ... import array_ops as A
from ... import ops
from ...writing import expression as E
from ...writing.evaluation import Array, array, elementwise, evaluate, matmul
from ...writing.expression import Expression


class Earlier(NamedTuple):
    """Numbers that lines are computed from, under the names of formulas; and how far each may be off by rounding."""

    numbers: dict[str, Any]
    radius: dict[str, Array]


class Reading(NamedTuple):
    """What a rule gives from earlier numbers, and how far their rounding moves it."""

    expected: Array
    moved: list[float]


Moved = tuple[Array, Array]  # numbers, and how far each is moved at most


def carried(rule: Expression, env: Mapping[str, Any], radius: Mapping[str, Array], like: Array) -> list[float]:
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


def _moved(e: Expression, env: Mapping[str, Any], radius: Mapping[str, Array]) -> Moved:
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


def _of(e: Expression, arrays: list[Array]) -> Array:
    """The operation on numbers."""
    return array(evaluate(E.with_args(e, [E.Number(a) for a in arrays]), {}))


def _through(op: Any, inside: list[Moved]) -> Moved:
    """The chain rule with absolute values, element by element."""
    numbers = [a for a, _ in inside]
    y = _of(E.Apply(op, tuple(map(E.Number, numbers))), numbers)
    n = len(inside)

    def move(y: float, *given: float) -> float:
        partials = op.partials(y, *given[:n])
        return sum([abs(p) * r for p, r in zip(partials, given[n:])], 0.0)

    return y, elementwise(move, y, *numbers, *[r for _, r in inside])


def _product(a: Moved, b: Moved) -> Moved:
    A, B = [Array(numbers.shape, list(map(abs, numbers.numbers))) for numbers, _ in (a, b)]
    moves = zip(matmul(A, b[1]).numbers, matmul(a[1], B).numbers)
    product = matmul(a[0], b[0])
    return product, Array(product.shape, [x + y for x, y in moves])
