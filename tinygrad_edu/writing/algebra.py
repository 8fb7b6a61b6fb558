"""The algebra of formulas on paper.

A row of the table fed with formulas instead of floats gives the local derivative in symbols:
`ops.TANH.partials(h, z)` is `1 − h²`. It simplifies only what a person would not write down:
1 · a, a + 0, a · a, ½ · (2 · a). It may reorder; a compiled program must keep the last bit, and so has an
algebra of its own (readings/compiling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from itertools import accumulate
from math import prod
from typing import Any, Concatenate, ParamSpec

from .. import array_ops as A
from .. import ops
from ..shapes import Shape, axes, offsets
from ..value import Operators
from . import expression as E
from .expression import Expression

P = ParamSpec("P")


def in_symbols(f: Callable[..., Any], *formulas: Any) -> Expression:
    """f of formulas, which it may add, multiply, …. A number that it returns is a constant.

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


_ONE = E.Constant(1.0)


def factor(e: Expression) -> tuple[float, Expression]:
    """(p, c) where e is p · c: the number in front, −1 for a sign, and what it multiplies.

    >>> [(p, str(c)) for p, c in map(factor, [scaled(3.0, E.Name("a")), scaled(-1.0, E.Name("a")), E.Constant(2.0)])]
    [(3.0, 'a'), (-1.0, 'a'), (2.0, '1')]
    """
    match e:
        case E.Constant(p) if p != 1:
            return p, _ONE
        case E.Apply(ops.NEG, (c,)):
            return -1.0, c
        case E.Apply(ops.MUL, (E.Constant(p), c)):
            return p, c
    return 1.0, e


def scaled(p: float, e: Expression) -> Expression:
    """p · e, with one number in front."""
    q, c = factor(e)
    if isinstance(c, E.Constant) or p * q == 0:
        return E.Constant(p * q)
    if abs(p * q) == 1:
        return c if p * q == 1 else E.Apply(ops.NEG, (c,))
    return E.Apply(ops.MUL, (E.Constant(p * q), c))


def negative(e: Expression) -> Expression:
    return scaled(-1.0, e)


def linear(f: Callable[Concatenate[Expression, P], Expression]) -> Callable[Concatenate[Expression, P], Expression]:
    """A decorator for linear functions: f(p · c) is written p · f(c)."""

    @wraps(f)
    def of_multiple(a: Expression, /, *args: P.args, **kwargs: P.kwargs) -> Expression:
        p, c = factor(a)
        return f(a, *args, **kwargs) if c is a else scaled(p, of_multiple(c, *args, **kwargs))

    return of_multiple


def add(a: Expression, b: Expression) -> Expression:
    (p, c), (q, d) = factor(b), factor(a)
    match a, b:
        case _, E.Constant(0.0):
            return a
        case E.Constant(0.0), _:
            return b
        case E.Constant(x), E.Constant(y):
            return E.Constant(x + y)
    if p * q > 0 and same(c, d):  # 2 c + c is 3 c
        return scaled(p + q, c)
    if p < 0:
        return E.Apply(ops.SUB, (a, scaled(-p, c)))
    return E.Apply(ops.ADD, (a, b))


def subtract(a: Expression, b: Expression) -> Expression:
    return add(a, negative(b))


def multiply(a: Expression, b: Expression) -> Expression:
    """a b, with numbers in front: p (q d) is (p q) d, and (p c) b is p (c b)."""
    (p, c), (q, d) = factor(a), factor(b)
    if not isinstance(c, E.Constant) and isinstance(b, E.Apply) and q != -1:
        q, d = 1.0, b  # the 2 of a local derivative such as 2 · x stays in it
    product: Expression = E.Apply(ops.MUL, (c, d))
    match c, d:
        case E.Constant(), _:
            product = d
        case _, E.Constant():
            product = c
        case E.Apply(ops.MUL, (e, E.Ones() as ones)), _ if _adds_no_axis(ones, e, d):
            product = multiply(e, d)
        case E.Ones(), _ if _adds_no_axis(c, d):
            product = d
        case _ if c is d or (isinstance(c, E.Name) and same(c, d)):
            product = power(c, 2.0)
    return scaled(p * q, product)


def _adds_no_axis(ones: Expression, *others: Expression) -> bool:
    """Whether a product of the others has the same shape without these ones."""
    shapes = [e.shape for e in others]
    return E.broadcast([ones.shape, *shapes]) == E.broadcast(shapes)


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
    if n == 1:
        return a
    return E.Apply(ops.power(n), (a,)) if n else E.Constant(1.0)


def matrix_product(a: Expression, b: Expression) -> Expression:
    """A B, with numbers in front: (2 A) B = 2 (A B)."""
    if isinstance(a, E.Constant) or isinstance(b, E.Constant):
        return multiply(a, b)
    (p, c), (q, d) = factor(a), factor(b)
    factors = [f for e in (c, d) for f in (e.args if isinstance(e, E.MatMul) else (e,))]
    return scaled(p * q, E.MatMul(tuple(factors)))


@linear
def transpose(a: Expression) -> Expression:
    match a:
        case E.Transpose(c, None) if len(c.shape) > 1:
            return c
        case E.MatMul(factors) if len(a.shape) == 2 and all([len(f.shape) == 2 for f in factors]):
            return E.MatMul(tuple([transpose(f) for f in reversed(factors)]))  # (A B)ᵀ = Bᵀ Aᵀ
        case E.MatMul((c, E.Transpose(d))) if len(c.shape) == len(d.shape) == 1:
            return E.MatMul((d, transpose(c)))  # (c dᵀ)ᵀ = d cᵀ
    if len(a.shape) > 1:
        return permuted(a, tuple(range(len(a.shape)))[::-1])
    return E.Transpose(a) if a.shape else a


