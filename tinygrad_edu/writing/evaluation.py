"""What a formula comes to, with numbers for its names; and the formula with the numbers put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

from .. import array_ops as A
from .. import ops
from ..shapes import Shape, as_axes, broadcast_shapes, broadcast_to, flattened, nested, reduction
from . import expression as E
from .expression import Expression, within


def evaluate(e: Expression, environment: Mapping[str, Any]) -> Any:
    """The number that a formula stands for: a float, or an Array where its shape is not ().

    Args:
        e: the formula.
        environment: for each name in it (of a Derivative, its `text`) a float, or an array, which is
            anything with `shape` and `tolist()`; for ∂t/∂a of a Chain a function that takes ∂L/∂t
            to ⟨∂L/∂t, ∂t/∂a⟩.

    Raises:
        KeyError: a name is missing.
        TypeError: a function is known by its name alone.
        ArithmeticError, ValueError: the formula has no value there.

    >>> from tinygrad_edu import ops
    >>> evaluate(E.Apply(ops.MUL, (E.Name("w"), E.Name("x"))), {"w": 2.0, "x": 3.0})
    6.0
    """
    result = _evaluate(e, environment)
    return result if result.shape else result.numbers[0]


def is_known(e: Expression) -> bool:
    """Whether it can be written with numbers: no function is known by its name alone, and no Jacobian is in it."""
    return not any([isinstance(part, (E.Function, E.Chain)) for part in within(e)])


def _evaluate(e: Expression, environment: Mapping[str, Any]) -> Array:
    def value(part: Expression) -> Array:
        return _evaluate(part, environment)

    match e:
        case E.Name(text) | E.Derivative(text=text):
            return array(environment[text])
        case E.Number(number) | E.Constant(number) | E.Literal(number):
            return array(number)
        case E.Ones(shape):
            return Array(shape, (1.0,) * prod(shape))
        case E.Apply(op, args):
            return _apply(op, [value(a) for a in args])
        case E.Along(function, arg, axes):
            return Array(e.shape, value(arg).along(_ALONG[function], axes, function not in A.REDUCTIONS))
        case E.MatMul(args):
            return reduce(matmul, [value(a) for a in args])
        case E.Rearranged():
            numbers = [number for a in e.args for number in value(a).numbers]
            return Array(e.shape, [numbers[o] for o in e.offsets])
        case E.Placed(arg, _, offsets, shape):
            placed = [0.0] * prod(shape)
            for o, number in zip(offsets, value(arg).numbers):
                placed[o] += number
            return Array(shape, placed)
        case E.Chain(arg, derivative):
            return array(environment[derivative.text](value(arg)))
    raise TypeError(f"{e} has no number: nothing is known of it but its name")


def _apply(op: Any, args: list[Array]) -> Array:
    if op in (ops.ADD, ops.MUL):
        value = times if op is ops.MUL else op.value
        return reduce(lambda a, b: elementwise(value, a, b), args)
    if op.vectors:
        return Array((), (op.value(*op.arguments(tuple([a.numbers[0] for a in args]))),))
    if op is ops.DIV:
        return elementwise(_quotient, *args)
    if op.exponent is not None or op is ops.POW:  # ∞ for a slope such as that of x^½ at 0
        return elementwise(ops.raised, *args, *[Array((), (op.exponent,))] * (op is not ops.POW))
    return elementwise(op.value, *args)


def _quotient(a: float, b: float) -> float:
    """a / b, and ∞ for a slope such as 1 / (2 √0); 0 / 0 is an error."""
    return a / b if b or not a else a * ops.reciprocal(b)


def _log_softmax(z: tuple[float, ...]) -> list[float]:
    y = ops.LSE.value(z)
    return [zi - y for zi in z]


_ALONG: dict[A.ArrayOp, Any] = {
    A.SUM: ops.SUM.value,
    A.LSE: ops.LSE.value,
    A.MAX: max,
    A.MIN: min,
    A.SOFTMAX: lambda z: ops.LSE.partials(ops.LSE.value(z), z),
    A.LOG_SOFTMAX: _log_softmax,
}


def put_in(e: Expression, environment: Mapping[str, Any], whole_factors: bool = False) -> Expression:
    """The formula with the number of each name in its place.

    With `whole_factors` also a factor such as (1 − h²) or Σ y becomes the number it stands for.
    """
    return with_numbers(e, lambda part: evaluate(part, environment), whole_factors)


def with_numbers(e: Expression, number_of: Callable[[Expression], Any], whole_factors: bool = False) -> Expression:
    """As `put_in`, with what `number_of` gives for a part of the formula in its place."""
    if isinstance(e, E.Constant):
        return e
    known = is_known(e)
    named = isinstance(e, E.Transpose) and isinstance(e.arg, (E.Name, E.Derivative))
    arranged = isinstance(e, (E.Part, E.Placed)) or (isinstance(e, E.Reshape) and prod(e.shape) > 1)
    if known and (not e.args or named or arranged):
        return E.Number(number_of(e))
    args = []
    for a in e.args:
        one = isinstance(a, E.Along) and prod(a.shape) == 1
        if isinstance(e, E.Apply) and len(a.shape) == 1 and len(e.shape) == 2 and is_known(a):
            filled: Expression = E.Number(number_of(E.Transpose(a)))  # a vector that each row of a matrix meets
        elif whole_factors and known and isinstance(e, E.Apply) and e.op is ops.MUL and _is_factor(a):
            filled = E.Number(number_of(E.Reshape(a, ()) if one else a))
        else:
            filled = with_numbers(a, number_of, whole_factors)
        args.append(filled)
    return E.with_args(e, args)


def _is_factor(e: Expression) -> bool:
    """Whether it is a local derivative: neither a constant nor something that came from above."""
    return not isinstance(e, E.Constant) and not any([isinstance(part, (E.Derivative, E.MatMul)) for part in within(e)])


# Arrays of floats.


@dataclass(slots=True, eq=False)
class Array:
    """Floats in a shape, row by row. Unlike the elements of a Tensor they may be infinite.

    >>> Array((2, 2), [1.0, 2.0, 3.0, 4.0]).transposed().tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """

    shape: Shape
    numbers: Sequence[float]

    def tolist(self) -> Any:
        return nested(list(self.numbers), self.shape)

    def reshaped(self, shape: Shape) -> Array:
        return Array(shape, self.numbers)

    def transposed(self) -> Array:
        """The axes in reverse order; of a vector, a row."""
        return _evaluate(E.Transpose(E.Number(self)), {})

    def broadcast_to(self, shape: Shape) -> Array:
        return Array(shape, broadcast_to(self.numbers, self.shape, shape))

    def along(self, f: Callable[[tuple[float, ...]], Any], axes: Shape | None, keeps: bool) -> list[Any]:
        """f of the elements along the axes, for each element that stays; where f keeps them, in their old places."""
        _, inner, outer = reduction(self.shape, as_axes(axes, self.shape), False)
        groups = [(o, f(tuple([self.numbers[o + i] for i in inner]))) for o in outer]
        if not keeps:
            return [y for _, y in groups]
        placed = {o + i: number for o, group in groups for i, number in zip(inner, group)}
        return [placed[o] for o in range(len(self.numbers))]


def array(x: Any) -> Array:
    """A float, or anything with a shape and `tolist()`, as an Array.

    >>> array(2.0).shape, array(Array((1,), [2.0])).shape
    ((), (1,))
    """
    if isinstance(x, Array):
        return x
    if not hasattr(x, "shape"):
        return Array((), (float(x),))
    return Array(tuple(x.shape), list(map(float, flattened(x.tolist())[0])))


def elementwise(f: Callable[..., float], *arrays: Array) -> Array:
    """f of the elements that meet when the shapes are broadcast."""
    shape = broadcast_shapes("a formula", *[a.shape for a in arrays])
    columns = [a.broadcast_to(shape).numbers for a in arrays]
    return Array(shape, [f(*numbers) for numbers in zip(*columns)])


def times(a: float, b: float) -> float:
    """a b, and 0 where a or b is 0, even if the other is infinite: a gradient of 0 passes on 0.

    >>> times(0.0, float("inf")), times(2.0, 3.0)
    (0.0, 6.0)
    """
    return a * b if a and b else 0.0


def matmul(a: Array, b: Array) -> Array:
    """Rows times columns. A vector is a column; and a single number multiplies what it stands beside.

    Of more than two axes the last two are those of matrices.

    >>> matmul(Array((2,), [1.0, 2.0]), Array((1, 2), [3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    left, right = [x if len(x.shape) > 1 else x.reshaped((len(x.numbers), 1)) for x in (a, b)]
    if left.shape[-1:] != b.shape[-2:][:1]:
        if 1 not in (len(a.numbers), len(b.numbers)):
            raise ValueError(f"a matrix product of shapes {a.shape} and {b.shape}")
        return elementwise(times, a, b)
    # aᵢⱼ bⱼₖ for each i, j, k, and the sum over j.
    row, column = (*left.shape, 1), (*right.shape[:-2], 1, *right.shape[-2:])
    terms = elementwise(times, left.reshaped(row), right.reshaped(column))
    sums = terms.along(sum, (len(terms.shape) - 2,), False)
    return Array((*terms.shape[:-2], *b.shape[1:][-1:]), sums)
