"""The formula by which a Tensor or a Value was computed, and what ∂L/∂t passes on to its inputs, both in symbols.

`draw` puts the formula on cards and `explain` in its rows, so that both write the same. The rules for Tensors are
those of the page of matrix calculus.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from operator import mul
from typing import Any, TypeAlias

from .. import array_ops as A
from .. import ops
from ..network.tensor import Tensor
from ..shapes import Shape, selected
from ..value import Value
from ..writing import algebra
from ..writing import expression as E
from ..writing.algebra import each_in_symbols, in_symbols
from ..writing.expression import Expression

#: What stands for a node in a formula: its Name, or None if its own formula is to stand there.
Symbol: TypeAlias = Callable[[Any], Expression | None]


def formula(node: Tensor | Value, symbol: Symbol) -> Expression:
    """How the node was computed, in terms of the nodes that have a symbol.

    A leaf without one is written as its number.

    Args:
        node: a Tensor or a Value. Its own symbol is not asked for.
        symbol: gives a Name with the node's shape, or any other formula for it, or None.

    >>> from tinygrad_edu import squared_error
    >>> z = Tensor([1.0, 2.0], label="z")
    >>> print(formula(squared_error(z, [0.0, 1.0]), lambda t: E.Name(t.label, t.shape) if t.label else None))
    ½ · Σ (z − y)²
    """

    def of(a: Tensor | Value) -> Expression:
        known = symbol(a)
        return formula(a, symbol) if known is None else known

    inputs = tuple(map(of, node.inputs))
    if isinstance(node, Tensor):
        if inputs:
            return written(node, inputs)
        return E.Number(node) if len(node.values) > 1 else E.Constant(node.item())
    if node.op is None:
        return E.Literal(node.data)
    if node.op is ops.SUM and len(inputs) != 1:
        return algebra.sum_of(inputs)
    if node.op in (ops.DOT, ops.AFFINE):
        a, b, *rest = node.op.arguments(inputs)
        return algebra.sum_of([*map(algebra.product_of, zip(a, b)), *rest])
    return E.Apply(node.op, inputs)


def on_its_own(e: Expression) -> Expression:
    """A formula that is a whole side of an equation, where a vector may be a row or a column.

    >>> print(on_its_own(E.Reshape(E.Along(A.SUM, E.Name("G", (2, 3)), (0,), keepdims=True), (3,))))
    Σₙ G
    """
    match e:
        case E.Reshape(arg, shape) if [n for n in arg.shape if n > 1] == [n for n in shape if n > 1]:
            return on_its_own(arg)
        case E.Apply(ops.MUL, (E.Constant() as c, arg)):
            return E.Apply(ops.MUL, (c, on_its_own(arg)))
        case E.Apply(ops.NEG, (arg,)):
            return E.Apply(ops.NEG, (on_its_own(arg),))
        case E.Apply(ops.ADD | ops.SUB as op, (a, b)) if len(e.shape) < 2 and not (a.shape and b.shape):
            return E.Apply(op, (on_its_own(a), on_its_own(b)))
    return e


def slopes_of(b: Value, y: Expression, inputs: Sequence[Expression]) -> list[Expression]:
    """∂b/∂a for each input a of b: the row of the table in symbols, of b as y and its inputs.

    >>> x = Value(3.0)
    >>> print(*slopes_of(x * 2.0, E.Name("y"), [E.Name("x"), E.Literal(2.0)]))
    2 x
    """
    assert b.op is not None
    slopes = each_in_symbols(b.op.partials, y, *b.op.arguments(tuple(inputs)))
    if b.op in (ops.MAX, ops.MIN):  # in symbols each would name all inputs
        return [E.Literal(p, slope) for p, slope in zip(b.partials, slopes)]
    return slopes


# Tensors.


def written(t: Tensor, args: Sequence[Expression]) -> Expression:
    """How a Tensor was computed, in terms of its inputs as formulas.

    >>> W, x = Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])
    >>> print(written(W @ x, [E.Name("W", W.shape), E.Name("x", x.shape)]))
    W x
    """
    op = t.op
    if isinstance(op, ops.Op):
        return elementwise(op, args)
    if op is None or op.value is None:
        return E.Function(op.symbol if op else "Tensor", tuple(args), t.shape)
    settings = _settings(t)
    if settings.get("axis") == ():  # which changes no element
        return algebra.reshaped(args[0], t.shape)
    return algebra.reshaped(in_symbols(partial(op.value, **settings), *args), t.shape)


def contributions(
    t: Tensor, G: Expression, y: Expression, args: Sequence[Expression], softmax: Expression | None = None
) -> list[Expression] | None:
    """What ∂L/∂t = G passes on to each input of t, in the shapes of the inputs; None where no rule is known.

    Args:
        t: the Tensor that was computed.
        G: ∂L/∂t.
        y: t as a formula.
        args: its inputs as formulas.
        softmax: the name of softmax(z), if t is computed from z and it has one.

    >>> W, x = Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])
    >>> names = [E.Name("G", (1,)), E.Name("y", (1,)), [E.Name("W", W.shape), E.Name("x", x.shape)]]
    >>> [str(e) for e in contributions(W @ x, *names)]
    ['G xᵀ', 'Wᵀ G']
    """
    op, shapes = t.op, [a.shape for a in t.inputs]
    if isinstance(op, ops.Op):
        terms = [in_symbols(mul, G, p) for p in each_in_symbols(op.partials, y, *args)]
        given = [in_symbols(A.summed, e, shape) for e, shape in zip(terms, shapes)]
    elif op is None or op.passes_on is None:
        return None
    else:
        settings = _settings(t)
        axis = settings.get("axis")
        if axis == ():
            return [G]
        if op not in A.REDUCTIONS:
            G = full(G, t.shape)
        elif axis is not None:
            kept = tuple([1 if k in axis else n for k, n in enumerate(shapes[0])])
            G, y = [algebra.reshaped(e, kept) if e.shape else e for e in (G, y)]
        given = each_in_symbols(partial(op.passes_on, **settings), G, y, *args)
        if softmax is not None:
            given = [algebra.replaced(e, lambda part: softmax if is_softmax(part) else None) for e in given]
    return [algebra.reshaped(full(e, shape), shape) for e, shape in zip(given, shapes)]


def is_softmax(e: Expression) -> bool:
    return isinstance(e, E.Along) and e.function is A.SOFTMAX


def _settings(t: Tensor) -> dict[str, Any]:
    """What an operation was given beside its inputs, as the rows of the page take it."""
    operation = t.operation
    assert operation is not None
    match operation.op:
        case A.RESHAPE:
            return {"shape": t.shape}
        case A.INDEX:
            return {"place": place(t, t.inputs[0])}
        case A.CAT:
            return {"axis": operation.axis and operation.axis[0]}
        case A.PERMUTE:
            return {"axis": operation.axis}
        case A.PER_COUNT:
            return {"axis": operation.axis, "less": operation.less}
    if operation.axis is None:
        return {}
    return {"axis": operation.axis if len(operation.axis) < t.inputs[0].ndim else None}


def elementwise(op: Any, args: Sequence[Expression]) -> Expression:
    """A row of `ops.TABLE` element by element. Beside a matrix a row vector needs no reshape."""
    whole = E.Apply(op, tuple(args))
    if len(whole.shape) == 2:
        args = [
            a.arg if isinstance(a, E.Reshape) and len(a.shape) == 1 and a.arg.shape[:1] == (1,) else a for a in args
        ]
    zero = any([isinstance(a, E.Constant) and a.number == 0 for a in args])
    if op in ((ops.ADD, ops.SUB) if zero else (ops.MUL, ops.DIV)):
        return in_symbols(op.value, *args)  # simplified: 0 + a is a, 2 (3 a) is 6 a, a · a is a²
    return E.Apply(op, tuple(args))


def full(e: Expression, shape: Shape) -> Expression:
    """The formula with as many elements as the shape: multiplied by ones of the shape, unless it has them already."""
    if e.shape == shape or prod(e.shape) == prod(shape):
        return e
    return algebra.multiply(e, E.Ones(shape))


# Parts.


def is_view(t: Tensor) -> bool:
    """Whether the elements of t are those of its inputs, in another arrangement."""
    given = {v for a in t.inputs for v in a.values}
    return bool(t.inputs) and given.issuperset(t.values)


def place(t: Tensor, whole: Tensor) -> E.Place:
    """Where the elements of t stand in the Tensor that they were taken from.

    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> place(x[1:], x).brackets, place(Tensor([x[2], x[0]]), x).brackets
    ('1:', '[2, 0]')
    """
    keys = t.operation.keys if t.operation else None
    if keys is not None:
        said = [*map(key_text, keys), *[":"] * (len(t.shape) if all([type(key) is int for key in keys]) else 0)]
        return E.Place(", ".join(said), tuple(selected(whole.shape, keys)[0]), t.shape, keys)
    found: dict[Value, int] = {}
    for k, v in enumerate(whole.values):
        found.setdefault(v, k)
    offsets = range(len(whole.values)) if t.values == whole.values else [found[v] for v in t.values]
    text = _elements_text(offsets, whole.shape) if not t.shape or whole.ndim > 1 else str([*offsets])
    return E.Place(text, tuple(offsets), t.shape)


def places_in(shape: Shape) -> list[E.Place]:
    """The place of each element of an array, row by row.

    >>> [place.brackets for place in places_in((2, 2))]
    ['0, 0', '0, 1', '1, 0', '1, 1']
    """
    return [E.Place(_elements_text([k], shape), (k,), ()) for k in range(prod(shape))]


def _elements_text(offsets: Sequence[int], shape: Sequence[int]) -> str:
    """Elements of an array as an index: 2 of a vector, 0, 1 of a matrix, and several as 0, 1; 1, 0.

    >>> _elements_text((1, 2), (2, 2))
    '0, 1; 1, 0'
    """
    indices = []
    for k in offsets:
        index = [str(k // prod(shape[axis + 1 :]) % n) for axis, n in enumerate(shape)]
        indices.append(", ".join(index))
    return "; ".join(indices)


def key_text(key: int | slice | list[Any]) -> str:
    """A key of t[key] as it is written.

    >>> key_text(slice(1, None)), key_text(2)
    ('1:', '2')
    """
    if isinstance(key, slice):
        bounds = ["" if n is None else str(n) for n in (key.start, key.stop)]
        return ":".join(bounds) + (f":{key.step}" if key.step not in (None, 1) else "")
    return str(key)