@linear
def permuted(a: Expression, axes: Shape) -> Expression:
    """The axes of an array in this order."""
    match a:
        case E.Transpose(c, tuple() as before):
            return permuted(c, tuple([before[k] for k in axes]))
        case E.Ones(shape):
            return E.Ones(tuple([shape[k] for k in axes]))
    single = prod(a.shape) == 1 and not isinstance(a, E.Name)  # a number that was computed, not a W of one element
    if single or axes == tuple(range(len(axes))):
        return a
    return E.Transpose(a, None if axes == (1, 0) else axes)


@linear
def total(a: Expression, axes: Shape | None, keepdims: bool) -> Expression:
    """The sum along axes, or of all numbers."""
    if not a.shape or axes == ():
        return a
    shape = E.Along(A.SUM, a, axes, keepdims).shape
    match a:
        case E.Apply(op, (E.Reshape(c), E.Reshape(d))) if axes is None and c.shape == d.shape:
            return total(E.Apply(op, (c, d)), axes, keepdims)  # the same terms in any arrangement
        case E.Ones():
            return multiply(_formula(A.count(a, axes)), E.Ones(shape) if shape else E.Constant(1.0))
    if prod(shape) == prod(a.shape):  # nothing to add
        return reshaped(a, shape)
    return E.Along(A.SUM, a, axes, keepdims)


@linear
def reshaped(a: Expression, shape: Shape) -> Expression:
    if a.shape == shape or isinstance(a, E.Constant):
        return a
    match a:
        case E.Reshape(c):
            return reshaped(c, shape)
        case E.Ones():
            return E.Ones(shape)
        case E.Along(f, c, axes, True) if len(c.shape) > 2 and shape == E.Along(f, c, axes).shape:
            return E.Along(f, c, axes)  # up to matrices rows and columns are told apart
    if len(a.shape) == 1 and shape == (1, *a.shape) and a.shape != (1,):
        return transpose(a)
    return E.Reshape(a, shape)


def part(a: Expression, place: E.Place) -> Expression:
    """A part of an array: all of it in another shape, one number several times, or a Part.

    Of zeros with arrays in their places, as joined arrays get them, it is the array in that place.

    >>> a, b = E.Name("a", (2,)), E.Name("b", (1,))
    >>> first, last = E.Place(":2", (0, 1), (2,)), E.Place("2:", (2,), (1,))
    >>> print(part(add(placed(a, first, (3,)), placed(b, last, (3,))), first))
    a
    """
    if place.offsets == tuple(range(prod(a.shape))):
        return reshaped(a, place.shape)
    match a:
        case E.Apply(ops.ADD, (b, c)) if isinstance(b, E.Placed) or isinstance(c, E.Placed):
            return add(part(b, place), part(c, place))
        case E.Placed(arg, _, offsets) if offsets == place.offsets and len({*offsets}) == len(offsets):
            return reshaped(arg, place.shape)
        case E.Placed(_, _, offsets) if not {*offsets} & {*place.offsets}:
            return E.Constant(0.0)
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


def rebuilt(e: Expression, args: Sequence[Expression]) -> Expression:
    """The same formula with other parts, simplified again."""
    match e, args:
        case E.Apply(op), [a]:
            return Symbol(a)._unary(op).formula
        case E.Apply(op), [a, b]:
            return Symbol(a)._binary(op, a, b).formula
        case E.Along(A.SUM, _, axes, keepdims), [a]:
            return total(a, axes, keepdims)
        case E.Reshape(_, shape), [a]:
            return reshaped(a, shape)
        case E.Transpose(_, None), [a]:
            return transpose(a)
    return E.with_args(e, args)


def replaced(e: Expression, new: Callable[[Expression], Expression | None]) -> Expression:
    """The formula with `new(part)` in place of each part for which `new` returns one, simplified again.

    >>> e = in_symbols(lambda a, b: a * b - a, E.Name("a"), E.Name("b"))
    >>> print(replaced(e, lambda part: E.Constant(1.0) if same(part, E.Name("b")) else None))
    a − a
    """
    if (found := new(e)) is not None:
        return found
    args = [replaced(a, new) for a in e.args]
    return rebuilt(e, args) if any([a is not b for a, b in zip(args, e.args)]) else e


def same(a: Expression, b: Expression, letters: dict[str, Expression] | None = None) -> bool:
    """Whether two formulas are written alike.

    With `letters`, b is a pattern: each of its names stands for a formula that is not a constant, and is added to them.

    >>> same(multiply(E.Name("a"), E.Name("b")), multiply(E.Name("a"), E.Name("b")))
    True
    >>> letters = {}
    >>> same(power(E.Name("h"), 2.0), power(E.Name("x"), 2.0), letters), str(letters["x"])
    (True, 'h')
    """
    if letters is not None and isinstance(b, E.Name):
        return not isinstance(a, E.Constant) and same(a, letters.setdefault(b.text, a))
    if a is b:
        return True
    if type(a) is not type(b) or isinstance(a, E.Number) or len(a.args) != len(b.args):
        return False
    own = [name for name in type(a).__match_args__ if name not in ("arg", "args")]
    alike = all([getattr(a, name) == getattr(b, name) for name in own])
    return alike and all([same(x, y, letters) for x, y in zip(a.args, b.args)])


def _formula(x: Any) -> Expression:
    if isinstance(x, Symbol):
        return x.formula
    return x if isinstance(x, Expression) else E.Constant(float(x))
