"""Formulas of paper as steps of NumPy, in which every array has exactly the shape of what it stands for.

On paper a vector is a column and so its transpose a row, and `G hᵀ` is a matrix; in code that is `outer(G, h)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from math import prod
from typing import Any

from ... import array_ops as A
from ... import ops
from ...shapes import Shape, nested
from ...writing import expression as E
from ...writing.algebra import Symbol
from ...writing.code import NUMPY, NotWritten
from ...writing.expression import Expression, Precedence, Spelling, infix, places
from ..formulas import key_text
from .terms import COUNT, RESHAPE, VIEW, Algebra, Term, folded

ATOM, CONDITION = Precedence.ATOM, Precedence.CONDITION
MATMUL = infix(" @ ", Precedence.PRODUCT)
SAME = Spelling("{a}", ATOM, (CONDITION,))
NO_FORM = 'has no matrix form; level="value" prints single numbers'
_FUNCTIONS = {A.SUM: "sum", A.MAX: "amax", A.MIN: "amin"}  # others are called as on paper


class Size(int):
    """A size of a Tensor that is the number of examples, or a multiple of it.

    As an int it is the size in this recording; `formula` is how it follows from the number of examples.
    """

    formula: Expression

    def __new__(cls, number: int, formula: Expression) -> Size:
        new = super().__new__(cls, number)
        new.formula = formula
        return new

    def __mul__(self, x: Any) -> Any:
        product = Symbol(self.formula) * (Symbol(x.formula) if isinstance(x, Size) else x)
        return Size(int(self) * x, product.formula) if isinstance(x, int) else product

    __rmul__ = __mul__


EXAMPLES = E.Name("number of examples")


@dataclass
class Arrays(Algebra):
    """Makes the Terms of formulas.

    Attributes:
        formulas: of each name, with the shape.
        terms: those of the names so far.
        called: the line that computes the same.
    """

    formulas: Mapping[str, tuple[Expression, Shape]]
    terms: dict[str, Term] = field(default_factory=dict)
    known: dict[object, Term] = field(default_factory=dict)
    called: dict[Term, Term] = field(default_factory=dict)

    def named(self, name: str) -> Term:
        """The Term of a name. Raises TypeError where its formula has no matrix form."""
        if name not in self.terms:
            rule, shape = self.formulas[name]
            try:
                self.terms[name] = self.line(name, rule, shape)
            except NotWritten:
                said = f"compile_graph: {name} = {rule} was put together from single numbers and {NO_FORM}"
                raise TypeError(said) from None
        return self.terms[name]

    def step(self, op: Any, inputs: Sequence[Term], shape: Shape, kind: str | None = None) -> Term:
        term = self.once(op, tuple(inputs))
        term.shape, term.kind = shape, kind or term.kind
        return self.called.get(term, term)

    def simplest(self, op: ops.Op, inputs: tuple[Term, ...]) -> Term:
        """A row of `ops.TABLE`, element by element."""
        if not NUMPY.knows(op):
            return self.expanded(op, inputs)
        rule = {ops.ADD: self.plus, ops.MUL: self.times, ops.DIV: self.ratio}.get(op)
        if rule and (simpler := rule(*inputs)) is not None:
            return simpler
        constants = [a.number for a in inputs]
        if None not in constants:
            return self.constant(folded(op, tuple(constants)))
        if all([a.kind == COUNT or a.number is not None for a in inputs]):
            return self.step(op, inputs, (), COUNT)
        return self.step(op, inputs, E.broadcast([a.shape for a in inputs]))

    def plus(self, a: Term, b: Term) -> Term | None:
        """A simpler a + b: without zeros."""
        shape = E.broadcast([a.shape, b.shape])
        return next((y for x, y in ((a, b), (b, a)) if _is_zero(x) and y.shape == shape), None)

    def times(self, a: Term, b: Term) -> Term | None:
        """A simpler a b: without 1, zeros, with one number in front, and divided last by the number of examples."""
        shape = E.broadcast([a.shape, b.shape])
        for x, y in ((a, b), (b, a)):
            if _is_zero(x):
                return self.zeros(shape)
            if y.shape == shape and (x.number == 1 or (x.kind == "ones" and y.number is None)):
                return y
            if (n := _count_below(x)) is not None:
                return (x.inputs[0] * b if x is a else a * x.inputs[0]) / n
            if x.number is not None and (q := _number_in_front(y)):
                return x.number * q * y.inputs[1]
        return None

    def ratio(self, a: Term, b: Term) -> Term | None:
        """A simpler a / b, where b is a number of examples: (u / m) / n is u / (m n), and (4 u) / (2 n) is 2 u / n."""
        if b.kind == COUNT and (m := _count_below(a)) is not None:
            return a.inputs[0] / (m * b)
        p, q = _number_in_front(a), _number_in_front(b)
        if b.kind == COUNT and p and q and p % q == 0:
            return p / q * a.inputs[1] / b.inputs[1]
        return None

    def function(self, name: str, inputs: Sequence[Term], shape: Shape, more: str = "", form: str = "{}") -> Term:
        """name(a, b), with more arguments that are written as they are; in the form "[{}]" name([a, b])."""
        operands = form.format(", ".join(places(len(inputs))))
        spelling = Spelling(f"{name}({operands}{more})", ATOM, (CONDITION,) * len(inputs))
        return self.step(spelling, inputs, shape, name)

    def sizes(self, shape: Shape) -> Term:
        """A shape, as functions of arrays take it."""
        sizes = [self.lowered(n.formula) if isinstance(n, Size) else self.constant(n) for n in shape]
        spelled = f"({', '.join(places(len(sizes)))}{',' * (len(sizes) == 1)})"
        return self.step(Spelling(spelled, ATOM, (CONDITION,) * len(sizes)), sizes, (), COUNT)

    def ones(self, shape: Shape) -> Term:
        return self.function("ones", [self.sizes(shape)], shape)

    def zeros(self, shape: Shape) -> Term:
        zero = self.constant(0.0)
        return self.step(ops.MUL, [zero, self.ones(shape)], shape) if shape else zero

    def line(self, name: str, e: Expression, shape: Shape) -> Term:
        """A Term with a name, for a formula that may have one already. A number stands where it is used."""
        term = self.lowered(e)
        term = term * self.ones(shape) if shape and not term.shape else self.reshaped(term, shape)
        if term.number is not None:
            return term
        is_new = term.op and not term.label
        op, inputs = (term.op, term.inputs) if is_new else (SAME, (term,))
        line = Term(self, op, inputs, label=name, shape=term.shape)
        if is_new:
            self.called[term] = line
        return line

    def lowered(self, e: Expression) -> Term:
        """The formula as a Term.

        Raises NotWritten for a function of which only the name is known.
        """
        match e:
            case E.Name(text) | E.Derivative(text=text):
                return self.named(text)
            case E.Literal(_, E.Expression() as rule):
                return self.lowered(rule)
            case E.Constant(number) | E.Literal(number):
                return self.constant(number)
            case E.Ones(shape):
                return self.ones(shape)
            case E.Apply(op, args):
                return self.elementwise(op, [_number(a) if prod(e.shape) > 1 else a for a in args])
            case E.Along(A.SUM, E.Apply(ops.DIV, (above, E.Constant() as n)), axes, keepdims):  # (Σ a) / n
                return self.elementwise(ops.DIV, [E.Along(A.SUM, above, axes, keepdims), n])
            case E.MatMul(args):
                return self.reshaped(self.product(args), e.shape)
            case E.Reshape(E.Along(function, arg, axes, True), shape) if shape == E.Along(function, arg, axes).shape:
                return self.lowered(E.Along(function, arg, axes))
            case E.Reshape(arg) | E.Transpose(arg) if isinstance(e, E.Reshape) or _is_row(e):
                return self.reshaped(self.lowered(arg), e.shape)
            case E.Transpose(arg, None):
                return self.step(Spelling("{a}.T", ATOM, (ATOM,)), [self.lowered(arg)], e.shape, VIEW)
            case E.Transpose(arg, axes):
                name, said = ("swapaxes", "-1, -2") if e.of_matrices else ("transpose", str(axes))
                return self.function(name, [self.lowered(arg)], e.shape, f", {said}")
            case E.Along(function, arg, axes, keepdims):
                return self.along(function, arg, axes, keepdims, e.shape)
            case E.Part(arg, _, offsets, shape, keys):
                index, flips = _index(arg.shape, keys, offsets, shape)
                taken = Spelling(f"{{a}}[{index}]", ATOM, (ATOM,))
                return self.flipped(self.step(taken, [self.lowered(arg)], shape, VIEW), flips)
            case E.Placed(arg, _, offsets, shape, keys):
                index, flips = _index(shape, keys, offsets, arg.shape)
                part = self.flipped(self.lowered(arg), flips)
                if _is_zero(part):
                    return self.zeros(shape)
                part = part * self.ones(()) if part.number is not None else part
                spelling = Spelling(f"place({{a}}, s_[{index}], {{b}})", ATOM, (CONDITION, CONDITION))
                return self.step(spelling, [part, self.sizes(shape)], shape, "place")
            case E.Join(A.CAT, args, axis):
                said = f", axis={axis}" if axis else ""
                return self.function("concatenate", list(map(self.lowered, args)), e.shape, said, "[{}]")
            case E.Join(A.STACK, args):
                return self.function("stack", list(map(self.lowered, args)), e.shape, "", "[{}]")
        raise NotWritten(f"{e} is a function of single numbers, which {NO_FORM}")

    def elementwise(self, op: Any, args: Sequence[Expression]) -> Term:
        match op, args:
            case ops.SQUARE, [E.Name() as a]:
                return self.elementwise(ops.MUL, [a, a])
            case ops.LOG, [E.Apply(ops.ADD, (E.Constant(1.0), E.Apply(ops.EXP, (z,))))]:
                return self.function("logaddexp", [self.lowered(z)], z.shape, ", 0")  # exp does not overflow
        terms = [self.lowered(a) for a in args]
        if op.vectors or len(terms) == 1:
            return self.apply(op, *terms)
        return reduce(partial(self.apply, op), terms)

    def product(self, factors: Sequence[Expression]) -> Term:
        """The factors from the left. A row is a vector here, and so is what begins with one."""
        first, *others = factors
        begins_with_row = _is_row(first)
        left = self.lowered(first.args[0] if begins_with_row else first)
        for factor in others:
            a, is_outer = left.shape, len(left.shape) == 1 and _is_row(factor)
            right = self.lowered(factor.args[0] if is_outer else factor)
            b = right.shape
            if is_outer:
                left = self.function("outer", [left, right], (*a, *b))
            else:
                shape = E.broadcast([a[:-2], b[:-2]]) + a[-2:-1] + b[1:][-1:]
                left = self.step(MATMUL, [left, right], shape, "prod")
        return left

    def along(self, function: A.ArrayOp, arg: Expression, axes: Shape | None, keepdims: bool, shape: Shape) -> Term:
        a = self.lowered(arg)
        said = "" if axes is None else f", axis={axes[0] if len(axes) == 1 else axes}"
        if function not in A.REDUCTIONS:
            said = ", axis=None" if axes is None and len(a.shape) > 1 else said
            said = "" if axes == (len(a.shape) - 1,) else said
        said += ", keepdims=True" if keepdims else ""
        return self.function(_FUNCTIONS.get(function, function.symbol), [a], shape, said)

    def reshaped(self, a: Term, shape: Shape) -> Term:
        """The same numbers in another shape: by axes of size 1 that come or go, else by `reshape`."""
        if a.shape == shape or a.number is not None:
            return a
        if a.kind == "ones":
            return self.ones(shape)
        if (n := _count_below(a)) is not None:
            return self.reshaped(a.inputs[0], shape) / n
        if a.kind == RESHAPE:
            return self.reshaped(a.inputs[0], shape)
        if index := _new_axes(a.shape, shape, "None") or _new_axes(shape, a.shape, "0"):
            return self.step(Spelling(f"{{a}}[{', '.join(index)}]", ATOM, (ATOM,)), [a], shape, RESHAPE)
        return self.step(Spelling("{a}.reshape({b})", ATOM, (ATOM, CONDITION)), [a, self.sizes(shape)], shape, RESHAPE)

    def flipped(self, a: Term, axes: list[int]) -> Term:
        """Backwards along axes, which no library but NumPy can say in an index."""
        return self.function("flip", [a], a.shape, f", {tuple(axes)}") if axes else a


def _count_below(term: Term) -> Term | None:
    """n where the Term is u / n, and n follows from the number of examples."""
    return term.inputs[1] if term.op is ops.DIV and term.inputs[1].kind == COUNT and not term.label else None


def _is_zero(term: Term) -> bool:
    return term.number == 0 or (_number_in_front(term) == 0 and term.inputs[1].kind == "ones")


def _number_in_front(term: Term) -> float | None:
    """c where the Term is c u."""
    return term.inputs[0].number if term.op is ops.MUL and not term.label else None


def _number(e: Expression) -> Expression:
    """A single number without its axes of size 1: what it is combined with has the shape."""
    match e:
        case E.Reshape(arg) if prod(e.shape) == 1:
            return _number(arg)
        case E.Along(function, arg) if prod(e.shape) == 1 and function in A.REDUCTIONS:
            return E.Along(function, arg)
    return e


def _is_row(e: Expression) -> bool:
    return isinstance(e, E.Transpose) and len(e.arg.shape) == 1


def _new_axes(few: Shape, many: Shape, key: str) -> list[str]:
    """What stands in brackets, with the key for each axis of size 1 that only one of two shapes has, if that is all."""
    index, rest = [], list(few)
    for n in many:
        same = bool(rest) and rest[0] == n
        if not same and n != 1:
            return []
        index.append(":" if same else key)
        rest = rest[same:]
    while index and index[-1] == ":":
        index.pop()
    return index if not rest else []


def _index(shape: Shape, keys: tuple[Any, ...] | None, offsets: Sequence[int], part: Shape) -> tuple[str, list[int]]:
    """What stands in the brackets, and the axes of the part that run backwards, which no library but NumPy can."""
    if keys is None:  # single elements, row by row
        strides = [prod(shape[k + 1 :]) for k in range(len(shape))]
        columns = [[o // stride % n for o in offsets] for stride, n in zip(strides, shape)]
        return ", ".join([f"array({nested(c, part)})" if part else str(c[0]) for c in columns]), []
    texts, flips, axis = [], [], 0
    for key, n in zip(keys, shape):
        if isinstance(key, slice):
            if (key.step or 1) < 0:
                taken = range(n)[key][::-1]
                key = slice(taken.start, taken.stop, taken.step)
                flips.append(axis)
            texts.append(key_text(key))
            axis += 1
        else:
            texts.append(f"array({key})" if isinstance(key, list) else str(key))
    return ", ".join(texts), flips
