"""Formulas as code: Python over `math`, Python over an array library, and JavaScript.

A language is a table from rows to how they are written. A row whose value is a function of
Python's `math` needs no entry: the other languages call it by the same name. Any other row that no
table knows is written from simpler rows, by whoever has them (`readings/compiling/terms.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .. import ops
from .expression import Expression, Language, Precedence, Spelling, call, infix
from .names import SUBSCRIPT
from .numbers import SUPERSCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..ops import Op

CONDITION, COMPARISON, SUM, PRODUCT = Precedence.CONDITION, Precedence.COMPARISON, Precedence.SUM, Precedence.PRODUCT
SIGN, POWER, ATOM = Precedence.SIGN, Precedence.POWER, Precedence.ATOM

#: step(a) · b as one writes it by hand: b where a > 0, else 0. It is never recorded.
GATE = ops.Op("gate", lambda a, b: b if a > 0 else 0.0, lambda y, a, b: ())


class NotWritten(TypeError):
    """A formula that a programming language has no words for."""


@dataclass(frozen=True, slots=True, eq=False)
class Written(Expression):
    """A part of a formula that is code already, such as the name that a program has given it."""

    text: str
    precedence: Precedence = ATOM


class Code(Language):
    """A programming language, for `write`.

    Args:
        rows: how each row is written.
        mathematics: what stands before the name of a mathematical function.
        has_power: whether there is an infix a ** n that binds as in Python.
    """

    def __init__(self, rows: Mapping[Op, Spelling], mathematics: str = "", has_power: bool = True) -> None:
        self.rows = rows
        self.mathematics = mathematics
        self.has_power = has_power

    def name(self, text: str) -> str:
        return text

    def number(self, number: float) -> tuple[str, Precedence]:
        text = repr(float(number))
        return text, SIGN if text.startswith("-") else ATOM

    def other(self, e: Expression) -> tuple[str, Precedence]:
        if isinstance(e, Written):
            return e.text, e.precedence
        raise NotWritten(f"{type(e).__name__} is not written in code")

    def parentheses(self, text: str) -> str:
        return f"({text})"

    def knows(self, op: Op) -> bool:
        """Whether the row can be written as it is."""
        return op in self.rows or op.exponent is not None or _name_in_math(op) is not None

    def spelling(self, op: Op, args: Sequence[Expression]) -> Spelling:
        """How the row is written. Raises NotWritten where nobody knows."""
        if op in self.rows:
            return self.rows[op]
        if op.exponent is not None:
            return self.power(op.exponent)
        name = _name_in_math(op)
        if name is None:
            raise NotWritten(
                f"{op.symbol} cannot be written in a program: its value is neither a function of math nor arithmetic"
            )
        return call(self.mathematics + name, len(args))

    def power(self, n: float) -> Spelling:
        """aⁿ for a constant n."""
        if n == 2:
            return Spelling("{a} * {a}", PRODUCT, (ATOM,))
        whole = n.is_integer() and abs(n) < 1e15
        if whole and self.has_power:
            return Spelling(f"{{a}} ** {n:.0f}", POWER, (ATOM,))
        return Spelling(f"{self.mathematics}pow({{a}}, {f'{n:.0f}' if whole else repr(n)})", ATOM, (CONDITION,))


_ARITHMETIC = {
    ops.ADD: infix(" + ", SUM),
    ops.SUB: infix(" - ", SUM),
    ops.MUL: infix(" * ", PRODUCT),
    ops.DIV: infix(" / ", PRODUCT),
}
_SIGN = Spelling("-{a}", PRODUCT, (PRODUCT,))  # −a · b is read as (−a) · b, which is the same number

#: Python with the functions of `math`: `from math import exp`.
PYTHON = Code(
    {
        **_ARITHMETIC,
        ops.NEG: _SIGN,
        ops.ABS: call("abs"),
        ops.SIGMOID: Spelling("exp({a} if {a} < 0 else 0.0) / (1.0 + exp(-abs({a})))", PRODUCT, (SUM,)),
        ops.STEP: Spelling("1.0 if {a} > 0 else 0.0", CONDITION, (SUM,)),
        ops.RELU: Spelling("{a} if {a} > 0 else 0.0", CONDITION, (SUM,)),
        ops.MAXIMUM: Spelling("{a} if {a} > {b} else {b}", CONDITION, (SUM, SUM)),
        ops.MINIMUM: Spelling("{a} if {a} < {b} else {b}", CONDITION, (SUM, SUM)),
        GATE: Spelling("{b} if {a} > 0 else 0.0", CONDITION, (SUM, COMPARISON)),
    }
)

#: Python for a compiler of numbers. It needs half the time where a decision is a call, and would write a³ as products.
MACHINE = Code(
    {
        **_ARITHMETIC,
        ops.NEG: _SIGN,
        ops.ABS: call("abs"),
        ops.SIGMOID: Spelling("exp(where({a} < 0, {a}, 0.0)) / (1.0 + exp(-abs({a})))", PRODUCT, (SUM,)),
        ops.STEP: Spelling("where({a} > 0, 1.0, 0.0)", ATOM, (SUM,)),
        ops.RELU: Spelling("where({a} > 0, {a}, 0.0)", ATOM, (SUM,)),
        ops.MAXIMUM: Spelling("where({a} > {b}, {a}, {b})", ATOM, (SUM, SUM)),
        ops.MINIMUM: Spelling("where({a} < {b}, {a}, {b})", ATOM, (SUM, SUM)),
        GATE: Spelling("where({a} > 0, {b}, 0.0)", ATOM, (SUM, SUM)),
    },
    has_power=False,
)

#: Python in which a number may be an array of NumPy, JAX or PyTorch: no array can decide an `if`. Of two
#: numbers PyTorch's `where` makes an array of 32 bits, so that a zero has to have the type of the array.
ARRAYS = Code(
    {
        **MACHINE.rows,
        ops.STEP: Spelling("where({a} > 0, 1.0, zeros_like({a}))", ATOM, (SUM,)),
        GATE: Spelling("where({a} > 0, {b}, zeros_like({a}))", ATOM, (SUM, SUM)),
    }
)

#: JavaScript, in which -a ** 2 is a syntax error and --a changes a.
JAVASCRIPT = Code(
    {
        **_ARITHMETIC,
        ops.NEG: Spelling("-{a}", SIGN, (POWER,)),
        ops.ABS: call("Math.abs"),
        ops.SIGMOID: Spelling("Math.exp(Math.min({a}, 0)) / (1 + Math.exp(-Math.abs({a})))", PRODUCT, (COMPARISON,)),
        ops.STEP: Spelling("{a} > 0 ? 1 : 0", CONDITION, (SUM,)),
        ops.RELU: Spelling("Math.max({a}, 0)", ATOM, (CONDITION,)),
        ops.MAXIMUM: call("Math.max", 2),
        ops.MINIMUM: call("Math.min", 2),
        GATE: Spelling("{a} > 0 ? {b} : 0", CONDITION, (SUM, COMPARISON)),
    },
    mathematics="Math.",
    has_power=False,
)


@cache
def _name_in_math(op: Op) -> str | None:
    name = getattr(op.value, "__name__", "")
    return name if getattr(math, name, None) is op.value else None


@cache
def functions_in(spelling: Spelling) -> frozenset[str]:
    """The functions that a spelling in Python calls.

    >>> sorted(functions_in(PYTHON.spelling(ops.SIGMOID, ())))
    ['abs', 'exp']
    """
    letters = {"a": "a", "b": "b", "c": "c"}
    return frozenset(compile(spelling.text.format(**letters), "<spelling>", "eval").co_names) - letters.keys()


_UPRIGHT = {code: chr(digit) for digit, code in SUPERSCRIPT.items()} | {ord(c): "" for c in "⁽⁾"}
_LOWERED = {code: chr(digit) for digit, code in SUBSCRIPT.items()}


def identifier(label: str) -> str:
    """A label as a name that Python accepts, read aloud the same way.

    >>> identifier("W⁽¹⁾₁₂"), identifier("∂b⁽²⁾₃"), identifier("W₁,₁₁"), identifier("2nd try")
    ('W1_12', 'db2_3', 'W_1_11', '_2nd_try')
    >>> identifier("∂L/∂a"), identifier("∂²L/∂a∂b")
    ('dL_da', 'd2L_da_db')
    """
    from unicodedata import normalize  # only those who print programs need to wait for it

    name, before = "", 0
    for code in map(ord, label):
        if (code in _LOWERED and before not in _LOWERED) or (chr(code) == "∂" and name):
            name += "_"
        name += _LOWERED.get(code) or _UPRIGHT.get(code, "d" if chr(code) == "∂" else chr(code))
        before = code
    name = "".join([c if ("_" + c).isidentifier() else "_" for c in normalize("NFKC", name)])
    while "__" in name:
        name = name.replace("__", "_")
    return name if name.isidentifier() else "_" + name
