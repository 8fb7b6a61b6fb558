"""A graph with less in it, ready to be printed: constants folded, equal steps taken once.

Formulas on paper have an algebra of their own, which reorders sums and products as a person would.
This one keeps every number to the last bit as long as all numbers are finite (only the sign of a
zero may change): it never reorders a sum, and in a product it moves only a power of two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import frexp
from typing import Any

from ... import ops
from ...errors import real_number
from ...ops import Op
from ...shapes import Shape
from ...value import Operators, Value
from ...writing.code import GATE, PYTHON, NotWritten

#: Kinds of steps that only arrange the numbers of an array anew, or count its examples: they get no line of their own.
VIEW, RESHAPE, COUNT = "view", "reshape", "count"


@dataclass(slots=True, eq=False)
class Term(Operators["Term | float", "Term"]):
    """A step `op(*inputs)` of a program, or without op a constant `number`, or else a variable.

    At level "tensor" it stands for a whole array, and op may be the Spelling of a function of arrays.

    It has the arithmetic and the functions of a Value, so that a row that no language knows can be
    written from simpler rows: its value is computed on Terms.

    Attributes:
        label: the name that the step should have in the program.
        kind: the symbol of the row that it was expanded from, or of the function of arrays.
        shape: that of the array.
    """

    algebra: Algebra
    op: Op | Any = None
    inputs: tuple[Term, ...] = ()
    number: float | None = None
    label: str | None = None
    kind: str | None = None
    shape: Shape = ()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Term):
            raise TypeError("a symbol has no number yet that could decide")
        return self is other

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no number yet that could decide")

    def _unary(self, op: Op) -> Term:
        return self.algebra.apply(op, self)

    def _binary(self, op: Op, a: Term | float, b: Term | float) -> Term:
        return self.algebra.apply(op, a, b)


class Algebra:
    """Makes Terms, and never two that are known to be equal.

    Attributes:
        known: the constants and steps made so far, each after its inputs.
    """

    def __init__(self) -> None:
        self.known: dict[object, Term] = {}

    def constant(self, number: float) -> Term:
        number = real_number(number)
        key = number.hex()  # −0.0 is not 0.0
        if key not in self.known:
            self.known[key] = Term(self, number=number)
        return self.known[key]

    def term(self, a: Term | float) -> Term:
        return a if isinstance(a, Term) else self.constant(a)

    def apply(self, op: Op, *inputs: Term | float) -> Term:
        """The Term for op(*inputs), in its simplest form."""
        return self.simplest(op, tuple(map(self.term, inputs)))

    def simplest(self, op: Op, inputs: tuple[Term, ...]) -> Term:
        numbers = [a.number for a in inputs]
        if None not in numbers:
            return self.constant(folded(op, tuple(numbers)))
        if not PYTHON.knows(op):
            return self.expanded(op, inputs)
        if op is ops.MUL and inputs[1].number is not None:
            inputs = inputs[::-1]  # constants first, as in 2x
        simpler = self.unary(op, *inputs) if len(inputs) == 1 else self.binary(op, *inputs)
        return self.once(op, inputs) if simpler is None else simpler

    def once(self, op: Any, inputs: tuple[Term, ...]) -> Term:
        """The one Term for op(*inputs), as it stands."""
        key = (op, inputs)
        if op in (ops.ADD, ops.MUL) and (op, inputs[::-1]) in self.known:  # a + b is b + a
            key = (op, inputs[::-1])
        if key not in self.known:
            self.known[key] = Term(self, op, inputs)
        return self.known[key]

    def expanded(self, op: Op, inputs: tuple[Term, ...]) -> Term:
        """A row in simpler rows: its value, computed on Terms instead of floats."""
        try:
            term = self.term(op.value(*op.arguments(inputs)))
        except (TypeError, AttributeError) as error:
            raise NotWritten(
                f"compile_graph: the row {op.symbol} cannot be printed. Its value has to be a function of math, or "
                f"arithmetic that also takes symbols, with the functions of ops.py ({error})"
            ) from error
        if term not in inputs:
            term.kind = op.symbol
        return term

    def unary(self, op: Op, a: Term) -> Term | None:
        match op.exponent, op, a.op:
            case 1, _, _:  # a¹ = a
                return a
            case 0, _, _:
                return self.constant(1.0)
            case _, ops.NEG, ops.NEG:  # −(−u) = u
                return a.inputs[0]
            case _, ops.NEG, ops.SUB:  # −(u − v) = v − u
                return a.inputs[1] - a.inputs[0]
        return None

    def binary(self, op: Op, a: Term, b: Term) -> Term | None:
        u, v = self.minus(a), self.minus(b)  # where a is −u, and b is −v
        c = b.inputs[0].number if b.op is ops.MUL else None
        match op, a.number, b.number:
            case (ops.ADD, 0, _) | (ops.MUL, 1, _):
                return b
            case ((ops.ADD | ops.SUB), _, 0) | ((ops.MUL | ops.DIV), 0, _) | (ops.DIV, _, 1):
                return a
            case ops.SUB, 0, _:
                return -b
            case ((ops.ADD | ops.SUB), _, _) if v is not None:  # a + −v = a − v, and a − −v = a + v
                return a - v if op is ops.ADD else a + v
            case ops.ADD, _, _ if u is not None:  # −u + b = b − u
                return b - u
            case ((ops.MUL | ops.DIV), _, _) if u is not None:  # −u · b = −(u · b), and with ÷ the same
                return -self.simplest(op, (u, b))
            case ((ops.MUL | ops.DIV), _, _) if v is not None:
                return -self.simplest(op, (a, v))
            case ops.MUL, float(p), _ if c and _moves_exactly(p, c):  # ½ · (2 · u) = u
                return p * c * b.inputs[1]
        for gate, x in ((a, b), (b, a)) if op is ops.MUL else ():
            if gate.op is ops.STEP:
                return self.simplest(GATE, (gate.inputs[0], x))
        return None

    def minus(self, term: Term) -> Term | None:
        """u where the term is −u, or a negative number."""
        if term.number is not None:
            return self.constant(-term.number) if term.number < 0 else None
        return term.inputs[0] if term.op is ops.NEG else None


def folded(op: Op, numbers: tuple[Any, ...]) -> float:
    """The row's value at constants."""
    try:
        return real_number(op.value(*op.arguments(numbers)))
    except (ArithmeticError, ValueError) as error:
        shown = ", ".join(map(repr, numbers[:4])) + (", …" if len(numbers) > 4 else "")
        raise type(error)(f"compile_graph: {op.symbol} of the constants {shown} has no finite value: {error}") from None


def _moves_exactly(a: float, c: float) -> bool:
    """Whether a · (c · u) is (a · c) · u to the last bit: one is a power of two, far from underflow."""
    return 0.5 in (abs(frexp(a)[0]), abs(frexp(c)[0])) and 1e-300 < abs(a * c) < 1e300


def simplify(order: Sequence[Value], results: Collection[Value], variables: Collection[Value]) -> dict[Value, Term]:
    """The Term of every Value in a topological order that the results need.

    A leaf that is not a variable is a constant; what lies before a variable is not looked at.
    """
    algebra = Algebra()
    terms = {x: Term(algebra) for x in variables}
    needed = set(results)
    for node in reversed(order):
        if node in needed and node not in terms:
            needed.update(node.inputs)
    for node in order:
        if node in needed and node not in terms:
            inputs = tuple([terms[a] for a in node.inputs])
            terms[node] = algebra.simplest(node.op, inputs) if node.op else algebra.constant(node.data)
    return terms
