"""Formulas of paper as formulas of NumPy, in which every part has exactly the shape of what it stands for.

On paper a vector is a column and so its transpose a row, and `G hᵀ` is a matrix; in code that is `outer(G, h)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ... import array_ops as A
from ... import ops
from ...shapes import Shape, nested
from ...writing import expression as E
from ...writing.code import Call, NotWritten
from ...writing.expression import Constant, Expression, Precedence, Spelling, call, infix, letters

ATOM, CONDITION = Precedence.ATOM, Precedence.CONDITION
MATMUL = infix(" @ ", Precedence.PRODUCT)
_FUNCTIONS = {A.SUM: "sum", A.MAX: "amax", A.MIN: "amin"}  # others are called as on paper


def lowered(e: Expression, shape: Shape | None = None) -> Expression:
    """The formula in terms of Names, Constants, rows of `ops.TABLE`, Ones and Calls; of a shape, if one is given.

    Raises NotWritten for a function of which only the name is known.

    >>> from tinygrad_edu.writing.code import NUMPY
    >>> G, h = E.Name("G", (2,)), E.Name("h", (3,))
    >>> E.write(lowered(E.MatMul((G, E.Transpose(h)))), NUMPY)[0]
    'outer(G, h)'
    """
    if shape is not None:
        e = lowered(e)
        return E.Apply(ops.MUL, (e, E.Ones(shape))) if shape and not e.shape else _reshaped(e, shape)
    match e:
        case E.Name() | E.Constant() | E.Ones():
            return e
        case E.Derivative():
            return E.Name(e.text, e.shape)
        case E.Literal(number):
            return Constant(number)
        case E.Apply(op, args):
            return _elementwise(op, [lowered(_number(a) if prod(e.shape) > 1 else a) for a in args])
        case E.Along(A.SUM, E.Apply(ops.DIV, (above, E.Constant() as n)), axes, keepdims):  # (Σ a) / n
            return E.Apply(ops.DIV, (lowered(E.Along(A.SUM, above, axes, keepdims)), n))
        case E.MatMul(args):
            return _reshaped(_product(args), e.shape)
        case E.Transpose(arg) if _is_row(e):
            return _reshaped(lowered(arg), e.shape)
        case E.Transpose(arg, axes):
            return _transposed(lowered(arg), axes, e.shape)
        case E.Reshape(E.Along(function, arg, tuple() as axes, True), shape) if shape == _without(arg.shape, axes):
            return _along(function, lowered(arg), axes, False, shape)
        case E.Reshape(E.MatMul(args), shape) if e.arg.shape == (1, *shape):
            return _reshaped(_product(args), shape)
        case E.Reshape(arg, shape):
            return _reshaped(lowered(arg), shape)
        case E.Along(function, arg, axes, keepdims):
            return _along(function, lowered(arg), axes, keepdims, e.shape)
        case E.Part(arg, _, offsets, shape, keys):
            index, flips = _index(arg.shape, keys, offsets, shape)
            taken = Call(Spelling(f"{{a}}[{index}]", ATOM, (ATOM,)), (lowered(arg),), shape)
            return _flipped(taken, flips)
        case E.Placed(arg, _, offsets, shape, keys):
            index, flips = _index(shape, keys, offsets, arg.shape)
            sizes = [Constant(float(n)) for n in shape]
            spelling = Spelling(f"place({{a}}, s_[{index}], {_tuple(sizes, 1)})", ATOM, (CONDITION,) * (1 + len(sizes)))
            part = lowered(arg)
            part = E.Apply(ops.MUL, (part, E.Ones(()))) if isinstance(part, Constant) else part
            return Call(spelling, (_flipped(part, flips), *sizes), shape)
        case E.Join(op, args, axis):
            return _joined("concatenate" if op is A.CAT else "stack", args, axis, e.shape)
        case E.Function("stack", args, shape):
            return _joined("stack", args, 0, shape)
    name = e.name if isinstance(e, E.Function) else str(e)
    raise NotWritten(f"{name} is a function of single numbers, which has no matrix form")


def _number(e: Expression) -> Expression:
    """A single number in a shape of size 1 as the number that it is: what it meets has the shape."""
    match e:
        case E.Reshape(arg) if prod(e.shape) == 1:
            return _number(arg)
        case E.Along(function, arg) if prod(e.shape) == 1 and function in A.REDUCTIONS:
            return E.Along(function, arg)
    return e


def _elementwise(op: Any, args: list[Expression]) -> Expression:
    match op, args:
        case ops.SQUARE, [E.Name() as a]:
            return E.Apply(ops.MUL, (a, a))
        case ops.LOG, [E.Apply(ops.ADD, (Constant(1.0), E.Apply(ops.EXP, (z,))))]:
            return Call(Spelling("logaddexp({a}, 0)", ATOM, (CONDITION,)), (z,), z.shape)  # exp does not overflow
        case ((ops.ADD | ops.MUL), [first, second, third, *rest]):
            return _elementwise(op, [E.Apply(op, (first, second)), third, *rest])
    return E.Apply(op, tuple(args))


def _product(factors: Sequence[Expression]) -> Expression:
    """The factors from the left. A row is a vector here, and so is what begins with one."""
    if len(factors) > 2 and not any(map(_is_row, factors)) and len(factors[-1].shape) == 1:
        rest = _product(factors[1:])  # of a vector on the right: A (B c) is less work than (A B) c
        return Call(MATMUL, (lowered(factors[0]), rest), factors[0].shape[:-1])
    first, *others = factors
    begins_with_row = _is_row(first)
    left = lowered(first.args[0] if begins_with_row else first)
    for factor in others:
        a, is_outer = left.shape, len(left.shape) == 1 and _is_row(factor)
        right = lowered(factor.args[0] if is_outer else factor)
        b = right.shape
        if is_outer:
            left = Call(call("outer", 2), (left, right), (*a, *b))
        elif not a or not b:
            left = E.Apply(ops.MUL, (left, right))
        elif len(a) == 1 and not begins_with_row:  # a column and a matrix of one row
            left = E.Apply(ops.MUL, (_reshaped(left, (*a, 1)), right))
        else:
            shape = E.broadcast([a[:-2], b[:-2]]) + a[-2:-1] + b[1:][-1:]
            left = Call(MATMUL, (left, right), shape)
    return left


def _is_row(e: Expression) -> bool:
    return isinstance(e, E.Transpose) and len(e.arg.shape) == 1


def _transposed(a: Expression, axes: Shape | None, shape: Shape) -> Expression:
    if axes is None:
        return Call(Spelling("{a}.T", ATOM, (ATOM,)), (a,), shape)
    if (*axes[:-2], axes[-1], axes[-2]) == tuple(range(len(axes))):
        return Call(Spelling("swapaxes({a}, -1, -2)", ATOM, (CONDITION,)), (a,), shape)
    return Call(Spelling(f"transpose({{a}}, {axes})", ATOM, (CONDITION,)), (a,), shape)


def _along(function: A.ArrayOp, a: Expression, axes: Shape | None, keepdims: bool, shape: Shape) -> Expression:
    said = "" if axes is None else f", axis={axes[0] if len(axes) == 1 else axes}"
    if function not in A.REDUCTIONS:
        said = ", axis=None" if axes is None and len(a.shape) > 1 else said
        said = "" if axes == (len(a.shape) - 1,) else said
    said += ", keepdims=True" if keepdims else ""
    name = _FUNCTIONS.get(function, function.symbol)
    return Call(Spelling(f"{name}({{a}}{said})", ATOM, (CONDITION,)), (a,), shape)


class Rearranged(Call):
    """The same numbers in another shape."""

    __slots__ = ()


def _reshaped(a: Expression, shape: Shape) -> Expression:
    """The same numbers in another shape: by axes of size 1 that come or go, else by `reshape`."""
    if isinstance(a, Rearranged):
        a = a.args[0]
    if a.shape == shape or isinstance(a, Constant):
        return a
    if isinstance(a, E.Ones):
        return E.Ones(shape)
    if index := _new_axes(a.shape, shape, "None") or _new_axes(shape, a.shape, "0"):
        return Rearranged(Spelling(f"{{a}}[{', '.join(index)}]", ATOM, (ATOM,)), (a,), shape)
    if len(shape) == 1:
        return Rearranged(Spelling("{a}.reshape(-1)", ATOM, (ATOM,)), (a,), shape)
    sizes = [Constant(float(n)) for n in shape]
    spelling = Spelling(f"{{a}}.reshape{_tuple(sizes, 1)}", ATOM, (ATOM, *[CONDITION] * len(sizes)))
    return Rearranged(spelling, (a, *sizes), shape)


def _new_axes(few: Shape, many: Shape, key: str) -> list[str]:
    """What stands in brackets, with the key for each axis of size 1 that only one of two shapes has, if that is all."""
    index, rest = [], list(few)
    for n in many:
        same = bool(rest) and rest[0] == n
        if not same and n != 1:
            return []
        index.append(":" if same else key)
        rest = rest[same:]
    while index and index[-1] == ":":
        index.pop()
    return index if not rest else []


def _without(shape: Shape, axes: Shape) -> Shape:
    return tuple([n for k, n in enumerate(shape) if k not in axes])


def _tuple(sizes: Sequence[Expression], first: int) -> str:
    """(3, 4) with a letter for each size, those of a Spelling from the first on."""
    text = ", ".join([f"{{{letter}}}" for letter in letters(first + len(sizes))[first:]])
    return f"({text},)" if len(sizes) == 1 else f"({text})"


def _joined(name: str, args: Sequence[Expression], axis: int, shape: Shape) -> Expression:
    texts = ", ".join([f"{{{letter}}}" for letter in letters(len(args))])
    spelling = Spelling(f"{name}([{texts}]{f', axis={axis}' if axis else ''})", ATOM, (CONDITION,) * len(args))
    return Call(spelling, tuple(map(lowered, args)), shape)


def _index(shape: Shape, keys: tuple[Any, ...] | None, offsets: Sequence[int], part: Shape) -> tuple[str, list[int]]:
    """What stands in the brackets, and the axes of the part that run backwards, which no library but NumPy can."""
    if keys is None:  # single elements, row by row
        strides = [prod(shape[k + 1 :]) for k in range(len(shape))]
        columns = [[o // stride % n for o in offsets] for stride, n in zip(strides, shape)]
        return ", ".join([f"array({nested(c, part)})" if part else str(c[0]) for c in columns]), []
    texts, flips, axis = [], [], 0
    for key, n in zip(keys, shape):
        if isinstance(key, slice):
            if (key.step or 1) < 0:
                taken = range(n)[key][::-1]
                key = slice(taken.start, taken.stop, taken.step)
                flips.append(axis)
            texts.append(_slice(key))
            axis += 1
        else:
            texts.append(f"array({key})" if isinstance(key, list) else str(key))
    return ", ".join(texts), flips


def _slice(key: slice) -> str:
    start, stop, step = ["" if n is None else str(n) for n in (key.start, key.stop, key.step)]
    return f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else "")


def _flipped(a: Expression, axes: list[int]) -> Expression:
    return Call(Spelling(f"flip({{a}}, {tuple(axes)})", ATOM, (CONDITION,)), (a,), a.shape) if axes else a
