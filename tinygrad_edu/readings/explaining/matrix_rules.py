"""The chain rule for operations on whole matrices: ∂L/∂A = G Bᵀ for A B, with G = ∂L/∂(A B).

These are derivatives too. They follow from the rows of `ops.py`, element by element: for Y = A B the
element Yᵢⱼ is Σₖ Aᵢₖ Bₖⱼ, so ∂L/∂Aᵢₖ = Σⱼ Gᵢⱼ Bₖⱼ. Nothing is computed with them; they are how `explain`
writes what the engine has computed, and each is tested against it.

Letters: `G` is ∂L/∂y in the shape of y, `y` the output, `a`, `b`, `c`, `W`, `h` the inputs. A vector is a
column; before a matrix it stands as a row. All operators are those of paper.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ... import array_ops as A
from ...writing.algebra import Symbol, each_in_symbols, in_symbols
from ...writing.expression import Along, Expression, Ones, Part
from ..formulas import is_view, placed, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...network.tensor import Tensor

# y = a b, for the numbers of axes of a and b.
PRODUCTS: dict[tuple[int, int], Callable[..., tuple[Symbol, ...]]] = {
    (2, 1): lambda G, y, a, b: (G @ b.T, a.T @ G),
    (2, 2): lambda G, y, a, b: (G @ b.T, a.T @ G),
    (1, 2): lambda G, y, a, b: (b @ G, a @ G.T),
    (1, 1): lambda G, y, a, b: (G * b, G * a),
}

# y = W h + b for a vector h, and h Wᵀ + b for rows h, by the number of axes of h.
AFFINE: dict[int, Callable[..., tuple[Symbol, ...]]] = {
    1: lambda G, y, W, h, b: (G @ h.T, W.T @ G, G),
    2: lambda G, y, W, h, b: (G.T @ h, G @ W, G.sum((0,), True)),
}

# Along axes: σ = softmax(a), and Σ sums along the same axes and keeps them, with size 1.
ALONG: dict[Any, Callable[..., Symbol]] = {
    A.SUM: lambda G, y, a, n, σ, Σ: G,
    A.MEAN: lambda G, y, a, n, σ, Σ: G / n,
    A.LSE: lambda G, y, a, n, σ, Σ: G * σ,
    A.SOFTMAX: lambda G, y, a, n, σ, Σ: y * (G - Σ(G * y)),
    A.LOG_SOFTMAX: lambda G, y, a, n, σ, Σ: G - Σ(G) * σ,
}


def contributions(
    t: Tensor, G: Expression, y: Expression, args: Sequence[Expression], softmax: Expression | None = None
) -> list[Expression] | None:
    """What ∂L/∂t = G passes on to each input of t, in the shapes of the inputs; None where there is no rule for t.

    Args:
        t: the Tensor that was computed.
        G: ∂L/∂t; where it is the same for all elements, it may be one number.
        y: t as a formula.
        args: its inputs as formulas.
        softmax: the name of softmax(z), if t is computed from z and it has one.
    """
    record = t.record
    assert record is not None
    shapes = [a.shape for a in t.inputs]
    match t.op:
        case A.MATMUL:
            axes = len(shapes[0]), len(shapes[1])
            given = each_in_symbols(PRODUCTS[axes], full(G, t.shape), y, *args)
        case A.AFFINE:
            given = each_in_symbols(AFFINE[t.ndim], full(G, t.shape), y, *args)
        case A.TRANSPOSE:
            given = [in_symbols(lambda G: G.T, full(G, t.shape)) if t.ndim > 1 else G]
        case A.RESHAPE:
            given = [in_symbols(lambda G: G.reshape(shapes[0]), full(G, t.shape))]
        case _ if len(args) == 1 and is_view(t):
            given = [placed(full(G, t.shape), t, t.inputs[0])]
        case A.STACK:
            size = prod(shapes[0])
            given = [
                Part(full(G, t.shape), str(k), tuple(range(k * size, (k + 1) * size)), shapes[0])
                for k in range(len(args))
            ]
        case A.SUM | A.MEAN | A.LSE | A.SOFTMAX | A.LOG_SOFTMAX:
            given = [_along(t, G, y, args[0], softmax)]
        case _:
            if isinstance(record.op, A.ArrayOp):
                return None
            partials = each_in_symbols(record.op.partials, y, *args)
            given = _each(t, [in_symbols(lambda G, p: G * p, G, p) for p in partials])
    return [in_symbols(lambda e, shape=shape: e.reshape(shape), full(e, shape)) for e, shape in zip(given, shapes)]


def full(e: Expression, shape: tuple[int, ...]) -> Expression:
    """The formula with a number for each element of the shape, unless it has the shape but for axes of size 1."""
    if e.shape == shape or prod(e.shape) == prod(shape):
        return e
    return in_symbols(lambda a, b: a * b, e, Ones(shape))


def _along(t: Tensor, G: Expression, y: Expression, arg: Expression, softmax: Expression | None) -> Expression:
    """The rule of a reduction, or of a softmax, in the shape of its input."""
    assert t.record is not None
    shape, axes = t.inputs[0].shape, t.record.axis
    if axes == () or not shape:  # a reduction along no axis, whose elements stay what they were
        one: Any = Ones(shape) if shape else 1.0
        return in_symbols(lambda G, one: ALONG[t.op](G, one, one, 1.0, one, lambda x: x), G, one)
    everything = axes is None or len(axes) == len(shape)
    kept = tuple([1 if axes is None or k in axes else n for k, n in enumerate(shape)])
    if t.op not in (A.SOFTMAX, A.LOG_SOFTMAX) and G.shape and not everything:
        G = in_symbols(lambda G: G.reshape(kept), G)
    if t.op in (A.SOFTMAX, A.LOG_SOFTMAX):
        G = full(G, shape)
    softmax = softmax or Along("softmax", arg, None if everything else axes)
    total: Callable[[Symbol], Symbol] = lambda x: x.sum(axes, True)  # noqa: E731
    return in_symbols(lambda G, y, a, σ: ALONG[t.op](G, y, a, terms(t), σ, total), G, y, arg, softmax)


def _each(t: Tensor, given: Sequence[Expression]) -> list[Expression]:
    return [summed_to(e, t.shape, a.shape) for e, a in zip(given, t.inputs)]


def summed_to(e: Expression, shape: tuple[int, ...], target: tuple[int, ...]) -> Expression:
    """An operand that was repeated to fit the shape gets the sum of what its copies get.

    >>> from tinygrad_edu.writing.expression import Name
    >>> print(summed_to(Name("G", (3, 2)), (3, 2), (1, 2)), "and", summed_to(Name("g"), (3, 2), (1, 2)))
    Σₙ G and 3 · g
    """
    own, wanted = [(1,) * (len(shape) - len(s)) + s for s in (e.shape, target)]
    repeated = [k for k, n in enumerate(shape) if n > wanted[k]]
    along = tuple([k for k in repeated if own[k] > 1])
    copies = float(prod([shape[k] for k in repeated if k not in along]))  # the same for each of them

    def total(e: Symbol) -> Symbol:
        summed = e.reshape(own) if e.shape and along else e
        return (summed.sum(along if len(along) < len(own) else None, True) if along else summed) * copies

    result = in_symbols(total, e)
    return in_symbols(lambda e: e.reshape(target), result) if prod(result.shape) == prod(target) else result
