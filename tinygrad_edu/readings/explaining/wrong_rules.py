"""Wrong rules, as learners write them: each turns the right formula of one line into wrong ones.

They are kept apart from the table of `ops.py`, of which only the names of the operations are read. The sentence that
says what each does stands in the catalogue of mistakes.py.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ... import array_ops as A
from ... import ops
from ...writing.algebra import add, multiply, power, same, subtract, transpose
from ...writing.evaluation import with_args
from ...writing.expression import (
    Along,
    Apply,
    Constant,
    Derivative,
    Expression,
    Literal,
    MatMul,
    Name,
    Ones,
    Part,
    Transpose,
    parts,
)
from .lines import from_above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from .lines import Line

    Wrong: TypeAlias = Callable[[Line, Sequence[Line]], list[Expression]]

# What formulas look like.


def _variants(e: Expression, change: Callable[[Expression], Iterable[Expression]]) -> list[Expression]:
    """The formula with one of its parts changed, wherever it can be."""
    found = list(change(e))
    for k, a in enumerate(e.args):
        found += [with_args(e, [*e.args[:k], new, *e.args[k + 1 :]]) for new in _variants(a, change)]
    return found


def _in_one_part(change: Callable[[Expression, Sequence[Line]], Iterable[Expression]]) -> Wrong:
    """The mistake of changing one part of the rule."""

    def wrong(line: Line, lines: Sequence[Line]) -> list[Expression]:
        assert line.rule is not None
        return _variants(line.rule, lambda e: change(e, lines))

    return wrong


def _starts(line: Line) -> bool:
    """Whether it is where the backward pass starts: the derivative of the loss itself."""
    return line.part == "backward" and line.rule is not None and not from_above(line.rule)


def _base_of_tanh_slope(e: Expression) -> Expression | None:
    """h of 1 − h²."""
    match e:
        case Apply(ops.SUB, (Constant(1.0), Apply(ops.SQUARE, (h,)))):
            return h
    return None


def _base_of_sigmoid_slope(e: Expression) -> Expression | None:
    """h of h (1 − h)."""
    match e:
        case Apply(ops.MUL, (h, Apply(ops.SUB, (Constant(1.0), again)))) if same(h, again):
            return h
    return None


def _tanh_slope(h: Expression) -> Expression:
    return subtract(Constant(1.0), power(h, 2.0))


def _sigmoid_slope(h: Expression) -> Expression:
    return multiply(h, subtract(Constant(1.0), h))


def _before(h: Expression, lines: Sequence[Line]) -> list[Expression]:
    """z, where h is an activation of z."""
    for line in lines:
        match line.rule:
            case Apply(op, (Name() as z,)) if op in _ACTIVATIONS and same(line.quantity, h):
                return [z]
    return []


_ACTIVATIONS = (ops.TANH, ops.SIGMOID, ops.RELU)


def _cut(e: Name, shape: tuple[int, ...]) -> list[Expression]:
    """The upper left corner of a matrix, in the shape."""
    if len(e.shape) != 2 or len(shape) != 2 or any([n < m for n, m in zip(e.shape, shape)]):
        return []
    if e.shape == shape:
        return [e]
    m, n = shape
    return [Part(e, f":{m}, :{n}", tuple([i * e.shape[1] + j for i in range(m) for j in range(n)]), shape)]


def _can_be_turned(e: Expression) -> bool:
    """Whether it is a matrix that its transpose differs from: one of a single number does not."""
    return len(e.shape) == 2 and prod(e.shape) > 1


def _letter(name: str) -> str:
    return name.partition("⁽")[0]


# The backward pass.


@_in_one_part
def no_slope(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, args) if any(map(from_above, args)):
            for k, a in enumerate(args):
                if not from_above(a) and not isinstance(a, (Constant, Along)):
                    rest = [*args[:k], *args[k + 1 :]]
                    yield rest[0] if len(rest) == 1 else Apply(ops.MUL, tuple(rest))


@_in_one_part
def slope_of_z(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    for base, slope in ((_base_of_tanh_slope(e), _tanh_slope), (_base_of_sigmoid_slope(e), _sigmoid_slope)):
        if base is not None:
            yield from [slope(z) for z in _before(base, lines)]


def _of_tanh_slope(f: Callable[[Expression], Expression]) -> Wrong:
    def change(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
        h = _base_of_tanh_slope(e)
        return [] if h is None else [f(h)]

    return _in_one_part(change)


slope_not_squared = _of_tanh_slope(lambda h: subtract(Constant(1.0), h))
slope_of_sigmoid = _of_tanh_slope(_sigmoid_slope)
slope_of_tanh_of_h = _of_tanh_slope(lambda h: _tanh_slope(Apply(ops.TANH, (h,))))


@_in_one_part
def slope_of_tanh(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    h = _base_of_sigmoid_slope(e)
    return [] if h is None else [_tanh_slope(h)]


def slope_at_output(line: Line, lines: Sequence[Line]) -> list[Expression]:
    """∂L/∂z of an affine z that goes through no activation, in a network with activations."""
    assert line.rule is not None
    below = line.quantity.below if isinstance(line.quantity, Derivative) else ""
    affine, active, others = None, False, set()
    for other in lines:
        match other.quantity, other.rule:
            case Name(text, shape), Apply(ops.ADD, (MatMul(), _)) if text == below:
                affine = Name(text, shape)
            case _, Apply(op, (Name(text),)) if op in _ACTIVATIONS:
                active = active or text == below
                others.add(op)
    if affine is None or active:
        return []
    slopes = {ops.TANH: _tanh_slope, ops.SIGMOID: _sigmoid_slope}
    wrongs: list[Expression] = []
    for op in [op for op in slopes if op in others]:
        wrongs += [multiply(line.rule, slopes[op](h)) for h in (affine, Apply(op, (affine,)))]
    return wrongs


def no_incoming(line: Line, lines: Sequence[Line]) -> list[Expression]:
    def without(e: Expression) -> Expression:
        if isinstance(e, Derivative):
            return Ones(e.shape) if e.shape else Constant(1.0)
        return with_args(e, list(map(without, e.args))) if e.args else e

    assert line.rule is not None
    above = [part for part in parts(line.rule) if isinstance(part, Derivative) and part.above != part.below]
    return [without(line.rule)] if above else []


@_in_one_part
def not_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul(args) if from_above(e):
            for k, a in enumerate(args):
                if isinstance(a, Transpose) and isinstance(a.arg, Name) and _can_be_turned(a.arg):
                    yield MatMul((*args[:k], a.arg, *args[k + 1 :]))
                elif isinstance(a, Name) and _can_be_turned(a) and k > 0:
                    yield MatMul((*args[:k], Transpose(a), *args[k + 1 :]))


@_in_one_part
def other_layer(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    if isinstance(e, Name) and len(e.shape) == 2 and "⁽" in e.text:
        for line in lines:
            q = line.quantity
            if isinstance(q, Name) and line.rule is None and _letter(q.text) == _letter(e.text) and q.text != e.text:
                yield from _cut(q, e.shape)


def _other_factor(e: Expression, change: Callable[[Name], Sequence[Expression]]) -> Iterable[Expression]:
    """The products in which one factor, or what it is the transpose of, is changed."""
    match e:
        case MatMul(args) if from_above(e):
            for k, a in enumerate(args):
                inner = a.arg if isinstance(a, Transpose) else a
                for new in change(inner) if isinstance(inner, Name) else ():
                    yield MatMul((*args[:k], new if inner is a else Transpose(new), *args[k + 1 :]))


@_in_one_part
def rows_reversed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    def turned(W: Name) -> Sequence[Expression]:
        if len(W.shape) != 2 or "⁽" not in W.text or W.shape[0] == 1:
            return []
        m, n = W.shape
        return [Part(W, "::-1", tuple([i * n + j for i in reversed(range(m)) for j in range(n)]), W.shape)]

    return _other_factor(e, turned)


@_in_one_part
def outer_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul((_, _)) if from_above(e) and _can_be_turned(e) and e.shape[0] == e.shape[1]:
            yield transpose(e)


@_in_one_part
def other_h(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    return _other_factor(e, lambda h: _vectors_like(h, lines))


def _vectors_like(h: Name, lines: Sequence[Line]) -> list[Name]:
    """What else was computed, or given as x, in the shape of h, which is an input of a layer."""
    names = [line.quantity for line in lines if isinstance(line.quantity, Name) and line.quantity.shape == h.shape]
    activations = [q for q in names if q.text == "x" or _before(q, lines)]
    return [q for q in activations if q.text != h.text] if any([same(q, h) for q in activations]) else []


@_in_one_part
def z_for_h(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    yield from _other_factor(e, lambda h: _before(h, lines))
    match e:
        case Apply(ops.MUL, args) if from_above(e):
            for k, a in enumerate(args):
                yield from [with_args(e, [*args[:k], z, *args[k + 1 :]]) for z in _before(a, lines)]


def path_left_out(line: Line, lines: Sequence[Line]) -> list[Expression]:
    n = len(line.terms)
    return [_sum([*line.terms[:k], *line.terms[k + 1 :]]) for k in range(n)] if n > 1 else []


def _sum(terms: Sequence[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Apply(ops.ADD, tuple(terms))


def sign(line: Line, lines: Sequence[Line]) -> list[Expression]:
    def swapped(e: Expression) -> Iterable[Expression]:
        match e:
            case Apply(ops.SUB, (a, b)) if not isinstance(a, Constant):
                yield Apply(ops.SUB, (b, a))

    assert line.rule is not None
    return _variants(line.rule, swapped) if _starts(line) else []


def times(c: float) -> Wrong:
    def wrong(line: Line, lines: Sequence[Line]) -> list[Expression]:
        assert line.rule is not None
        return [Apply(ops.MUL, (Constant(c), line.rule))] if _starts(line) else []

    return wrong


@_in_one_part
def no_constant(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, (Constant(), a)) | Apply(ops.DIV, (a, Constant())):
            yield a
        case Apply(ops.MUL, (a, Literal(c)) | (Literal(c), a)) | Apply(ops.DIV, (a, Literal(c))) if abs(c) != 1:
            yield a


def _is_softmax(e: Expression) -> bool:
    return isinstance(e, Along) and e.function is A.SOFTMAX


def _softmaxes(e: Expression, line: Line, lines: Sequence[Line]) -> list[Expression]:
    """Its parts that are the softmax of the z of a line ∂L/∂z: written out, or by name, as ŷ."""
    z = line.quantity.below if isinstance(line.quantity, Derivative) else ""
    of_z = [
        other for other in lines if other.rule is not None and _is_softmax(other.rule) and str(other.rule.args[0]) == z
    ]
    named = {str(other.quantity) for other in of_z}
    return [p for p in parts(e) if _is_softmax(p) or (isinstance(p, Name) and p.text in named)]


def softmax_alone(line: Line, lines: Sequence[Line]) -> list[Expression]:
    def alone(e: Expression) -> Iterable[Expression]:
        match e:
            case Apply(ops.SUB, (a, _)) if _softmaxes(a, line, lines):
                yield a

    assert line.rule is not None
    return _variants(line.rule, alone)


def softmax_twice(line: Line, lines: Sequence[Line]) -> list[Expression]:
    assert line.rule is not None
    softmaxes = _softmaxes(line.rule, line, lines)
    return [multiply(line.rule, _sigmoid_slope(σ)) for σ in softmaxes[:1]] if _starts(line) else []


@_in_one_part
def diagonal_alone(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.SUB, (G, Along(A.SUM, Apply(ops.MUL) as product))) if from_above(G):
            yield subtract(G, product)


# The forward pass.


@_in_one_part
def no_bias(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.ADD, (*products, Name())) if not from_above(e):
            if all([isinstance(p, MatMul) or (isinstance(p, Apply) and p.op is ops.MUL) for p in products]):
                yield _sum(products)


@_in_one_part
def no_activation(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(op, (z,)) if op in _ACTIVATIONS:
            yield z


@_in_one_part
def W_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul((Name() as W, h)) if _can_be_turned(W) and W.shape[0] == W.shape[1]:
            yield MatMul((Transpose(W), h))


@_in_one_part
def wrong_class(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, (Name() as y, rest)) if any([isinstance(p, Along) for p in parts(rest)]) and y.shape:
            n = y.shape[-1]
            for by in range(1, n):
                offsets = tuple([k - k % n + (k + by) % n for k in range(prod(y.shape))])
                yield Apply(ops.MUL, (Part(y, f"another class, {by} on", offsets, y.shape), rest))


# The update a − η ∂L/∂a.


def up(line: Line, lines: Sequence[Line]) -> list[Expression]:
    match line.rule:
        case Apply(ops.SUB, (a, change)):
            return [add(a, change)]
    return []


def no_rate(line: Line, lines: Sequence[Line]) -> list[Expression]:
    match line.rule:
        case Apply(ops.SUB, (a, Apply(ops.MUL, (_, slope)))):
            return [subtract(a, slope)]
    return []
