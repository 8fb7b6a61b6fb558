"""Functions of Tensors: W h + b, joining, choosing, and the losses.

A loss says how far predictions are from their targets, as a Tensor of shape (). Predictions are one example (a
vector) or a batch with one example a row. Over a batch, `reduction="sum"` adds the losses of the examples and
`"mean"` divides that by their number N.

    loss            of one example                  default reduction over a batch
    squared_error   ½ Σᵢ (ŷᵢ − yᵢ)²                 sum
    mse_loss        (1/K) Σᵢ (ŷᵢ − yᵢ)²             mean, so that all N·K squares weigh the same
    cross_entropy   −Σₖ yₖ log softmax(z)ₖ          mean
    binary_cross_entropy_with_logits
                    −(1/K) Σᵢ yᵢ log σ(zᵢ) + (1 − yᵢ) log(1 − σ(zᵢ))        mean, as in mse_loss
"""

from collections.abc import Sequence
from math import isclose, prod
from typing import Any, Literal, TypeAlias

from .. import array_ops, errors, ops, shapes
from ..array_ops import Operation
from ..value import numbers, record
from .members import Suggested
from .reductions import per_count
from .tensor import Tensor, as_tensor, from_values, rows_of

Reduction: TypeAlias = Literal["sum", "mean"]


