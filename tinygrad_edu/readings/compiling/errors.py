"""A printed program as a function that explains its errors and refuses results that are not finite."""

from __future__ import annotations

import ast
import math
import re
from functools import partial
from typing import TYPE_CHECKING

from ...tree import flatten

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def guarded(source: str) -> Callable[..., Any]:
    """The function `program` of the source, with its checks woven in: there is no second function around it."""
    checks = _CHECKS | {"the error explained": partial(_explained, source)}
    return function(_checked(ast.parse(source)), **checks)


def call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def function(tree: ast.Module, **names: Any) -> Callable[..., Any]:
    exec(compile(tree, "<program>", "exec"), names)
    program: Callable[..., Any] = names["program"]
    return program


class _NotFinite(Exception):
    """A program has inf or nan among its results."""


def _if_finite(result: Any) -> Any:
    if not all(map(math.isfinite, flatten(result))):
        raise _NotFinite
    return result


def _explained(source: str, error: Exception, *arguments: Any) -> Exception:
    """The error with the operation, where it stands in the source, and its numbers."""
    if isinstance(error, _NotFinite):
        return OverflowError(_origin(source, arguments))
    kinds = (ZeroDivisionError, OverflowError, TypeError, LookupError, ValueError)
    kind: type[Exception] = next((kind for kind in kinds if isinstance(error, kind)), ArithmeticError)
    place = error.__traceback__
    assert place  # the program's own frame, which caught it
    first, last, start, end = list(place.tb_frame.f_code.co_positions())[place.tb_lasti // 2]
    lines = source.encode().splitlines()[(first or 1) - 1 : last]  # columns count bytes
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    what = " ".join([line.decode().strip() for line in lines])
    known = place.tb_frame.f_locals
    names = dict.fromkeys(re.findall(r"[^\W\d]\w*", what))
    numbers = ", ".join([f"{name} = {known[name]!r}" for name in names if name in known])
    if what.startswith(("[", "zip")) or what.endswith("]"):
        return kind(f"the argument does not fit the inputs, {what}: {error}")
    line = source.splitlines()[(first or 1) - 1].strip()
    return kind(f"{what} has no finite value where {numbers}: {error} (line {first}, {line})")


def _origin(source: str, arguments: tuple[Any, ...]) -> str:
    """Which step of a run was the first to leave the finite numbers."""
    body, _, result = source.rpartition("return ")
    for name, number in function(ast.parse(body + "return locals()"))(*arguments).items():
        if isinstance(number, float) and not math.isfinite(number):
            steps = [line.strip() for line in body.splitlines() if re.match(rf" +{name} \+?= ", line)]
            return f"{name} is {number}" + (f" in {steps[0]}" if steps else ", which is not a finite number")
    return f"a result is not finite: {' '.join(result.split())}"


# What a program with its checks needs, under names that no variable of its own can have.
_CHECKS = {
    "is finite": math.isfinite,
    "if finite": _if_finite,
    "what a run can raise": (ArithmeticError, ValueError, TypeError, LookupError, _NotFinite),
}


def _checked(program: ast.Module) -> ast.Module:
    """The program with a look at its result, and with its errors explained.

    The sum of all numbers is finite only if each of them is, so it is taken where they are at
    hand; only if it is not finite does `if finite` look at each. (Written out as `a + b + …`: to
    make a list for `sum` takes another 4 % of a small program.)
    """
    numbers: list[ast.expr] = []

    def named(node: Any) -> Any:
        """The result with a name, which no program can have, for every number in it."""
        if isinstance(node, ast.Dict):
            return ast.Dict(node.keys, [named(part) for part in node.values])
        if isinstance(node, (ast.List, ast.Tuple)):
            return type(node)([named(part) for part in node.elts], ast.Load())
        name = f"number {len(numbers)}"
        numbers.append(ast.Name(name, ast.Load()))
        return ast.NamedExpr(ast.Name(name, ast.Store()), node)

    def total(terms: list[ast.expr]) -> ast.expr:
        """Their sum, halved again and again: a + b + … from left to right may be too deep for Python."""
        half = len(terms) // 2
        return ast.BinOp(total(terms[:half]), ast.Add(), total(terms[half:])) if half else terms[0]

    steps: Any = program.body[-1]
    last = steps.body.pop()
    keep = ast.Assign([ast.Name("the result", ast.Store())], named(last.value))
    result = ast.Name("the result", ast.Load())
    is_finite = call("is finite", total(numbers or [ast.Constant(0.0)]))
    give = ast.Return(ast.IfExp(is_finite, result, call("if finite", result)))
    arguments = [ast.Name(argument.arg, ast.Load()) for argument in steps.args.args]
    explained = ast.Raise(
        call("the error explained", ast.Name("the error", ast.Load()), *arguments), ast.Constant(None)
    )
    caught = ast.ExceptHandler(ast.Name("what a run can raise", ast.Load()), "the error", [explained])
    ending = [ast.copy_location(new, last) for new in (keep, give)]
    steps.body = [ast.Try([*steps.body, *ending], [caught], [], [])]
    return ast.fix_missing_locations(program)
