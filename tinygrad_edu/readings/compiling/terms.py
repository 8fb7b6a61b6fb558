"""A graph with less in it, ready to be printed: constants folded, equal steps taken once.

Every rule keeps the number to the last bit as long as all numbers are finite (only the sign of
a zero may change), so none reorders a sum, and only a power of two moves in a product.
"""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING

from ... import ops
from ...ops import ADD, DIV, MUL, NEG, STEP, SUB, Op
from ...value import Value, real_number

if TYPE_CHECKING:
    from collections.abc import Iterable


#: step(a) × b as one writes it by hand. It is never recorded, so nobody asks for its partials.
GATE = Op("gate", lambda a, b: b if a > 0 else 0.0, lambda y, a, b: ())

_TEXTS = {
    "+": "a + b",
    "−": "a - b",
    "×": "a * b",
    "÷": "a / b",
    "neg": "-a",
    "step": "1.0 if a > 0 else 0.0",
    "relu": "a if a > 0 else 0.0",
    "abs": "abs(a)",
    "maximum": "a if a > b else b",
    "minimum": "a if a < b else b",
    "sigmoid": "exp(a if a < 0 else 0.0) / (1.0 + exp(-abs(a)))",
    "gate": "b if a > 0 else 0.0",
    "stop_gradient": "a",
    "^2": "a * a",
    "pow": "pow(a, b)",
}


def python_of(op: Op) -> str:
    n = op.exponent
    if n is not None and n != 2:
        return {0.0: "1.0", 1.0: "a"}.get(n, f"a ** {n:.0f}" if n.is_integer() else f"pow(a, {n!r})")
    return _TEXTS.get(op.symbol, f"{op.symbol}(a)")


class Term:
    """A step `op(*inputs)` of a program, or without op a constant `number`, or else a variable."""

    __slots__ = ("algebra", "op", "inputs", "number", "label")

    def __init__(self, algebra: Algebra, op: Op | None = None, inputs: tuple[Term, ...] = ()) -> None:
        self.algebra = algebra
        self.op = op
        self.inputs = inputs
        self.number: float | None = None
        self.label: str | None = None

    # The arithmetic with which ops.py writes a row in simpler rows.

    def __add__(self, other: Term) -> Term:
        return self.algebra.apply(ADD, self, other)

    def __sub__(self, other: Term) -> Term:
        return self.algebra.apply(SUB, self, other)

    def __mul__(self, other: Term) -> Term:
        return self.algebra.apply(MUL, self, other)

    def __radd__(self, other: float) -> Term:
        return self if other == 0 else self.algebra.apply(ADD, self.algebra.constant(other), self)

    def maximum(self, other: Term) -> Term:
        return self.algebra.apply(ops.MAXIMUM, self, other)

    def exp(self) -> Term:
        return self.algebra.apply(ops.EXP, self)

    def log(self) -> Term:
        return self.algebra.apply(ops.LOG, self)


class Algebra:
    """Makes Terms, and never two that are known to be equal."""

    def __init__(self) -> None:
        self.known: dict[object, Term] = {}

    def constant(self, number: float) -> Term:
        number = real_number(number)
        key = number.hex()  # −0.0 is not 0.0
        if key not in self.known:
            self.known[key] = Term(self)
            self.known[key].number = number
        return self.known[key]

    def apply(self, op: Op, *inputs: Term) -> Term:
        """The Term for op(*inputs), in its simplest form."""
        numbers = [a.number for a in inputs]
        if None not in numbers:
            return self.constant(op.value(*op.arguments(tuple(numbers))))
        if op.vectors:
            expanded: Term = op.value(*op.arguments(inputs))
            return expanded
        if op is MUL and inputs[1].number is not None:
            inputs = inputs[::-1]  # constants first, as in 2x
        simpler = self.unary(op, *inputs) if len(inputs) == 1 else self.binary(op, *inputs)
        if simpler is not None:
            return simpler
        return self.known.setdefault(
            (op, frozenset(inputs) if op in (ADD, MUL) else inputs),  # a + b is b + a
            Term(self, op, inputs),
        )

    def unary(self, op: Op, a: Term) -> Term | None:
        if op is NEG and a.op is NEG:  # −(−u) = u
            return a.inputs[0]
        if op is NEG and a.op is SUB:  # −(u − v) = v − u
            return self.apply(SUB, *a.inputs[::-1])
        if python_of(op) == "a":  # a¹ = a
            return a
        if python_of(op) == "1.0":  # a⁰ = 1
            return self.constant(1.0)
        return None

    def binary(self, op: Op, a: Term, b: Term) -> Term | None:
        minus_a, minus_b = self.minus(a), self.minus(b)
        if op is ADD:
            if a.number == 0:
                return b
            if b.number == 0:
                return a
            if minus_b:  # a + −u = a − u
                return self.apply(SUB, a, minus_b)
            if minus_a:  # −u + b = b − u
                return self.apply(SUB, b, minus_a)
        elif op is SUB:
            if b.number == 0:
                return a
            if a.number == 0:
                return self.apply(NEG, b)
            if minus_b:  # a − −u = a + u
                return self.apply(ADD, a, minus_b)
        elif op is MUL or op is DIV:
            if a.number == 0:
                return a
            if (a if op is MUL else b).number == 1:
                return b if op is MUL else a
            if minus_a:  # −u · b = −(u · b), and with ÷ the same
                return self.apply(NEG, self.apply(op, minus_a, b))
            if minus_b:
                return self.apply(NEG, self.apply(op, a, minus_b))
        if op is MUL:
            c = b.inputs[0].number if b.op is MUL else None
            if a.number and c and _moves_exactly(a.number, c):  # ½ · (2 · u) = u
                return self.apply(MUL, self.constant(a.number * c), b.inputs[1])
            for gate, u in ((a, b), (b, a)):
                if gate.op is STEP:
                    return self.apply(GATE, gate.inputs[0], u)
        return None

    def minus(self, term: Term) -> Term | None:
        """u where the term is −u, or a negative number."""
        if term.number is not None:
            return self.constant(-term.number) if term.number < 0 else None
        return term.inputs[0] if term.op is NEG else None


def _moves_exactly(a: float, c: float) -> bool:
    """Whether a · (c · u) is (a · c) · u to the last bit: one is a power of two, far from underflow."""
    return 0.5 in (abs(frexp(a)[0]), abs(frexp(c)[0])) and 1e-300 < abs(a * c) < 1e300


def simplify(order: Iterable[Value], variables: Iterable[Value]) -> dict[Value, Term]:
    """The Term of every Value in a topological order. A leaf that is no variable is a constant."""
    algebra = Algebra()
    terms = {x: Term(algebra) for x in variables}
    for node in order:
        if node not in terms:
            inputs = [terms[a] for a in node.inputs]
            terms[node] = algebra.apply(node.op, *inputs) if node.op else algebra.constant(node.data)
    return terms