def affine(W: Tensor, h: Tensor, b: Tensor) -> Tensor:
    """W h + b for a vector h, and h Wᵀ + b for a matrix of rows h; each element is one `affine` node.

    Raises ValueError unless the shapes are (m, n), (n,) or (N, n), and (m,).

    >>> affine(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 1.0]), Tensor([0.5, 0.0])).data
    [12.5, 34.0]
    """
    if not (len(W.shape) == 2 and len(h.shape) in (1, 2) and W.shape == (*b.shape, h.shape[-1])):
        raise ValueError(f"W h + b: shapes {W.shape}, {h.shape} and {b.shape} do not fit; (m, n), (n,), (m,) would")
    m, n = W.shape
    neurons = [*zip(rows_of(W, n), b.values, numbers(b.values))]
    z = [record(ops.AFFINE, (*w, *x, c), u, v, d) for x, v in rows_of(h, n) for (w, u), c, d in neurons]
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
    chosen, a, b = as_tensor(condition), as_tensor(a), as_tensor(b)
    for c in chosen.values:
        if c.op or c.data not in (0.0, 1.0):
            raise ValueError(
                f"where: a condition is 0 or 1 and not computed, not {errors.described(c)}; see t.detach()"
            )
    shape = shapes.broadcast_shapes("where", chosen.shape, a.shape, b.shape)
    columns = [shapes.broadcast_to(t.values, t.shape, shape) for t in (chosen, a, b)]
    values = [x if c.data else y for c, x, y in zip(*columns)]
    return from_values(values, shape, Operation(array_ops.WHERE), chosen, a, b)


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
    (k,) = shapes.as_axes((axis,), shape)
    if len({(t.ndim, t.shape[:k], t.shape[k + 1 :]) for t in tensors}) > 1:
        raise ValueError(f"cat: shapes {', '.join([str(t.shape) for t in tensors])} differ beside axis {k}")
    outer = prod(shape[:k])  # so many pieces of each, that take turns
    values = [v for i in range(outer) for t in tensors for n in [len(t.values) // outer] for v in t.values[i * n :][:n]]
    size = sum([t.shape[k] for t in tensors])
    return from_values(values, (*shape[:k], size, *shape[k + 1 :]), Operation(array_ops.CAT, axis=(k,)), *tensors)


# Losses.


def squared_error(prediction: Tensor, target: Any, reduction: Reduction = "sum") -> Tensor:
    """L = ½ Σᵢ (ŷᵢ − yᵢ)², not divided by the number of outputs, so that ∂L/∂ŷ = ŷ − y.

    Args:
        prediction: ŷ, of any shape; with two axes, one example a row.
        target: y, of the same shape.
        reduction: "sum" or "mean" over the examples of a batch.

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.

    >>> y_hat = Tensor([1.0, 3.0])
    >>> L = squared_error(y_hat, [0.0, 1.0])                    # ½ (1² + 2²)
    >>> L.backward(); L.data, y_hat.grad
    (2.5, [1.0, 2.0])
    """
    prediction = as_tensor(prediction)
    error = _error("squared_error", prediction, target)
    return _over_examples((error**2).sum() * 0.5, prediction, reduction)


def mse_loss(prediction: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """L = (1/n) Σᵢ (ŷᵢ − yᵢ)² over all n elements; with reduction "sum" the sum itself.

    Args and errors: as `squared_error`.

    >>> mse_loss(Tensor([1.0, 3.0]), [0.0, 1.0]).data           # (1² + 2²) / 2
    2.5
    """
    return _over_elements(_error("mse_loss", as_tensor(prediction), target) ** 2, reduction)


def cross_entropy(logits: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """L = Σₖ yₖ (log Σⱼ exp(zⱼ) − zₖ), the cross-entropy of y and softmax(z), for logits z.

    It is −Σₖ yₖ log softmax(z)ₖ with the logarithm taken first, so no logit is too large, and
    ∂L/∂z = softmax(z) − y.

    Args:
        logits: z, a vector of K numbers, or N rows of them.
        target: for each example a class index from 0 to K − 1, or K probabilities (one-hot).
        reduction: "sum" or "mean" over the examples of a batch.

    Raises:
        IndexError: a class index out of range.
        ValueError: shapes that do not fit, probabilities that are negative or do not sum to 1,
            or an unknown reduction.

    >>> z = Tensor([0.0, 0.0])
    >>> L = cross_entropy(z, 1)                                 # log 2
    >>> L.backward(); round(L.item(), 4), z.grad
    (0.6931, [0.5, -0.5])
    """
    logits = as_tensor(logits)
    if logits.ndim not in (1, 2):
        raise ValueError(f"cross_entropy: logits of shape (K,) or (N, K) are needed, not {logits.shape}")
    y = _probabilities(target, logits.shape)
    surprise = _with_roles(logits.logsumexp(axis=-1, keepdims=True), "softmax") - logits  # −log ŷₖ
    total = _with_roles(y.reshape(-1), "y") @ surprise.reshape(-1)
    return _over_examples(total, logits, reduction)


def binary_cross_entropy_with_logits(logits: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """L = (1/n) Σᵢ (log(1 + exp zᵢ) − yᵢ zᵢ), the cross-entropy of y and σ(z), for logits z, over all n elements.

    It is −yᵢ log σ(zᵢ) − (1 − yᵢ) log(1 − σ(zᵢ)) with the logarithms taken first, so no logit is
    too large, and ∂L/∂zᵢ = (σ(zᵢ) − yᵢ) / n.

    Args:
        logits: z, of any shape.
        target: y, of the same shape, each 0 or 1 or a probability between.
        reduction: "mean" over all elements, or their "sum".

    Raises:
        ValueError: the shapes differ, a target is outside 0 … 1, or the reduction is unknown.

    >>> z = Tensor([0.0, 0.0])
    >>> L = binary_cross_entropy_with_logits(z, [1.0, 0.0])     # log 2
    >>> L.backward(); round(L.item(), 4), z.grad
    (0.6931, [-0.25, 0.25])
    """
    logits = as_tensor(logits)
    y = _target("binary_cross_entropy_with_logits", logits, target)
    for k in numbers(y.values):
        if not 0 <= k <= 1:
            raise ValueError(f"binary_cross_entropy_with_logits: a target is from 0 to 1, not {k}")
    return _over_elements(logistic_losses(logits, y), reduction)


def logistic_losses(logits: Tensor, y: Tensor) -> Tensor:
    """log(1 + exp zᵢ) − yᵢ zᵢ for each logit."""
    softplus = stack([Tensor.zeros(logits.shape), logits]).logsumexp(axis=0)  # log(e⁰ + eᶻ)
    losses = softplus - y * logits
    operation = Operation(array_ops.BCE, roles=("", "y"))
    return from_values(losses.values, losses.shape, operation, logits, y)


def _error(name: str, prediction: Tensor, target: Any) -> Tensor:
    return _with_roles(prediction - _target(name, prediction, target), "ŷ", "y")


def _with_roles(t: Tensor, *roles: str) -> Tensor:
    """The Tensor, which remembers what its inputs are in a loss."""
    assert t.operation
    t.operation = t.operation._replace(roles=roles)
    return t


def _as_target(target: Any) -> Tensor:
    return target if isinstance(target, Tensor) else Tensor(target, label=Suggested("y"))


def _target(name: str, prediction: Tensor, target: Any) -> Tensor:
    y = _as_target(target)
    if prediction.shape != y.shape:
        same = [n for n in y.shape if n > 1] == [n for n in prediction.shape if n > 1]
        fit = f"; Tensor(target).reshape{prediction.shape} fits" if same else ""
        raise ValueError(f"{name}: the prediction has shape {prediction.shape}, the target {y.shape}{fit}")
    return y


def _over_elements(losses: Tensor, reduction: str) -> Tensor:
    return losses.mean() if _is_mean(reduction) else losses.sum()


def _over_examples(total: Tensor, prediction: Tensor, reduction: str) -> Tensor:
    return per_count(total, prediction, (0,)) if _is_mean(reduction) and prediction.ndim > 1 else total


def _is_mean(reduction: str) -> bool:
    if reduction not in ("sum", "mean"):
        raise ValueError(f'the reduction is "sum" or "mean", not {reduction!r}')
    return reduction == "mean"


def _probabilities(target: Any, shape: shapes.Shape) -> Tensor:
    """The target of `cross_entropy` in the logits' shape; a class for each example becomes a one-hot row."""
    y = _as_target(target)
    if y.shape == shape[:-1]:
        classes = numbers(y.values)
        for k in classes:
            if k not in range(shape[-1]):
                raise IndexError(f"cross_entropy: class {k:g} does not exist, there are 0 to {shape[-1] - 1}")
        one_hot = shapes.nested([float(j == k) for k in classes for j in range(shape[-1])], shape)
        y = _as_target(one_hot)
    if y.shape != shape:
        raise ValueError(f"cross_entropy: the target has shape {y.shape}, not {shape} or, for classes, {shape[:-1]}")
    for _, row in rows_of(y, shape[-1]):
        if min(row) < 0 or not isclose(sum(row), 1, abs_tol=1e-6):
            raise ValueError(f"cross_entropy: the target {row} are not probabilities with the sum 1, but {sum(row)}")
    return y
