"""Formulas as text: `"tanh(w*x + b)"` becomes a graph of Values.

Python's own parser reads the text; what it found is then allowed piece by piece: numbers, names,
+ − * / ** and the functions of the rule table. Nothing is ever executed.
"""

from __future__ import annotations

import ast
import operator
import warnings
from keyword import iskeyword
from typing import TYPE_CHECKING
from unicodedata import normalize

from ..value import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "exp": Value.exp,
    "log": Value.log,
    "sqrt": Value.sqrt,
    "tanh": Value.tanh,
    "sigmoid": Value.sigmoid,
    "relu": Value.relu,
    "sin": Value.sin,
    "cos": Value.cos,
    "abs": Value.abs,
    "step": Value.step,
}
FUNCTIONS_OF_SEVERAL: dict[str, Callable[..., Value]] = {
    "max": lambda a, *others: _fold(Value.maximum, a, others),
    "min": lambda a, *others: _fold(Value.minimum, a, others),
    "sum": lambda *values: Value.sum(values),
    "logsumexp": lambda *values: Value.logsumexp(values),
}
OPERATORS: dict[type, Callable[[Any, Any], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_MOST_CHARACTERS = 2000
_DEEPEST = 100


class FormulaError(ValueError):
    """What is wrong with a formula or with the values given for its names, in one line."""


def evaluate(formula: str, variables: dict[str, Value]) -> Value:
    """The value of a formula, with its graph.

    Args:
        formula: numbers, names, + - * / **, parentheses, and functions of the rule table.
        variables: a Value for each name in the formula, and for no other.

    Raises:
        FormulaError: anything else; a name without a value; a result that is not finite.

    >>> x = Value(3.0)
    >>> y = evaluate("x**2 + 2*x", {"x": x})
    >>> y.backward(); y.data, x.grad
    (15.0, 8.0)
    """
    tree = parse(formula)
    names = _names(tree)
    for name in dict.fromkeys([*names, *variables]):
        if name not in variables:
            raise FormulaError(f"{name} has no value: add {name}=… after the formula")
        if name not in names:
            raise FormulaError(f"{name} is given a value, but it is not in the formula")
    try:
        return _value(tree, variables)
    except (ArithmeticError, ValueError) as error:
        raise FormulaError(str(error)) from None


def parse(formula: str) -> ast.expr:
    """The formula as a syntax tree in which every node is on the list.

    Raises:
        FormulaError: it is no formula, or too long or too deep.
    """
    if len(formula) > _MOST_CHARACTERS:
        raise FormulaError(f"the formula has {len(formula):,} characters, more than {_MOST_CHARACTERS:,}")
    if "#" in formula:
        raise FormulaError(f"{_quoted(formula)} is not a formula: there are no comments in one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "1if" and the like: refused below in our own words
            tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "nested too deep or not text"
        raise FormulaError(f"{_quoted(formula)} is not a formula: {reason}") from None
    layer, depth = [tree], 0
    while layer:
        depth += 1
        if depth > _DEEPEST:
            raise FormulaError(f"the formula is more than {_DEEPEST} operations deep")
        layer = [part for node in layer for part in _operands(node)]
    return tree


def _operands(node: ast.expr) -> list[ast.expr]:
    """The operands of a node that is on the list; a FormulaError for any other."""
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
        case ast.Call(func=ast.Name(id=name), keywords=[]) if not any(isinstance(a, ast.Starred) for a in node.args):
            if name in FUNCTIONS_OF_SEVERAL and node.args:
                return node.args
            if name in FUNCTIONS and len(node.args) == 1:
                return node.args
            if name in FUNCTIONS or name in FUNCTIONS_OF_SEVERAL:
                raise FormulaError(f"{name} takes {'one number' if name in FUNCTIONS else 'numbers'}")
            known = ", ".join([*FUNCTIONS, *FUNCTIONS_OF_SEVERAL])
            raise FormulaError(f"{_quoted(name)} is no function here; there are {known}")
    what = _quoted(ast.unparse(node))
    raise FormulaError(f"{what} is not allowed: a formula has numbers, names, + - * / **, parentheses and functions")


def _value(node: ast.expr, variables: dict[str, Value]) -> Value:
    match node:
        case ast.Constant():
            return Value(node.value)
        case ast.Name():
            return variables[node.id]
        case ast.UnaryOp():
            operand = _value(node.operand, variables)
            if not operand.op and not operand.label:  # −1 is a number
                return Value(-operand.data) if isinstance(node.op, ast.USub) else operand
            return -operand if isinstance(node.op, ast.USub) else operand
        case ast.BinOp():
            left, right = _value(node.left, variables), _value(node.right, variables)
            if isinstance(node.op, ast.Pow) and not _names(node.right):
                return left**right.data  # x**2, and not exp(2 · log x)
            return OPERATORS[type(node.op)](left, right)
        case ast.Call(func=ast.Name(id=name)):
            arguments = [_value(argument, variables) for argument in node.args]
            return (FUNCTIONS.get(name) or FUNCTIONS_OF_SEVERAL[name])(*arguments)
    raise AssertionError(f"{node} is not on the list")


def _names(tree: ast.expr) -> list[str]:
    """The variables in a formula; the names of functions are none."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions]


def assignment(text: str) -> tuple[str, float]:
    """`"w=2"` as ("w", 2.0).

    Raises:
        FormulaError: it is not a name, "=" and a finite number.
    """
    name, equals, number = text.partition("=")
    name = normalize("NFKC", name.strip())  # as Python's parser does
    if not equals or not name.isidentifier() or iskeyword(name):
        raise FormulaError(f"{_quoted(text.strip())} is not name=number")
    try:
        return name, Value(float(number)).data
    except ValueError:
        raise FormulaError(f"{name} needs a finite number, not {_quoted(number)}") from None


def _fold(f: Callable[[Value, Value], Value], first: Value, others: tuple[Value, ...]) -> Value:
    for other in others:
        first = f(first, other)
    return first


def _quoted(text: str) -> str:
    """The text in quotes on one line, shortened."""
    return ascii(text) if len(text) <= 60 else ascii(text[:59])[:-1] + "…'"
