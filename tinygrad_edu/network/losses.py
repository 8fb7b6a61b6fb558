"""Losses: how far predictions are from their targets, as a Tensor of shape ().

Predictions are one example (a vector) or a batch with one example a row. Over a batch,
`reduction="sum"` adds the losses of the examples and `"mean"` divides that by their number N.

    loss            of one example                  default reduction over a batch
    squared_error   ½ Σᵢ (ŷᵢ − yᵢ)²                 sum
    mse_loss        (1/K) Σᵢ (ŷᵢ − yᵢ)²             mean, so that all N·K squares weigh the same
    cross_entropy   −Σₖ yₖ log softmax(z)ₖ          mean
    binary_cross_entropy_with_logits
                    −(1/K) Σᵢ yᵢ log σ(zᵢ) + (1 − yᵢ) log(1 − σ(zᵢ))        mean, as in mse_loss
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any, Literal, TypeAlias

from .. import array_ops
from ..array_ops import Operation
from ..shapes import is_integer
from ..value import Value
from .functions import stack
from .reductions import per_count
from .tensor import Tensor, as_tensor, from_values, rows_of

Reduction: TypeAlias = Literal["sum", "mean"]


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
    _check_reduction(reduction)
    squares = _error("mse_loss", as_tensor(prediction), target) ** 2
    return squares.mean() if reduction == "mean" else squares.sum()


def cross_entropy(logits: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """L = Σₖ yₖ (log Σⱼ exp(zⱼ) − zₖ), the cross-entropy of y and softmax(z), for logits z.

    It is −Σₖ yₖ log softmax(z)ₖ with the logarithm taken first, so no logit is too large, and
    ∂L/∂z = softmax(z) − y.

    Args:
        logits: z, a vector of K numbers, or N rows of them.
        target: for each example a class index from 0 to K − 1, or K probabilities (one-hot). A
            Tensor of whole numbers, one for each example, is class indices too.
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
    _check_reduction(reduction)
    logits = as_tensor(logits)
    y = _target("binary_cross_entropy_with_logits", logits, target)
    for value in y.values:
        if not 0 <= value.data <= 1:
            raise ValueError(f"binary_cross_entropy_with_logits: a target is from 0 to 1, not {value.data}")
    losses = logistic_losses(logits, y)
    return losses.mean() if reduction == "mean" else losses.sum()


def logistic_losses(logits: Tensor, y: Tensor) -> Tensor:
    """log(1 + exp zᵢ) − yᵢ zᵢ for each logit."""
    softplus = stack([Tensor.zeros(logits.shape), logits]).logsumexp(axis=0)  # log(e⁰ + eᶻ)
    losses = softplus - y * logits
    record = Operation(array_ops.BCE, roles=("", "y"))
    return from_values(losses.values, losses.shape, record, logits, y)


def _error(name: str, prediction: Tensor, target: Any) -> Tensor:
    return _with_roles(prediction - _target(name, prediction, target), "ŷ", "y")


def _with_roles(t: Tensor, *roles: str) -> Tensor:
    """The Tensor, which remembers what its inputs are in a loss."""
    assert t.record
    t.record = t.record._replace(roles=roles)
    return t


def _target(name: str, prediction: Tensor, target: Any) -> Tensor:
    y = target if isinstance(target, Tensor) else Tensor(target, label="y")
    if prediction.shape != y.shape:
        fit = ""
        if [n for n in y.shape if n > 1] == [n for n in prediction.shape if n > 1]:
            fit = f"; Tensor(target).reshape{prediction.shape} fits"
        elif y.shape == prediction.shape[::-1]:
            fit = "; Tensor(target).T fits"
        raise ValueError(f"{name}: the prediction has shape {prediction.shape}, the target {y.shape}{fit}")
    return y


def _over_examples(total: Tensor, prediction: Tensor, reduction: str) -> Tensor:
    _check_reduction(reduction)
    batch = reduction == "mean" and prediction.ndim > 1
    return per_count(total, prediction, (0,)) if batch else total


def _check_reduction(reduction: str) -> None:
    if reduction not in ("sum", "mean"):
        raise ValueError(f'the reduction is "sum" or "mean", not {reduction!r}')


def _probabilities(target: Any, shape: tuple[int, ...]) -> Tensor:
    """The target of `cross_entropy` as probabilities in the logits' shape."""
    classes = _classes(target, shape)
    if classes is not None and (len(classes),) == (shape[:-1] or (1,)):
        one_hot = [_one_hot(k, shape[-1]) for k in classes]
        target = one_hot[0] if len(shape) == 1 else one_hot
    y = target if isinstance(target, Tensor) else Tensor(target, label="y")
    if y.shape != shape:
        hint = "; a class index is an int" if y.shape == shape[:-1] else ""
        raise ValueError(
            f"cross_entropy: logits of shape {shape} need a target of that shape"
            f"{' or a class index' if len(shape) == 1 else f' or {shape[0]} class indices'}, not shape {y.shape}{hint}"
        )
    for row, _ in rows_of(y, shape[-1]):
        numbers = [value.data for value in row]
        if min(numbers) < 0 or not isclose(sum(numbers), 1, abs_tol=1e-6):
            raise ValueError(
                f"cross_entropy: the target {numbers} is not a probability distribution; its sum is {sum(numbers)}"
            )
    return y


def _classes(target: Any, shape: tuple[int, ...]) -> list[int] | None:
    """The class of each example, if the target is made of them: integers, or a Tensor of whole numbers."""
    if isinstance(target, Value):
        target = Tensor(target)
    if isinstance(target, Tensor):
        whole = target.shape == shape[:-1] and all([value.data.is_integer() for value in target.values])
        return [int(value.data) for value in target.values] if whole else None
    if hasattr(target, "tolist"):
        target = target.tolist()
    classes = [target] if len(shape) == 1 else target
    if isinstance(classes, Sequence) and all(map(is_integer, classes)):
        return [int(k) for k in classes]
    return None


def _one_hot(k: int, classes: int) -> list[float]:
    if not 0 <= k < classes:
        raise IndexError(f"cross_entropy: class {k} does not exist, there are 0 to {classes - 1}")
    return [1.0 if j == k else 0.0 for j in range(classes)]
