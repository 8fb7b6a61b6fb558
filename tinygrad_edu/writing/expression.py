"""Formulas as data, and the one function that writes them: on paper or in code.

A formula is built of small classes. A language says how each of them looks; `write` decides
where parentheses stand, from one table of precedence, whatever the language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol


class Precedence(IntEnum):
    """How tightly a formula holds together, from the loosest to the tightest."""

    CONDITION = 0  # a if a > 0 else b
    COMPARISON = 1  # a > b
    SUM = 2  # a + b, a − b; on paper −a too
    PRODUCT = 3  # a · b, a / b, A b, Σ a
    SIGN = 4  # −a in code
    POWER = 5  # a², Aᵀ
    ATOM = 6  # names, numbers, f(a)

    def next(self) -> Precedence:
        """The next tighter one: what the right operand of a − b needs."""
        return Precedence(min(self + 1, Precedence.ATOM))


class Expression:
    """A formula."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Name(Expression):
    """A quantity that is called by its name."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Number(Expression):
    """A number, or an array of numbers."""

    number: Any


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Expression):
    """An operation, a row of the table, applied to arguments."""

    op: Any
    args: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an operation is written: its text with a letter in braces for each operand.

    `{a} - {b}` has the precedence SUM, and needs of a at least SUM and of b at least PRODUCT, or
    else parentheses.

    Attributes:
        text: such as "{a} - {b}"; an operand may occur several times.
        precedence: of the whole.
        operands: the least precedence of a, b, … without parentheses.
    """

    text: str
    precedence: Precedence
    operands: tuple[Precedence, ...]


def infix(sign: str, precedence: Precedence) -> Spelling:
    """a sign b, read from the left: a − b − c is (a − b) − c."""
    return Spelling(f"{{a}}{sign}{{b}}", precedence, (precedence, precedence.next()))


def call(name: str, arguments: int = 1) -> Spelling:
    """name(a, b)."""
    letters = ", ".join([f"{{{letter}}}" for letter in "abc"[:arguments]])
    return Spelling(f"{name}({letters})", Precedence.ATOM, (Precedence.CONDITION,) * arguments)


class Language(Protocol):
    """What `write` asks of a language."""

    def name(self, text: str) -> str: ...

    def number(self, number: Any) -> tuple[str, Precedence]: ...

    def spelling(self, op: Any, args: Sequence[Expression]) -> Spelling: ...

    def other(self, e: Expression) -> tuple[str, Precedence]: ...

    def parentheses(self, text: str) -> str: ...


def write(e: Expression, language: Language) -> tuple[str, Precedence]:
    """The formula in the language, and how tightly it holds together."""
    match e:
        case Name(text):
            return language.name(text), Precedence.ATOM
        case Number(number):
            return language.number(number)
        case Apply(op, args):
            spelling = language.spelling(op, args)
            texts = {}
            for letter, argument, least in zip("abc", args, spelling.operands):
                text, precedence = write(argument, language)
                texts[letter] = text if precedence >= least else language.parentheses(text)
            return spelling.text.format(**texts), spelling.precedence
        case Expression():
            return language.other(e)
    raise TypeError(f"{type(e).__name__} is not a formula")
