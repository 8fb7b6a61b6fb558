"""Formulas as text: `"tanh(w*x + b)"` becomes a graph of Values.

spelling.py rewrites the text in Python's spelling, and Python's own parser reads it. Each node of the syntax
tree must then be on a list: numbers, names, + − * / ** and the functions of the rule table. Nothing is executed.
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
from typing import Any

from ..ops import TABLE
from ..value import Value
from ..writing.code import identifier
from .spelling import FormulaError, Spelled, as_name, quoted, spelled


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
