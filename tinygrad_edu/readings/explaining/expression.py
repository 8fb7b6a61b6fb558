"""Formulas: expressions that remember how they were written, and what number they stand for.

A row of the rule table fed with these instead of floats gives the local derivative in symbols:
`ops.TANH.partials(h, z)` is `1 − h²`. They simplify only what a person would not write down:
1 · a, a + 0, a · a, ½ · (2 · a).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ... import ops
from ...network.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Expr:
    """One formula: how its outermost operation is written, the operands, and its number.

    `op` is the symbol of an operation on `args`; or "name", "derivative", "path", which have
    `words`: the name, the variables above and below, the names along the path; or "constant"
    (part of a rule, such as the 2 in 2·a) or "number" (put in for a name), or "spread", the same
    formula with its numbers repeated or rearranged. `number` is a float or a Tensor.
    """

    __slots__ = ("op", "args", "number", "words")

    def __init__(self, op: str, args: tuple[Expr, ...], number: Any, words: tuple[str, ...] = ()) -> None:
        self.op = op
        self.args = args
        self.number = number
        self.words = words

    def __add__(self, other: Any) -> Expr:
        a, b = self, formula(other)
        if is_constant(b, 0):
            return a
        if is_constant(a, 0):
            return b
        if b.op == "neg" or (b.is_multiple() and b.args[0].number < 0):
            return a - -b
        return _combined("+", a, b, a.number + b.number)

    def __sub__(self, other: Any) -> Expr:
        a, b = self, formula(other)
        if is_constant(b, 0):
            return a
        if is_constant(a, 0):
            return -b
        if b.op == "neg":
            return a + b.args[0]
        return _combined("−", a, b, a.number - b.number)

    def __mul__(self, other: Any) -> Expr:
        a, b = self, formula(other)
        if b.op == "constant":
            a, b = b, a
        if a.op == "constant":
            if a.number == 0 or b.op == "constant":
                return formula(a.number * b.number if b.op == "constant" else 0.0)
            if a.number == 1:
                return b
            if a.number == -1:
                return -b
            if b.is_multiple():
                return a * b.args[0] * b.args[1]  # c (d a) = (c d) a
        elif a.is_multiple():
            return a.args[0] * (a.args[1] * b)
        if a.op == "neg" or b.op == "neg":
            size = _positive(a) * _positive(b)
            return size if a.op == b.op else -size
        return a**2 if a is b else Expr("×", (a, b), a.number * b.number)

    def __truediv__(self, other: Any) -> Expr:
        a, b = self, formula(other)
        if is_constant(b, 1) or is_constant(a, 0):
            return a
        if a.op == "neg":
            return -(a.args[0] / b)
        if b.op == "constant" and a.is_multiple():
            return a.args[0] / b * a.args[1]
        return _combined("÷", a, b, a.number / b.number)

    def __pow__(self, n: float) -> Expr:
        if self.op == "constant" or n == 1:
            return formula(self.number**n) if self.op == "constant" else self
        return Expr("^", (self, formula(n)), self.number**n) if n else formula(1.0)

    def __neg__(self) -> Expr:
        if self.op == "constant":
            return formula(-self.number)
        if self.is_multiple():
            return formula(-self.args[0].number) * self.args[1]
        return self.args[0] if self.op == "neg" else Expr("neg", (self,), -self.number)

    def __radd__(self, other: Any) -> Expr:
        return formula(other) + self

    def __rsub__(self, other: Any) -> Expr:
        return formula(other) - self

    def __rmul__(self, other: Any) -> Expr:
        return formula(other) * self

    def __rtruediv__(self, other: Any) -> Expr:
        return formula(other) / self

    # The functions that occur in the partials of the table.

    def exp(self) -> Expr:
        y = ops.exp(self.number)
        if self.op == "−" and self.args[1].op == "logsumexp" and self.args[1].args == self.args[:1]:
            return Expr("softmax", self.args[:1], y)  # exp(z − log Σ exp z) is softmax(z)
        return Expr("exp", (self,), y)

    def sin(self) -> Expr:
        return Expr("sin", (self,), ops.sin(self.number))

    def cos(self) -> Expr:
        return Expr("cos", (self,), ops.cos(self.number))

    def step(self) -> Expr:
        return Expr("step", (self,), ops.step(self.number))

    def log(self) -> Expr:
        return Expr("log", (self,), ops.log(self.number))

    # Matrices. A vector is a column, so that its transpose is a row.

    def __matmul__(self, other: Expr) -> Expr:
        a, b = self.number, other.number
        if a.ndim == 1:
            a = a.reshape(-1, 1)  # a column times a row: the matrix aᵢ bⱼ
        return Expr("@", (self, other), a @ b)

    @property
    def T(self) -> Expr:
        if self.op == "ᵀ":
            return self.args[0]
        if self.op == "@":
            return self.args[1].T @ self.args[0].T
        a = self.number
        return Expr("ᵀ", (self,), a.reshape(1, -1) if a.ndim == 1 else a.T)

    def sum(self, axis: Any = None) -> Expr:
        """Σ over all elements, or over one axis, which then keeps the size 1."""
        if isinstance(self.number, float) or len(self.number.values) == 1:
            return self
        if self.is_multiple() and self.args[1].number.shape == self.number.shape:
            return self.args[0] * self.args[1].sum(axis)
        return Expr("Σ" if axis is None else f"Σ{axis}", (self,), self.number.sum(axis, keepdims=axis is not None))

    def has_name(self) -> bool:
        """Whether it says more than a number."""
        return self.holds("name")

    def holds(self, *ops: str) -> bool:
        """Whether one of these stands in the formula."""
        return self.op in ops or any([a.holds(*ops) for a in self.args])

    def is_multiple(self) -> bool:
        """Whether it is a constant times something."""
        return self.op == "×" and self.args[0].op == "constant"

    def is_factor(self) -> bool:
        """Whether it is a local derivative: neither a constant nor something that came from above."""
        return self.op != "constant" and not self.holds("derivative", "@")

    def total(self) -> Any:
        """The number, and that of a Σ as a float."""
        one = self.op.startswith("Σ") and isinstance(self.number, Tensor) and len(self.number.values) == 1
        return self.number.item() if one else self.number

    def __str__(self) -> str:
        from ...writing.paper import Text, written

        return written(self, Text())

    def of_number(self, number: Any) -> Expr:
        """The same formula for another number."""
        return Expr(self.op, self.args, number, self.words)

    def reshaped(self, shape: tuple[int, ...]) -> Expr:
        """The same formula with its numbers arranged in another shape, row by row."""
        if isinstance(self.number, float) or self.number.shape == shape:
            return self
        if len(self.number.values) != prod(shape):
            return self  # one number, to be used for all
        number = self.number.reshape(*shape)
        sizes = {a.number.shape for a in self.args if isinstance(a.number, Tensor) and len(a.number.values) > 1}
        if self.op in ("+", "−", "×", "÷", "neg", "^", "exp") and sizes <= {self.number.shape}:  # element by element
            return Expr(self.op, tuple([a.reshaped(shape) for a in self.args]), number)
        rearranged = [n for n in shape if n > 1] != [n for n in self.number.shape if n > 1]
        return Expr("spread", (self,), number) if self.args and rearranged else self.of_number(number)


def formula(x: Any) -> Expr:
    """`x` itself if it is a formula, else the constant x."""
    return x if isinstance(x, Expr) else Expr("constant", (), float(x))


def name(text: str, number: Any) -> Expr:
    return Expr("name", (), number, (text,))


def derivative(above: str, below: str, number: Any) -> Expr:
    return Expr("derivative", (), number, (above, below))


def numeral(number: Any) -> Expr:
    """A number put in for a name."""
    return Expr("number", (), number)


def is_constant(e: Expr, number: float | None = None) -> bool:
    return e.op == "constant" and (number is None or e.number == number)


def put_in(e: Expr, whole_factors: bool = False) -> Expr:
    """The formula with the number of each name in its place.

    With `whole_factors` also a factor such as (1 − h²) or Σ y becomes the number it stands for.
    """
    if e.op in ("name", "derivative", "spread") or (e.op == "ᵀ" and e.args[0].op in ("name", "derivative")):
        return numeral(e.number)
    if not e.args:
        return e
    args = []
    for a in e.args:
        whole = whole_factors and e.op == "×" and a.is_factor()
        number = numeral(a.total()) if whole else put_in(a, whole_factors)
        if number.op == "number" and _is_row(a.number, e):
            number = numeral(number.number.reshape(1, -1))
        args.append(number)
    return Expr(e.op, tuple(args), e.number)


def _is_row(number: Any, e: Expr) -> bool:
    """Whether a vector is combined with each row of a matrix."""
    vector = isinstance(number, Tensor) and number.ndim == 1 and len(number.values) > 1
    return vector and e.op in ("+", "−", "×", "÷") and e.number.ndim == 2


def replaced(e: Expr, old: Expr, new: Expr) -> Expr:
    """The formula with another in place of `old`, simplified anew."""
    if e is old:
        return new
    match e.op:
        case "+":
            return replaced(e.args[0], old, new) + replaced(e.args[1], old, new)
        case "−":
            return replaced(e.args[0], old, new) - replaced(e.args[1], old, new)
        case "×":
            return replaced(e.args[0], old, new) * replaced(e.args[1], old, new)
        case "neg":
            return -replaced(e.args[0], old, new)
    return e


def sum_of(terms: Sequence[Expr]) -> Expr:
    """a + b + c, as it stands."""
    return Expr("+", tuple(terms), sum([t.number for t in terms])) if len(terms) > 1 else terms[0]


def product_of(factors: Sequence[Expr]) -> Expr:
    """a · b · c, as it stands."""
    return Expr("×", tuple(factors), prod([f.number for f in factors])) if len(factors) > 1 else factors[0]


def _combined(op: str, a: Expr, b: Expr, number: Any) -> Expr:
    return Expr("constant" if a.op == b.op == "constant" else op, () if a.op == b.op == "constant" else (a, b), number)


def _positive(e: Expr) -> Expr:
    return e.args[0] if e.op == "neg" else e
