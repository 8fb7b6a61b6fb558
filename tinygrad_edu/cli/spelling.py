"""Rewrites a formula, as typed or as this package prints it, in Python's spelling.

`−2·x₁² + σ(π)` becomes `-2*x_1**2 + sigmoid(π)`, and it is known how each name was typed.
"""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import NamedTuple
from unicodedata import category, normalize

from ..ops import TABLE
from ..value import Value
from ..writing.code import identifier
from ..writing.numbers import SUPERSCRIPT

_NUMBER = re.compile(r"0[xXoObB][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+−-]?[0-9]+)?")
_LAYER = re.compile("⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾")
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_FRACTION = re.compile("([0-9]+)⁄([0-9]+)")  # how Unicode spells ½ out
_SIGNS = {"−": "-", "–": "-", "·": "*", "⋅": "*", "×": "*", "∗": "*", "÷": "/", "∕": "/"}
_FUNCTIONS = {op.symbol for op in TABLE if op.partials.__code__.co_argcount == 2 and hasattr(Value, op.symbol)}
_UPRIGHT = {code: digit for digit, code in SUPERSCRIPT.items()}
_ADVICE = {
    "^": "a power is written x**2 or x², not x^2",
    "|": "|x| is written abs(x)",
    "√": "√x is written sqrt(x)",
}


class FormulaError(ValueError):
    """A formula, or a value for one of its names, is wrong. The message is one line."""


class Spelled(NamedTuple):
    """A formula in Python's spelling, and how each of Python's names was typed."""

    python: str
    names: dict[str, str]


def spelled(typed: str) -> Spelled:
    """The formula in Python's spelling.

    Raises:
        FormulaError: an operator means something else here, as in x^2, or is missing, as in 2x.

    >>> spelled("2·x₁² − ½").python
    '2*x_1**2 - (1/2)'
    >>> spelled("2x")
    Traceback (most recent call last):
    tinygrad_edu.cli.spelling.FormulaError: between 2 and x an operator is missing: 2*x is a product
    """
    spelling: list[str] = []
    names: dict[str, str] = {}
    before = ""  # the operand that ends here, as typed, or ""
    k = 0
    while k < len(typed):
        end, python, operand = _token(typed, k)
        text = typed[k:end]
        if before and (operand or (text == "(" and not _is_function(before))):
            raise _sign_missing(before, text)
        if python.startswith("**") and before and _POWER.fullmatch(before[-1]):
            raise FormulaError(f"a power of a power needs parentheses: ({quoted(before, '')})**…")
        if operand and _name_end(typed, k) == end:
            names[python] = text
        spelling.append(python)
        if operand or text == ")":
            before = text
        elif _POWER.fullmatch(text):
            before += text
        elif not text.isspace():
            before = ""
        k = end
    return Spelled("".join(spelling), names)


def _sign_missing(before: str, text: str) -> FormulaError:
    """The error for an operand that follows another without an operator."""
    name = before.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    if name in _FUNCTIONS:
        return FormulaError(f"{name} is a function: write {name}(…){before[len(name) :]}")
    a, b = [quoted(side, "") if side not in ("(", ")") else "(…)" for side in (before, text)]
    return FormulaError(f"between {a} and {b} an operator is missing: {a}*{b} is a product")


def _token(typed: str, k: int) -> tuple[int, str, bool]:
    """The token at k: its end, its spelling in Python, and whether it is a number or a name."""
    if number := _NUMBER.match(typed, k):
        return number.end(), number[0].replace("−", "-"), True
    if (end := _name_end(typed, k)) > k:
        name = typed[k:end]
        if name == "σ" and typed[end:].lstrip().startswith("("):
            return end, "sigmoid", True
        return end, identifier(name), not iskeyword(name)
    if power := _POWER.match(typed, k):
        return power.end(), "**" + "".join([chr(_UPRIGHT[ord(c)]) for c in power[0]]), False
    c = typed[k]
    if fraction := _FRACTION.fullmatch(normalize("NFKC", c)):
        return k + 1, f"({fraction[1]}/{fraction[2]})", True
    if c in _ADVICE:
        raise FormulaError(_ADVICE[c])
    if typed.startswith("**", k):
        return k + 2, "**", False
    return k + 1, " " if c.isspace() else _SIGNS.get(c, c), False


def _name_end(typed: str, k: int) -> int:
    """Where the name that begins at k ends: letters, digits, subscripts, and layers as in h⁽¹⁾₂."""
    start = k
    while k < len(typed):
        c = typed[k]
        if layer := _LAYER.match(typed, k) if k > start else None:
            k = layer.end()
        elif c.isalpha() or c == "_" or (k > start and (c.isdecimal() or c in "₀₁₂₃₄₅₆₇₈₉" or category(c)[0] == "M")):
            k += 1
        else:
            break
    return k


def _is_function(before: str) -> bool:
    """Whether a parenthesis after it may begin the arguments of a call: f(, but not 2( or )(."""
    return _name_end(before, 0) == len(before)


def as_name(text: str) -> str:
    """The name in Python's spelling, or "" if the text is not a name.

    >>> as_name("x₁"), as_name("2x"), as_name("if")
    ('x_1', '', '')
    """
    text = text.strip()
    name = identifier(text) if text and _name_end(text, 0) == len(text) else ""
    return "" if iskeyword(name) else name


def quoted(text: str, quote: str = "'") -> str:
    """The text on one line, shortened if it is long. Characters that cannot be printed are escaped."""
    short = text if len(text) <= 60 else text[:59] + "…"
    inside = "".join([c if c.isprintable() else ascii(c)[1:-1] for c in short])
    return f"{quote}{inside}{quote}"
