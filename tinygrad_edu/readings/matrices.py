"""The page of matrix calculus in symbols: how a Tensor was computed, and what ∂L/∂t passes on to its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from operator import mul
from typing import Any

from .. import array_ops as A
from .. import ops
from ..network.tensor import Tensor
from ..shapes import Shape, selected
from ..value import Value
from ..writing import algebra
from ..writing import expression as E
from ..writing.algebra import Symbol, each_in_symbols, in_symbols
from ..writing.expression import Expression


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
    if _is_along_nothing(t):
        return algebra.reshaped(args[0], t.shape)
    return algebra.reshaped(in_symbols(partial(op.value, **_settings(t)), *args), t.shape)


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
    elif _is_along_nothing(t):
        given = [G]
    else:
        symbols: list[Any] = [Symbol(a) for a in args]
        if softmax is not None:
            symbols = [_Named(args[0], softmax)]
        if op in A.REDUCTIONS:
            kept = _kept(t)
            G, y = [algebra.reshaped(e, kept) if e.shape and kept else e for e in (G, y)]
        else:
            G = full(G, t.shape)
        given = each_in_symbols(partial(op.passes_on, **_settings(t)), G, y, *symbols)
    return [algebra.reshaped(full(e, shape), shape) for e, shape in zip(given, shapes)]


class _Named(Symbol):
    """A formula z whose softmax has a name."""

    __slots__ = ("known",)

    def __init__(self, formula: Expression, known: Expression) -> None:
        super().__init__(formula)
        self.known = known

    def softmax(self, axis: Shape | None = None) -> Symbol:
        return Symbol(self.known)


def _settings(t: Tensor) -> dict[str, Any]:
    """What an operation was given beside its inputs, as the rows of the page take it."""
    record = t.record
    assert record is not None
    match record.op:
        case A.RESHAPE:
            return {"shape": t.shape}
        case A.INDEX:
            return {"place": place(t, t.inputs[0])}
        case A.CAT:
            assert record.axis is not None
            return {"axis": record.axis[0]}
        case A.PERMUTE:
            return {"axis": record.axis}
        case A.PER_COUNT:
            return {"axis": record.axis, "less": record.less}
    if record.axis is None:
        return {}
    return {"axis": record.axis if len(record.axis) < t.inputs[0].ndim else None}


def _is_along_nothing(t: Tensor) -> bool:
    """Whether it is a reduction along no axes at all, which changes no element."""
    return t.op in A.REDUCTIONS and t.record is not None and not t.record.axis


def _kept(t: Tensor) -> Shape | None:
    """The shape of a reduction with the axes kept; None where it went along all."""
    axis, shape = _settings(t)["axis"], t.inputs[0].shape
    return None if axis is None else tuple([1 if k in axis else n for k, n in enumerate(shape)])


def elementwise(op: Any, args: Sequence[Expression]) -> Expression:
    """A row of `ops.TABLE` element by element. Beside a matrix a row vector needs no reshape."""
    whole = E.Apply(op, tuple(args))
    if len(whole.shape) == 2:
        args = [
            a.arg if isinstance(a, E.Reshape) and len(a.shape) == 1 and a.arg.shape[:1] == (1,) else a for a in args
        ]
    if op in (ops.MUL, ops.DIV) and not any([isinstance(a, E.Constant) and a.number == 0 for a in args]):
        return in_symbols(op.value, *args)  # simplified: 2 (3 a) is 6 a, a · a is a²
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
    ('1:', '2; 0')
    """
    keys = t.record.keys if t.record else None
    if keys is not None:
        return E.Place(", ".join(map(_key_text, keys)), tuple(selected(whole.shape, keys)[0]), t.shape, keys)
    found: dict[Value, int] = {}
    for k, v in enumerate(whole.values):
        found.setdefault(v, k)
    offsets = range(len(whole.values)) if t.values == whole.values else [found[v] for v in t.values]
    return E.Place(_elements_text(offsets, whole.shape), tuple(offsets), t.shape)


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


def _key_text(key: int | slice | list[Any]) -> str:
    if isinstance(key, slice):
        bounds = ["" if n is None else str(n) for n in (key.start, key.stop)]
        return ":".join(bounds) + (f":{key.step}" if key.step not in (None, 1) else "")
    return str(key)
