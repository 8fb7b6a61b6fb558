"""Wrong rules, as learners write them: each turns the right formula of one line into wrong ones.

They are kept apart from the table of `ops.py`, which nothing here reads. A mistake is made in one line of a
derivation; those of a whole pass (`whole_pass`) are made in every line in which several paths arrive.

>>> from tinygrad_edu import Value, explain
>>> z = Value(0.5, label="z"); h = z.tanh(); h.label = "h"
>>> derivation = explain(h)
>>> for mistake, wrong in mistakes_in(lines_of(derivation)[-1], lines_of(derivation)):
...     print(f"{mistake.id:20} {wrong}")
no-slope             ∂h/∂h
slope-of-z           ∂h/∂h · (1 − z²)
slope-not-squared    ∂h/∂h · (1 − h)
slope-of-sigmoid     ∂h/∂h · (h · (1 − h))
slope-of-tanh-of-h   ∂h/∂h · (1 − tanh(h)²)
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from ... import ops
from ...writing.algebra import add, multiply, power, same, subtract, transpose
from ...writing.evaluation import with_args
from ...writing.expression import (
    Along,
    Apply,
    Constant,
    Derivative,
    Expression,
    MatMul,
    Name,
    Ones,
    Part,
    Transpose,
    parts,
)
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from .rows import Derivation

    Wrong: TypeAlias = Callable[["Line", "Sequence[Line]"], list[Expression]]


class Line(NamedTuple):
    """One quantity of a derivation and its whole rule.

    Attributes:
        quantity: a Name, or a Derivative in the backward pass.
        rule: its formula, the sum of all contributions; None for what is given.
        part: "forward", "backward" or "update".
        terms: the contributions, one a path, of which the rule is the sum.
        row: where it stands in the derivation; None for an update.
    """

    quantity: Name | Derivative
    rule: Expression | None
    part: str
    terms: tuple[Expression, ...] = ()
    row: Row | None = None


def lines_of(derivation: Derivation) -> list[Line]:
    """A line for each quantity: the contributions to one gradient are one line, where the last arrives.

    >>> from tinygrad_edu import Value, explain
    >>> x = Value(3.0, label="x")
    >>> [f"{line.quantity} = {line.rule}" for line in lines_of(explain(x * x))]
    ['x = None', 'f = x · x', '∂f/∂f = None', '∂f/∂x = ∂f/∂f · x + ∂f/∂f · x']
    """
    lines = [_line(row.quantity, row.rule, "forward", (), row) for row in derivation.forward]
    arrived: dict[str, list[Expression]] = {}
    for step in derivation.backward:
        for row in step.rows:
            rule = row.rule
            if rule is None:
                lines.append(_line(row.quantity, None, "backward", (), row))
                continue
            assert isinstance(row.quantity, Derivative)
            if row.edge is not None:  # a slope that is only named, such as ∂z/∂b, is the number on the edge
                rule = _with_slope(rule, row.quantity.above, step.node.partials[row.edge])
            terms = arrived.setdefault(row.quantity.text, [])
            terms.append(rule)
            if row.part is None or row.part[0] == row.part[1]:
                whole = terms[0] if len(terms) == 1 else Apply(ops.ADD, tuple(terms))
                found = terms if len(terms) > 1 else _terms(rule)
                lines.append(_line(row.quantity, whole, "backward", tuple(found), row))
    return lines


def _line(quantity: Expression, rule: Expression | None, part: str, terms: tuple[Expression, ...], row: Row) -> Line:
    assert isinstance(quantity, (Name, Derivative))
    return Line(quantity, rule, part, terms, row)


def _with_slope(e: Expression, root: str, slope: float) -> Expression:
    if isinstance(e, Derivative) and e.above != root:
        return Constant(slope)
    return with_args(e, [_with_slope(a, root, slope) for a in e.args]) if e.args else e


def _terms(e: Expression) -> list[Expression]:
    """The terms of a sum that each have a gradient from above in them."""
    if isinstance(e, Apply) and e.op is ops.ADD and all(map(_from_above, e.args)):
        return [term for a in e.args for term in _terms(a)]
    return [e]


class Mistake(NamedTuple):
    """A wrong rule.

    Attributes:
        id: its name in a program.
        sentence: what was done, for whoever did it.
        part: where it is made: "forward", "backward" or "update".
        wrong: of a line and all lines of the derivation, the wrong formulas of that line; none where it cannot be made.
        whole_pass: whether it is made in all lines at once; then `wrong` is what is passed on.
        written: of a mistake of a whole pass, whether `wrong` also is what is written down.
    """

    id: str
    sentence: str
    part: str
    wrong: Wrong
    whole_pass: bool = False
    written: bool = True


def mistakes_in(line: Line, lines: Sequence[Line]) -> list[tuple[Mistake, Expression]]:
    """Each mistake that can be made in a line with its wrong formula; not those of a whole pass."""
    found = []
    for mistake in CATALOGUE:
        if mistake.part == line.part and line.rule is not None and not mistake.whole_pass:
            wrongs = [e for e in mistake.wrong(line, lines) if prod(e.shape) == prod(line.rule.shape)]
            found += [(mistake, e) for e in wrongs if not same(e, line.rule)]
    return found


# What formulas look like.


def _variants(e: Expression, change: Callable[[Expression], Iterable[Expression]]) -> list[Expression]:
    """The formula with one of its parts changed, wherever it can be."""
    found = list(change(e))
    for k, a in enumerate(e.args):
        found += [with_args(e, [*e.args[:k], new, *e.args[k + 1 :]]) for new in _variants(a, change)]
    return found


def _changed(change: Callable[[Expression, Sequence[Line]], Iterable[Expression]]) -> Wrong:
    """The mistake of changing one part of the rule."""

    def wrong(line: Line, lines: Sequence[Line]) -> list[Expression]:
        assert line.rule is not None
        return _variants(line.rule, lambda e: change(e, lines))

    return wrong


def _from_above(e: Expression) -> bool:
    return any([isinstance(part, Derivative) for part in parts(e)])


def _starts(line: Line) -> bool:
    """Whether it is where the backward pass starts: the derivative of the loss itself."""
    return line.part == "backward" and line.rule is not None and not _from_above(line.rule)


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


def _letter(name: str) -> str:
    return name.partition("⁽")[0]


# The backward pass.


def _no_slope(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, args) if any(map(_from_above, args)):
            for k, a in enumerate(args):
                if not _from_above(a) and not isinstance(a, (Constant, Along)):
                    rest = [*args[:k], *args[k + 1 :]]
                    yield rest[0] if len(rest) == 1 else Apply(ops.MUL, tuple(rest))


def _slope_of_z(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    for base, slope in ((_base_of_tanh_slope(e), _tanh_slope), (_base_of_sigmoid_slope(e), _sigmoid_slope)):
        if base is not None:
            yield from [slope(z) for z in _before(base, lines)]


def _of_tanh_slope(f: Callable[[Expression], Expression]) -> Wrong:
    def change(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
        h = _base_of_tanh_slope(e)
        return [] if h is None else [f(h)]

    return _changed(change)


def _slope_of_tanh(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    h = _base_of_sigmoid_slope(e)
    return [] if h is None else [_tanh_slope(h)]


def _slope_at_output(line: Line, lines: Sequence[Line]) -> list[Expression]:
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


def _no_incoming(line: Line, lines: Sequence[Line]) -> list[Expression]:
    def without(e: Expression) -> Expression:
        if isinstance(e, Derivative):
            return Ones(e.shape) if e.shape else Constant(1.0)
        return with_args(e, list(map(without, e.args))) if e.args else e

    assert line.rule is not None
    above = [part for part in parts(line.rule) if isinstance(part, Derivative) and part.above != part.below]
    return [without(line.rule)] if above else []


def _not_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul(args) if _from_above(e):
            for k, a in enumerate(args):
                if isinstance(a, Transpose) and isinstance(a.arg, Name) and len(a.arg.shape) == 2:
                    yield MatMul((*args[:k], a.arg, *args[k + 1 :]))
                elif isinstance(a, Name) and len(a.shape) == 2 and k > 0:
                    yield MatMul((*args[:k], Transpose(a), *args[k + 1 :]))


def _other_layer(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    if isinstance(e, Name) and len(e.shape) == 2 and "⁽" in e.text:
        for line in lines:
            q = line.quantity
            if isinstance(q, Name) and line.rule is None and _letter(q.text) == _letter(e.text) and q.text != e.text:
                yield from _cut(q, e.shape)


def _rows_reversed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul(args) if _from_above(e):
            for k, a in enumerate(args):
                W = a.arg if isinstance(a, Transpose) else a
                if isinstance(W, Name) and len(W.shape) == 2 and "⁽" in W.text and W.shape[0] > 1:
                    m, n = W.shape
                    offsets = tuple([i * n + j for i in reversed(range(m)) for j in range(n)])
                    turned: Expression = Part(W, "::-1", offsets, W.shape)
                    turned = Transpose(turned) if a is not W else turned
                    yield MatMul((*args[:k], turned, *args[k + 1 :]))


def _outer_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul((_, _)) if _from_above(e) and len(e.shape) == 2 and e.shape[0] == e.shape[1]:
            yield transpose(e)


def _other_h(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul(args) if _from_above(e):
            for k, a in enumerate(args):
                h = a.arg if isinstance(a, Transpose) else a
                if isinstance(h, Name):
                    for new in _vectors_like(h, lines):
                        turned = Transpose(new) if a is not h else new
                        yield MatMul((*args[:k], turned, *args[k + 1 :]))


def _vectors_like(h: Name, lines: Sequence[Line]) -> list[Name]:
    """What else was computed, or given as x, in the shape of h, which is an input of a layer."""
    names = [line.quantity for line in lines if isinstance(line.quantity, Name) and line.quantity.shape == h.shape]
    activations = [q for q in names if q.text == "x" or _before(q, lines)]
    return [q for q in activations if q.text != h.text] if any([same(q, h) for q in activations]) else []


def _z_for_h(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul() if _from_above(e):
            for k, a in enumerate(e.args):
                h = a.arg if isinstance(a, Transpose) else a
                for z in _before(h, lines):
                    yield MatMul((*e.args[:k], Transpose(z) if a is not h else z, *e.args[k + 1 :]))


def _path_left_out(line: Line, lines: Sequence[Line]) -> list[Expression]:
    n = len(line.terms)
    return [_sum([*line.terms[:k], *line.terms[k + 1 :]]) for k in range(n)] if n > 1 else []


def _sum(terms: Sequence[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Apply(ops.ADD, tuple(terms))


def _sign(line: Line, lines: Sequence[Line]) -> list[Expression]:
    def swapped(e: Expression) -> Iterable[Expression]:
        match e:
            case Apply(ops.SUB, (a, b)) if not isinstance(a, Constant):
                yield Apply(ops.SUB, (b, a))

    assert line.rule is not None
    return _variants(line.rule, swapped) if _starts(line) else []


def _times(c: float) -> Wrong:
    def wrong(line: Line, lines: Sequence[Line]) -> list[Expression]:
        assert line.rule is not None
        return [Apply(ops.MUL, (Constant(c), line.rule))] if _starts(line) else []

    return wrong


def _no_constant(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, (Constant(), a)) | Apply(ops.DIV, (a, Constant())):
            yield a


def _softmax_alone(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.SUB, (a, _)) if any([isinstance(p, Along) and p.function == "softmax" for p in parts(a)]):
            yield a


def _softmax_twice(line: Line, lines: Sequence[Line]) -> list[Expression]:
    assert line.rule is not None
    softmaxes = [p for p in parts(line.rule) if isinstance(p, Along) and p.function == "softmax"]
    return [multiply(line.rule, _sigmoid_slope(σ)) for σ in softmaxes[:1]] if _starts(line) else []


def _diagonal_alone(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.SUB, (G, Along("sum", Apply(ops.MUL) as product))) if _from_above(G):
            yield subtract(G, product)


# The forward pass.


def _no_bias(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.ADD, (*products, Name())) if not _from_above(e):
            if all([isinstance(p, MatMul) or (isinstance(p, Apply) and p.op is ops.MUL) for p in products]):
                yield _sum(products)


def _no_activation(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(op, (z,)) if op in _ACTIVATIONS:
            yield z


def _W_transposed(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case MatMul((Name() as W, h)) if len(W.shape) == 2 and W.shape[0] == W.shape[1]:
            yield MatMul((Transpose(W), h))


def _wrong_class(e: Expression, lines: Sequence[Line]) -> Iterable[Expression]:
    match e:
        case Apply(ops.MUL, (Name() as y, rest)) if any([isinstance(p, Along) for p in parts(rest)]) and y.shape:
            n = y.shape[-1]
            for by in range(1, n):
                offsets = tuple([k - k % n + (k + by) % n for k in range(prod(y.shape))])
                yield Apply(ops.MUL, (Part(y, f"another class, {by} on", offsets, y.shape), rest))


# The update a − η ∂L/∂a.


def _up(line: Line, lines: Sequence[Line]) -> list[Expression]:
    match line.rule:
        case Apply(ops.SUB, (a, change)):
            return [add(a, change)]
    return []


def _no_rate(line: Line, lines: Sequence[Line]) -> list[Expression]:
    match line.rule:
        case Apply(ops.SUB, (a, Apply(ops.MUL, (_, slope)))):
            return [subtract(a, slope)]
    return []


# fmt: off
CATALOGUE = (
    Mistake("no-slope", "The local derivative (the 1 − h² of tanh) is left out.", "backward", _changed(_no_slope)),
    Mistake("slope-of-z", "The slope of the activation is taken of z where h belongs.", "backward",
            _changed(_slope_of_z)),
    Mistake("slope-not-squared", "tanh′ is 1 − h², not 1 − h.", "backward",
            _of_tanh_slope(lambda h: subtract(Constant(1.0), h))),
    Mistake("slope-of-sigmoid", "h (1 − h) is the slope of the sigmoid; that of tanh is 1 − h².", "backward",
            _of_tanh_slope(_sigmoid_slope)),
    Mistake("slope-of-tanh-of-h", "h is tanh(z) already: tanh′ is 1 − h², not 1 − tanh(h)².", "backward",
            _of_tanh_slope(lambda h: _tanh_slope(Apply(ops.TANH, (h,))))),
    Mistake("slope-of-tanh", "1 − h² is the slope of tanh; that of the sigmoid is h (1 − h).", "backward",
            _changed(_slope_of_tanh)),
    Mistake("slope-at-output", "The output has no activation: no slope of one belongs here.", "backward",
            _slope_at_output),
    Mistake("no-incoming", "The gradient that comes from above is left out.", "backward", _no_incoming),
    Mistake("not-transposed", "W stands where its transpose belongs.", "backward", _changed(_not_transposed)),
    Mistake("other-layer", "The weights are those of another layer.", "backward", _changed(_other_layer)),
    Mistake("rows-reversed", "The rows of W are in reverse order.", "backward", _changed(_rows_reversed)),
    Mistake("outer-transposed", "The matrix is transposed: rows belong to outputs, columns to inputs.", "backward",
            _changed(_outer_transposed)),
    Mistake("other-h", "The h is that of another layer.", "backward", _changed(_other_h)),
    Mistake("z-for-h", "z stands where h belongs: a layer's input is what came out of the activation.", "backward",
            _changed(_z_for_h)),
    Mistake("path-left-out", "A path is left out: the gradients of all paths add up.", "backward", _path_left_out),
    Mistake("sign", "The difference is the wrong way round: it is ŷ − y, not y − ŷ.", "backward", _sign),
    Mistake("factor-2", "A factor 2 too much: the ½ of the loss cancels the 2 of the square.", "backward", _times(2.0)),
    Mistake("factor-half", "A factor ½ too much.", "backward", _times(0.5)),
    Mistake("no-constant", "A constant factor is left out, as the 1/N of a mean.", "backward", _changed(_no_constant)),
    Mistake("softmax-alone", "The − y is left out: the slope is softmax(z) − y.", "backward", _changed(_softmax_alone)),
    Mistake("softmax-twice", "The derivative of softmax is in softmax(z) − y already.", "backward", _softmax_twice),
    Mistake("softmax-diagonal", "Each softmax output depends on every z, not only on its own.", "backward",
            _changed(_diagonal_alone)),
    Mistake("no-bias", "The bias is left out.", "forward", _changed(_no_bias)),
    Mistake("no-activation", "The activation is left out.", "forward", _changed(_no_activation)),
    Mistake("W-transposed", "W is transposed where it should not be.", "forward", _changed(_W_transposed)),
    Mistake("wrong-class", "The logarithm is that of another class.", "forward", _changed(_wrong_class)),
    Mistake("no-constant", "A constant factor is left out, as the ½ of the loss.", "forward", _changed(_no_constant)),
    Mistake("up", "The update goes up: it is − η ∂L/∂W, not +.", "update", _up),
    Mistake("no-rate", "The learning rate η is left out.", "update", _no_rate),
    Mistake("overwritten", "= for +=: only the last path counts, where all of them add up.", "backward",
            lambda line, lines: [line.terms[-1]] if len(line.terms) > 1 else [], whole_pass=True),
    Mistake("no-order", "A gradient is passed on before all of it has arrived.", "backward",
            lambda line, lines: [line.terms[0]] if len(line.terms) > 1 else [], whole_pass=True, written=False),
)
# fmt: on
