"""Functions of several Tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from .. import array_ops, ops
from ..array_ops import Operation
from ..shapes import as_axes, broadcast_shapes, broadcast_to
from ..value import numbers, record
from .tensor import Tensor, as_tensor, from_values, rows_of


def affine(W: Tensor, h: Tensor, b: Tensor) -> Tensor:
    """W h + b for a vector h, and h Wᵀ + b for a matrix of rows h; each element is one `affine` node.

    Raises ValueError unless the shapes are (m, n), (n,) or (N, n), and (m,).

    >>> affine(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 1.0]), Tensor([0.5, 0.0])).data
    [12.5, 34.0]
    """
    if not (len(W.shape) == 2 and len(h.shape) in (1, 2) and W.shape == (*b.shape, h.shape[-1])):
        raise ValueError(
            f"W h + b: shapes {W.shape}, {h.shape} and {b.shape} do not fit; "
            "(m, n), (n,) or (N, n), and (m,) are what works"
        )
    m, n = W.shape
    neurons = [*zip(rows_of(W, n), b.values, numbers(b.values))]
    z = []
    for x, v in rows_of(h, n):
        for (w, u), c, d in neurons:
            z.append(record(ops.AFFINE, (*w, *x, c), u, v, d))
    return from_values(z, (*h.shape[:-1], m), Operation(array_ops.AFFINE), W, h, b)


def stack(tensors: Sequence[Any]) -> Tensor:
    """Tensors of one shape as the rows of a new first axis. Raises ValueError for several shapes, and for none.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).data
    [[1.0, 2.0], [3.0, 4.0]]
    """
    tensors = [as_tensor(t) for t in tensors]
    rows = Tensor(tensors)
    return from_values(rows.values, rows.shape, Operation(array_ops.STACK), *tensors)


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """The elements of a where the condition holds, those of b elsewhere; the three shapes are broadcast.

    The elements are the very Values of a and b. What is chosen stays so: for a choice that depends on numbers of
    the graph there are `maximum`, `relu` and `step`.

    Args:
        condition: True or False, or 1 or 0, in nested lists, an array or a Tensor of leaves.
        a, b: Tensors, or what becomes one.

    Raises:
        ValueError: shapes that do not fit together, or a condition that is computed or holds another number.

    >>> where([[True, False], [True, True]], Tensor([1.0, 2.0]), 0.0).data
    [[1.0, 0.0], [1.0, 2.0]]
    """
    chosen, a, b = _mask(condition), as_tensor(a), as_tensor(b)
    shape = broadcast_shapes("where", chosen.shape, a.shape, b.shape)
    columns = [broadcast_to(t.values, t.shape, shape) for t in (chosen, a, b)]
    values = [x if c.data else y for c, x, y in zip(*columns)]
    return from_values(values, shape, Operation(array_ops.WHERE), chosen, a, b)


def _mask(condition: Any) -> Tensor:
    def numbers(x: Any) -> Any:
        x = x.tolist() if hasattr(x, "tolist") else x
        return [numbers(row) for row in x] if isinstance(x, (list, tuple)) else float(x) if isinstance(x, bool) else x

    chosen = condition if isinstance(condition, Tensor) else Tensor(numbers(condition))
    for value in chosen.values:
        if value.op or value.data not in (0.0, 1.0):
            raise ValueError(
                f"where: a condition is 0 or 1, and a number of the graph does not decide: not {value.data}"
                f"{', which was computed' if value.op else ''}; there are maximum, relu and step, or t.detach()"
            )
    return chosen


def cat(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors one after another along an axis that they have; the other axes are of one size.

    Raises ValueError where other sizes differ, and IndexError where there is no such axis.

    >>> cat([Tensor([1.0, 2.0]), Tensor([3.0])]).data
    [1.0, 2.0, 3.0]
    """
    tensors = [as_tensor(t) for t in tensors]
    if not tensors:
        raise ValueError("cat: at least one Tensor is needed")
    shape = tensors[0].shape
    (k,) = as_axes((axis,), shape)
    if len({(*t.shape[:k], 0, *t.shape[k + 1 :]) for t in tensors}) > 1 or len({t.ndim for t in tensors}) > 1:
        raise ValueError(f"cat: shapes {', '.join([str(t.shape) for t in tensors])} differ beside axis {k}")
    outer = prod(shape[:k])  # so many pieces of each, that take turns
    values = [v for i in range(outer) for t in tensors for n in [len(t.values) // outer] for v in t.values[i * n :][:n]]
    size = sum([t.shape[k] for t in tensors])
    return from_values(values, (*shape[:k], size, *shape[k + 1 :]), Operation(array_ops.CAT, axis=(k,)), *tensors)
