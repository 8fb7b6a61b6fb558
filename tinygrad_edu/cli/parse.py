"""Formulas as text: `"tanh(w*x + b)"` becomes a graph of Values.

A formula, as typed or as this package prints it, is rewritten in Python's spelling: `−2·x₁² + σ(π)` becomes
`-2*x_1**2 + sigmoid(π)`. Python's own parser reads that. Each node of the syntax tree must then be on a list: numbers,
names, + − * / ** and the functions of the rule table. Nothing is executed.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable
from functools import reduce
from keyword import iskeyword
from typing import Any, NamedTuple
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
    tinygrad_edu.cli.parse.FormulaError: between 2 and x an operator is missing: 2*x is a product
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


# The formula in Python's spelling, as a graph.


def _of_several(of_vector: Callable[[tuple[Value, ...]], Value]) -> Callable[..., Value]:
    return lambda *values: of_vector(values)


#: The rows of one number, by the name that their symbol and their method share.
FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    op.symbol: getattr(Value, op.symbol)
    for op in TABLE
    if op.vectors == 0 and op.partials.__code__.co_argcount == 2 and hasattr(Value, op.symbol)
}
#: The rows of a vector, which take numbers separated by commas here; and min, which is a row of two numbers.
FUNCTIONS_OF_SEVERAL: dict[str, Callable[..., Value]] = {
    op.symbol: _of_several(getattr(Value, op.symbol))
    for op in TABLE
    if op.vectors == 1 and op.partials.__code__.co_argcount == 2
} | {"min": lambda *values: reduce(Value.minimum, values)}
OPERATORS: dict[type, Callable[[Any, Any], Value]] = {
    ast.Add: operator.add, ast.Sub: operator.sub,
    ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
#: The values of these names, unless others are given.
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
#: Functions that are written differently here.
_OTHERWISE = {
    "ln": "log(x), the natural logarithm",
    "lg": "log(x)/log(10)",
    "log10": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "tan": "sin(x)/cos(x)",
    "pow": "x**n",
    "maximum": "max(x, y)",
    "minimum": "min(x, y)",
}
_MOST_CHARACTERS = 2000
_DEEPEST = 100


class UndefinedError(FormulaError):
    """The formula has no finite value at the numbers given."""


def evaluate(formula: str, variables: dict[str, Value]) -> Value:
    """The value of a formula, with its graph.

    Args:
        formula: numbers, names, + - * / **, parentheses, and functions of the rule table. The spelling
            that this package prints is read, too: `2·x₁² − 1`. pi, π and e are constants unless given.
        variables: a Value for each other name in the formula, and for no others.

    Raises:
        FormulaError: the text is not such a formula, or a name has no value.
        UndefinedError: an intermediate result is not finite.

    >>> x = Value(3.0)
    >>> y = evaluate("x² + 2·x", {"x": x})
    >>> y.backward(); y.data, x.grad
    (15.0, 8.0)
    """
    text, tree = parse(formula)
    given = {identifier(name): x for name, x in variables.items()}
    names = _names(tree)
    for name in names:
        if name not in given and name not in CONSTANTS:
            typed = text.names.get(name, name)
            raise FormulaError(f"{quoted(typed, '')} has no value: add {quoted(typed, '')}=… after the formula")
    for name in variables:
        if identifier(name) not in names:
            raise FormulaError(f"{quoted(name, '')} is given a value, but it is not in the formula")
    try:
        return _value(tree, given)
    except (ArithmeticError, ValueError) as error:
        raise UndefinedError(str(error)) from None


def parse(formula: str) -> tuple[Spelled, ast.expr]:
    """The formula's text and its syntax tree, in which every node is on the list.

    Raises:
        FormulaError: the text is not a formula, or is too long or too deep.
    """
    if len(formula) > _MOST_CHARACTERS:
        raise FormulaError(f"the formula has {len(formula):,} characters, more than {_MOST_CHARACTERS:,}")
    if "#" in formula:
        raise FormulaError(f"{quoted(formula)} is not a formula: there are no comments in one")
    if "=" in formula:
        raise FormulaError(f"{quoted(formula)} is not a formula: there is no = in one; the values come after it")
    text = spelled(formula.strip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as for "1if", which is refused below
            tree = ast.parse(text.python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "nested too deep or not text"
        raise FormulaError(f"{quoted(formula)} is not a formula: {reason}") from None
    layer, depth = [tree], 0
    while layer:
        depth += 1
        if depth > _DEEPEST:
            raise FormulaError(f"the formula is more than {_DEEPEST} operations deep")
        layer = [part for node in layer for part in _operands(node, text)]
    return text, tree


def _operands(node: ast.expr, text: Spelled) -> list[ast.expr]:
    """The operands of a node that is on the list; raises a FormulaError for any other node."""
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return []
        case ast.Name():
            if node.id in FUNCTIONS or node.id in FUNCTIONS_OF_SEVERAL:
                raise FormulaError(f"{node.id} is a function: write {node.id}(…)")
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return [node.operand]
        case ast.BinOp() if type(node.op) in OPERATORS:
            return [node.left, node.right]
        case ast.Tuple(elts=[_, *_]):
            raise FormulaError("a comma is for the numbers of a function; a decimal is written with a point, as 1.5")
        case ast.Call(func=ast.Name(id=name), keywords=[]) if not any(isinstance(a, ast.Starred) for a in node.args):
            if name in FUNCTIONS_OF_SEVERAL and node.args:
                return node.args
            if name in FUNCTIONS and len(node.args) == 1:
                return node.args
            raise FormulaError(_not_a_call(name, text.names.get(name, name)))
        case ast.Call(func=ast.Attribute(attr=name)) if name in FUNCTIONS or name in FUNCTIONS_OF_SEVERAL:  # x.tanh()
            raise FormulaError(f"{quoted(ast.unparse(node))} is not allowed: a function is written {name}(…)")
    what = quoted(ast.unparse(node))
    raise FormulaError(f"{what} is not allowed: a formula has numbers, names, + - * / **, parentheses and functions")


def _not_a_call(name: str, typed: str) -> str:
    """Why name(…) is refused."""
    if name in FUNCTIONS or name in FUNCTIONS_OF_SEVERAL:
        return f"{name} takes {'one number' if name in FUNCTIONS else 'numbers'}"
    if name in _OTHERWISE:
        return f"{name} is written {_OTHERWISE[name]}"
    known = ", ".join([*FUNCTIONS, *FUNCTIONS_OF_SEVERAL])
    return f"{quoted(typed)} is not a function here; the functions are {known}; a product is {quoted(typed, '')}*(…)"


def _value(node: ast.expr, variables: dict[str, Value]) -> Value:
    match node:
        case ast.Constant():
            return Value(node.value)
        case ast.Name():
            return variables[node.id] if node.id in variables else Value(CONSTANTS[node.id])
        case ast.UnaryOp():
            operand = _value(node.operand, variables)
            if not operand.op and not operand.label:  # −1 is a number
                return Value(-operand.data) if isinstance(node.op, ast.USub) else operand
            return -operand if isinstance(node.op, ast.USub) else operand
        case ast.BinOp(left=ast.Name(id="e"), op=ast.Pow()) if "e" not in variables:
            return _value(node.right, variables).exp()
        case ast.BinOp():
            left, right = _value(node.left, variables), _value(node.right, variables)
            if isinstance(node.op, ast.Pow) and not {*_names(node.right)} & {*variables}:
                return left**right.data  # x**2, and not exp(2 · log x)
            return OPERATORS[type(node.op)](left, right)
        case ast.Call(func=ast.Name(id=name)):
            arguments = [_value(argument, variables) for argument in node.args]
            return (FUNCTIONS.get(name) or FUNCTIONS_OF_SEVERAL[name])(*arguments)
    raise AssertionError(f"{node} is not on the list")


def _names(tree: ast.expr) -> list[str]:
    """The variables in a formula, in Python's spelling, without the names of functions."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions]


def assignment(text: str) -> tuple[str, float]:
    """`"w=2"` as ("w", 2.0). The number may be a formula without names, such as −½ or π/4.

    Raises:
        FormulaError: the text is not a name, "=" and a finite number.

    >>> assignment("x₁ = π/4")
    ('x₁', 0.7853981633974483)
    """
    name, equals, number = text.partition("=")
    name = name.strip()
    if iskeyword(name):
        raise FormulaError(f"{name} is a keyword of Python: take another name, such as {name}_")
    if not equals or not as_name(name):
        raise FormulaError(f"{quoted(text.strip())} is not name=number")
    try:
        return name, evaluate(number, {}).data
    except FormulaError:
        comma = ", with a point and not a comma" if re.fullmatch(r"\s*[-−]?[0-9]+,[0-9]+\s*", number) else ""
        apart = "; each name=number is quoted by itself" if "=" in number else ""
        raise FormulaError(f"{name} needs a finite number{comma}, not {quoted(number)}{apart}") from None
