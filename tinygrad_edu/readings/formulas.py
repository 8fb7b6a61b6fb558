"""The formula by which a Tensor or a Value was computed, in terms of those that have a name.

`draw` puts it on cards and `explain` in its rows, so that both write the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .. import ops
from ..network.tensor import Tensor
from ..value import Value
from ..writing.algebra import each_in_symbols, product_of, sum_of
from ..writing.expression import Apply, Constant, Expression, Literal, Number, Reshape
from .matrices import written

#: What stands for a node in a formula: its Name, or None if its own formula is to stand there.
Symbol: TypeAlias = Callable[[Any], Expression | None]


def formula(node: Tensor | Value, symbol: Symbol) -> Expression:
    """How the node was computed, in terms of the nodes that have a symbol.

    A leaf without one is written as its number.

    Args:
        node: a Tensor or a Value. Its own symbol is not asked for.
        symbol: gives a Name with the node's shape, or any other formula for it, or None.

    >>> from tinygrad_edu import squared_error
    >>> from tinygrad_edu.writing.expression import Name
    >>> z = Tensor([1.0, 2.0], label="z")
    >>> print(formula(squared_error(z, [0.0, 1.0]), lambda t: Name(t.label, t.shape) if t.label else None))
    ½ · Σ (z − y)²
    """
    if isinstance(node, Value):
        return _of_value(node, symbol)
    if not node.inputs:
        return Number(node) if len(node.values) > 1 else Constant(node.item())

    def of(a: Tensor) -> Expression:
        known = symbol(a)
        return formula(a, symbol) if known is None else known

    return written(node, [of(a) for a in node.inputs])


def on_its_own(e: Expression) -> Expression:
    """A formula that is a whole side of an equation, where a vector may be a row or a column.

    >>> from tinygrad_edu.array_ops import SUM
    >>> from tinygrad_edu.writing.expression import Along, Name
    >>> print(on_its_own(Reshape(Along(SUM, Name("G", (2, 3)), (0,), keepdims=True), (3,))))
    Σₙ G
    """
    match e:
        case Reshape(arg, shape) if [n for n in arg.shape if n > 1] == [n for n in shape if n > 1]:
            return on_its_own(arg)
        case Apply(ops.MUL, (Constant() as c, arg)):
            return Apply(ops.MUL, (c, on_its_own(arg)))
        case Apply(ops.NEG, (arg,)):
            return Apply(ops.NEG, (on_its_own(arg),))
        case Apply(ops.ADD | ops.SUB as op, (a, b)) if len(e.shape) < 2 and not (a.shape and b.shape):
            return Apply(op, (on_its_own(a), on_its_own(b)))
    return e


def slopes_of(b: Value, y: Expression, inputs: Sequence[Expression]) -> list[Expression]:
    """∂b/∂a for each input a of b: the row of the table in symbols, of b as y and its inputs.

    >>> from tinygrad_edu.writing.expression import Name
    >>> x = Value(3.0)
    >>> print(*slopes_of(x * 2.0, Name("y"), [Name("x"), Literal(2.0)]))
    2 x
    """
    if b.op is ops.MAX:  # in symbols each would name all inputs
        return [Literal(p) for p in b.partials]
    assert b.op is not None
    return each_in_symbols(b.op.partials, y, *b.op.arguments(tuple(inputs)))


def _of_value(node: Value, symbol: Symbol) -> Expression:
    def of(a: Value) -> Expression:
        known = symbol(a)
        if known is not None:
            return known
        return _of_value(a, symbol) if a.op else Literal(a.data)

    if node.op is None:
        return Literal(node.data)
    inputs = tuple(map(of, node.inputs))
    if node.op is ops.SUM:
        return sum_of(inputs)
    if node.op in (ops.DOT, ops.AFFINE):
        a, b, *rest = node.op.arguments(inputs)
        return sum_of([*map(product_of, zip(a, b)), *rest])
    return Apply(node.op, inputs)
