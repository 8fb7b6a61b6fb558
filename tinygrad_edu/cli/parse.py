"""Formulas as text: `"tanh(w*x + b)"` becomes a graph of Values.

A formula, as typed or as this package prints it, is rewritten in Python's spelling: `−2·x₁² + σ(π)` becomes
`-2*x_1**2 + sigmoid(π)`. Python's own parser reads that. Each node of the syntax tree must then be on a list: numbers,
names, + − * / ** and the functions of the rule table. Nothing is executed.
"""

import ast
import math
import operator
import re
from collections.abc import Callable
from keyword import iskeyword
from typing import Any
from unicodedata import normalize

from ..ops import TABLE
from ..value import Value
from ..writing.code import identifier

_RAISED, _FRACTIONS = "⁰¹²³⁴-⁹", "¼-¾⅐-⅞"
_TOKEN = re.compile(
    rf"""(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+−-]?[0-9]+)?)
    |(?P<sigmoid>σ(?=\s*\())
    |(?P<name>[^\W\d{_RAISED}₀-₉{_FRACTIONS}](?:[^\W{_RAISED}{_FRACTIONS}]|[\u0300-\u036f]|⁽[{_RAISED}]+⁾)*)
    |(?P<fraction>[{_FRACTIONS}])
    |(?P<power>[{_RAISED}⁻]+)
    |(?P<sign>[-+*/(),−–·⋅×∗÷∕\s])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = str.maketrans("−–·⋅×∗÷∕⁄", "--****///")
_ALLOWED = "a formula has numbers, names, + - * / **, parentheses and functions"
#: What is written differently here.
_ADVICE = {
    "^": "a power is written x**2 or x²",
    "|": "|x| is written abs(x)",
    "√": "√x is written sqrt(x)",
    ".": "a function is written tanh(x)",
    "=": "the values come after the formula",
    "ln": "ln is written log(x), the natural logarithm",
    "tan": "tan is written sin(x)/cos(x)",
}


class FormulaError(ValueError):
    """A formula, or a value for one of its names, is wrong. The message is one line."""


def spelled(typed: str) -> str:
    """The formula in Python's spelling.

    Raises:
        FormulaError: a sign has no meaning here, as in x^2, or an operator is missing, as in 2x.

    >>> spelled("2·x₁² − ½")
    '2*x_1**2 - (1/2)'
    >>> spelled("2x")
    Traceback (most recent call last):
    tinygrad_edu.cli.parse.FormulaError: between 2 and x an operator is missing: 2*x is a product
    """
    if re.search(rf"[{_RAISED}]\s*(\*\*|\s[{_RAISED}])", typed):
        raise FormulaError("a power of a power needs parentheses, as (x²)**3")
    python, before = "", ""  # the operand that ends here, as typed
    for token in _TOKEN.finditer(typed):
        kind, text = token.lastgroup, token[0]
        if kind == "other" or (kind == "name" and iskeyword(text)):
            raise FormulaError(f"{quoted(text)} is not allowed: {_ADVICE.get(text, _ALLOWED)}")
        if kind not in ("power", "sign") and before in FUNCTIONS:
            raise FormulaError(f"{before} is a function: write {before}(…)")
        if kind not in ("power", "sign") and before:
            a, b = quoted(before, ""), quoted(text, "")
            raise FormulaError(f"between {a} and {b} an operator is missing: {a}*{b} is a product")
        spelling = {"sigmoid": "sigmoid", "name": identifier(text)}.get(str(kind), normalize("NFKC", text))
        spelling = spelling.translate(_SIGNS)
        python += {"power": f"**{spelling}", "fraction": f"({spelling})"}.get(str(kind), spelling)
        if not text.isspace():
            before = "(…)" if text == ")" else "" if kind == "sign" else before + text
    return python.strip()


def as_name(text: str) -> str:
    """The name in Python's spelling, or "" if the text is not a name.

    >>> as_name("x₁"), as_name("2x"), as_name("if")
    ('x_1', '', '')
    """
    token = _TOKEN.fullmatch(text.strip())
    return identifier(token[0]) if token and token.lastgroup == "name" and not iskeyword(token[0]) else ""


def quoted(text: str, quote: str = "'") -> str:
    """The text on one line, shortened if it is long. Characters that cannot be printed are escaped."""
    short = text if len(text) <= 60 else text[:59] + "…"
    inside = "".join([c if c.isprintable() else ascii(c)[1:-1] for c in short])
    return f"{quote}{inside}{quote}"


# The formula in Python's spelling, as a graph.

_ROWS = [op for op in TABLE if op.partials.__code__.co_argcount == 2 and hasattr(Value, op.symbol)]
#: All functions, by the name that symbol and method share.
FUNCTIONS: dict[str, Callable[..., Value]] = {op.symbol: getattr(Value, op.symbol) for op in _ROWS}
#: Those of a vector, which take several numbers here.
_OF_SEVERAL = {op.symbol for op in _ROWS if op.vectors}
OPERATORS: dict[type, Callable[[Any, Any], Value]] = {
    ast.Add: operator.add, ast.Sub: operator.sub,
    ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
#: The values of these names, unless others are given.
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
_MOST_CHARACTERS = 2000
_DEEPEST = 100


def evaluate(formula: str, variables: dict[str, Value]) -> Value:
    """The value of a formula, with its graph.

    Args:
        formula: numbers, names, + - * / **, parentheses, and functions of the rule table. The spelling
            that this package prints is read, too: `2·x₁² − 1`. pi, π and e are constants unless given.
        variables: a Value for each other name in the formula, and for no others.

    Raises:
        FormulaError: the text is not such a formula, or a name has no value, or an intermediate result is not finite.

    >>> x = Value(3.0)
    >>> y = evaluate("x² + 2·x", {"x": x})
    >>> y.backward(); y.data, x.grad
    (15.0, 8.0)
    """
    tree = parse(formula)
    try:
        y = _value(tree, {identifier(name): x for name, x in variables.items()})
    except (ArithmeticError, ValueError) as error:
        raise FormulaError(str(error)) from None
    used = _names(tree)
    for name in variables:
        if identifier(name) not in used:
            raise FormulaError(f"{quoted(name, '')} is given a value, but it is not in the formula")
    return y


def parse(formula: str) -> ast.expr:
    """The syntax tree of a formula.

    Raises:
        FormulaError: the text is not a formula, or is too long or too deep.
    """
    if len(formula) > _MOST_CHARACTERS:
        raise FormulaError(f"the formula has {len(formula):,} characters, more than {_MOST_CHARACTERS:,}")
    try:
        tree = ast.parse(spelled(formula), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "nested too deep"
        raise FormulaError(f"{quoted(formula)} is not a formula: {reason}") from None
    nodes: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        nodes = [part for node in nodes for part in ast.iter_child_nodes(node)]
    if nodes:
        raise FormulaError(f"the formula is more than {_DEEPEST} operations deep")
    return tree


def _names(tree: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _value(node: ast.expr, variables: dict[str, Value]) -> Value:
    """The value of a node that is on the list; raises a FormulaError for any other node."""
    match node:
        case ast.Constant():
            return Value(node.value)
        case ast.Name(id=name):
            if name in variables or name in CONSTANTS:
                return variables.get(name) or Value(CONSTANTS[name])
            if name in FUNCTIONS:
                raise FormulaError(f"{name} is a function: write {name}(…)")
            raise FormulaError(f"{quoted(name, '')} has no value: add {quoted(name, '')}=… after the formula")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign):
            x = _value(node.operand, variables)
            if isinstance(sign, ast.UAdd):
                return x
            return -x if x.op or x.label else Value(-x.data)  # −1 is a number
        case ast.BinOp(left=ast.Name(id="e"), op=ast.Pow()) if "e" not in variables:
            return _value(node.right, variables).exp()
        case ast.BinOp() if type(node.op) in OPERATORS:
            left, right = _value(node.left, variables), _value(node.right, variables)
            if isinstance(node.op, ast.Pow) and _names(node.right).isdisjoint(variables):
                return left**right.data  # x**2, and not exp(2 · log x)
            return OPERATORS[type(node.op)](left, right)
        case ast.Call(func=ast.Name(id=name), args=[first, *more], keywords=[]) if name in FUNCTIONS:
            if name in _OF_SEVERAL:
                return FUNCTIONS[name]([_value(argument, variables) for argument in node.args])
            if more:
                raise FormulaError(f"{name} takes one number")
            return FUNCTIONS[name](_value(first, variables))
        case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
            otherwise = f"the functions are {', '.join(FUNCTIONS)}; a product is {quoted(name, '')}*(…)"
            raise FormulaError(f"{quoted(name)} is not a function here; {_ADVICE.get(name, otherwise)}")
        case ast.Call(func=ast.Constant(value)):
            raise FormulaError(f"between {value!r} and (…) an operator is missing: {value!r}*(…) is a product")
        case ast.Tuple(elts=[_, *_]):
            raise FormulaError("a comma is for the numbers of a function; a decimal is written with a point, as 1.5")
    raise FormulaError(f"{quoted(ast.unparse(node))} is not allowed: {_ALLOWED}")


def assignment(text: str) -> tuple[str, float]:
    """`"w=2"` as ("w", 2.0). The number may be a formula without names, such as −½ or π/4.

    Raises:
        FormulaError: the text is not a name, "=" and a finite number.

    >>> assignment("x₁ = π/4")
    ('x₁', 0.7853981633974483)
    """
    name, equals, number = text.partition("=")
    if not equals or not as_name(name):
        raise FormulaError(f"{quoted(text.strip())} is not name=number")
    try:
        return name.strip(), evaluate(number, {}).data
    except FormulaError:
        comma = ", with a point and not a comma" * ("," in number)
        raise FormulaError(f"{name.strip()} needs a finite number{comma}, not {quoted(number)}") from None
