"""The algebra of formulas on paper.

A row of the table fed with formulas instead of floats gives the local derivative in symbols:
`ops.TANH.partials(h, z)` is `1 − h²`. It simplifies only what a person would not write down:
1 · a, a + 0, a · a, ½ · (2 · a). It may reorder; a compiled program must keep the last bit, and so has an
algebra of its own (readings/compiling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from math import prod
from typing import Any

from .. import array_ops as A
from .. import ops
from ..shapes import Shape, axes, offsets
from ..value import Operators
from . import expression as E
from .expression import Expression


def in_symbols(f: Callable[..., Any], *formulas: Any) -> Expression:
    """f of formulas, which it may add, multiply, …; what it returns is one formula, or a number, a constant.

    Args:
        f: a rule, which takes formulas or tuples of them.
        formulas: what it is given; anything but formulas is handed on as it is.

    >>> print(in_symbols(lambda a, b: 2 * a * b - b, E.Name("a"), E.Name("b")))
    2 · (a · b) − b
    """
    return _formula(f(*map(_symbols, formulas)))


def each_in_symbols(f: Callable[..., Any], *formulas: Any) -> list[Expression]:
    """As `in_symbols`, for a rule that returns several, such as the partials of a row.

    >>> from tinygrad_edu import ops
    >>> h, z = E.Name("h"), E.Name("z")
    >>> [str(e) for e in each_in_symbols(ops.TANH.partials, h, z)]
    ['1 − h²']
    """
    return list(map(_formula, f(*map(_symbols, formulas))))


def _symbols(x: Any) -> Any:
    if isinstance(x, tuple) and x and isinstance(x[0], Expression):
        return tuple(map(Symbol, x))
    return Symbol(x) if isinstance(x, Expression) else x


class Symbol(Operators[Any, "Symbol"]):
    """A formula with operators and functions. A number beside it is a constant."""

    __slots__ = ("formula",)

    def __init__(self, formula: Expression) -> None:
        self.formula = formula

    @property
    def shape(self) -> tuple[int, ...]:
        return self.formula.shape

    def _unary(self, op: ops.Op) -> Symbol:
        if op.exponent is not None:
            return Symbol(power(self.formula, op.exponent))
        return Symbol(negative(self.formula) if op is ops.NEG else E.Apply(op, (self.formula,)))

    def _binary(self, op: ops.Op, a: Any, b: Any) -> Symbol:
        rule = {ops.ADD: add, ops.SUB: subtract, ops.MUL: multiply, ops.DIV: divide}.get(op)
        a, b = _formula(a), _formula(b)
        return Symbol(rule(a, b) if rule else E.Apply(op, (a, b)))

    def __matmul__(self, other: Symbol) -> Symbol:
        return Symbol(matrix_product(_formula(self), _formula(other)))

    @property
    def T(self) -> Symbol:
        return Symbol(transpose(_formula(self)))

    @property
    def mT(self) -> Symbol:
        """The last two axes change places."""
        *first, m, n = range(len(self.shape))
        return self.permute((*first, n, m))

    def permute(self, axes: Shape) -> Symbol:
        return Symbol(permuted(self.formula, axes))

    # Along axes, which stay with size 1; along all of them, one number.

    def sum(self, axis: Shape | None = None) -> Symbol:
        return Symbol(total(self.formula, axis, axis is not None))

    def max(self, axis: Shape | None = None) -> Symbol:
        return Symbol(E.Along(A.MAX, self.formula, axis, axis is not None))

    def min(self, axis: Shape | None = None) -> Symbol:
        return Symbol(E.Along(A.MIN, self.formula, axis, axis is not None))

    def logsumexp(self, axis: Shape | None = None) -> Symbol:
        return Symbol(E.Along(A.LSE, self.formula, axis, axis is not None))

    def softmax(self, axis: Shape | None = None) -> Symbol:
        return Symbol(E.Along(A.SOFTMAX, self.formula, axis))

    def log_softmax(self, axis: Shape | None = None) -> Symbol:
        return Symbol(E.Along(A.LOG_SOFTMAX, self.formula, axis))

    # Other arrangements.

    def reshape(self, shape: Shape) -> Symbol:
        """The same numbers, row by row, in another shape."""
        return Symbol(reshaped(self.formula, shape))

    def __getitem__(self, place: E.Place) -> Symbol:
        return Symbol(part(self.formula, place))

    def placed(self, place: E.Place, shape: Shape) -> Symbol:
        """Zeros of the shape, but for these numbers in the place of a part."""
        return Symbol(placed(self.formula, place, shape))

    def cat(self, others: Iterable[Symbol], axis: int) -> Symbol:
        return Symbol(E.Join(A.CAT, (self.formula, *map(_formula, others)), axis))

    def stack(self, others: Iterable[Symbol]) -> Symbol:
        return Symbol(E.Join(A.STACK, (self.formula, *map(_formula, others))))

    def split(self, sizes: Sequence[int], axis: int) -> list[Symbol]:
        """The parts of these sizes along an axis."""
        ends = list(accumulate(sizes))
        return [self._between(axis, slice(end - n, end)) for n, end in zip(sizes, ends)]

    def rows(self) -> list[Symbol]:
        """The parts of the first axis."""
        return [self._between(0, k) for k in range((*self.shape, 1)[0])]

    def _between(self, axis: int, key: slice | int) -> Symbol:
        shape, along = self.shape, axes(self.shape)
        if not shape:
            return self  # a single number, of which all is taken
        along[axis] = along[axis][key] if isinstance(key, slice) else [along[axis][key]]
        index = [":"] * axis + [f"{key.start}:{key.stop}" if isinstance(key, slice) else str(key)]
        sizes = [len(along[axis])] if isinstance(key, slice) else []
        part_shape = (*shape[:axis], *sizes, *shape[axis + 1 :])
        return self[E.Place(", ".join(index), tuple(offsets(along)), part_shape, (*[slice(None)] * axis, key))]


def add(a: Expression, b: Expression) -> Expression:
    match a, b:
        case _, E.Constant(0.0):
            return a
        case E.Constant(0.0), _:
            return b
        case E.Constant(p), E.Constant(q):
            return E.Constant(p + q)
        case _, E.Apply(ops.NEG, (c,)):
            return subtract(a, c)
        case _, E.Apply(ops.MUL, (E.Constant(p), c)) if p < 0:
            return subtract(a, multiply(E.Constant(-p), c))
    match a:
        case E.Apply(ops.ADD, (c, d)) if same(d, b):  # c + b + b
            return add(c, multiply(E.Constant(2.0), b))
    return multiply(E.Constant(2.0), b) if same(a, b) else E.Apply(ops.ADD, (a, b))


def subtract(a: Expression, b: Expression) -> Expression:
    match a, b:
        case _, E.Constant(0.0):
            return a
        case E.Constant(0.0), _:
            return negative(b)
        case E.Constant(p), E.Constant(q):
            return E.Constant(p - q)
        case _, E.Apply(ops.NEG, (c,)):
            return add(a, c)
    return E.Apply(ops.SUB, (a, b))


def multiply(a: Expression, b: Expression) -> Expression:
    if isinstance(b, E.Constant):
        a, b = b, a
    match a, b:
        case E.Constant(p), E.Constant(q):
            return E.Constant(p * q)
        case E.Constant(0.0), _:
            return a
        case E.Constant(1.0), _:
            return b
        case E.Constant(-1.0), _:
            return negative(b)
        case E.Constant(p), E.Apply(ops.MUL, (E.Constant(q), c)):  # p (q c) = (p q) c
            return multiply(E.Constant(p * q), c)
        case E.Constant(p), E.Apply(ops.NEG, (c,)):
            return multiply(E.Constant(-p), c)
        case E.Apply(ops.MUL, (E.Constant(p), c)), _:
            return multiply(E.Constant(p), multiply(c, b))
        case E.Apply(ops.NEG, (c,)), E.Apply(ops.NEG, (d,)):
            return multiply(c, d)
        case (E.Apply(ops.NEG, (c,)), d) | (d, E.Apply(ops.NEG, (c,))):
            return negative(multiply(c, d) if a is not d else multiply(d, c))
        case E.Apply(ops.MUL, (c, E.Ones(ones))), _ if _meet(c.shape, b.shape) == _meet(ones, b.shape):
            return multiply(c, b)
        case E.Ones(ones), _ if _meet(ones, b.shape) == b.shape:
            return b
        case _, E.Ones(ones) if _meet(ones, a.shape) == a.shape:
            return a
    return power(a, 2.0) if a is b or (isinstance(a, E.Name) and same(a, b)) else E.Apply(ops.MUL, (a, b))


def _meet(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return E.broadcast([a, b])


def divide(a: Expression, b: Expression) -> Expression:
    match a, b:
        case (_, E.Constant(1.0)) | (E.Constant(0.0), _):
            return a
        case E.Constant(p), E.Constant(q) if q:
            return E.Constant(p / q)
        case E.Apply(ops.NEG, (c,)), _:
            return negative(divide(c, b))
        case E.Apply(ops.MUL, (E.Constant() as p, c)), E.Constant():
            return multiply(divide(p, b), c)
        case E.Reshape(c, shape), E.Constant():
            return reshaped(divide(c, b), shape)
        case E.Along(A.SUM, c, axes, keepdims), E.Constant():  # (Σ c) / n = Σ c / n
            return E.Along(A.SUM, divide(c, b), axes, keepdims)
    return E.Apply(ops.DIV, (a, b))


def power(a: Expression, n: float) -> Expression:
    match a, n:
        case _, 1.0:
            return a
        case _, 0.0:
            return E.Constant(1.0)
        case E.Constant(p), _ if p:
            return E.Constant(p**n)
    return E.Apply(ops.power(n), (a,))


def negative(a: Expression) -> Expression:
    match a:
        case E.Constant(p):
            return E.Constant(-p)
        case E.Apply(ops.MUL, (E.Constant(p), c)):
            return multiply(E.Constant(-p), c)
        case E.Apply(ops.NEG, (c,)):
            return c
    return E.Apply(ops.NEG, (a,))


def matrix_product(a: Expression, b: Expression) -> Expression:
    """A B, with numbers in front: (2 A) B = 2 (A B)."""
    match a, b:
        case E.Constant(), _:
            return multiply(a, b)
        case _, E.Constant():
            return multiply(b, a)
        case E.Apply(ops.MUL, (E.Constant() as p, c)), _:
            return multiply(p, matrix_product(c, b))
        case _, E.Apply(ops.MUL, (E.Constant() as p, c)):
            return multiply(p, matrix_product(a, c))
        case E.Apply(ops.NEG, (c,)), _:
            return negative(matrix_product(c, b))
        case _, E.Apply(ops.NEG, (c,)):
            return negative(matrix_product(a, c))
    factors = [f for e in (a, b) for f in (e.args if isinstance(e, E.MatMul) else (e,))]
    return E.MatMul(tuple(factors))


def transpose(a: Expression) -> Expression:
    match a:
        case E.Transpose(c, None) if len(c.shape) > 1:
            return c
        case E.Reshape(c) if not c.shape:
            return E.Reshape(c, a.shape if len(a.shape) > 1 else (1, *a.shape))  # a single number
        case E.MatMul(factors) if len(a.shape) == 2 and all([len(f.shape) == 2 for f in factors]):
            return E.MatMul(tuple([transpose(f) for f in reversed(factors)]))  # (A B)ᵀ = Bᵀ Aᵀ
        case E.MatMul((c, E.Transpose(d))) if len(c.shape) == len(d.shape) == 1:
            return E.MatMul((d, transpose(c)))  # (c dᵀ)ᵀ = d cᵀ
        case E.Apply(ops.MUL, (E.Constant() as p, c)):
            return multiply(p, transpose(c))
        case E.Apply(ops.NEG, (c,)):
            return negative(transpose(c))
        case E.Ones(shape) if len(shape) > 1:
            return E.Ones(shape[::-1])
    if len(a.shape) > 2:
        return permuted(a, tuple(range(len(a.shape)))[::-1])
    return E.Transpose(a) if a.shape else a


def permuted(a: Expression, axes: Shape) -> Expression:
    """The axes of an array in this order."""
    match a:
        case E.Transpose(c, tuple() as before):
            return permuted(c, tuple([before[k] for k in axes]))
        case E.Apply(ops.MUL, (E.Constant() as p, c)):
            return multiply(p, permuted(c, axes))
        case E.Apply(ops.NEG, (c,)):
            return negative(permuted(c, axes))
        case E.Ones(shape):
            return E.Ones(tuple([shape[k] for k in axes]))
    if axes == tuple(range(len(axes))):
        return a
    return transpose(a) if axes == (1, 0) else E.Transpose(a, axes)


def total(a: Expression, axes: tuple[int, ...] | None, keepdims: bool) -> Expression:
    if not a.shape or axes == ():
        return a
    match a:
        case E.Apply(ops.MUL, (E.Constant() as p, c)) if c.shape == a.shape:  # Σ 2 c = 2 Σ c
            return multiply(p, total(c, axes, keepdims))
        case E.Apply(ops.NEG, (c,)):
            return negative(total(c, axes, keepdims))
        case E.Apply(op, (E.Reshape(c), E.Reshape(d))) if axes is None and c.shape == d.shape:
            return total(E.Apply(op, (c, d)), axes, keepdims)  # the same terms in any arrangement
        case E.Ones(size):
            shape = E.Along(A.SUM, a, axes, keepdims).shape
            return multiply(E.Constant(float(prod(size) // prod(shape))), E.Ones(shape) if shape else E.Constant(1.0))
    shape = E.Along(A.SUM, a, axes, keepdims).shape
    if prod(shape) == prod(a.shape):  # nothing to add
        return reshaped(a, shape)
    return E.Along(A.SUM, a, axes, keepdims)


def reshaped(a: Expression, shape: tuple[int, ...]) -> Expression:
    if a.shape == shape or isinstance(a, E.Constant):
        return a
    match a:
        case E.Apply(ops.MUL, (E.Constant() as p, c)) if c.shape == a.shape:
            return multiply(p, reshaped(c, shape))
        case E.Apply(ops.NEG, (c,)):
            return negative(reshaped(c, shape))
        case E.Reshape(c):
            return reshaped(c, shape)
        case E.Ones():
            return E.Ones(shape)
    if len(a.shape) == 1 and shape == (1, *a.shape) and a.shape != (1,):
        return transpose(a)
    return E.Reshape(a, shape)


def part(a: Expression, place: E.Place) -> Expression:
    """A part of an array: all of it in another shape, one number several times, or a Part."""
    if place.offsets == tuple(range(prod(a.shape))):
        return reshaped(a, place.shape)
    if prod(a.shape) == 1:  # on paper a single number has no index
        return multiply(reshaped(a, ()), E.Ones(place.shape))
    return E.Part(a, *place)


def placed(a: Expression, place: E.Place, shape: Shape) -> Expression:
    """Zeros of the shape, but for `a` in the place of a part, which may be all of it."""
    if place.offsets == tuple(range(prod(shape))):
        return reshaped(a, shape)
    return E.Placed(a, place.brackets, place.offsets, shape, place.keys)


def sum_of(terms: Iterable[Expression]) -> Expression:
    """a + b + c, as it stands."""
    terms = tuple(terms)
    return E.Apply(ops.ADD, terms) if len(terms) > 1 else terms[0] if terms else E.Constant(0.0)


def product_of(factors: Iterable[Expression]) -> Expression:
    """a · b · c, as it stands."""
    factors = tuple(factors)
    return E.Apply(ops.MUL, factors) if len(factors) > 1 else factors[0]


def replaced(e: Expression, old: Expression, new: Expression) -> Expression:
    """The formula with another in place of `old`, simplified anew."""
    if e is old:
        return new
    match e:
        case E.Apply(ops.ADD, (a, b)):
            return add(replaced(a, old, new), replaced(b, old, new))
        case E.Apply(ops.SUB, (a, b)):
            return subtract(replaced(a, old, new), replaced(b, old, new))
        case E.Apply(ops.MUL, (a, b)):
            return multiply(replaced(a, old, new), replaced(b, old, new))
        case E.Apply(ops.NEG, (a,)):
            return negative(replaced(a, old, new))
    return e


def same(a: Expression, b: Expression) -> bool:
    """Whether two formulas are written alike.

    >>> same(multiply(E.Name("a"), E.Name("b")), multiply(E.Name("a"), E.Name("b")))
    True
    """
    if a is b:
        return True
    if type(a) is not type(b) or isinstance(a, E.Number) or len(a.args) != len(b.args):
        return False
    own = [name for name in type(a).__match_args__ if name not in ("arg", "args")]
    return all([getattr(a, name) == getattr(b, name) for name in own]) and all(map(same, a.args, b.args))


def _formula(x: Any) -> Expression:
    if isinstance(x, Symbol):
        return x.formula
    return x if isinstance(x, Expression) else E.Constant(float(x))
